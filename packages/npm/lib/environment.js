'use strict';

const { mkdtempSync, readFileSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const tls = require('node:tls');

const DIRECT = ['localhost', '127.0.0.1', '::1'];
const GATEWAY = ['api.mch.weixin.qq.com', 'api2.mch.weixin.qq.com'];

/** Writes the files that the variables name into a new folder that only this user can enter. */
exports.prepare = function prepare(url, authority, credentials) {
  const folder = mkdtempSync(join(tmpdir(), 'wechatpay-mock-'));
  const file = (name, content) => {
    if (content === undefined) return undefined;
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const bundle = file('ca-bundle.pem', [...tls.rootCertificates, authority].join('\n'));
  const { hostname, port } = new URL(url);
  const mock = { host: hostname, port: Number(port), gatewayHosts: GATEWAY };
  const preload = file('preload.cjs', `const mock = ${JSON.stringify(mock)};\n${readFileSync(join(__dirname, 'preload.cjs'))}`);
  const noProxy = [...DIRECT, ...others(process.env.NO_PROXY || process.env.no_proxy || '')].join(',');

  const variables = {
    WECHATPAY_MCHID: credentials.mchid,
    WECHATPAY_MERCHANT_SERIAL: credentials.merchant_serial,
    WECHATPAY_MERCHANT_KEY: file('apiclient_key.pem', credentials.merchant_key),
    WECHATPAY_MERCHANT_CERTIFICATE: file('apiclient_cert.pem', credentials.merchant_certificate),
    WECHATPAY_APIV3_KEY: credentials.apiv3_key,
    WECHATPAY_PUBLIC_KEY_ID: credentials.public_key_id,
    WECHATPAY_PUBLIC_KEY: file('pub_key.pem', credentials.public_key),
    WECHATPAY_PLATFORM_SERIAL: credentials.platform_serial,
    WECHATPAY_PLATFORM_CERTIFICATE: file(`wechatpay_${credentials.platform_serial}.pem`, credentials.platform_certificate),
    WECHATPAY_BASE_URL: url,
    WECHATPAY_MOCK_URL: url,
    HTTP_PROXY: url,
    http_proxy: url,
    HTTPS_PROXY: url,
    https_proxy: url,
    NO_PROXY: noProxy,
    no_proxy: noProxy,
    SSL_CERT_FILE: bundle,
    REQUESTS_CA_BUNDLE: bundle,
    CURL_CA_BUNDLE: bundle,
    NODE_EXTRA_CA_CERTS: file('ca.pem', authority),
    NODE_USE_ENV_PROXY: '1',
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --require "${preload.replace(/[\\"]/g, '\\$&')}"`.trim(),
  };
  for (const name in variables) if (variables[name] === undefined) delete variables[name];
  return { folder, variables };
};

// The hosts that are named already, except for entries that match the gateway.
function others(named) {
  const reachesGateway = (entry) => {
    const suffix = entry.replace(/^[*.]+/, '').toLowerCase().split(':')[0];
    return suffix.includes('*') || GATEWAY.some((host) => host.endsWith(suffix));
  };
  return named.split(/[,\s]+/).filter((entry) => entry && !DIRECT.includes(entry) && !reachesGateway(entry));
}
