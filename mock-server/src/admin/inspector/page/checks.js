// Why a request was refused and what to do, and how far it came: the gateway's twelve checks, in its order.

/** @import { Diagnosis, Part } from './types.d.ts' */
/** @typedef {import('./i18n.js').Text} Text */

import { h, visible } from './dom.js';
import { known, say } from './i18n.js';
import { escapes } from './signed.js';
import { badge } from './text.js';

const texts = /** @type {const} */ ({
  refused: ['Refused by check {n}: {what}', '未通过第 {n} 项检查：{what}'],
  before: ['Refused before the checks', '还没到检查就被拒绝'],
  injected: ['A fault caused this error: nothing is wrong with the request.', '错误由故障触发，请求本身没有问题。'],
  unsent: ['A fault kept the answer from being sent.', '应答被故障拦下，没有发出。'],
  cause: ['Cause', '原因'],
  message: ['Answer', '应答'],
  remedy: ['What to do', '怎么办'],
  certain: ['Certain', '可以确定'],
  likely: ['Likely, not proven', '可能，未经证实'],
  proven: ['proven', '已证实'],
  checks: ['Checks', '检查'],
  all: ['All 12 checks passed', '12 项检查全部通过'],
  passed: ['passed', '通过'],
  failed: ['failed', '未通过'],
  unreached: ['not reached', '未执行'],
});

/** Each requirement, as the mock names it, and what to do when it is not met. @type {[what: Text, remedy: Text][]} */
const CHECKS = [
  [['an operation has this path', '有接口使用这个路径'], ['Compare the path with the documentation. Is /v3 there twice?', '对照接口文档检查路径，/v3 是否重复？']],
  [['the operation has this method', '接口支持这个请求方法'], ['Use the method of the documentation.', '请改用接口文档规定的请求方法。']],
  [
    ['User-Agent and Accept are present, and Accept-Language is a known one', '有 User-Agent 和 Accept，Accept-Language 是支持的语言'],
    ["Send both, and Accept-Language: zh-CN or none. Node's fetch sends * by itself.", '带上这两个头；Accept-Language 设为 zh-CN 或不发。Node 的 fetch 默认发 *。'],
  ],
  [
    ['Authorization is present and well formed', '有 Authorization，且格式正确'],
    ['Write the scheme, a space, and five key="value", with commas without spaces.', '依次写认证类型、空格、五个 key="value"，逗号后没有空格。'],
  ],
  [['its scheme is WECHATPAY2-SHA256-RSA2048', '认证类型是 WECHATPAY2-SHA256-RSA2048'], ['Write it exactly like this.', '必须与此完全一致。']],
  [
    ['its timestamp is within 5 minutes', '时间戳相差不超过 5 分钟'],
    ["Sign with the time in seconds. Was the mock's clock moved?", '用秒级时间戳签名。模拟网关的时钟是不是调整过？'],
  ],
  [['a merchant has this mchid', '商户号存在'], ['Use a merchant of the mock, or make one: see Controls.', '使用模拟网关已有的商户号，或在“控制”页新建。']],
  [
    ["serial_no is that of the merchant's certificate", 'serial_no 是商户证书的序列号'],
    ["Use the serial number of your own certificate; the platform's belongs in Wechatpay-Serial.", '填你自己的商户证书的序列号；平台证书的应写在 Wechatpay-Serial 头里。'],
  ],
  [['the certificate is valid', '商户证书有效'], ["Use a valid one. Was the mock's clock moved?", '换用有效的证书。模拟网关的时钟是不是调整过？']],
  [
    ['the merchant signed exactly this request', '商户签名的正是这个请求'],
    ['Make the body once, and sign the bytes that you send. Compare your lines with those below.', '请求体只序列化一次，签的和发的是同一份字节。请与下面五行逐行对照。'],
  ],
  [['the fields match the contract', '字段符合契约'], ['Correct the field.', '改正这个字段。']],
  [["the operation's own rules are met", '符合接口自身的规则'], ['See what is stored, under State.', '请看“数据”页保存的内容。']],
];

/** Cause and remedy. @type {Part} */
export function why({ rejection, diagnosis, answer }) {
  if (!rejection) return answer.status === null && h('p', { class: 'card refusal' }, say(texts.unsent));
  const { check, reason, injected } = rejection;
  const [what, remedy] = CHECKS[(check ?? 0) - 1] ?? [];
  const { message } = /** @type {any} */ (answer.body.json) ?? {};
  const mistakes = diagnosis?.mistakes ?? [];
  /** @param {Text} text @param {import('./dom.js').Child[]} children */
  const fact = (text, children) => (children.some(Boolean) ? [h('dt', null, say(text)), h('dd', { class: 'hostile' }, children)] : []);
  /** @param {{ english: string, chinese: string }[]} [some] */
  const all = (some = []) => some.map((one) => h('div', null, escapes(known(one))));
  return h(
    'section',
    { class: 'card refusal stack' },
    h('h3', null, injected ? say(texts.injected) : what ? say(texts.refused, { n: check ?? 0, what: say(what) }) : say(texts.before)),
    h(
      'dl',
      null,
      fact(texts.cause, diagnosis ? cause(diagnosis) : visible(reason)),
      fact(texts.remedy, mistakes.length ? all(mistakes) : [!injected && remedy && say(remedy)]),
      fact(texts.message, visible(String(message ?? '').slice(0, 1000))),
      fact(texts.certain, all(mistakes.length ? diagnosis?.known : [])),
      fact(texts.likely, all(diagnosis?.hints)),
    ),
  );
}

/** @param {Diagnosis} diagnosis */
function cause({ mistakes, name, text: english, chinese }) {
  const names = mistakes.length ? mistakes.map(({ name, variants }) => [name, ...variants].join(' · ')) : [name];
  // With a mistake, the lines below show the difference. The text begins with the name, which is there already.
  const rest = mistakes.length ? badge('good', say(texts.proven)) : h('span', null, escapes(known({ english, chinese }).replace(/^[a-z-]+[:：] ?/, '')));
  return [...names.map((name) => badge('bad', name)), ' ', rest];
}

/** @type {Part} */
export function ladder({ checks_passed: { length: passed }, rejection }) {
  const failed = rejection?.injected ? 0 : rejection?.check;
  const steps = CHECKS.map(([what], index) => {
    const verdict = index + 1 === failed ? 'failed' : index < passed ? 'passed' : 'unreached';
    const sign = { passed: '✓', failed: '✗', unreached: '·' }[verdict];
    const result = h('span', { class: 'muted' }, say(texts[verdict]));
    return h('li', { class: verdict }, h('span', { 'aria-hidden': 'true' }, sign), h('span', null, say(what)), result);
  });
  const isAll = passed === CHECKS.length;
  return h(
    'details',
    { class: 'card', open: !isAll },
    h('summary', null, h('h3', null, say(isAll ? texts.all : texts.checks))),
    h('ol', { class: 'ladder' }, steps),
  );
}
