// A mock and a browser for the tests of the inspector.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const MOCK = process.env.WECHATPAY_MOCK ?? 'wechatpay-mock';
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
// The browser reaches this machine only, and no proxy.
const ARGUMENTS = ['--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'];

/** A mock on a free port. */
export async function startMock(...options) {
  const child = spawn(MOCK, ['serve', '--listen', '127.0.0.1:0', '--quiet', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout);
  const { value: first } = await lines[Symbol.asyncIterator]().next();
  const url = /http:\/\/\S+/.exec(first)?.[0];
  assert.ok(url, `expected the address on the first line, found ${first}`);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return {
    url,
    page: `${url}/__mock/ui/`,
    /** Calls the mock's own API. */
    async steer(method, path, body, headers = {}) {
      const response = await fetch(`${url}/__mock${path}`, { method, headers, body: body && JSON.stringify(body) });
      const text = await response.text();
      assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
      return response.headers.get('Content-Type').startsWith('application/json') ? JSON.parse(text) : text;
    },
    /** Runs a command of the mock's, such as `call rights patch`, against this mock. Returns what it prints. */
    run: (...args) => run(args, url),
    async stop() {
      child.kill();
      await ended;
    },
  };
}

/** Runs a command of the mock's. */
function run([command, ...rest], url) {
  const at = command === 'call' ? ['--base-url', url] : ['--url', url];
  return new Promise((resolve, reject) => {
    const child = spawn(MOCK, [command, ...at, ...rest], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('error', reject).once('close', (code) => resolve({ code, output }));
  });
}

let browser;

/**
 * A page of its own, which fails the test at its end if it asked for another origin, logged an error or broke its policy.
 * @returns {Promise<import('playwright-core').Page & { assertClean(): Promise<void> }>}
 */
export async function visit(url, { locale = 'en-US', colorScheme = 'light', width = 1280, height = 800, ...options } = {}) {
  browser ??= chromium.launch({ executablePath: CHROMIUM, args: [...ARGUMENTS, '--no-sandbox'] });
  const context = await (await browser).newContext({ locale, colorScheme, viewport: { width, height }, ...options });
  const page = await context.newPage();
  const { origin } = new URL(url);
  const wrong = [];
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== origin) wrong.push(`asked ${request.url()}`);
  });
  page.on('pageerror', (error) => wrong.push(`threw ${error.stack}`));
  page.on('dialog', (dialog) => (wrong.push(`opened a dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on('console', (message) => {
    // A refused call is in the console by itself.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) wrong.push(`logged ${message.text()}`);
  });
  page.assertClean = async () => {
    assert.deepEqual(wrong, []);
    await context.close();
  };
  await page.goto(url);
  return page;
}

/** Ends the browser. For `after` of each file. */
export async function closeBrowser() {
  await (await browser)?.close();
}
