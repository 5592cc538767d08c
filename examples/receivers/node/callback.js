// Reads the callbacks of WeChat Pay's APIv3: checks who sent them and when, and then decrypts them.
//
// It uses only Node. The keys come from environment variables, which `wechatpay-mock run` sets.
'use strict';

const { createDecipheriv, createPublicKey, verify } = require('node:crypto');
const { readFileSync } = require('node:fs');

const MOST_SECONDS_OFF = 300;
const TAG_BYTES = 16;

/** No trusted key signed this callback a short time ago. */
class Unverified extends Error {
  status = 401;
}

/** The callback is signed, but can't be read. */
class Unreadable extends Error {
  status = 400;
}

class CallbackReader {
  constructor(env = process.env) {
    this.apiV3Key = env.WECHATPAY_APIV3_KEY;
    // While a merchant changes from the certificate to the public key, callbacks are signed with either.
    this.trusted = new Map([
      [env.WECHATPAY_PUBLIC_KEY_ID, env.WECHATPAY_PUBLIC_KEY],
      [env.WECHATPAY_PLATFORM_SERIAL, env.WECHATPAY_PLATFORM_CERTIFICATE],
    ].filter(([name]) => name).map(([name, file]) => [name, createPublicKey(readFileSync(file))]));
  }

  /** Verifies a callback, whose body is a Buffer with the bytes that came. Returns its id, type and decrypted resource. */
  read(headers, body) {
    this.verify(headers, body);
    try {
      const { id, event_type: type, resource } = JSON.parse(body);
      if (typeof id !== 'string' || typeof type !== 'string') throw new TypeError('expected an id and an event_type');
      return { id, type, resource: this.decrypt(resource) };
    } catch (error) {
      throw new Unreadable(error.message);
    }
  }

  /** Returns if a trusted key signed this body a short time ago. */
  verify(headers, body) {
    const [serial, signature, timestamp, nonce] = ['serial', 'signature', 'timestamp', 'nonce']
      .map((name) => headers[`wechatpay-${name}`]);
    if (!(serial && signature && nonce && /^\d{1,12}$/.test(timestamp ?? ''))) throw new Unverified('the callback is not signed');
    // Not create_time in the body, which stays the same when a callback is sent again.
    if (Math.abs(Date.now() / 1000 - Number(timestamp)) > MOST_SECONDS_OFF) {
      throw new Unverified(`signed at ${timestamp}, which is not now`);
    }
    // An unknown key is refused at once. To download certificates here would let anybody make this server busy.
    const key = this.trusted.get(serial);
    if (!key) throw new Unverified(`signed by ${serial}, which is not a trusted key`);
    const message = Buffer.concat([Buffer.from(`${timestamp}\n${nonce}\n`), body, Buffer.from('\n')]);
    if (!verify('sha256', message, key, Buffer.from(signature, 'base64'))) throw new Unverified(`not signed by ${serial}`);
  }

  /** Decrypts a resource, and checks that nothing in it was altered. */
  decrypt({ algorithm, ciphertext, nonce, associated_data: associated }) {
    if (algorithm !== 'AEAD_AES_256_GCM') throw new TypeError(`expected AEAD_AES_256_GCM, found ${algorithm}`);
    const sealed = Buffer.from(ciphertext, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', this.apiV3Key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    // It may be empty or absent.
    decipher.setAAD(Buffer.from(associated ?? ''));
    // `final` throws if the tag does not fit.
    const resource = JSON.parse(Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]));
    if (resource === null || typeof resource !== 'object' || Array.isArray(resource)) {
      throw new TypeError('expected a resource with fields');
    }
    return resource;
  }
}

module.exports = { CallbackReader };
