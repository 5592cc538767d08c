// Places an order with wechatpay-node-v3, unmodified, which calls https://api.mch.weixin.qq.com, and verifies the response with the
// certificates that it downloads there. Prints the status.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import WxPay from 'wechatpay-node-v3';

const { env } = process;
const wxpay = new WxPay({
  appid: 'wxd678efh567hg6787',
  mchid: env.WECHATPAY_MCHID,
  publicKey: readFileSync(env.WECHATPAY_MERCHANT_CERTIFICATE),
  privateKey: readFileSync(env.WECHATPAY_MERCHANT_KEY),
  key: env.WECHATPAY_APIV3_KEY,
});
const answer = await wxpay.transactions_jsapi({
  description: '美式咖啡',
  out_trade_no: process.argv[2],
  notify_url: 'https://shop.example.com/notify',
  amount: { total: 100 },
  payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
});
assert.match(JSON.stringify(answer), /prepay_id/);
const certificates = await wxpay.get_certificates(env.WECHATPAY_APIV3_KEY);
assert.deepEqual(certificates.map(({ serial_no: serial }) => serial), [env.WECHATPAY_PLATFORM_SERIAL]);
console.log(answer.status);
