// The faults that a callback can have (mock-server/src/faults/catalogue.rs), and what they do.

/** @type {readonly [name: string, english: string, chinese: string][]} */
export const SPOILED = [
  ['unsigned', 'no Wechatpay-… header', '没有 Wechatpay-… 请求头'],
  ['without-timestamp', 'no Wechatpay-Timestamp', '缺少 Wechatpay-Timestamp'],
  ['without-nonce', 'no Wechatpay-Nonce', '缺少 Wechatpay-Nonce'],
  ['without-signature', 'no Wechatpay-Signature', '缺少 Wechatpay-Signature'],
  ['without-serial', 'no Wechatpay-Serial', '缺少 Wechatpay-Serial'],
  ['without-signature-type', 'no Wechatpay-Signature-Type', '缺少 Wechatpay-Signature-Type'],
  ['wrong-serial', 'names another key of the gateway', '序列号是网关的另一把密钥'],
  ['unknown-serial', 'names a key that does not exist', '序列号不存在'],
  ['wrong-key', 'signed with a foreign key', '用其他密钥签名'],
  ['other-kind-of-key', 'signed with the other kind of key', '换用公钥/平台证书签名'],
  ['signtest', 'signature probe WECHATPAY/SIGNTEST/', '签名探测 WECHATPAY/SIGNTEST/'],
  ['stale-timestamp', 'signed 301 s ago', '时间戳早 301 秒'],
  ['future-timestamp', 'signed 301 s ahead', '时间戳晚 301 秒'],
  ['altered-nonce', 'nonce altered after signing', '签名后篡改随机串'],
  ['altered-body', 'body altered after signing', '签名后篡改请求体'],
  ['wrong-tag', 'ciphertext altered before signing', '签名前篡改密文'],
  ['other-aead-key', 'encrypted with another APIv3 key', '用其他 APIv3 密钥加密'],
  ['plain-resource', 'resource not encrypted', 'resource 未加密'],
  ['unknown-event', 'event type that does not exist', '不存在的事件类型'],
  ['oddly-printed', 'correct, but oddly printed JSON', '正确，但 JSON 排版特殊'],
  ['lower-case-headers', 'header names in lower case', '请求头名称小写'],
  ['lost', 'not sent at all', '不发送'],
  ['twice', 'sent twice at once', '同时发送两次'],
  ['out-of-order', 'overtaken by the next one', '被下一个回调超过'],
];
