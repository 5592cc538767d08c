import { readFileSync } from 'node:fs';
import { Aes, Rsa, Wechatpay } from 'wechatpay-axios-plugin';

// The merchant to call as, from the variables that `wechatpay-mock run` sets.
export function merchantFromEnvironment() {
  return {
    merchant: {
      mchid: variable('WECHATPAY_MCHID'),
      serial: variable('WECHATPAY_MERCHANT_SERIAL'),
      privateKey: readFileSync(variable('WECHATPAY_MERCHANT_KEY')),
      timeout: 10_000,
    },
    certificate: readFileSync(variable('WECHATPAY_MERCHANT_CERTIFICATE')),
    apiV3Key: variable('WECHATPAY_APIV3_KEY'),
    platformSerial: variable('WECHATPAY_PLATFORM_SERIAL'),
    publicKeyId: variable('WECHATPAY_PUBLIC_KEY_ID'),
    publicKey: readFileSync(variable('WECHATPAY_PUBLIC_KEY')),
  };
}

function variable(name) {
  const value = process.env[name];
  if (!value) {
    console.log(`Bail out! expected ${name}, found none: run this as \`wechatpay-mock run -- node suite.js\``);
    process.exit(2);
  }
  return value;
}

// These return configurations, since an async function cannot return a client: it takes `then` for a path.

// Downloads the platform certificates; the response is verified with the certificates that it contains. The SDK's own command
// for that, `wxpay crt`, does the same, but fails in 0.9.6: it puts them where the SDK no longer looks.
export async function trustingCertificates(merchant, apiV3Key) {
  const config = { ...merchant, certs: { none: undefined } };
  const { client, v3 } = new Wechatpay(config);
  const decrypt = (body) => {
    for (const { serial_no: serial, encrypt_certificate: sealed } of JSON.parse(body).data ?? []) {
      const certificate = Aes.AesGcm.decrypt(sealed.ciphertext, apiV3Key, sealed.nonce, sealed.associated_data);
      config.certs[serial] = Rsa.from(certificate, Rsa.KEY_TYPE_PUBLIC);
    }
    return body;
  };
  await v3.certificates.get({ transformResponse: [decrypt, ...client.v3.defaults.transformResponse] });
  return config;
}

// The SDK does not say which key should sign the response, so the configuration does.
export function trustingPublicKey(merchant, publicKeyId, publicKey) {
  return { ...merchant, certs: { [publicKeyId]: publicKey }, headers: { 'Wechatpay-Serial': publicKeyId } };
}
