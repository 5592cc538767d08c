"""WECHATPAY_MOCK=wechatpay-mock ../python/target/venv/bin/python -m unittest

`prove-receiver` finds every hole of the careless receiver, and no others.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HOLES = json.loads(Path("holes.json").read_text(encoding="utf-8"))


def found(holes):
    """The probes that fail with these holes."""
    url = "http://127.0.0.1:0"
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [os.environ["WECHATPAY_MOCK"], "prove-receiver", "--url", url + "/notify", "--count-url", url + "/count"]
        command += ["--reset-url", url + "/reset", "--order", "../order.json", "--report", f"json={report}", "--"]
        command += [sys.executable, "careless.py", "--port", "{port}", "--order", "../order.json", "--holes", holes]
        run = subprocess.run(command, capture_output=True, check=False, timeout=300)
        if run.returncode not in (0, 1):
            raise AssertionError(run.stderr.decode())
        probes = json.loads(report.read_text(encoding="utf-8"))["probes"]
    return {probe["id"] for probe in probes if probe["outcome"] == "not-held"}


class Holes(unittest.TestCase):
    def test_every_hole_is_found_and_no_others(self):
        self.assertEqual(found(",".join(HOLES)), {probe for probes in HOLES.values() for probe in probes})

    def test_without_its_holes_the_same_receiver_passes_every_probe(self):
        self.assertEqual(found("none"), set())

    def test_each_hole_is_marked_where_it_is_planted(self):
        receiver = Path("careless.py").read_text(encoding="utf-8")
        for hole in HOLES:
            self.assertEqual(receiver.count(f"# HOLE {hole}: "), 1, hole)
            self.assertEqual(receiver.count(f'careless("{hole}")'), 1, hole)
        self.assertEqual(receiver.count("# HOLE "), len(HOLES))


if __name__ == "__main__":
    unittest.main()
