"""The variables that make the SDKs of a child process reach a mock, as `wechatpay-mock run` sets them."""

from __future__ import annotations

import base64
import os
import ssl
from pathlib import Path
from typing import Mapping

from ._calls import Calls

# What a child process has of these already stays.
_ADDED_TO = ("NO_PROXY", "no_proxy", "NODE_OPTIONS", "PHP_INI_SCAN_DIR", "JAVA_TOOL_OPTIONS")
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


def of_mock(calls: Calls, folder: Path) -> dict[str, str]:
    """Writes the authorities to trust into the folder, and returns the variables that lead to the mock."""
    already = {name: os.environ[name] for name in _ADDED_TO if name in os.environ}
    program = {"folder": str(folder), "authorities": _system_authorities(), "set": already}
    environment = calls.post("/__mock/environment", program)
    for name, content in environment["files"].items():
        _write(folder / Path(name).name, base64.b64decode(content))
    variables: dict[str, str] = environment["variables"]
    return variables


def of_merchant(credentials: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Writes keys and certificates into the folder, and returns the variables that hold or name the credentials."""
    variables = {}
    for name, value in credentials.items():
        is_file = value.startswith("-----BEGIN")
        variables[f"WECHATPAY_{name.upper()}"] = _write(folder / f"{name}.pem", value.encode()) if is_file else value
    return variables


def _write(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


def _system_authorities() -> str:
    """The authorities that this machine trusts, in PEM: a child process may call other hosts, too."""
    named = ssl.get_default_verify_paths().cafile
    for path in (*([named] if named else []), *_BUNDLES):
        if os.path.isfile(path):
            return Path(path).read_text(encoding="utf-8", errors="replace").rstrip() + "\n"
    loaded = ssl.create_default_context().get_ca_certs(binary_form=True)
    return "".join(map(ssl.DER_cert_to_PEM_cert, loaded))
