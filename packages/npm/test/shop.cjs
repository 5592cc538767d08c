// A merchant's application for the acceptance suite: wechatpay-axios-plugin, unmodified, and a receiver of callbacks.
const { createServer } = require('node:http');
const { text } = require('node:stream/consumers');
const { Aes, Formatter, Rsa, Wechatpay } = require('wechatpay-axios-plugin');

/** The SDK as this merchant, which trusts the platform certificate. */
function sdk({ url, credentials }) {
  return new Wechatpay({
    baseURL: `${url}/`,
    mchid: credentials.mchid,
    serial: credentials.merchant_serial,
    privateKey: credentials.merchant_key,
    certs: { [credentials.platform_serial]: credentials.platform_certificate },
  });
}

/** An order for 1 yuan. */
function order({ credentials }, outTradeNo, more = {}) {
  return {
    appid: 'wxd678efh567hg6787',
    mchid: credentials.mchid,
    description: '美式咖啡',
    out_trade_no: outTradeNo,
    notify_url: 'http://127.0.0.1:1/notify',
    amount: { total: 100, currency: 'CNY' },
    payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
    ...more,
  };
}

/** Places an order; the SDK verifies the response. */
function place(mock, outTradeNo, more) {
  return sdk(mock).v3.pay.transactions.jsapi.post(order(mock, outTradeNo, more));
}

/** Places an order whose body is written anew after it was signed, as `write` writes it. */
function placeAltered(mock, outTradeNo, write) {
  return sdk(mock).v3.pay.transactions.jsapi.post(order(mock, outTradeNo), { transformRequest: [write] });
}

/** Verifies and decrypts a callback; throws if its signature does not verify. */
function readCallback({ credentials }, headers, body) {
  const key = Rsa.from(credentials.platform_certificate, Rsa.KEY_TYPE_PUBLIC);
  const message = Formatter.response(headers['wechatpay-timestamp'], headers['wechatpay-nonce'], body);
  if (!Rsa.verify(message, headers['wechatpay-signature'], key)) throw new Error('the signature does not verify');
  const { event_type: event, resource } = JSON.parse(body);
  const plain = Aes.AesGcm.decrypt(resource.ciphertext, credentials.apiv3_key, resource.nonce, resource.associated_data);
  return { event, resource: JSON.parse(plain) };
}

/** A receiver of the merchant's callbacks; `next` resolves with the next one that verifies. */
async function receiver(mock) {
  const callbacks = [];
  const waiting = [];
  const server = createServer(async (request, response) => {
    try {
      const callback = readCallback(mock, request.headers, await text(request));
      response.writeHead(204).end();
      (waiting.shift() ?? ((received) => callbacks.push(received)))(callback);
    } catch (error) {
      response.writeHead(401).end(error.message);
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/notify`,
    next: () => (callbacks.length ? callbacks.shift() : new Promise((resolve) => waiting.push(resolve))),
    close: () => server.close(),
  };
}

module.exports = { place, placeAltered, receiver, sdk };
