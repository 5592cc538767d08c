// Callbacks: every attempt, the next one by the mock's clock, and sending again, well or spoiled.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { both, end, startMock, startReceiver, visit } from './support.js';

let mock;
before(async () => {
  mock = await startMock();
  // Then the countdown stands still.
  await mock.steer('POST', '/clock', { action: 'freeze' });
});
after(end);

/** A callback to the receiver. */
async function sent(to) {
  return (await mock.steer('POST', '/callbacks', { event_type: 'TRANSACTION.SUCCESS', to })).number;
}

for (const [locale, texts] of both({
  callbacks: ['Callbacks', '回调'],
  frozen: [/00:00:15 ahead; but the clock is frozen/, /还差 00:00:15；但时钟已冻结/],
  move: ['Move the clock there', '把时钟拨到该时间'],
  first: ['Attempt 1', '第 1 次尝试'],
  second: ['Attempt 2', '第 2 次尝试'],
  answered: ['not received', '未接收'],
  received: ['received', '已接收'],
})) {
  test(`a callback that was not received shows why and when it comes again, and comes again when the clock is moved (${locale})`, async () => {
    const { url, received } = await startReceiver({ status: 500, body: '{"code":"FAIL","message":"not yet"}' }, { status: 204 });
    const number = await sent(`${url}/notify`);
    const page = await visit(mock.page, { locale });
    await page.getByRole('link', { name: texts.callbacks, exact: true }).click();
    await page.getByRole('table').getByRole('link', { name: String(number), exact: true }).click();
    await page.getByText(texts.first).getByText(`500 ${texts.answered}`).waitFor();
    await page.getByText('"message": "not yet"').waitFor();
    await page.getByText(texts.frozen).waitFor();
    await page.getByRole('button', { name: texts.move }).click();
    await page.getByText(texts.second).getByText(`204 ${texts.received}`).waitFor();
    assert.equal(received.length, 2);
    await page.assertClean();
  });
}

test('a callback is sent again as it was, and spoiled in the way that was chosen', async () => {
  const { url, received } = await startReceiver({ status: 204 });
  const number = await sent(`${url}/notify`);
  const page = await visit(`${mock.page}#/callbacks/${number}`);
  const again = page.getByRole('button', { name: 'Send again' });
  await again.click();
  await page.getByText('Attempt 2').waitFor();
  await page.getByLabel('Fault', { exact: true }).selectOption('unsigned');
  await again.click();
  await page.getByText('Attempt 3').getByText('unsigned').waitFor();
  assert.deepEqual(received.map(({ headers }) => 'wechatpay-signature' in headers), [true, true, false]);
  await page.assertClean();
});

test('a callback to a host that is not allowed says how to allow it', async () => {
  const number = await sent('https://shop.example.net/notify');
  const page = await visit(`${mock.page}#/callbacks/${number}`);
  await page.getByText(/^Not sent: .* --notify-map https:..shop\.example\.net=/).waitFor();
  await page.assertClean();
});

test('a callback is sent from the page', async () => {
  const { url, received } = await startReceiver({ status: 204 });
  const page = await visit(`${mock.page}#/callbacks`);
  await page.getByText('Send a callback').click();
  await page.getByLabel('URL').fill(`${url}/notify`);
  await page.getByLabel('Fields').fill('{"out_trade_no":"from-the-page"}');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.getByText('204 received').waitFor();
  await page.getByText('"from-the-page"').waitFor();
  assert.equal(received.length, 1);
  await page.assertClean();
});
