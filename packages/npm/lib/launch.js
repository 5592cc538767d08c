'use strict';

const { spawn } = require('node:child_process');
const { findBinary } = require('./binary.js');
const say = require('./say.js');

/** How much of stderr is kept for error messages, in characters. */
const KEPT = 16 * 1024;

/** How long a mock may take to finish its requests when it is closed, in milliseconds. */
const GRACE = 5_000;

/** Starts a mock and resolves once it listens, with its URL and a function that stops it. */
exports.launch = async function launch({ binary, config, seed, args = [], timeout = 10 }) {
  const program = findBinary(binary);
  const options = ['serve', '--port', '0', '--stop-with-stdin', '--quiet'];
  if (config) options.push('--config', config);
  if (seed) options.push('--seed', seed);
  options.push(...args);

  const child = spawn(program, options, { stdio: 'pipe', windowsHide: true });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr = (stderr + text).slice(-KEPT);
  });
  child.stdin.on('error', () => {}); // The mock has ended: its exit says so.
  const ended = new Promise((resolve) => child.once('close', resolve));

  const url = await listening(child, timeout).catch(async (reason) => {
    child.kill('SIGKILL');
    if (child.pid) await ended;
    throw new Error(`${reason}${say(': ', '：')}${[program, ...options].join(' ')}\n${stderr}`.trimEnd());
  });
  // A test process that forgets to close the mock can end; the mock's stdin then ends, and so does the mock.
  for (const handle of [child, child.stdin, child.stdout, child.stderr]) handle.unref();

  function stop() {
    for (const handle of [child, child.stdout, child.stderr]) handle.ref();
    const impatient = setTimeout(() => child.kill('SIGKILL'), GRACE);
    child.stdin.end();
    return ended.finally(() => clearTimeout(impatient));
  }
  return { url, stop };
};

/** Resolves with the URL in the first line of stdout; rejects with the reason why there is none. */
function listening(child, timeout) {
  return new Promise((resolve, reject) => {
    const settle = (settled, value) => {
      clearTimeout(late);
      settled(value);
    };
    const fail = (english, chinese) => settle(reject, say(english, chinese));
    const late = setTimeout(
      () => fail(`expected the mock to listen within ${timeout} s, but it did not`, `模拟网关没有在 ${timeout} 秒内开始监听`),
      timeout * 1_000,
    );
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      if (stdout.includes('\n')) return; // Only drained.
      stdout += text;
      const [line, rest] = stdout.split('\n');
      const url = /^listening on (https?:\/\/\S+)/.exec(line)?.[1];
      if (rest === undefined) return;
      if (url) return settle(resolve, url);
      const found = JSON.stringify(line);
      fail(`expected "listening on http://…" as the mock's first line, found ${found}`, `模拟网关的第一行输出应为 "listening on http://…"，实际是 ${found}`);
    });
    child.once('error', ({ message }) => fail(`expected to start the mock, found ${message}`, `无法启动模拟网关：${message}`));
    child.once('close', (code, signal) =>
      fail(
        `expected the mock to listen, but it ended with ${signal ?? `exit code ${code}`}`,
        `模拟网关还没有开始监听就退出了（${signal ?? `退出码 ${code}`}）`,
      ),
    );
  });
}
