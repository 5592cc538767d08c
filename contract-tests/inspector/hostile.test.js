// A journal full of what an attacker would put there is shown, and does nothing.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { NATIVE, RIGHTS, end, order, points, startMock, startReceiver, visit } from './support.js';

const SCRIPT = '<img src=x onerror="window.hit=1"><script>window.hit=1</script><svg onload=window.hit=1><a href="javascript:window.hit=1">x</a>';
// A right-to-left override, isolates, zero-width characters, a BOM, controls, a lone combining mark, and a word without a place to break it.
const ODD = `\u202egnp.exe\u202c\u2066\u2068\u200b\u200d\u2060\ufeff\u0007\u001b[31m\u0085\u0300 ${'W'.repeat(3000)}`;
const EVIL = `${SCRIPT} javascript:window.hit=1 ${ODD}`;
const MIB = 1024 * 1024;
const MANY = 10_000;

let mock;
let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inspector-'));
  const config = join(folder, 'mock.toml');
  await writeFile(config, `[limits]\nbody = ${4 * MIB}\njournal_body = ${2 * MIB}\njournal_bytes = ${64 * MIB}\n`);
  mock = await startMock('--config', config);
});
after(async () => {
  await end();
  await rm(folder, { recursive: true });
});

/** A page on which nothing ran, and which is no wider than its window. */
async function assertHarmless(page) {
  assert.equal(await page.evaluate(() => window.hit), undefined);
  const { width, inner } = await page.evaluate(() => ({ width: document.scrollingElement.scrollWidth, inner: innerWidth }));
  assert.ok(width <= inner, `${page.url()}: expected a page of ${inner} pixels, found ${width}`);
  assert.equal(await page.locator('img, script:not([src="app.js"]), iframe, [href^="javascript:"], [onload], [onerror]').count(), 0);
}

/** Sends as it is what fetch would refuse or repair. */
function sendRaw(agent, path, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const sent = request(mock.url + path, { agent, method, headers }, (response) => response.resume().once('end', resolve));
    sent.once('error', reject).end(body);
  });
}

for (const width of [1280, 390]) {
  test(`hostile requests are shown, and do nothing (${width} pixels)`, async () => {
    const agent = new Agent({ keepAlive: true });
    const path = `/v3/${encodeURI(SCRIPT)}?javascript:window.hit=1&${'<script>window.hit=1</script>'.replaceAll(/[<>]/g, encodeURIComponent)}%E2%80%AE%00${'W'.repeat(3000)}`;
    await sendRaw(agent, path, { headers: { 'X-Evil': SCRIPT, Authorization: SCRIPT, 'User-Agent': SCRIPT } });
    await sendRaw(agent, RIGHTS, { method: 'PATCH', headers: { 'X-Evil': Buffer.from(ODD).toString('latin1').replaceAll(/[\x00-\x1f]/g, '') }, body: EVIL });
    await mock.send('PATCH', RIGHTS, JSON.stringify({ bonus_value: EVIL, out_request_no: EVIL, [EVIL]: EVIL }));
    await mock.send('PATCH', RIGHTS, points(1), { signing: (text) => text.replace('\n', `\n${EVIL}`) });
    const { exchanges } = await mock.steer('GET', '/exchanges?order=newest&limit=4');
    const page = await visit(mock.page, { width });
    await page.getByRole('grid').getByRole('row').nth(4).waitFor();
    await assertHarmless(page);
    for (const { number } of exchanges) {
      await page.goto(`${mock.page}#/traffic/${number}`);
      await page.getByRole('heading', { level: 2, name: `#${number}` }).waitFor();
      await page.evaluate(() => document.querySelectorAll('details').forEach((one) => (one.open = true)));
      for (const raw of await page.getByRole('button', { name: 'Raw' }).all()) await raw.click();
      // What was signed instead is not known.
      if (number !== exchanges[0].number) await page.getByText('window.hit=1').filter({ visible: true }).first().waitFor();
      await assertHarmless(page);
    }
    agent.destroy();
    await page.assertClean();
  });

  test(`hostile orders and receivers are shown, and do nothing (${width} pixels)`, async () => {
    const description = `${SCRIPT.slice(0, 60)}\u202e\u200b`;
    const number = `evil-${width}`;
    const { status, text } = await mock.send('POST', NATIVE, order(number, { description, attach: SCRIPT.slice(0, 120) }));
    assert.equal(status, 200, text);
    const { url } = await startReceiver({ status: 500, body: EVIL });
    const callback = await mock.steer('POST', '/callbacks', { event_type: EVIL.slice(0, 60), to: `${url}/${encodeURI(SCRIPT)}` }).catch(() => null) ??
      (await mock.steer('POST', '/callbacks', { event_type: 'TRANSACTION.SUCCESS', to: `${url}/${encodeURI(SCRIPT)}`, resource: { attach: EVIL } }));
    const page = await visit(`${mock.page}#/phone`, { width });
    await page.getByRole('link', { name: '<img src=x' }).first().waitFor();
    await assertHarmless(page);
    for (const [view, shown] of [
      [`phone/1900000001/${number}`, page.getByRole('button', { name: 'Pay', exact: true })],
      [`state/1900000001/order/${number}`, page.getByText('"description"').first()],
      [`callbacks/${callback.number}`, page.getByText('Attempt 1')],
      [`traffic/${encodeURIComponent(EVIL.slice(0, 500))}`, page.getByRole('alert')],
      [`state/${encodeURIComponent(SCRIPT)}/${encodeURIComponent(SCRIPT)}/${encodeURIComponent(SCRIPT)}`, page.getByRole('alert').filter({ hasText: /\w/ }).first()],
    ]) {
      await page.goto(`${mock.page}#/${view}`);
      await shown.waitFor();
      await assertHarmless(page);
    }
    await page.assertClean();
  });
}

test('a body of 1 MiB is shown step by step, and the page keeps answering', async () => {
  const { status } = await mock.send('PATCH', RIGHTS, JSON.stringify({ bonus_value: 1, out_request_no: 'big', note: EVIL.repeat(Math.ceil(MIB / EVIL.length)) }));
  assert.ok(status < 500);
  const [{ number }] = (await mock.steer('GET', '/exchanges?order=newest&limit=1')).exchanges;
  const page = await visit(`${mock.page}#/traffic/${number}`);
  await page.getByRole('heading', { level: 2, name: `#${number}` }).waitFor();
  await page.getByRole('button', { name: /^Show all [\d,]{9} characters/ }).first().click();
  await page.getByRole('button', { name: 'Save as a file' }).first().waitFor();
  await page.getByRole('link', { name: 'State' }).click();
  await page.getByRole('heading', { level: 1, name: 'State' }).waitFor();
  await assertHarmless(page);
  await page.assertClean();
});

test(`${MANY} entries scroll, with only those in sight in the page`, async () => {
  const many = await startMock();
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  let left = MANY;
  const worker = async () => {
    while (left-- > 0) {
      await new Promise((resolve, reject) => {
        request(`${many.url}/v3/none`, { agent }, (response) => response.resume().once('end', resolve)).once('error', reject).end();
      });
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  agent.destroy();
  const page = await visit(many.page);
  const grid = page.getByRole('grid');
  await page.waitForFunction((rows) => document.querySelector('[role=grid]')?.getAttribute('aria-rowcount') === String(rows), MANY + 1);
  const most = await grid.evaluate(async (grid) => {
    let most = 0;
    for (let step = 0; step <= 50; step += 1) {
      grid.scrollTop = (grid.scrollHeight * step) / 50;
      await new Promise(requestAnimationFrame);
      await new Promise(requestAnimationFrame);
      most = Math.max(most, document.querySelectorAll('*').length);
    }
    return most;
  });
  assert.ok(most < 3000, `expected fewer than 3,000 elements, found ${most}`);
  await grid.getByRole('link', { name: 'in 1', exact: true }).waitFor();
  await page.assertClean();
});
