// What the mock remembers: documents with their history, drawn, edited and deleted.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NATIVE, RIGHTS, both, end, order, points, startMock, visit } from './support.js';

let mock;
before(async () => (mock = await startMock()));
after(end);

/** An order with this number, paid. */
async function paid(number) {
  assert.equal((await mock.send('POST', NATIVE, order(number))).status, 200);
  await mock.steer('POST', '/payments', { out_trade_no: number, action: 'pay' });
  return `${mock.page}#/state/1900000001/order/${number}`;
}

for (const [locale, texts] of both({
  state: ['State', '数据'],
  members: [/^Members/, /^会员 /],
  line: [/^Points from /, /^积分从 /],
  request: ['request', '请求'],
  version: [/^version \d+/, /^版本 \d+/],
})) {
  test(`a member's points are drawn over time, and each change leads to its exchange (${locale})`, async () => {
    for (const bonus of [5, 12]) assert.equal((await mock.send('PATCH', RIGHTS, points(bonus))).status, 204);
    const { last } = await mock.steer('GET', '/exchanges?order=newest&limit=1');
    const page = await visit(mock.page, { locale });
    await page.getByRole('link', { name: texts.state, exact: true }).click();
    await page.getByRole('link', { name: texts.members }).click();
    await page.getByRole('link', { name: /478515832665/ }).click();
    await page.getByText(texts.version).waitFor();
    const chart = page.getByRole('img', { name: texts.line });
    await chart.waitFor();
    assert.ok((await chart.locator('circle').count()) >= 2);
    await page.getByRole('link', { name: `${texts.request} ${last}`, exact: true }).first().click();
    await page.getByRole('heading', { level: 2, name: `#${last} ` }).waitFor();
    await page.assertClean();
  });
}

for (const [locale, texts] of both({
  diagram: [/now NOTPAY/, /当前为 NOTPAY/],
  after: [/now SUCCESS/, /当前为 SUCCESS/],
  moves: ['Changes of state', '状态变化'],
  pays: ['user pays', '用户支付'],
  next: ['can happen next', '接下来可能'],
})) {
  test(`an order's states are drawn, what happened and what can happen, while it goes on (${locale})`, async () => {
    const number = `diagram-${locale}`;
    await mock.send('POST', NATIVE, order(number));
    const page = await visit(`${mock.page}#/state/1900000001/order/${number}`, { locale });
    await page.getByRole('img', { name: texts.diagram }).waitFor();
    const row = page.getByRole('table', { name: texts.moves }).getByRole('row').filter({ hasText: texts.pays });
    await row.getByText(texts.next).waitFor();
    await mock.steer('POST', '/payments', { out_trade_no: number, action: 'pay' });
    await page.getByRole('img', { name: texts.after }).waitFor();
    await row.filter({ hasNotText: texts.next }).getByRole('cell', { name: 'SUCCESS', exact: true }).waitFor();
    await page.assertClean();
  });
}

test('an edit is checked, done and recorded', async () => {
  const page = await visit(await paid('edited'));
  await page.getByRole('button', { name: 'Edit' }).click();
  const field = page.getByRole('textbox', { name: 'New value, as JSON' });
  const value = JSON.parse(await field.inputValue());
  await field.fill('{"no": "order"}');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').filter({ hasText: /\w/ }).waitFor();
  await field.fill('{"not json');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').filter({ hasText: 'Not JSON' }).waitFor();
  assert.ok(JSON.stringify(value).includes('Coffee'));
  await field.fill(JSON.stringify(value).replace('Coffee', 'Tea'));
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  await page.getByRole('listitem').filter({ hasText: 'by an edit' }).getByText('"Tea"').waitFor();
  const { changes } = await mock.steer('GET', '/documents/order/edited?merchant=1900000001');
  assert.equal(changes.at(-1).by, 'edit');
  await page.assertClean();
});

test('a document is deleted after a question', async () => {
  const page = await visit(await paid('deleted'));
  for (const answer of ['Keep it', 'Delete']) {
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: answer }).click();
    const { value } = await mock.steer('GET', '/documents/order/deleted?merchant=1900000001');
    if (answer === 'Keep it') assert.ok(value);
  }
  await page.getByText('deleted', { exact: true }).first().waitFor();
  assert.equal((await mock.steer('GET', '/documents/order/deleted?merchant=1900000001')).value, null);
  await page.assertClean();
});
