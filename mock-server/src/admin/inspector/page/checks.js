// The gateway's twelve checks, in its order: each requirement, as the mock names it, and what to do when it is not met.

/** @typedef {import('./i18n.js').Text} Text */

/** @type {readonly { what: Text, remedy: Text }[]} */
export const CHECKS = [
  {
    what: ['an operation has this path', '有接口使用这个路径'],
    remedy: [
      'Compare the path with the page of the operation: wechatpay-mock operations lists all. If your SDK has a base URL, look whether /v3 is there twice.',
      '对照接口文档检查路径，wechatpay-mock operations 会列出全部接口。如果给 SDK 配置了基础 URL，检查 /v3 是否重复。',
    ],
  },
  {
    what: ['the operation has this method', '接口支持这个请求方法'],
    remedy: ['The path is right. Use the method that the page of the operation names.', '路径没有问题，请改用接口文档规定的请求方法。'],
  },
  {
    what: ['User-Agent and Accept are present, and Accept-Language is a known one', '有 User-Agent 和 Accept，且 Accept-Language 是支持的语言'],
    remedy: [
      "Send User-Agent and Accept (*/* will do), and Accept-Language: zh-CN or none. Node's fetch sends * by itself.",
      '带上 User-Agent 和 Accept（*/* 即可）；Accept-Language 设为 zh-CN，或者不发。Node 的 fetch 默认会发 *。',
    ],
  },
  {
    what: ['Authorization is present and well formed', '有 Authorization，且格式正确'],
    remedy: [
      'Write the scheme, one space, then mchid, nonce_str, signature, timestamp and serial_no as key="value", joined by commas without spaces.',
      '先写认证类型和一个空格，再写 mchid、nonce_str、signature、timestamp、serial_no，格式为 key="value"，用逗号分隔，逗号后没有空格。',
    ],
  },
  {
    what: ['its scheme is WECHATPAY2-SHA256-RSA2048', '认证类型是 WECHATPAY2-SHA256-RSA2048'],
    remedy: ['Write the scheme exactly like this, in capitals.', '认证类型必须与此完全一致，包括大小写。'],
  },
  {
    what: ['its timestamp is within 5 minutes', '时间戳相差不超过 5 分钟'],
    remedy: [
      "Sign with the current time in seconds, not milliseconds. If your clock is right, something may have moved the mock's: see Controls.",
      '用当前时间签名，单位是秒，不是毫秒。如果本机时间没错，可能有人调整了模拟网关的时钟，见“控制”。',
    ],
  },
  {
    what: ['a merchant has this mchid', '有这个商户号'],
    remedy: [
      'Use the mchid of a merchant that the mock has, or make one: see Controls.',
      '请使用模拟网关已有的商户号，或者新建一个商户，见“控制”。',
    ],
  },
  {
    what: ["serial_no is that of the merchant's certificate", 'serial_no 是商户 API 证书的序列号'],
    remedy: [
      "Use the serial number of your own API certificate. The platform certificate's and the public key's ID belong in Wechatpay-Serial.",
      '请填你自己的商户 API 证书的序列号。平台证书序列号和微信支付公钥 ID 应写在 Wechatpay-Serial 头里。',
    ],
  },
  {
    what: ['the certificate is valid', '商户证书有效'],
    remedy: [
      "Use a certificate that is in force. A moved clock of the mock's can leave its time, too: see Controls.",
      '请换用有效的商户证书。调整模拟网关的时钟也可能超出证书有效期，见“控制”。',
    ],
  },
  {
    what: ['the merchant signed exactly this request', '商户签名的正是这个请求'],
    remedy: [
      'Serialise the body once, and sign exactly the bytes that you send. Compare the lines below with those that you sign, one by one.',
      '请求体只序列化一次，签的和发的必须是同一份字节。请把下面的五行与你实际签名的内容逐行比较。',
    ],
  },
  {
    what: ['the fields match the contract', '字段符合接口约定'],
    remedy: ['Correct the field that the reason names.', '请改正原因里指出的字段。'],
  },
  {
    what: ["the operation's own rules are met", '符合接口自身的规则'],
    remedy: [
      'The request is well formed, but the operation does not allow it now: see what is stored, under State.',
      '请求本身没有格式问题，但接口在当前状态下不允许这样做，请查看“数据”里保存的内容。',
    ],
  },
];
