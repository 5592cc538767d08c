// The merchant: calls of the gateway, what the page signs, and callbacks. All of it comes from environment variables, which
// `wechatpay-mock run` sets.
'use strict';

const { readFileSync } = require('node:fs');
const { Aes, Formatter, Rsa, Wechatpay } = require('wechatpay-axios-plugin');

const MOST_SECONDS_OFF = 300;

const { env } = process;
const mchid = env.WECHATPAY_MCHID;
const appid = env.SHOP_APPID ?? 'wxd678efh567hg6787';
const publicKeyId = env.WECHATPAY_PUBLIC_KEY_ID;
const privateKey = Rsa.from(readFileSync(env.WECHATPAY_MERCHANT_KEY), Rsa.KEY_TYPE_PRIVATE);
const trusted = (file) => Rsa.from(readFileSync(file), Rsa.KEY_TYPE_PUBLIC);
// Answers are signed with the public key. Callbacks can be signed with either, while a merchant has both.
const certs = {
  [publicKeyId]: trusted(env.WECHATPAY_PUBLIC_KEY),
  [env.WECHATPAY_PLATFORM_SERIAL]: trusted(env.WECHATPAY_PLATFORM_CERTIFICATE),
};

const wxpay = new Wechatpay({
  mchid,
  serial: env.WECHATPAY_MERCHANT_SERIAL,
  privateKey,
  certs,
  headers: { 'Wechatpay-Serial': publicKeyId },
  // Not set in production, where the gateway is the SDK's own. With the mock's address, h5_url leads any browser to its page.
  baseURL: env.WECHATPAY_BASE_URL,
});

/** What a page inside WeChat hands to `getBrandWCPayRequest`. */
function signedForPage(prepayId) {
  const fields = {
    appId: appid,
    timeStamp: String(Formatter.timestamp()),
    nonceStr: Formatter.nonce(),
    package: `prepay_id=${prepayId}`,
  };
  const paySign = Rsa.sign(Formatter.joinedByLineFeed(...Object.values(fields)), privateKey);
  return { ...fields, signType: 'RSA', paySign };
}

/** Verifies a callback, whose body is a Buffer with the bytes that came, and decrypts it. Throws if it is not genuine. */
function readCallback(headers, body) {
  const [serial, signature, timestamp, nonce] = ['serial', 'signature', 'timestamp', 'nonce']
    .map((name) => headers[`wechatpay-${name}`] ?? '');
  if (!Object.hasOwn(certs, serial)) throw new Error(`signed by ${serial || 'nobody'}, which is not a trusted key`);
  if (!(Math.abs(Formatter.timestamp() - timestamp) <= MOST_SECONDS_OFF)) {
    throw new Error(`signed at ${timestamp}, which is not now`);
  }
  const text = body.toString();
  if (!Rsa.verify(Formatter.response(timestamp, nonce, text), signature, certs[serial])) {
    throw new Error(`not signed by ${serial}`);
  }
  const { event_type: type, resource } = JSON.parse(text);
  const { ciphertext, nonce: iv, associated_data: associated } = resource;
  return { type, resource: JSON.parse(Aes.AesGcm.decrypt(ciphertext, env.WECHATPAY_APIV3_KEY, iv, associated ?? '')) };
}

module.exports = { appid, mchid, readCallback, signedForPage, wxpay };
