// The first test passes and prints nothing; the second fails, and its error has the diagnosis.
const { withMerchant } = require('wechatpay-mock/jest');
const { place, placeAltered } = require('../shop.cjs');

test('passes', withMerchant(async (wechatpay) => {
  expect(wechatpay.credentials.public_key_id).toBeUndefined();
  await expect(placeAltered(wechatpay, 'order-1', (body) => JSON.stringify({ ...body, attach: '' }))).rejects.toThrow();
}, { trust: 'platform-certificate' }));

test('fails', withMerchant(async (wechatpay) => {
  await place(wechatpay, 'order-1');
  expect((await wechatpay.exchanges()).map((exchange) => exchange.status)).toEqual([200]);
  await placeAltered(wechatpay, 'order-2', (body) => JSON.stringify(body, null, 2));
}));
