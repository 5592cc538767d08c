// A mock and a browser for the tests of the inspector.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSign, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const MOCK = process.env.WECHATPAY_MOCK ?? 'wechatpay-mock';
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
// The browser reaches this machine only, and no proxy.
const ARGUMENTS = ['--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'];

/** Ends what was started: browsers, mocks, receivers. @type {(() => unknown)[]} */
const ends = [];

/** Ends everything. For `after` of each file. */
export async function end() {
  for (const stop of ends.splice(0).reverse()) await stop();
}

// What nobody ended, because something threw.
process.once('exit', () => ends.forEach((stop) => void stop()));

/** A mock on a free port. */
export async function startMock(...options) {
  const child = spawn(MOCK, ['serve', '--listen', '127.0.0.1:0', '--quiet', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  ends.push(() => child.kill());
  const lines = createInterface(child.stdout);
  const { value: first } = await lines[Symbol.asyncIterator]().next();
  const url = /http:\/\/\S+/.exec(first)?.[0];
  assert.ok(url, `expected the address on the first line, found ${first}`);
  let credentials;
  return {
    url,
    pid: child.pid,
    page: `${url}/__mock/ui/`,
    /** Calls the mock's own API. */
    async steer(method, path, body, headers = {}) {
      const response = await fetch(`${url}/__mock${path}`, { method, headers, body: body && JSON.stringify(body) });
      const text = await response.text();
      assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
      return response.headers.get('Content-Type').startsWith('application/json') ? JSON.parse(text) : text;
    },
    /** Runs a command against this mock, such as `['call', 'rights', 'patch']`. */
    run: ([command, ...rest]) => execute([command, ...(command === 'call' ? ['--base-url', url] : ['--url', url]), ...rest]),
    /**
     * A request that the development merchant signs. `signing` changes the text that is signed, to sign another one.
     * @returns {Promise<{ status: number, text: string }>}
     */
    async send(method, target, body = '', { signing = (text) => text, headers = {}, at = Math.floor(Date.now() / 1000) } = {}) {
      const { mchid, merchant_serial: serial_no, merchant_key: key } = await this.credentials();
      const nonce = randomBytes(16).toString('hex');
      const signature = createSign('RSA-SHA256').update(signing(`${method}\n${target}\n${at}\n${nonce}\n${body}\n`)).sign(key, 'base64');
      const fields = { mchid, nonce_str: nonce, signature, timestamp: at, serial_no };
      const authorization = Object.entries(fields).map(([name, value]) => `${name}="${value}"`).join(',');
      const response = await fetch(url + target, {
        method,
        body: body || undefined,
        // fetch's own Accept-Language is none that the gateway knows.
        headers: { Accept: 'application/json', 'Accept-Language': 'zh-CN', 'Content-Type': 'application/json', Authorization: `WECHATPAY2-SHA256-RSA2048 ${authorization}`, ...headers },
      });
      return { status: response.status, text: await response.text() };
    },
    /** What the development merchant signs with. */
    async credentials() {
      return (credentials ??= await this.steer('GET', '/credentials'));
    },
  };
}

/** Runs a command of the mock's. Returns its exit code and what it prints. */
export function execute(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(MOCK, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('error', reject).once('close', (code) => resolve({ code, output }));
  });
}

/**
 * A receiver of callbacks, which answers with each of these in turn and with the last one from then on.
 * @param {...{ status: number, body?: string }} answers
 * @returns {Promise<{ url: string, received: { headers: object, body: string }[] }>}
 */
export async function startReceiver(...answers) {
  const received = [];
  const server = createServer(async (request, response) => {
    const parts = await request.toArray();
    received.push({ headers: request.headers, body: Buffer.concat(parts).toString() });
    const { status, body = '' } = answers[Math.min(received.length, answers.length) - 1];
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => (server.close(), server.closeAllConnections()));
  return { url: `http://127.0.0.1:${server.address().port}`, received };
}

/** Two languages, and the texts of a test in each: `both({ pay: ['Pay', '支付'] })`. */
export function both(texts) {
  return ['en-US', 'zh-CN'].map((locale, index) => [locale, Object.fromEntries(Object.entries(texts).map(([name, both]) => [name, both[index]]))]);
}

let browser;

/**
 * A page of its own, which fails the test at its end if it asked for another origin, logged an error or broke its policy.
 * @returns {Promise<import('playwright-core').Page & { assertClean(): Promise<void> }>}
 */
export async function visit(url, { locale = 'en-US', colorScheme = 'light', width = 1280, height = 800, ...options } = {}) {
  if (!browser) {
    browser = chromium.launch({ executablePath: CHROMIUM, args: [...ARGUMENTS, '--no-sandbox'] });
    ends.push(async () => (await browser).close());
  }
  const context = await (await browser).newContext({ locale, colorScheme, viewport: { width, height }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
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

/** What is in a picture, four bytes a pixel; a browser decodes it. @returns {Promise<{ width: number, height: number, data: Uint8ClampedArray }>} */
export async function pixelsOf(page, png) {
  const { width, height, data } = await page.evaluate(async (base64) => {
    const image = await createImageBitmap(new Blob([Uint8Array.fromBase64(base64)], { type: 'image/png' }));
    const { width, height } = image;
    const canvas = new OffscreenCanvas(width, height).getContext('2d');
    canvas.drawImage(image, 0, 0);
    return { width, height, data: new Uint8Array(canvas.getImageData(0, 0, width, height).data).toBase64() };
  }, png.toString('base64'));
  return { width, height, data: Uint8ClampedArray.from(Buffer.from(data, 'base64')) };
}

/** The sample operation: a member's rights. */
export const RIGHTS = '/v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665/rights';

/** A body of the sample operation, each with a number of its own. */
export function points(bonus, number = randomBytes(8).toString('hex')) {
  return JSON.stringify({ bonus_value: bonus, out_request_no: number });
}

export const NATIVE = '/v3/pay/transactions/native';

/** An order; `more` is what it has besides. */
export function order(number, { total = 100, ...more } = {}) {
  const notify_url = 'https://shop.example.com/notify';
  const usual = { mchid: '1900000001', appid: 'wxd678efh567hg6787', description: 'Coffee', out_trade_no: number, notify_url };
  return JSON.stringify({ ...usual, amount: { total, currency: 'CNY' }, ...more });
}
