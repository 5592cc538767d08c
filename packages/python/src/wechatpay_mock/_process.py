"""The mock's process: where its binary is, how it starts, and how it ends."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import threading
from importlib import metadata
from pathlib import Path
from typing import IO, Sequence
from weakref import WeakSet

from ._errors import StartError
from ._language import say

_NAME = "wechatpay-mock.exe" if sys.platform == "win32" else "wechatpay-mock"
_PREFIX = "listening on "
_KEPT = 16 * 1024
# Time to finish what is in flight, in seconds.
_STOP_TIMEOUT = 5.0


def binary(option: str | os.PathLike[str] | None) -> str:
    """The path of the binary, from the first place that has it."""
    named = option or os.environ.get("WECHATPAY_MOCK_BINARY")
    if named:
        return os.fspath(named)
    found = _packaged() or shutil.which("wechatpay-mock")
    if not found:
        raise StartError(
            say(
                "expected the wechatpay-mock binary in the option `binary`, in WECHATPAY_MOCK_BINARY, in the installed package or "
                "on PATH, found none; packages for Linux (x86_64, aarch64) and Windows (x86_64) have it, elsewhere build it with "
                "`cargo install --locked --path cli` in the mock's repository",
                "没有找到可执行文件 wechatpay-mock，查找过参数 `binary`、WECHATPAY_MOCK_BINARY、已安装的包和 PATH；Linux（x86_64、aarch64）和 "
                "Windows（x86_64）的包自带可执行文件，其他平台请在模拟网关的仓库里用 `cargo install --locked --path cli` 编译",
            )
        )
    return found


def _packaged() -> str | None:
    """The binary that pip installed with this package, wherever it puts scripts."""
    try:
        files = metadata.distribution("wechatpay-mock").files or []
    except metadata.PackageNotFoundError:
        return None
    paths = (Path(str(file.locate())) for file in files if file.name == _NAME)
    return next((str(path.resolve()) for path in paths if path.is_file()), None)


class Process:
    """A mock on a free port. It stops when its stdin ends, so also when this process is killed."""

    def __init__(self, command: Sequence[str], timeout: float) -> None:
        """Waits until it listens. Raises StartError if it does not within `timeout` seconds."""
        try:
            # In a group of its own, so that Ctrl-C, which is for the tests, does not end the mock before they do.
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError as error:
            raise StartError(
                say(
                    f"cannot run {command[0]}: {error}; WECHATPAY_MOCK_BINARY names another binary",
                    f"无法运行 {command[0]}：{error}；可以用 WECHATPAY_MOCK_BINARY 指定别的可执行文件",
                )
            ) from error
        _running.add(self)
        self._stderr = bytearray()
        self._first_line: queue.Queue[str] = queue.Queue()
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_stdout, self._read_stderr)]
        for reader in self._readers:
            reader.start()
        try:
            line = self._first_line.get(timeout=timeout)
            if line:
                problem = say(f"does not say where it listens, but {line!r}", f"没有说明监听地址，而是输出了 {line!r}")
            else:
                problem = say("ended before it listened", "还没有开始监听就退出了")
        except queue.Empty:
            self._child.kill()
            line = ""
            problem = say(
                f"did not listen within {timeout:g} s, which the option `timeout` changes",
                f"没有在 {timeout:g} 秒内开始监听（可以用参数 `timeout` 调整）",
            )
        if not line.startswith(_PREFIX):
            code = self.stop()
            ended = say(f"; exit code {code}", f"；退出码 {code}")
            raise StartError(f"`{' '.join(command)}` {problem}{ended}{self.last_words()}")
        self.url = line[len(_PREFIX) :].strip()

    def stop(self) -> int:
        """Ends the mock, and returns its exit code."""
        self.close_stdin()
        try:
            code = self._child.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._child.kill()
            code = self._child.wait()
        for reader in self._readers:
            reader.join()
        return code

    def close_stdin(self) -> None:
        _pipe(self._child.stdin).close()

    def last_words(self) -> str:
        """The end of what the mock wrote to stderr, if anything, to append to an error."""
        text = bytes(self._stderr).decode(errors="replace").strip()
        return say("\nstderr of wechatpay-mock:\n", "\nwechatpay-mock 的 stderr：\n") + text if text else ""

    def _read_stdout(self) -> None:
        with _pipe(self._child.stdout) as stdout:
            self._first_line.put(stdout.readline().decode(errors="replace"))
            while stdout.read(_KEPT):
                pass

    def _read_stderr(self) -> None:
        with _pipe(self._child.stderr) as stderr:
            while piece := os.read(stderr.fileno(), _KEPT):
                self._stderr += piece
                del self._stderr[:-_KEPT]


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None, "Popen makes each pipe that PIPE asks for"
    return pipe


# The mocks that this process has started.
_running: WeakSet[Process] = WeakSet()


def _close_in_fork() -> None:
    """A fork of this process has the mocks' stdin, too, and would keep them alive."""
    for process in _running:
        process.close_stdin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_fork)
