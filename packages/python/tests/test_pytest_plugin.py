"""The fixtures, and what a failed test shows."""

import pytest

from wechatpay_mock import start

SHOP = """
import requests

def ask():
    # Not signed, so refused.
    requests.get("https://api.mch.weixin.qq.com/v3/certificates", headers={"Accept": "*/*"})
"""
REASON = "*check 4: expected an Authorization header, found none*"


@pytest.fixture
def run(pytester, monkeypatch):
    """Runs a file of tests in a session of its own."""
    monkeypatch.delenv("WECHATPAY_MOCK_URL", raising=False)
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)

    def run(tests, *options):
        pytester.makepyfile(SHOP + tests)
        return pytester.runpytest_subprocess("-rA", *options)

    return run


def test_a_failed_test_shows_the_report_and_a_passed_one_does_not(run):
    passed = run("""
def test_order(wechatpay):
    ask()
    assert "check 4" in wechatpay.report()
""")
    passed.assert_outcomes(passed=1)
    passed.stdout.no_fnmatch_line("*wechatpay-mock:*")
    passed.stdout.no_fnmatch_line(REASON)
    failed = run("""
def test_order(wechatpay):
    ask()
    assert False
""")
    failed.assert_outcomes(failed=1)
    failed.stdout.fnmatch_lines(["*- wechatpay-mock: wechatpay -*", REASON])


def test_the_report_of_a_failed_expectation_is_shown_once(run):
    failed = run("""
def test_order(wechatpay):
    ask()
    wechatpay.expect(operation="list_certificates", status=200)
""")
    failed.assert_outcomes(failed=1)
    lines = [line for line in failed.outlines if line.startswith("E ") and "check 4" in line]
    assert len(lines) == 1, failed.outlines
    failed.stdout.no_fnmatch_line("*- wechatpay-mock: wechatpay -*")


def test_each_test_has_a_merchant_and_a_session_a_mock(run):
    run("""
import os

mchids, urls = set(), set()

def check(wechatpay):
    mchids.add(wechatpay.credentials["mchid"])
    urls.add(wechatpay.url)
    assert os.environ["WECHATPAY_MCHID"] == wechatpay.credentials["mchid"]

def test_one(wechatpay):
    check(wechatpay)

def test_two(wechatpay, wechatpay_mock):
    check(wechatpay)
    assert (len(mchids), urls) == (2, {wechatpay_mock.url})

def test_none():
    assert "WECHATPAY_MCHID" not in os.environ
""").assert_outcomes(passed=3)


def test_a_module_can_have_a_mock_for_each_test(run):
    run("""
import pytest
from wechatpay_mock import start

@pytest.fixture
def wechatpay_mock():
    with start() as mock:
        yield mock

@pytest.mark.parametrize("number", (1, 2))
def test_clock(wechatpay, number):
    real = wechatpay.clock.resume()
    assert (wechatpay.clock.advance(3600) - real).total_seconds() == pytest.approx(3600, abs=5)
""").assert_outcomes(passed=2)


def test_workers_of_xdist_have_a_mock_each(run, pytester):
    pytester.mkdir("urls")
    run(
        """
import os, pathlib, pytest

@pytest.mark.parametrize("number", range(6))
def test_order(wechatpay, number):
    ask()
    wechatpay.reset()
    pathlib.Path("urls", os.environ["PYTEST_XDIST_WORKER"]).write_text(wechatpay.url)
""",
        "-n2",
    ).assert_outcomes(passed=6)
    urls = [path.read_text() for path in (pytester.path / "urls").iterdir()]
    assert len(set(urls)) == len(urls) == 2


def test_workers_of_xdist_share_a_running_mock(run, monkeypatch):
    with start() as mock:
        monkeypatch.setenv("WECHATPAY_MOCK_URL", mock.url)
        run(
            f"""
import pytest

@pytest.mark.parametrize("number", range(6))
def test_order(wechatpay, number):
    assert wechatpay.url == {mock.url!r}
""",
            "-n2",
        ).assert_outcomes(passed=6)


def test_asyncio_has_the_same_merchant(run):
    run("""
import asyncio

def test_order(wechatpay, async_wechatpay):
    assert async_wechatpay.credentials == wechatpay.credentials
    assert asyncio.run(async_wechatpay.exchanges()) == []
""").assert_outcomes(passed=1)
