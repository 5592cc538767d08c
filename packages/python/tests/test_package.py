"""What is this package's own: how it finds and starts the mock, and what it sets for child processes."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from wechatpay_mock import CallError, MockError, StartError, _process, astart, start


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in ("URL", "BINARY", "ADMIN_TOKEN"):
        monkeypatch.delenv(f"WECHATPAY_MOCK_{name}", raising=False)


def script(path, text):
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return path


def test_the_binary_is_looked_for_in_four_places(monkeypatch, tmp_path):
    installed = _process.binary(None)
    assert Path(installed).parent == Path(sys.prefix, "bin").resolve()
    monkeypatch.setattr(_process, "_packaged", lambda: None)
    on_path = script(tmp_path / "wechatpay-mock", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _process.binary(None) == str(on_path)
    monkeypatch.setenv("WECHATPAY_MOCK_BINARY", "/by/variable")
    assert _process.binary(None) == "/by/variable"
    assert _process.binary(Path("/by/option")) == "/by/option"
    monkeypatch.delenv("WECHATPAY_MOCK_BINARY")
    monkeypatch.setenv("PATH", "")
    places = "the option `binary`, in WECHATPAY_MOCK_BINARY, in the installed package or on PATH, found none"
    with pytest.raises(StartError, match=places):
        start()


def test_a_binary_that_cannot_run_is_named():
    with pytest.raises(StartError, match="cannot run /not/there: .*No such file"):
        start(binary="/not/there")


def test_the_end_of_stderr_is_in_the_error_however_long_it_is(tmp_path):
    binary = script(tmp_path / "mock", "import sys; sys.stderr.write('x' * 1_000_000 + 'the reason'); sys.exit(3)")
    with pytest.raises(StartError, match="exit code 3") as failure:
        start(binary=binary)
    assert str(failure.value).endswith("x" * 1000 + "the reason")
    assert len(str(failure.value)) < 17_000


def test_errors_are_in_the_language_of_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("WECHATPAY_MOCK_LANG", "zh")
    binary = script(tmp_path / "mock", "import sys; sys.exit('the reason')")
    with pytest.raises(StartError, match="还没有开始监听就退出了；退出码 1\nwechatpay-mock 的 stderr：\nthe reason"):
        start(binary=binary)


def test_a_mock_that_does_not_listen_in_time_is_killed(tmp_path):
    binary = script(tmp_path / "mock", "import time; time.sleep(60)")
    begun = time.monotonic()
    with pytest.raises(StartError, match="did not listen within 0.2 s.* exit code -9"):
        start(binary=binary, timeout=0.2)
    assert time.monotonic() - begun < 10


def test_options_reach_the_mock():
    with start(args=["--notify-map", "https://shop.test=http://127.0.0.1:1"]) as mock:
        attempt = mock.trigger("TRANSACTION.SUCCESS", to="https://shop.test/notify")
    assert "Connection refused" in attempt["reason"], "it is sent to the address of --notify-map"


def test_the_token_is_sent(monkeypatch):
    monkeypatch.setenv("WECHATPAY_MOCK_ADMIN_TOKEN", "0123456789abcdef")
    with start() as mock:
        assert mock.exchanges() == []
        monkeypatch.delenv("WECHATPAY_MOCK_ADMIN_TOKEN")
        monkeypatch.setenv("WECHATPAY_MOCK_URL", mock.url)
        with pytest.raises(CallError) as failure:
            start()
    assert failure.value.status == 401


def test_a_mock_that_is_gone_is_named():
    mock = start()
    mock.close()
    with pytest.raises(CallError, match=f"no mock answers at {mock.url}") as failure:
        mock.exchanges()
    assert failure.value.status is None


def test_a_wrong_url_is_refused(monkeypatch):
    monkeypatch.setenv("WECHATPAY_MOCK_URL", "127.0.0.1:8080")
    with pytest.raises(MockError, match="expected a URL such as http://127.0.0.1:8080, found '127.0.0.1:8080'"):
        start()


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with start() as mock:
        assert mock.exchanges() == []


def test_a_report_has_what_names_no_merchant_since_the_merchant_was_made_or_reset():
    def ask():
        requests.get(f"{mock.url}/v3/certificates", headers={"Accept": "*/*"})

    with start() as mock:
        ask()
        assert "refused requests that name no merchant of this mock: 1\n#1 401 SIGN_ERROR GET /v3/certificates" in mock.report()
        with mock.merchant() as merchant:
            assert merchant.report() == ""
            ask()
            assert "#2 401" in merchant.report()
            merchant.reset()
            assert merchant.report() == ""


def test_a_long_report_has_the_last_requests():
    with start() as mock:
        for _ in range(23):
            requests.get(f"{mock.url}/v3/certificates", headers={"Accept": "*/*"})
        lines = mock.report().splitlines()
    assert lines[:2] == ["refused requests that name no merchant of this mock: 23", "the first 3 are not shown"]
    assert [line.split()[0] for line in lines if line.startswith("#")] == [f"#{number}" for number in range(4, 24)]


def test_a_rule_ends_with_its_with_statement():
    def rules():
        return [rule["id"] for rule in mock._calls.get("/__mock/faults")["faults"]]

    with start() as mock:
        with mock.fault("system-error") as rule:
            assert rules() == [rule.id]
        assert rules() == []
        rule.delete()


def test_a_fork_does_not_keep_the_mock_alive():
    mock = start()
    process = mock._server._process._child
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        # Lives until the test has seen the mock end.
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    try:
        begun = time.monotonic()
        mock.close()
        assert process.returncode == 0, "it ended by itself, and was not killed"
        assert time.monotonic() - begun < 5
    finally:
        os.close(write)
        os.close(read)
        os.waitpid(child, 0)


def test_a_cancelled_start_leaves_no_mock(monkeypatch):
    started = []

    class Process(_process.Process):
        def __init__(self, *arguments):
            started.append(self)
            super().__init__(*arguments)

    monkeypatch.setattr(_process, "Process", Process)

    async def cancel():
        begun = asyncio.ensure_future(astart()._open())
        await asyncio.sleep(0)
        begun.cancel()
        with pytest.raises(asyncio.CancelledError):
            await begun
        await asyncio.get_running_loop().shutdown_default_executor()

    asyncio.run(cancel())
    assert [process._child.returncode for process in started] == [0]


def test_the_loop_runs_on_during_a_call():
    """A receiver in the same loop answers, while `trigger` waits for its answer."""

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def trigger():
        receiver = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = receiver.sockets[0].getsockname()[1]
        async with receiver, astart() as mock, mock.merchant() as merchant:
            return await merchant.trigger("TRANSACTION.SUCCESS", to=f"http://127.0.0.1:{port}/notify")

    assert asyncio.run(trigger())["status"] == 204


URL = "https://api.mch.weixin.qq.com/v3/certificates"
NODE = f"""
require('https').get('{URL}', {{ headers: {{ accept: '*/*', 'user-agent': 'node' }} }}, (response) => {{
  process.stdout.write(String(response.statusCode));
  response.resume();
}});
"""
JAVA = """
import java.net.*;
public class Get {
  public static void main(String[] a) throws Exception {
    System.out.print(((HttpURLConnection) URI.create("ADDRESS").toURL().openConnection()).getResponseCode());
  }
}
"""
CLIENTS = {
    "curl": ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", URL],
    "node": ["node", "-e", NODE],
    "python": [sys.executable, "-c", f"import requests; print(requests.get('{URL}').status_code, end='')"],
    "java": ["java", "Get.java"],
}


@pytest.mark.parametrize("client", CLIENTS)
def test_the_environment_leads_a_child_process_to_the_mock(client, tmp_path):
    command = CLIENTS[client]
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    (tmp_path / "Get.java").write_text(JAVA.replace("ADDRESS", URL))
    with start() as mock:
        environment = {**os.environ, **mock.environment()}
        found = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert found.stdout == "401", found
        assert "expected an Authorization header, found none" in mock.report()
        assert Path(environment["WECHATPAY_MERCHANT_KEY"]).read_text() == mock.credentials["merchant_key"]
    assert not Path(environment["WECHATPAY_MERCHANT_KEY"]).exists()
