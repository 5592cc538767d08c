// Tests wechatpay-axios-plugin and wechatpay-node-v3, unmodified, against the mock: they call https://api.mch.weixin.qq.com,
// their default. The first reaches the mock through HTTPS_PROXY; the second reads no proxy, and its connections are
// redirected by NODE_OPTIONS. Run it as `wechatpay-mock run -- node suite.js`.
//
// Each check is a line of TAP. Exit code 0 if all pass, 1 if one fails, 2 if a credential is missing.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';

import { Wechatpay } from 'wechatpay-axios-plugin';
import WxPay from 'wechatpay-node-v3';

import { fails, isResponse } from './fails.js';
import { checkMemberCard } from './member-card.js';
import { merchantFromEnvironment, trustingCertificates, trustingPublicKey } from './merchant.js';
import { check, end } from './tap.js';

const card = 'v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665';
const rights = `${card}/rights`;

const { merchant, certificate, apiV3Key, platformSerial, publicKeyId, publicKey } = merchantFromEnvironment();

const ways = [
  ['downloaded certificates', () => trustingCertificates(merchant, apiV3Key), platformSerial, 600],
  ['the public key', () => trustingPublicKey(merchant, publicKeyId, publicKey), publicKeyId, 700],
];

// Responses that must be rejected: the fault that causes it, and the SDK's code for it.
const hostile = [
  ['a response with a wrong signature', 'wrong-key', 'EV3_RES_HEADER_SIGNATURE_DIGEST'],
  ['a response with an unknown serial', 'unknown-serial', 'EV3_RES_HEADER_PLATFORM_SERIAL'],
  ['a response that is 301 s old', 'stale-timestamp', 'EV3_RES_HEADER_TIMESTAMP_OFFSET'],
];

for (const [trust, configure, serial, points] of ways) {
  let client;
  await check(`with ${trust}, the SDK starts`, async () => {
    client = new Wechatpay(await configure());
  });
  if (!client) continue;

  await check(`with ${trust}, a rights call gets a verified 204`, async () => {
    const { status, headers } = await client.chain(rights).patch({ out_request_no: `node-${points}`, bonus_value: points });
    assert.deepEqual([status, headers['wechatpay-serial']], [204, serial]);
  });

  await check(`with ${trust}, a verified response has the member's new points`, async () => {
    const { data } = await client.chain(card).get();
    assert.equal(data.bonus_value, points);
  });

  for (const [response, fault, code] of hostile) {
    await check(`with ${trust}, ${response} is rejected`, async () => {
      const call = client.chain(rights).patch({ out_request_no: `MOCK*${fault}*node-${points}`, bonus_value: points });
      await fails(call, (error) => assert.deepEqual([error.code, error.response?.status], [code, 204]));
    });
  }
}

await check('a call signed with another key fails as 401 SIGN_ERROR', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const stranger = new Wechatpay(trustingPublicKey({ ...merchant, privateKey }, publicKeyId, publicKey));
  const call = stranger.chain(rights).patch({ out_request_no: 'node-wrong-key', bonus_value: 600 });
  await fails(call, isResponse(401, 'SIGN_ERROR', '错误的签名，验签失败'));
});

await check("a call without out_request_no fails as 400 PARAM_ERROR with the gateway's text", async () => {
  const client = new Wechatpay(trustingPublicKey(merchant, publicKeyId, publicKey));
  const call = client.chain(rights).patch({ bonus_value: 600 });
  await fails(call, isResponse(400, 'PARAM_ERROR', '输入源“/body/out_request_no”映射到字段“商户请求单号”必填性规则校验失败，此字段为必填项'));
});

await check('wechatpay-node-v3 downloads the certificates', async () => {
  const { mchid, privateKey } = merchant;
  const client = new WxPay({ appid: 'wx8888888888888888', mchid, publicKey: certificate, privateKey });
  const certificates = await client.get_certificates(apiV3Key);
  assert.deepEqual(certificates.map(({ serial_no: serial }) => serial), [platformSerial]);
});

await checkMemberCard(new Wechatpay(trustingPublicKey(merchant, publicKeyId, publicKey)));

process.exitCode = end();
