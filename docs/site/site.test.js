// The built site in a real browser: the search finds Chinese and English words, and each page leads to the other language.
'use strict';

const assert = require('node:assert/strict');
const { readFile } = require('node:fs/promises');
const { createServer } = require('node:http');
const { createRequire } = require('node:module');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { chromium } = createRequire(path.join(__dirname, '../../contract-tests/inspector/package.json'))('playwright-core');

const SITE = path.resolve(process.env.SITE);
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.txt': 'text/plain; charset=utf-8' };
const WORDS = {
  '': ['验签', '回调', '平台证书', '签名错误', '退款', '对账单', '故障注入', '时钟', '并行测试', '商户号'],
  'en/': ['signature', 'callback', 'fault', 'clock', 'refund'],
};

let server;
let url;
let browser;

before(async () => {
  server = createServer(async (request, response) => {
    const file = path.join(SITE, decodeURIComponent(new URL(request.url, 'http://site').pathname).replace(/\/$/, '/index.html'));
    try {
      response.setHeader('Content-Type', TYPES[path.extname(file)] ?? 'application/octet-stream').end(await readFile(file));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${server.address().port}/`;
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    // The browser reaches this machine only, and no proxy.
    args: ['--no-sandbox', '--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
  });
});

after(async () => {
  await browser?.close();
  server?.close();
});

/** A page that fails the test on anything that the browser complains about. */
async function open(address, context = browser) {
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(address);
  return { page, close: () => page.close().then(() => assert.deepEqual(complaints, [])) };
}

for (const [folder, words] of Object.entries(WORDS)) {
  for (const word of words) {
    test(`the search of /${folder} finds ${word}`, async () => {
      const { page, close } = await open(`${url}${folder}index.html`);
      await page.keyboard.press('/');
      await page.getByRole('searchbox').fill(word);
      const hits = page.locator('#find li a');
      await hits.first().waitFor();
      const link = await hits.first().evaluate((one) => one.href);
      await page.goto(link);
      const text = await page.locator('main').innerText();
      assert.ok(text.toLowerCase().includes(word), `${link}: expected ${word} on the page`);
      await close();
    });
  }
}

test('Enter opens the first hit', async () => {
  const { page, close } = await open(`${url}index.html`);
  await page.locator('#search-open').click();
  await page.getByRole('searchbox').fill('验签');
  const first = await page.locator('#find li a').first().getAttribute('href');
  await page.keyboard.press('Enter');
  await page.waitForURL((at) => at.pathname !== '/index.html' || at.hash !== '');
  assert.ok(decodeURI(page.url()).endsWith(decodeURI(first)), `${page.url()}: expected ${first}`);
  await close();
});

test('words in another order are found, and nothing is found for nonsense', async () => {
  const { page, close } = await open(`${url}index.html`);
  await page.keyboard.press('/');
  await page.getByRole('searchbox').fill('注入的故障');
  await page.locator('#find li').first().waitFor();
  await page.getByRole('searchbox').fill('zxqj');
  await page.getByText('没有找到').waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('#find').isVisible(), false);
  await close();
});

test('each page leads to the same one in the other language', async () => {
  const { page, close } = await open(`${url}how-to/troubleshooting.html`);
  await page.getByRole('link', { name: 'English', exact: true }).first().click();
  assert.equal(page.url(), `${url}en/how-to/troubleshooting.html`);
  await page.locator('a.language').click();
  assert.equal(page.url(), `${url}how-to/troubleshooting.html`);
  await close();
});

test('the search works from a disk, too', async () => {
  const { page, close } = await open(`file://${SITE}/index.html`);
  await page.keyboard.press('/');
  await page.getByRole('searchbox').fill('验签');
  await page.locator('#find li').first().waitFor();
  await close();
});

test('no page is wider than a telephone', async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 800 } });
  for (const place of ['index.html', 'en/index.html', 'how-to/troubleshooting.html', 'en/reference/operations.html', 'en/reference/admin.html']) {
    const { page, close } = await open(url + place, context);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 390, `${place}: ${width}`);
    await close();
  }
  await context.close();
});
