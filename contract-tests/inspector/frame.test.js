// The frame: safety, languages, themes, access.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { end, startMock, visit } from './support.js';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

let mock;
before(async () => (mock = await startMock()));
after(end);

test('a browser that opens /__mock/ is led to the page, and a program is not', async () => {
  const page = await visit(`${mock.url}/__mock/`);
  assert.equal(new URL(page.url()).pathname, '/__mock/ui/');
  await page.assertClean();
  const { calls } = await mock.steer('GET', '/');
  assert.ok(calls.length > 30);
});

test('the page allows nothing but its own files and calls', async () => {
  for (const file of ['', 'app.js', 'style.css']) {
    const { headers } = await fetch(mock.page + file);
    assert.equal(headers.get('Content-Security-Policy'), POLICY);
    assert.equal(headers.get('X-Content-Type-Options'), 'nosniff');
  }
  const foreign = await fetch(mock.page, { headers: { Origin: 'http://evil.example' } });
  assert.equal(foreign.status, 403);
});

test('the page speaks the language of the browser, and another one when asked', async () => {
  const page = await visit(mock.page, { locale: 'zh-CN' });
  await page.getByRole('link', { name: '请求', exact: true }).waitFor();
  await page.getByRole('combobox', { name: 'Language / 语言' }).selectOption('en');
  await page.getByRole('link', { name: 'Traffic' }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  await page.reload();
  await page.getByRole('link', { name: 'Traffic' }).waitFor();
  await page.assertClean();
});

test('a token is asked for once, and is kept nowhere but in memory', async () => {
  const token = 'correct-horse-battery-staple';
  const closed = await startMock('--admin-token', token);
  const page = await visit(closed.page);
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Token').fill('not-the-right-token');
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await dialog.getByRole('alert').waitFor();
  await dialog.getByLabel('Token').fill(token);
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Controls' }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  assert.equal(await page.getByRole('dialog').count(), 0);
  const kept = await page.evaluate(() => JSON.stringify([location.href, { ...localStorage }, { ...sessionStorage }, document.cookie, document.documentElement.outerHTML]));
  assert.ok(!kept.includes(token));
  await page.assertClean();
});
