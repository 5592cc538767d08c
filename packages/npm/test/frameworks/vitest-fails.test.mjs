// The first test passes and prints nothing; the second fails, and its error has the diagnosis.
import { describe, expect } from 'vitest';
import { test } from 'wechatpay-mock/vitest';
import { place, placeAltered } from '../shop.cjs';

describe('with options', () => {
  const trusting = test.extend({ merchantOptions: { trust: 'platform-certificate' } });
  trusting('passes', async ({ wechatpay }) => {
    expect(wechatpay.credentials.public_key_id).toBeUndefined();
    await expect(placeAltered(wechatpay, 'order-1', (body) => JSON.stringify({ ...body, attach: '' }))).rejects.toThrow();
  });
});

test('fails', async ({ wechatpay }) => {
  await place(wechatpay, 'order-1');
  expect((await wechatpay.exchanges()).map((exchange) => exchange.status)).toEqual([200]);
  await placeAltered(wechatpay, 'order-2', (body) => JSON.stringify(body, null, 2));
});
