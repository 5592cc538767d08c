// The controls: faults, the clock, merchants, policies, expectations, reset.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, beforeEach, test } from 'node:test';
import { RIGHTS, both, end, points, startMock, visit } from './support.js';

// Most tests change all of the mock.
let mock;
beforeEach(async () => (mock = await startMock()));
after(end);

const part = (page, name) => page.getByRole('region', { name, exact: true });
/** What a download has. */
async function downloaded(page, click) {
  const [download] = await Promise.all([page.waitForEvent('download'), click()]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'latin1') };
}

for (const [locale, texts] of both({
  controls: ['Controls', '控制'],
  faults: ['Faults', '故障'],
  over: ['used up', '已用完'],
  applied: ['1 of 1', '1 / 1'],
  remove: ['Delete all rules', '删除全部规则'],
  none: ['There are no rules.', '没有规则。'],
})) {
  test(`one click makes the next call fail, and none after it; rules count (${locale})`, async () => {
    const page = await visit(mock.page, { locale });
    await page.getByRole('link', { name: texts.controls, exact: true }).click();
    const faults = part(page, texts.faults);
    await faults.getByRole('button', { name: '500 SYSTEM_ERROR' }).click();
    const row = faults.getByRole('row').filter({ hasText: 'system-error' });
    await row.waitFor();
    assert.equal((await mock.send('PATCH', RIGHTS, points(1))).status, 500);
    await row.getByText(texts.over).waitFor();
    await row.getByText(texts.applied).waitFor();
    assert.equal((await mock.send('PATCH', RIGHTS, points(1))).status, 204);
    await faults.getByRole('button', { name: texts.remove }).click();
    await page.getByRole('dialog').getByRole('button', { name: texts.remove }).click();
    await faults.getByText(texts.none).waitFor();
    await page.assertClean();
  });
}

test('a rule is added as JSON, and one is deleted', async () => {
  const page = await visit(`${mock.page}#/controls`);
  const faults = part(page, 'Faults');
  await faults.getByText('Add a rule as JSON').click();
  const field = faults.getByRole('textbox', { name: 'Rule (JSON)' });
  await field.fill('{"fault": "no-such-fault"}');
  await faults.getByRole('button', { name: 'Add' }).last().click();
  await page.locator('.notice.bad').waitFor();
  await field.fill('{"fault": "altered-body", "times": 3, "match": {"operation": "set_rights"}}');
  await faults.getByRole('button', { name: 'Add' }).last().click();
  const row = faults.getByRole('row').filter({ hasText: 'altered-body' });
  await row.getByRole('cell', { name: '3', exact: true }).waitFor();
  await row.getByRole('button', { name: /^Delete rule/ }).click();
  await row.waitFor({ state: 'detached' });
  await page.assertClean();
});

for (const [locale, texts] of both({
  clock: ['Clock', '时钟'],
  freeze: ['Freeze', '冻结'],
  minutes: ['+5 min', '+5 分钟'],
  day: ['+1 day', '+1 天'],
  resume: ['Resume', '恢复真实时间'],
  frozen: ['frozen', '已冻结'],
  real: ['the real time', '真实时间'],
})) {
  test(`the clock is frozen, moved and released (${locale})`, async () => {
    const page = await visit(`${mock.page}#/controls`, { locale });
    const clock = part(page, texts.clock);
    const press = async (name) => {
      const answered = page.waitForResponse((response) => response.url().endsWith('/clock') && response.request().method() === 'POST');
      await clock.getByRole('button', { name, exact: true }).click();
      await answered;
      return mock.steer('GET', '/clock');
    };
    await clock.getByText(texts.real, { exact: true }).or(clock.getByText(texts.real)).first().waitFor();
    const { now, frozen } = await press(texts.freeze);
    assert.ok(frozen && Math.abs(now - Date.now() / 1000) < 5);
    await clock.getByText(texts.frozen).waitFor();
    assert.equal((await press(texts.minutes)).now, now + 300);
    assert.equal((await press(texts.day)).now, now + 300 + 86_400);
    const released = await press(texts.resume);
    assert.deepEqual([released.frozen, released.offset], [false, 0]);
    await clock.getByText(texts.frozen).waitFor({ state: 'detached' });
    await page.assertClean();
  });
}

for (const [locale, texts] of both({
  merchants: ['Merchants', '商户'],
  mchid: ['mchid (may be empty)', '商户号（可留空）'],
  create: ['Create a merchant', '新建商户'],
  env: ['.env, merchant 1900009999', '.env，商户 1900009999'],
  files: ['Files (.tar), merchant 1900009999', '文件（.tar），商户 1900009999'],
})) {
  test(`a merchant is made, and its credentials are saved and never shown (${locale})`, async () => {
    const page = await visit(`${mock.page}#/controls`, { locale });
    const merchants = part(page, texts.merchants);
    await merchants.getByLabel(texts.mchid).fill('1900009999');
    await merchants.getByRole('button', { name: texts.create }).click();
    const env = await downloaded(page, () => merchants.getByRole('button', { name: texts.env, exact: true }).click());
    assert.match(env.text, /^export WECHATPAY_MCHID='1900009999'$/m);
    const files = await downloaded(page, () => merchants.getByRole('button', { name: texts.files }).click());
    assert.match(files.name, /\.tar$/);
    assert.match(files.text, /BEGIN PRIVATE KEY/);
    for (const name of ['apiclient_key.pem', 'apiclient_cert.pem', 'pub_key.pem', 'credentials.json', 'env']) assert.ok(files.text.includes(name), name);
    const shown = await page.evaluate(() => document.documentElement.outerHTML + [...document.querySelectorAll('input, textarea')].map(({ value }) => value).join());
    assert.doesNotMatch(shown, /PRIVATE KEY|api_v3_key["=]/);
    await page.assertClean();
  });
}

test('policies, and expectations that are met or not, are shown', async () => {
  await mock.send('PATCH', RIGHTS, points(1));
  await mock.steer('POST', '/verify', { operation: 'set_rights', times: 1 });
  const page = await visit(`${mock.page}#/controls`);
  await part(page, 'Policies').getByText(/\d+ policies, 0 not at the default/).click();
  await part(page, 'Policies').getByRole('rowheader', { name: 'repeat', exact: true }).waitFor();
  const expectations = part(page, 'Expectations');
  await expectations.getByRole('listitem').getByText('met', { exact: true }).waitFor();
  await expectations.getByRole('textbox').fill('{"operation": "set_rights", "times": 2}');
  await expectations.getByRole('button', { name: 'Check' }).click();
  await expectations.getByRole('listitem').getByText('not met', { exact: true }).waitFor();
  await page.assertClean();
});

test('a reset asks first', async () => {
  await mock.send('PATCH', RIGHTS, points(1));
  const page = await visit(`${mock.page}#/controls`);
  const reset = part(page, 'Reset').getByRole('button', { name: 'Reset' });
  await reset.click();
  await page.getByRole('dialog').getByRole('button', { name: 'Keep' }).click();
  assert.equal((await mock.steer('GET', '/exchanges')).exchanges.length, 1);
  await reset.click();
  await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click();
  await page.getByText('It is reset.').waitFor();
  assert.deepEqual((await mock.steer('GET', '/exchanges')).exchanges, []);
  await page.assertClean();
});
