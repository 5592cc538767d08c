// One exchange: why it was refused, what was signed, sent and answered, copies of it, and sending it again.

/** @import { Exchange, Header, Part } from './types.d.ts' */
/** @typedef {import('./i18n.js').Text} Text */

import { attempt, call, copy, textOf } from './api.js';
import { ladder, why } from './checks.js';
import { caseOf, expectationOf, header, ruleOf } from './copies.js';
import { button, h, link, show, visible } from './dom.js';
import { on } from './events.js';
import { fromAddress, toAddress } from './filter.js';
import { say, took, when } from './i18n.js';
import { nameOf, operations } from './operations.js';
import { escapes, signed } from './signed.js';
import { badge, body, long, statusBadge } from './text.js';

const texts = /** @type {const} */ ({
  back: ['Back to the list', '返回列表'],
  copyAs: ['Copy as', '复制为'],
  case: ['Case file', '用例文件'],
  caseWhat: ['For wechatpay-mock verify --cases; name the file as its id says', '用于 wechatpay-mock verify --cases，文件名须与 id 一致'],
  expectation: ['Expectation', '期望'],
  rule: ['Fault rule', '故障规则'],
  replay: ['Send again', '重新发送'],
  again: ['#{n} sent again', '#{n} 的重新发送'],
  then: ['As then', '原样'],
  anew: ['Signed anew', '重新签名'],
  thenWhat: ["The same bytes, by the mock's clock of then", '相同的字节，按当时的时钟校验'],
  request: ['Request', '请求'],
  answer: ['Answer', '应答'],
  headers: ['{n} headers', '{n} 个头'],
  decrypt: ['Decrypt sensitive fields', '解密敏感字段'],
  nothing: ['There is no encrypted field.', '没有加密字段。'],
  signature: ['Signature', '签名'],
  by: ['Signed with {key}. ', '用 {key} 签名。'],
  named: ["The request's Wechatpay-Serial named it.", '请求的 Wechatpay-Serial 指定了它。'],
  'public-key': ['The merchant trusts the public key only.', '该商户只使用微信支付公钥。'],
  'platform-certificate': ['The merchant trusts the platform certificate only.', '该商户只使用平台证书。'],
  other: ["The request's Wechatpay-Serial named {wanted}, no key that can sign: so the platform certificate's did.", '请求的 Wechatpay-Serial 写的 {wanted} 不是可用的密钥，因此用平台证书的私钥签名。'],
  unnamed: ["The request named no key in Wechatpay-Serial: so the platform certificate's signed.", '请求没有用 Wechatpay-Serial 指定密钥，因此用平台证书的私钥签名。'],
  unsigned: ['Not signed.', '没有签名。'],
  early: ['Not signed: a refusal by checks 1 to 10 never is. Look at the status before you look for a signature.', '没有签名：第 1 到 10 项检查未通过时，应答都不签名。请先看状态码，再看签名。'],
  policy: ['Not signed: the policy signed_refusals says so.', '没有签名：由策略 signed_refusals 决定。'],
  after: ['The fault may have changed the answer after it was signed.', '故障可能在签名之后改动了应答。'],
  warnings: ['Warnings', '提醒'],
  fault: ['Fault', '故障'],
  rule2: ['by rule {n}', '由规则 {n} 触发'],
  number: ['by a number in the request', '由请求里的单号触发'],
  latency: ['delayed by {n} ms', '延迟 {n} 毫秒'],
  applied: ['the request took effect', '请求已生效'],
  unapplied: ['the request had no effect', '请求未生效'],
  stages: ['Time of each stage', '各阶段耗时'],
});

/** @type {{ [stage: string]: Text }} */
const STAGES = {
  receive: ['receive', '接收'],
  route: ['route', '匹配接口'],
  authenticate: ['authenticate', '验签'],
  validate: ['validate', '校验字段'],
  apply: ['execute', '执行'],
  respond: ['respond', '生成应答'],
  sign: ['sign', '签名'],
};

/** Shows an exchange in the element. Returns what ends it. @param {HTMLElement} root @param {string} number @param {() => void} close */
export function exchange(root, number, close) {
  let isOver = false;
  const back = link(toAddress(fromAddress()), `← ${say(texts.back)}`);
  back.addEventListener('click', (event) => (event.preventDefault(), close()));
  show(root, back);
  const read = async () => {
    try {
      const [found, { merchants }] = await Promise.all([
        call('GET', `exchanges/${encodeURIComponent(number)}`),
        call('GET', 'merchants').catch(() => ({ merchants: [] })),
        operations().catch(() => {}),
      ]);
      if (isOver) return;
      const { trust } = merchants.find((/** @type {any} */ one) => one.mchid === found.merchant) ?? {};
      show(root, back, ...PARTS.map((part) => part(found, trust)));
      // Where it is shown in place of the list, it takes the focus.
      if (innerWidth < 1100) root.querySelector('h2')?.focus();
    } catch (error) {
      if (!isOver) show(root, back, h('p', { class: 'card bad hostile', role: 'alert' }, /** @type {Error} */ (error).message));
    }
  };
  void read();
  // Afterwards the number is of no exchange, or of another.
  const ends = [on('cleared', read), on('restarted', read)];
  return () => {
    isOver = true;
    ends.forEach((end) => end());
  };
}

/** @param {Text} title @param {import('./dom.js').Child[]} children */
function card(title, ...children) {
  return h('section', { class: 'card stack' }, h('h3', null, say(title)), ...children);
}

/** @type {Part} */
function heading({ number, replay_of: first, at, peer, operation, merchant, request, rejection, answer: { status } }) {
  return h(
    'div',
    null,
    h(
      'h2',
      { tabindex: -1, class: 'hostile' },
      `#${number} `,
      operation ? nameOf(operation) : visible(request.target.slice(0, 100)),
      ' ',
      statusBadge(status, rejection?.code),
    ),
    h('p', { class: 'muted hostile' }, visible([merchant, when(at, 'full'), peer].filter(Boolean).join(' · '))),
    first && link(toAddress(fromAddress(), first), say(texts.again, { n: first })),
  );
}

/** @type {Part} */
function actions(exchange, trust) {
  const { number } = exchange;
  /** @param {Text} text @param {() => Promise<unknown>} act @param {Text} [what] */
  const one = (text, act, what) => button(say(text), () => attempt(act), { title: what && say(what) });
  /** @param {(exchange: Exchange, trust?: string) => unknown} make */
  const json = (make) => async () => copy(JSON.stringify(make(exchange, trust), null, 2));
  /** @param {string} sign */
  const replay = (sign) => async () => {
    const made = await call('POST', `exchanges/${number}/replay`, { sign });
    location.hash = toAddress(fromAddress(), made.number);
  };
  /** @param {Text} text @param {HTMLElement[]} buttons */
  const group = (text, ...buttons) =>
    h('div', { class: 'row', role: 'group', 'aria-label': say(text) }, h('span', { class: 'muted' }, say(text)), buttons);
  return h(
    'div',
    { class: 'row actions' },
    group(
      texts.copyAs,
      one(['curl', 'curl'], async () => copy((await textOf('GET', `exchanges/${number}/curl`)).trim())),
      one(texts.case, json(caseOf), texts.caseWhat),
      one(texts.expectation, json(expectationOf)),
      one(texts.rule, json(ruleOf)),
    ),
    group(texts.replay, one(texts.then, replay('as-then'), texts.thenWhat), one(texts.anew, replay('anew'))),
  );
}

/** @type {Part} */
function faulty({ fault }) {
  if (!fault) return null;
  const { rule, latency, applied, error } = fault;
  const place = h('pre', { class: 'hostile' }, error && visible(JSON.stringify(error)));
  // The rule may be gone.
  if (rule !== null) call('GET', `faults/${rule}`).then((found) => show(place, ...visible(JSON.stringify(found))), () => {});
  const by = rule === null ? say(texts.number) : say(texts.rule2, { n: rule });
  const delay = latency !== null && say(texts.latency, { n: Math.round(latency) });
  const facts = [by, delay, say(applied ? texts.applied : texts.unapplied)].filter(Boolean).join(' · ');
  return card(texts.fault, h('p', null, badge('warn', fault.fault ?? (error ? 'custom' : 'latency')), ' ', facts), place);
}

/** @type {Part} */
function warned({ warnings }) {
  const all = warnings.map(({ name, text }) => h('li', { class: 'hostile' }, badge('warn', name), ' ', visible(text)));
  return all.length > 0 && card(texts.warnings, h('ul', null, all));
}

/** @type {Part} */
function sent({ number, request }) {
  const { method, target, version, headers } = request;
  const place = h('div', { class: 'hostile', 'aria-live': 'polite' });
  const decrypt = button(say(texts.decrypt), async () => {
    try {
      const { request, answer } = await call('GET', `exchanges/${number}/decrypted`);
      const found = [...request, ...answer];
      show(place, found.length ? table(found.map(({ pointer: name, text, problem }) => ({ name, value: text ?? problem }))) : say(texts.nothing));
    } catch (error) {
      show(place, h('p', { class: 'bad' }, String(/** @type {Error} */ (error).message)));
    }
  });
  const line = h('pre', { class: 'hostile' }, visible(`${method} ${target} ${version}`));
  return card(texts.request, line, listed(headers), body(request.body), h('p', null, decrypt), place);
}

/** @type {Part} */
function answered(exchange, trust) {
  const { status, headers, body: content, message } = exchange.answer;
  return card(
    texts.answer,
    h('p', null, statusBadge(status)),
    listed(headers),
    body(content),
    h('h4', null, say(texts.signature)),
    h('p', { class: 'hostile' }, ...escapes(signature(exchange, trust))),
    exchange.fault && h('p', { class: 'warn' }, say(texts.after)),
    message && long(message.text ?? message.base64 ?? ''),
  );
}

/** Which key signed the answer, and why. @param {Exchange} exchange @param {string | undefined} trust of the merchant */
function signature({ request, rejection, answer }, trust) {
  if (answer.signature === 'none') {
    const isEarly = rejection && !rejection.injected && (rejection.check ?? 0) <= 10;
    return say(isEarly ? texts.early : (answer.status ?? 0) >= 400 ? texts.policy : texts.unsigned);
  }
  const [key = '', wanted = ''] = [answer, request].map(({ headers }) => header(headers, 'wechatpay-serial'));
  const isNamed = wanted === key || (wanted.startsWith('PUB_KEY_ID_') && key.startsWith('PUB_KEY_ID_'));
  const reason = trust === 'public-key' || trust === 'platform-certificate' ? trust : isNamed ? 'named' : wanted ? 'other' : 'unnamed';
  return say(texts.by, { key }) + say(texts[reason], { wanted });
}

/** @param {Header[]} headers */
function listed(headers) {
  return h('details', null, h('summary', null, say(texts.headers, { n: headers.length })), table(headers));
}

/** @param {Header[]} rows */
function table(rows) {
  const lines = rows.map(({ name, value, base64 = '' }) =>
    h('tr', null, h('th', { scope: 'row', class: 'hostile' }, visible(name)), h('td', { class: 'hostile mono' }, visible(value ?? base64))),
  );
  return h('table', null, h('tbody', null, lines));
}

/** @type {Part} */
function timed({ stages }) {
  const all = stages.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const rows = stages.map(({ stage, verdict, microseconds }) => {
    const bar = h('span', { class: 'bar' });
    bar.style.width = `${(100 * microseconds) / (all || 1)}%`;
    const time = verdict === 'not-reached' ? '—' : took(microseconds);
    return h('li', null, say(STAGES[stage] ?? [stage, stage]), h('span', { class: 'track' }, bar), time);
  });
  return card(texts.stages, h('ul', { class: 'stages' }, rows), h('p', { class: 'muted' }, took(all)));
}

/** From top to bottom. */
const PARTS = [heading, actions, why, faulty, warned, ladder, signed, sent, answered, timed];
