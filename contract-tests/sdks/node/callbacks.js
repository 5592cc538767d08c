// Reads the callbacks of a file with wechatpay-axios-plugin, unmodified: `wechatpay-mock run -- node callbacks.js FILE`.
//
// Each check is a line of TAP. Exit code 0 if all pass, 1 if one fails, 2 if a credential is missing.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { Aes, Formatter, Rsa } from 'wechatpay-axios-plugin';

import { merchantFromEnvironment, trustingCertificates, trustingPublicKey } from './merchant.js';
import { check, end } from './tap.js';

const { merchant, apiV3Key, publicKeyId, publicKey } = merchantFromEnvironment();

// The keys to trust by their names, of one kind at a time.
const keys = {
  certificate: (await trustingCertificates(merchant, apiV3Key)).certs,
  public_key: trustingPublicKey(merchant, publicKeyId, publicKey).certs,
};

for (const { event_type: event, by, headers, body, resource } of JSON.parse(readFileSync(process.argv[2]))) {
  await check(`${event} by ${by}`, () => {
    const key = keys[by][headers['Wechatpay-Serial']];
    assert.ok(key, `expected a key with the name ${headers['Wechatpay-Serial']}, found none`);
    const message = Formatter.response(headers['Wechatpay-Timestamp'], headers['Wechatpay-Nonce'], body);
    assert.equal(Rsa.verify(message, headers['Wechatpay-Signature'], Rsa.from(key, Rsa.KEY_TYPE_PUBLIC)), true);
    const { event_type: found, resource: { ciphertext, nonce, associated_data: associated } } = JSON.parse(body);
    assert.equal(found, event);
    assert.deepEqual(JSON.parse(Aes.AesGcm.decrypt(ciphertext, apiV3Key, nonce, associated)), resource);
  });
}

process.exitCode = end();
