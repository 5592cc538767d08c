"""wechatpay-mock run -- python3 -m unittest

Each test begins with a reset of the mock, which only this run uses.
"""

import json
import os
import unittest
from urllib.request import Request, urlopen

import points
import wechatpay


def mock(method, path, body=None):
    """Calls the mock's own API."""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(os.environ["WECHATPAY_MOCK_URL"] + "/__mock" + path, data, method=method), timeout=10) as response:
        return json.loads(response.read() or b"null")


class Points(unittest.TestCase):
    def setUp(self):
        mock("POST", "/reset")

    def test_points_are_added_with_one_request(self):
        points.add_points(points.SAMPLE, "order-1", 100)
        [exchange] = mock("GET", "/exchanges")["exchanges"]
        self.assertEqual((exchange["status"], exchange["warnings"]), (204, 0))

    def test_a_lost_response_does_not_add_points_twice(self):
        mock("POST", "/faults", {"fault": "system-error-applied", "times": 1})
        points.add_points(points.SAMPLE, "order-1", 100)
        mock("POST", "/verify", {"operation": "set_rights", "body": {"out_request_no": "order-1"}, "times": 2})

    def test_a_forged_response_is_rejected(self):
        mock("POST", "/faults", {"fault": "wrong-key"})
        with self.assertRaises(wechatpay.Unverified):
            points.add_points(points.SAMPLE, "order-1", 100)

    def test_a_refused_request_is_not_sent_again(self):
        mock("POST", "/faults", {"fault": "no-auth"})
        with self.assertRaisesRegex(wechatpay.Refused, "NO_AUTH"):
            points.add_points(points.SAMPLE, "order-1", 100)
        self.assertEqual(len(mock("GET", "/exchanges")["exchanges"]), 1)


if __name__ == "__main__":
    unittest.main()
