// A shop's server that signs what its page, mini program or app hands to the client: rightly, and with mistakes that are often
// made. Prints a list of [client, name of the mistake or null, parameters].
//
//     node front_end.mjs PREPAY_ID PREPAY_ID_OF_AN_APP PRIVATE_KEY APIV3_KEY
import { constants, createHash, createHmac, createSign, randomBytes, sign as signWith } from 'node:crypto'
import { readFileSync } from 'node:fs'

const [prepayId, appPrepayId, keyFile, apiv3Key] = process.argv.slice(2)
const key = readFileSync(keyFile, 'utf8')
const appId = 'wxd678efh567hg6787'
const timeStamp = String(Math.floor(Date.now() / 1000))
const nonceStr = randomBytes(16).toString('hex')

const rsa = (message, algorithm = 'RSA-SHA256', encoding = 'base64') =>
  createSign(algorithm).update(message).sign(key, encoding)
const lines = (...values) => values.map((value) => `${value}\n`).join('')
const keyValues = (parameters) =>
  Object.keys(parameters).sort().map((name) => `${name}=${parameters[name]}`).join('&')

const base = { appId, timeStamp, nonceStr, package: `prepay_id=${prepayId}` }
const right = lines(appId, timeStamp, nonceStr, base.package)
const jsapi = (paySign, changes = {}) => ({ ...base, signType: 'RSA', paySign, ...changes })
const { appId: _, ...withoutAppId } = jsapi(rsa(right))
const app = (sign, changes = {}) => ({
  appid: appId, partnerid: '1900000001', prepayid: appPrepayId, package: 'Sign=WXPay', noncestr: nonceStr,
  timestamp: Number(timeStamp), sign, ...changes,
})
const renamed = (parameters, from, to) => {
  const { [from]: value, ...others } = parameters
  return { ...others, [to]: value }
}
const v2 = (signType) => `${keyValues({ ...base, signType })}&key=${apiv3Key}`

const cases = [
  ['jsapi', null, jsapi(rsa(right))],
  ['mini-program', null, withoutAppId],
  ['js-sdk', null, { ...renamed(withoutAppId, 'timeStamp', 'timestamp'), timestamp: Number(timeStamp) }],
  ['app', null, app(rsa(lines(appId, timeStamp, nonceStr, appPrepayId)))],

  ['jsapi', 'pay-parameter-misspelt(timeStamp)', renamed(jsapi(rsa(right)), 'timeStamp', 'timestamp')],
  ['jsapi', 'pay-parameter-misspelt(appId)', renamed(jsapi(rsa(right)), 'appId', 'appid')],
  ['mini-program', 'pay-parameter-not-text(timeStamp)', { ...withoutAppId, timeStamp: Number(timeStamp) }],
  ['mini-program', 'pay-parameter-missing(signType)', { ...withoutAppId, signType: undefined }],
  ['jsapi', 'pay-sign-type', jsapi(rsa(right), { signType: 'MD5' })],
  ['jsapi', 'pay-package-without-prefix', jsapi(rsa(right), { package: prepayId })],
  [
    'jsapi', 'pay-package-without-prefix+pay-bare-prepay-id-signed',
    jsapi(rsa(lines(appId, timeStamp, nonceStr, prepayId)), { package: prepayId }),
  ],
  ['jsapi', 'pay-prepay-id-empty', jsapi(rsa(right), { package: `prepay_id=${undefined}` })],
  ['jsapi', 'pay-prepay-id-unknown', jsapi(rsa(right), { package: `prepay_id=${prepayId.slice(0, -2)}ff` })],
  ['jsapi', 'pay-prepay-id-of-another-product', jsapi(
    rsa(lines(appId, timeStamp, nonceStr, `prepay_id=${appPrepayId}`)), { package: `prepay_id=${appPrepayId}` },
  )],
  [
    'jsapi', 'pay-other-appid+pay-other-appid-signed',
    jsapi(rsa(lines('wx8888888888888888', timeStamp, nonceStr, base.package)), { appId: 'wx8888888888888888' }),
  ],
  ['mini-program', 'pay-other-appid-signed', {
    ...withoutAppId, paySign: rsa(lines('1900000001', timeStamp, nonceStr, base.package)),
  }],

  ['jsapi', 'pay-lines-reordered', jsapi(rsa(lines(appId, nonceStr, base.package, timeStamp)))],
  ['jsapi', 'no-final-newline', jsapi(rsa(right.trimEnd()))],
  ['jsapi', 'crlf', jsapi(rsa(right.replaceAll('\n', '\r\n')))],
  ['jsapi', 'literal-backslash-n', jsapi(rsa(right.replaceAll('\n', '\\n')))],
  ['jsapi', 'no-line-breaks', jsapi(rsa([appId, timeStamp, nonceStr, base.package].join('&')))],
  ['jsapi', 'pay-bare-prepay-id-signed', jsapi(rsa(lines(appId, timeStamp, nonceStr, prepayId)))],
  ['jsapi', 'pay-timestamp-in-milliseconds', jsapi(rsa(lines(appId, `${timeStamp}123`, nonceStr, base.package)))],
  ['jsapi', 'pay-other-timestamp-signed', jsapi(rsa(lines(appId, Number(timeStamp) - 1, nonceStr, base.package)))],
  ['jsapi', 'pay-nonce-rewritten', jsapi(rsa(lines(appId, timeStamp, nonceStr.toUpperCase(), base.package)))],
  ['jsapi', 'other-message', jsapi(rsa(lines(appId, timeStamp, randomBytes(16).toString('hex'), base.package)))],
  ['jsapi', 'pay-sign-type-signed', jsapi(rsa(`${right}RSA\n`))],
  ['jsapi', 'pay-value-not-set', jsapi(rsa(lines(undefined, timeStamp, nonceStr, base.package)))],
  ['jsapi', 'pay-key-value-signed', jsapi(rsa(keyValues({ ...base, signType: 'RSA' })))],
  ['jsapi', 'pay-signed-with-md5(apiv3-key)', jsapi(createHash('md5').update(v2('RSA')).digest('hex').toUpperCase())],
  [
    'jsapi', 'pay-sign-type+pay-signed-with-hmac-sha256(apiv3-key)',
    jsapi(createHmac('sha256', apiv3Key).update(v2('HMAC-SHA256')).digest('hex').toUpperCase(), { signType: 'HMAC-SHA256' }),
  ],
  [
    'jsapi', 'no-known-mistake-fits; hint=pay-sign-looks-like-md5',
    jsapi(createHash('md5').update(`${v2('RSA')}x`).digest('hex')),
  ],

  ['jsapi', 'sha1', jsapi(rsa(right, 'RSA-SHA1'))],
  ['jsapi', 'pss', jsapi(signWith('sha256', Buffer.from(right), {
    key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  }).toString('base64'))],
  ['jsapi', 'signature-hex', jsapi(rsa(right, 'RSA-SHA256', 'hex'))],
  ['jsapi', 'signature-url-safe', jsapi(rsa(right, 'RSA-SHA256', 'base64url'))],
  ['jsapi', 'signature-with-stray-characters', jsapi(`${rsa(right)}%`)],
  ['jsapi', 'signature-percent-encoded', jsapi(encodeURIComponent(rsa(right)))],

  ['app', 'pay-prefix-signed-for-an-app', app(rsa(lines(appId, timeStamp, nonceStr, `prepay_id=${appPrepayId}`)))],
  ['app', 'pay-sign-wxpay-signed', app(rsa(lines(appId, timeStamp, nonceStr, 'Sign=WXPay')))],
  [
    'app', 'pay-package-not-sign-wxpay',
    app(rsa(lines(appId, timeStamp, nonceStr, appPrepayId)), { package: `prepay_id=${appPrepayId}` }),
  ],
]

console.log(JSON.stringify(cases))
