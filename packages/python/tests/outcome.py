"""Says which tests of the acceptance suite passed, and whether the package has the names that all packages have.

    outcome.py ACCEPTANCE_JSON JUNIT_XML

A test of the suite passes if it does for the blocking API and for asyncio's. Exit code 1 if anything is missing.
"""

import json
import sys
import xml.etree.ElementTree
from pathlib import Path

import wechatpay_mock

acceptance = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
cases = xml.etree.ElementTree.parse(sys.argv[2]).iter("testcase")
# A case that failed or was skipped has an element that says so.
passed = {case.get("name") for case in cases if not any(child.tag in ("failure", "error", "skipped") for child in case)}
is_complete = True


def miss(text):
    global is_complete
    is_complete = False
    print(text)


for test in acceptance["suite"]:
    missing = [api for api in ("sync", "async") if f"test_{test['name']}[{api}]" not in passed]
    if missing:
        miss(f"acceptance python {test['name']} not ok: expected sync and async to pass, found no pass for {', '.join(missing)}")
    else:
        print(f"acceptance python {test['name']} ok")

expected = {entry["name"] for entry in acceptance["api"]} - {"start"}
with wechatpay_mock.start() as merchant:
    for handle in (merchant, wechatpay_mock.AsyncMerchant(merchant)):
        found = {name for name in dir(handle) if not name.startswith("_")}
        if found != expected:
            miss(f"{type(handle).__name__}: expected the names {sorted(expected)}, found {sorted(found)}")
sys.exit(0 if is_complete else 1)
