// The first test passes and prints nothing; the second fails, and its error has the diagnosis.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withMerchant } from 'wechatpay-mock/node-test';
import { place, placeAltered } from '../shop.cjs';

test('passes', withMerchant(async (wechatpay, t) => {
  assert.equal(t.name, 'passes');
  assert.equal(wechatpay.credentials.public_key_id, undefined);
  await assert.rejects(placeAltered(wechatpay, 'order-1', (body) => JSON.stringify({ ...body, attach: '' })));
}, { trust: 'platform-certificate' }));

test('fails', withMerchant(async (wechatpay) => {
  await place(wechatpay, 'order-1');
  assert.deepEqual((await wechatpay.exchanges()).map((exchange) => exchange.status), [200]);
  await placeAltered(wechatpay, 'order-2', (body) => JSON.stringify(body, null, 2));
}));
