'use strict';

const { spawn } = require('node:child_process');
const { findBinary } = require('./binary.js');

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
    throw new Error(`${reason}: ${[program, ...options].join(' ')}\n${stderr}`.trimEnd());
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
    const late = setTimeout(() => reject(`expected the mock to listen within ${timeout} s, but it did not`), timeout * 1_000);
    const settle = (settled, value) => {
      clearTimeout(late);
      settled(value);
    };
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      if (stdout.includes('\n')) return; // Only drained.
      stdout += text;
      const [line, rest] = stdout.split('\n');
      const url = /^listening on (https?:\/\/\S+)/.exec(line)?.[1];
      if (url && rest !== undefined) settle(resolve, url);
      else if (rest !== undefined) settle(reject, `expected "listening on http://…" as the mock's first line, found ${JSON.stringify(line)}`);
    });
    child.once('error', (error) => settle(reject, `expected to start the mock, found ${error.message}`));
    child.once('close', (code, signal) => settle(reject, `expected the mock to listen, but it ended with ${signal ?? `exit code ${code}`}`));
  });
}
