"""Reads the callbacks of a file with wechatpayv3, unmodified. It trusts one kind of key at a time.

Run it as `wechatpay-mock run -- target/venv/bin/python callbacks.py FILE`. Each check is a line of TAP. Exit code 0 if all
pass, 1 if one fails, 2 if a credential is missing.
"""

import json
import sys
from pathlib import Path

from sdk import Tap, expect, merchant


def check(sdk, callback):
    found = sdk.callback(callback["headers"], callback["body"])
    if not found:
        raise AssertionError(f"expected a verified and decrypted callback, found {found!r}")
    expect((callback["event_type"], callback["resource"]), (found["event_type"], found["resource"]))


sdks = {by: merchant(by) for by in ("certificate", "public_key")}
tap = Tap()
for callback in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
    name = f"{callback['event_type']} by {callback['by']}"
    tap.check(name, lambda callback=callback: check(sdks[callback["by"]], callback))
tap.end()
