// A small client of WeChat Pay's APIv3. It signs requests, and believes no answer before its signature is verified.
//
// Nothing but what Node has. Who it is, whom it trusts and where the gateway is stands in the environment, as
// `wechatpay-mock run` and `wechatpay-mock keys` have it.
'use strict';

const { createPrivateKey, createPublicKey, randomBytes, sign, verify } = require('node:crypto');
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');

const MOST_SECONDS_OFF = 300;

/** The gateway said no: status, and its own words. Nothing was changed. */
class Refused extends Error {}

/** The answer says yes, but nobody who is trusted says so. What happened is unknown. */
class Unverified extends Error {}

/** No answer, or one that says that the gateway has trouble. What happened is unknown. */
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

  /** Changes the rights of a member's card. Send the very same again after Trouble or Unverified, never another. */
  async setRights(cardId, code, change) {
    const [card, member] = [cardId, code].map(encodeURIComponent);
    await this.send('PATCH', `/v3/marketing/membercard-open/cards/${card}/codes/${member}/rights`, JSON.stringify(change));
  }

  /** Signs a request, sends it, and returns the body of the answer once that is verified. */
  async send(method, target, body = '') {
    // Not in the try: without a key nothing is sent, and there is no doubt about what happened.
    const signed = this.authorization(method, target, body);
    let answer;
    try {
      answer = await this.exchange(method, target, body, signed);
    } catch (error) {
      throw new Trouble(`no answer: ${error.message}`);
    }
    // The status comes first: only a yes is signed.
    if (answer.status >= 500) throw new Trouble(`${answer.status} ${answer.body}`);
    if (answer.status < 200 || answer.status > 299) throw new Refused(`${answer.status} ${answer.body}`);
    this.verify(answer);
    return answer.body;
  }

  /** Sends a signed request, and takes in the whole answer, as it comes. */
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

  /** The value of the header that says who sends this, with a signature over all of it. */
  authorization(method, target, body) {
    const timestamp = now();
    const nonce = randomBytes(16).toString('hex');
    const message = `${method}\n${target}\n${timestamp}\n${nonce}\n${body}\n`;
    const signature = sign('sha256', Buffer.from(message), this.key).toString('base64');
    return `WECHATPAY2-SHA256-RSA2048 mchid="${this.mchid}",nonce_str="${nonce}",signature="${signature}",`
      + `timestamp="${timestamp}",serial_no="${this.serial}"`;
  }

  /** Returns if a trusted key signed this answer a short time ago, and throws Unverified if not. */
  verify({ headers, body }) {
    const [serial, signature, timestamp, nonce] = ['serial', 'signature', 'timestamp', 'nonce']
      .map((name) => headers[`wechatpay-${name}`]);
    if (!(serial && signature && nonce && /^\d+$/.test(timestamp ?? ''))) throw new Unverified('the answer is not signed');
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
