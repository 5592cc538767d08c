// A small client for WeChat Pay's APIv3. It signs requests, and accepts no success before verifying its signature.
//
// It uses only Node. The merchant, the keys to trust and the gateway's address come from environment variables, which
// `wechatpay-mock run` sets; `wechatpay-mock keys` writes those of the merchant.
'use strict';

const { createPrivateKey, createPublicKey, randomBytes, sign, verify } = require('node:crypto');
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');

const MOST_SECONDS_OFF = 300;

/** The gateway refused: status, and its own message. Nothing was changed. */
class Refused extends Error {}

/** The response says success, but no trusted key signed it. The outcome is unknown. */
class Unverified extends Error {}

/** No response, or a server error. The outcome is unknown. */
class Trouble extends Error {}

class Client {
  constructor(env = process.env) {
    this.baseUrl = env.WECHATPAY_BASE_URL;
    this.mchid = env.WECHATPAY_MCHID;
    this.serial = env.WECHATPAY_MERCHANT_SERIAL;
    this.key = createPrivateKey(readFileSync(env.WECHATPAY_MERCHANT_KEY));
    this.timeout = Number(env.WECHATPAY_TIMEOUT ?? 20) / 2;
    this.trusted = new Map([
      [env.WECHATPAY_PUBLIC_KEY_ID, env.WECHATPAY_PUBLIC_KEY],
      [env.WECHATPAY_PLATFORM_SERIAL, env.WECHATPAY_PLATFORM_CERTIFICATE],
    ].filter(([name]) => name).map(([name, file]) => [name, createPublicKey(readFileSync(file))]));
  }

  /** Changes the rights of a member's card. After Trouble or Unverified, send the same change again, never another. */
  async setRights(cardId, code, change) {
    const [card, member] = [cardId, code].map(encodeURIComponent);
    await this.send('PATCH', `/v3/marketing/membercard-open/cards/${card}/codes/${member}/rights`, JSON.stringify(change));
  }

  /** Signs a request, sends it, and returns the body of the verified response. */
  async send(method, target, body = '') {
    // Not in the try: without a key nothing is sent, and the outcome is known.
    const signed = this.authorization(method, target, body);
    let response;
    try {
      response = await this.exchange(method, target, body, signed);
    } catch (error) {
      throw new Trouble(`no response: ${error.message}`);
    }
    // Check the status first: only a 2xx is signed.
    if (response.status >= 500) throw new Trouble(`${response.status} ${response.body}`);
    if (response.status < 200 || response.status > 299) throw new Refused(`${response.status} ${response.body}`);
    this.verify(response);
    return response.body;
  }

  /** Sends a signed request, and reads the whole response. */
  exchange(method, target, body, signed) {
    const headers = {
      Authorization: signed,
      Accept: 'application/json',
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      'User-Agent': 'wechatpay-mock-example',
      // The gateway signs with the key that is named here.
      'Wechatpay-Serial': this.trusted.keys().next().value,
    };
    const options = { method, headers, agent: false, signal: AbortSignal.timeout(this.timeout * 1000) };
    return new Promise((resolve, reject) => {
      const url = new URL(this.baseUrl + target);
      const { request: open } = url.protocol === 'https:' ? https : http;
      const request = open(url, options, async (response) => {
        try {
          const chunks = [];
          for await (const chunk of response) chunks.push(chunk);
          resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
        } catch (error) {
          reject(error);
        }
      });
      request.on('error', reject).end(body);
    });
  }

  /** The Authorization header: who sends this request, with a signature over all of it. */
  authorization(method, target, body) {
    const timestamp = now();
    const nonce = randomBytes(16).toString('hex');
    const message = `${method}\n${target}\n${timestamp}\n${nonce}\n${body}\n`;
    const signature = sign('sha256', Buffer.from(message), this.key).toString('base64');
    return `WECHATPAY2-SHA256-RSA2048 mchid="${this.mchid}",nonce_str="${nonce}",signature="${signature}",`
      + `timestamp="${timestamp}",serial_no="${this.serial}"`;
  }

  /** Returns if a trusted key signed this response a short time ago, and throws Unverified if not. */
  verify({ headers, body }) {
    const [serial, signature, timestamp, nonce] = ['serial', 'signature', 'timestamp', 'nonce']
      .map((name) => headers[`wechatpay-${name}`]);
    if (!(serial && signature && nonce && /^\d+$/.test(timestamp ?? ''))) throw new Unverified('the response is not signed');
    if (Math.abs(now() - Number(timestamp)) > MOST_SECONDS_OFF) {
      throw new Unverified(`signed at ${timestamp}, which is not now`);
    }
    const key = this.trusted.get(serial);
    if (!key) throw new Unverified(`signed by ${serial}, which is not a trusted key`);
    const message = Buffer.concat([Buffer.from(`${timestamp}\n${nonce}\n`), body, Buffer.from('\n')]);
    if (!verify('sha256', message, key, Buffer.from(signature, 'base64'))) throw new Unverified(`not signed by ${serial}`);
  }
}

function now() {
  return Math.floor(Date.now() / 1000);
}

module.exports = { Client, Refused, Trouble, Unverified };
