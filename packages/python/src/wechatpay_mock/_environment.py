"""The variables that make the SDKs of a child process reach a mock, as `wechatpay-mock run` sets them."""

from __future__ import annotations

import json
import os
import re
import ssl
from pathlib import Path
from typing import Iterable, Mapping
from urllib.parse import urlsplit

_GATEWAY_HOSTS = ("api.mch.weixin.qq.com", "api2.mch.weixin.qq.com")
_DIRECT = ("localhost", "127.0.0.1", "::1")
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", re.DOTALL)


def of_mock(url: str, authority: str, folder: Path) -> dict[str, str]:
    """Writes the authorities to trust into the folder, and returns the variables that lead to the mock."""
    bundle = _system_authorities() + authority
    paths = {
        name: _write(folder / name, content)
        for name, content in {
            "ca.pem": authority.encode(),
            "ca-bundle.pem": bundle.encode(),
            "ca.p12": _pkcs12(_CERTIFICATE.findall(bundle)),
            "preload.cjs": _preload(url).encode(),
        }.items()
    }
    php = folder / "php"
    php.mkdir()
    trusted = paths["ca-bundle.pem"]
    _write(php / "wechatpay-mock.ini", f'curl.cainfo="{trusted}"\nopenssl.cafile="{trusted}"\n'.encode())
    preload = paths["preload.cjs"].replace("\\", "\\\\")
    address = urlsplit(url)
    java = [
        *(f"-D{scheme}.proxyHost={address.hostname} -D{scheme}.proxyPort={address.port}" for scheme in ("http", "https")),
        "-Dhttp.nonProxyHosts=localhost|127.*|[::1]",
        f'"-Djavax.net.ssl.trustStore={paths["ca.p12"]}"',
        "-Djavax.net.ssl.trustStorePassword=changeit -Djavax.net.ssl.trustStoreType=PKCS12",
    ]
    no_proxy = _no_proxy(os.environ.get("NO_PROXY", os.environ.get("no_proxy", "")))
    return {
        **dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"), url),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), no_proxy),
        **dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), trusted),
        "NODE_EXTRA_CA_CERTS": paths["ca.pem"],
        "NODE_USE_ENV_PROXY": "1",
        "NODE_OPTIONS": f'{os.environ.get("NODE_OPTIONS", "")} --require "{preload}"'.lstrip(),
        "PHP_INI_SCAN_DIR": os.environ.get("PHP_INI_SCAN_DIR", "") + os.pathsep + str(php),
        "JAVA_TOOL_OPTIONS": " ".join([os.environ.get("JAVA_TOOL_OPTIONS", ""), *java]).lstrip(),
        "WECHATPAY_BASE_URL": url,
        "WECHATPAY_MOCK_URL": url,
    }


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


def _no_proxy(named: str) -> str:
    """This machine and the hosts already named, without entries that match the gateway."""

    def reaches_gateway(entry: str) -> bool:
        suffix = entry.lstrip("*").lstrip(".").lower().split(":")[0]
        return "*" in suffix or any(host.endswith(suffix) for host in _GATEWAY_HOSTS)

    others = (entry for entry in re.split(r"[,\s]+", named) if entry and entry not in _DIRECT and not reaches_gateway(entry))
    return ",".join((*_DIRECT, *others))


def _preload(url: str) -> str:
    """What Node loads before a program: it connects to the mock in place of the gateway."""
    address = urlsplit(url)
    mock = {"host": address.hostname, "port": address.port, "gatewayHosts": _GATEWAY_HOSTS}
    script = Path(__file__).with_name("preload.cjs").read_text(encoding="utf-8")
    return f"const mock = {json.dumps(mock)};\n{script}"


def _pkcs12(certificates: Iterable[str]) -> bytes:
    """A PKCS#12 store of certificates that Java trusts. Nothing in it is secret, so nothing is encrypted."""

    def tlv(tag: int, *parts: bytes) -> bytes:
        content = b"".join(parts)
        length = len(content)
        if length < 128:
            return bytes([tag, length]) + content
        size = (length.bit_length() + 7) // 8
        return bytes([tag, 128 | size]) + length.to_bytes(size, "big") + content

    def oid(content: str) -> bytes:
        return tlv(6, bytes.fromhex(content))

    def data(content: bytes) -> bytes:
        return tlv(0x30, oid("2a864886f70d010701"), tlv(0xA0, tlv(4, content)))

    def bag(number: int, pem: str) -> bytes:
        certificate = tlv(0x30, oid("2a864886f70d01091601"), tlv(0xA0, tlv(4, ssl.PEM_cert_to_DER_cert(pem))))
        name = tlv(0x30, oid("2a864886f70d010914"), tlv(0x31, tlv(0x1E, f"authority-{number}".encode("utf-16-be"))))
        # Oracle's trustedKeyUsage, with anyExtendedKeyUsage: without it, Java does not trust a certificate of a store.
        usage = tlv(0x30, oid("6086480186f966adca7b0101"), tlv(0x31, oid("551d2500")))
        return tlv(0x30, oid("2a864886f70d010c0a0103"), tlv(0xA0, certificate), tlv(0x31, name, usage))

    bags = tlv(0x30, *(bag(number, pem) for number, pem in enumerate(certificates)))
    return tlv(0x30, tlv(2, b"\3"), data(tlv(0x30, data(bags))))
