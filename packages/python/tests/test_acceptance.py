"""The acceptance suite of packages/acceptance.json, once for the blocking API and once for asyncio's."""

import json
import os
import select
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
import requests

from conftest import Shop
from wechatpay_mock import CallError, ExpectationFailed, StartError

ORDER = "post_pay_transactions_jsapi"


def test_answers_a_signed_request(mock, shop):
    status, answer = shop.order("order-0001")
    assert status == 200
    assert json.loads(answer)["prepay_id"]
    # The SDK verifies each response: it refuses one that was altered.
    mock.fault("altered-body")
    with pytest.raises(Exception, match="failed to verify the signature"):
        shop.order("order-0002")


def test_refuses_a_wrong_signature(mock, shop, monkeypatch):
    send = requests.Session.send

    def send_altered(session, request, **options):
        request.body = request.body.replace(b"1800", b"1801")
        return send(session, request, **options)

    assert mock.report() == ""
    with monkeypatch.context() as patch:
        patch.setattr(requests.Session, "send", send_altered)
        status, answer = shop.order("order-0001")
    assert (status, json.loads(answer)["code"]) == (401, "SIGN_ERROR")
    report = mock.report()
    assert "401 SIGN_ERROR POST /v3/pay/transactions/jsapi" in report
    assert "other-message: " in report
    assert "compare what you sign, line by line, with what you send" in report


def test_reports_a_wrong_mchid(mock):
    own, gone = mock.merchant(), mock.merchant()
    gone.close()
    assert Shop(gone.credentials).order("order-0001")[0] == 401
    assert "401 SIGN_ERROR POST /v3/pay/transactions/jsapi" in own.report()
    assert mock.merchant().report() == ""


def test_a_fault_strikes_once(mock, shop):
    mock.fault("system-error")
    status, answer = shop.order("order-0001")
    assert (status, json.loads(answer)["code"]) == (500, "SYSTEM_ERROR")
    assert shop.order("order-0001")[0] == 200
    # A rule with filters, which is deleted.
    rule = mock.fault({"fault": "no-auth", "match": {"operation": ORDER}})
    assert [shop.order(f"order-000{number}")[0] for number in (2, 3)] == [403, 403]
    rule.delete()
    assert shop.order("order-0002")[0] == 200
    assert mock.report() == "", "a fault is not a refusal"


def test_expects_what_was_sent(mock, shop):
    shop.order("order-0001")
    once = mock.expect({"body./amount/total": 1800}, operation=ORDER, status=200, times=1)
    assert len(once["matching"]) == 1
    with pytest.raises(ExpectationFailed) as failure:
        mock.expect(operation=ORDER, times=2)
    assert "expected exactly 2 exchanges" in str(failure.value)
    assert "found 1 among 1" in str(failure.value)
    # It says what was refused, too.
    requests.get(f"{mock.url}/v3/certificates", headers={"Accept": "*/*"})
    with pytest.raises(ExpectationFailed, match="check 4: expected an Authorization header, found none"):
        mock.expect(operation="list_certificates", status=200)


def test_lists_exchanges(mock, shop):
    with mock.merchant(trust="public-key") as other:
        Shop(other.credentials).order("order-0001")
        shop.order("order-0001")
        shop.query("order-0002")
        found = [(exchange["method"], exchange["status"]) for exchange in mock.exchanges()]
        assert found == [("POST", 200), ("GET", 404)]
        assert [exchange["status"] for exchange in mock.exchanges(status=404)] == [404]
        assert [exchange["method"] for exchange in mock.exchanges(limit=1)] == ["POST"]
        assert {exchange["merchant"] for exchange in other.exchanges()} == {other.credentials["mchid"]}


def test_pays_an_order(mock, shop, receiver):
    shop.order("order-0001", notify_url=receiver.url)
    assert mock.pay("order-0001", "cancel")["trade_state"] == "NOTPAY"
    assert mock.pay("order-0001")["trade_state"] == "SUCCESS"
    event = receiver.next()
    assert event["event_type"] == "TRANSACTION.SUCCESS"
    assert (event["resource"]["out_trade_no"], event["resource"]["amount"]["total"]) == ("order-0001", 1800)
    status, order = shop.query("order-0001")
    assert (status, json.loads(order)["trade_state"]) == (200, "SUCCESS")
    with pytest.raises(CallError, match="order-0002") as failure:
        mock.pay("order-0002")
    assert failure.value.status == 404


def test_triggers_a_callback(mock, receiver):
    attempt = mock.trigger("TRANSACTION.SUCCESS", to=receiver.url, resource={"out_trade_no": "order-0001"})
    assert (attempt["received"], attempt["status"]) == (True, 204)
    assert receiver.next()["resource"]["out_trade_no"] == "order-0001"
    # A forged one is refused.
    mock.fault("wrong-key", on="callback")
    attempt = mock.trigger("TRANSACTION.SUCCESS", to=receiver.url)
    assert (attempt["received"], attempt["status"]) == (False, 401)
    assert not receiver.next()
    with pytest.raises(CallError, match="did you mean TRANSACTION.SUCCESS"):
        mock.trigger("TRANSACTION.SUCCES", to=receiver.url)


def test_moves_the_clock(mock, shop):
    frozen = mock.clock.freeze()
    shop.order("order-0001", time_expire=(frozen + timedelta(minutes=30)).isoformat())
    assert mock.clock.advance(3600) == mock.clock.now() == frozen + timedelta(hours=1)
    with pytest.raises(CallError) as failure:
        mock.pay("order-0001")
    assert failure.value.status == 409
    # An SDK with the time of an hour ago is refused, unless signatures keep the real time.
    assert shop.query("order-0001")[0] == 401
    assert mock.clock.freeze(frozen + timedelta(hours=2), signatures="real") == frozen + timedelta(hours=2)
    assert shop.query("order-0001")[0] == 200
    assert mock.clock.resume() < frozen + timedelta(hours=1)


def test_merchants_are_apart(mock, shop):
    other = mock.merchant()
    assert other.url == mock.url
    other_shop = Shop(other.credentials)
    shop.order("order-0001")
    other_shop.order("order-0001")
    other.pay("order-0001")
    states = [json.loads(own.query("order-0001")[1])["trade_state"] for own in (shop, other_shop)]
    assert states == ["NOTPAY", "SUCCESS"]
    other.fault("system-error")
    assert shop.query("order-0001")[0] == 200, "the rule is the other merchant's"
    other.reset()
    assert other_shop.query("order-0001")[0] == 404
    assert shop.query("order-0001")[0] == 200
    assert [exchange["status"] for exchange in other.exchanges()] == [404], "the others are forgotten"
    other.close()
    assert other_shop.query("order-0001")[0] == 401, "the merchant is deleted"
    assert shop.query("order-0001")[0] == 200


def test_uses_a_running_mock(mock, start, monkeypatch):
    monkeypatch.setenv("WECHATPAY_MOCK_URL", mock.url)
    used = start()
    assert used.url == mock.url
    assert used.credentials["mchid"] != mock.credentials["mchid"]
    shop = Shop(used.credentials)
    assert shop.order("order-0001")[0] == 200
    assert used.environment()["WECHATPAY_MCHID"] == used.credentials["mchid"]
    used.close()
    assert shop.query("order-0001")[0] == 401, "the merchant is deleted"
    assert Shop(mock.credentials).order("order-0001")[0] == 200, "the mock still runs"


def test_says_why_it_did_not_start(start, tmp_path):
    config = tmp_path / "not-there.toml"
    with pytest.raises(StartError) as failure:
        start(config=config)
    assert "ended before it listened; exit code 2" in str(failure.value)
    assert f"{config}: expected a configuration file that can be read" in str(failure.value)


STARTER = {
    "sync": "mock = start()",
    "async": "mock = asyncio.run(astart()._open())._merchant",
}


def test_leaves_nothing_behind(start, api, tmp_path):
    mock = start()
    process = (mock._merchant if api == "async" else mock)._server._process._child
    mock.close()
    assert process.returncode == 0
    mock.close()

    # Killed, it can't close anything.
    program = f"""
import asyncio, os, sys
from wechatpay_mock import astart, start
{STARTER[api]}
print(mock._server._process._child.pid, flush=True)
sys.stdin.read()
"""
    # Nor can it delete its temporary folder.
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    starter = subprocess.Popen([sys.executable, "-c", program], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    pidfd = os.pidfd_open(int(starter.stdout.readline()))
    try:
        assert not select.select([pidfd], [], [], 0)[0], "the mock runs"
        starter.send_signal(signal.SIGKILL)
        assert select.select([pidfd], [], [], 10)[0], "the mock has ended"
    finally:
        os.close(pidfd)
        starter.communicate()
