// One exchange: why it was refused and what to do, what was signed, what was sent and answered, and copies of it.

import { Refused, attempt, call, copy, notify, textOf } from './api.js';
import { CHECKS } from './checks.js';
import { compared, escaped, escapes, marked } from './compare.js';
import { caseOf, expectationOf, header, ruleOf } from './copies.js';
import { button, h, link, show, visible } from './dom.js';
import { toAddress, fromAddress } from './filter.js';
import { known, say, took, when } from './i18n.js';
import { nameOf, operations } from './operations.js';
import { body, long } from './text.js';

/** @typedef {import('./i18n.js').Text} Text */
/** @typedef {import('./types.d.ts').Exchange} Exchange */
/** @typedef {import('./types.d.ts').Diagnosis} Diagnosis */
/** @typedef {import('./types.d.ts').Message} Message */

const texts = /** @type {const} */ ({
  back: ['Back to the list', '返回列表'],
  close: ['Close', '关闭'],
  unknown: ['There is no such exchange: {message}', '没有这个请求：{message}'],
  unanswered: ['no answer', '未应答'],
  reading: ['Reading…', '正在读取…'],
  merchant: ['Merchant', '商户号'],
  time: ['Time', '时间'],
  from: ['From', '来源'],
  took: ['Took', '耗时'],
  // Copies
  copyAs: ['Copy as', '复制为'],
  curl: ['curl', 'curl'],
  case: ['Case file', '用例文件'],
  expectation: ['Expectation', '断言'],
  rule: ['Fault rule', '故障规则'],
  caseFile: ['Save it as {name}: the id is the name of the file.', '请保存为 {name}：id 必须与文件名一致。'],
  curlWhat: ['Signed anew with the key that the mock has for the merchant', '用模拟网关持有的商户私钥重新签名'],
  caseWhat: ['For wechatpay-mock verify --cases', '用于 wechatpay-mock verify --cases'],
  expectationWhat: ['For POST /__mock/verify', '用于 POST /__mock/verify'],
  ruleWhat: ['For POST /__mock/faults: the next request like this gets system-error', '用于 POST /__mock/faults：下一个这样的请求会得到 system-error'],
  replay: ['Send again', '重新发送'],
  then: ['As then', '原样'],
  anew: ['Signed anew', '重新签名'],
  thenWhat: ["The same bytes, judged by the mock's clock of then", '发送完全相同的字节，按当时的模拟时钟校验'],
  anewWhat: ['The same request with a new timestamp, nonce and signature', '同样的请求，使用新的时间戳、随机串和签名'],
  // Why
  refused: ['Refused by check {n}: {what}', '未通过第 {n} 项检查：{what}'],
  refusedBefore: ['Refused before the checks', '在检查之前就被拒绝'],
  injected: ['A fault caused this error: nothing is wrong with the request.', '这个错误由故障触发，请求本身没有问题。'],
  unsent: ['No answer was sent: a fault kept it back.', '没有发出应答：被故障拦下了。'],
  reason: ['Reason', '原因'],
  message: ['Answer', '应答'],
  cause: ['Cause', '原因'],
  remedy: ['What to do', '怎么办'],
  proven: ['proven', '已证实'],
  likely: ['Likely, but not proven', '可能的原因（未经证实）'],
  certain: ['Certain', '可以确定'],
  // Checks
  checks: ['Checks', '检查'],
  allPassed: ['All 12 checks passed', '12 项检查全部通过'],
  passed: ['passed', '通过'],
  failed: ['failed', '未通过'],
  unreached: ['not reached', '未执行'],
  // Lines
  lines: ['Lines to be signed', '待签名串'],
  shouldBe: ['Should be signed', '应签内容'],
  was: ['Was signed', '实签内容'],
  line: ['Line', '行'],
  method: ['method', '请求方法'],
  target: ['path and query', '路径与查询串'],
  timestamp: ['timestamp', '时间戳'],
  nonce: ['nonce', '随机串'],
  body: ['body', '请求体'],
  same: ['the same', '相同'],
  notCompared: ['after the first difference', '在第一处差异之后'],
  signedSo: ['The merchant signed exactly these lines.', '商户签名的正是这五行。'],
  signedOtherwise: ['Only a digest is in the signature: what was signed instead is not known.', '签名里只有摘要，无法得知实际签名的内容。'],
  rightLines: ['The lines were right. What is wrong is how they were signed.', '五行内容都对，问题出在签名的方式上。'],
  unchecked: ['The signature was not looked at.', '没有检查到签名这一步。'],
  noLines: ['Authorization cannot be read, so there are no lines to compare.', 'Authorization 无法解析，没有可对照的内容。'],
  differs: ['The first difference is in line {n} ({name}).', '第一处差异在第 {n} 行（{name}）。'],
  // Parts
  request: ['Request', '请求'],
  answer: ['Answer', '应答'],
  headers: ['Headers ({n})', '请求头（{n}）'],
  answerHeaders: ['Headers ({n})', '应答头（{n}）'],
  name: ['Name', '名称'],
  value: ['Value', '值'],
  bodyHeading: ['Body', '报文主体'],
  decrypt: ['Decrypt sensitive fields', '解密敏感字段'],
  inRequest: ['Request', '请求'],
  inAnswer: ['Answer', '应答'],
  nothingToDecrypt: ['Neither request nor answer has an encrypted field.', '请求和应答里都没有加密字段。'],
  signature: ['Signature of the answer', '应答签名'],
  signedBy: ['Signed with the key {key}.', '签名密钥：{key}。'],
  named: ["The request's Wechatpay-Serial asked for it.", '请求的 Wechatpay-Serial 指定了它。'],
  onlyPublicKey: ['The merchant trusts the public key only.', '该商户只使用微信支付公钥。'],
  onlyCertificate: ['The merchant trusts the platform certificate only.', '该商户只使用平台证书。'],
  namedOther: [
    "The request's Wechatpay-Serial named {key}, which is not a key that could sign here; so the platform certificate's key signed.",
    '请求的 Wechatpay-Serial 写的是 {key}，不是可用的密钥，因此使用平台证书的私钥签名。',
  ],
  namedNone: [
    "The request named no key in Wechatpay-Serial, so the platform certificate's key signed.",
    '请求没有用 Wechatpay-Serial 指定密钥，因此使用平台证书的私钥签名。',
  ],
  unsignedRefusal: [
    'Not signed: a refusal by checks 1 to 10 never is, since the gateway does not know who asked. Look at the status before you look for a signature.',
    '没有签名：第 1 到 10 项检查未通过时，网关无法确认请求方，应答不签名。请先看状态码，再看签名。',
  ],
  unsignedPolicy: ['Not signed: the policy signed_refusals says so.', '没有签名：由策略 signed_refusals 决定。'],
  unsignedUnsent: ['There is no answer to sign.', '没有应答，也就没有签名。'],
  unsigned: ['Not signed.', '没有签名。'],
  tampered: ['The fault {fault} acts on the answer after it was made: what arrived need not be what was signed.', '故障 {fault} 会在应答生成之后起作用，收到的内容可能与签名不符。'],
  linesOfAnswer: ['Signed lines', '签名的三行'],
  // More
  warnings: ['Warnings', '提醒'],
  fault: ['Fault', '故障'],
  byRule: ['by rule {n}', '由规则 {n} 触发'],
  byNumber: ["by a number in the request", '由请求里的单号触发'],
  latency: ['delayed by {ms} ms', '延迟 {ms} 毫秒'],
  applied: ['The change was made all the same.', '数据仍然有改动。'],
  notApplied: ['No change was made.', '数据没有改动。'],
  ruleGone: ['The rule is no longer there.', '该规则已不存在。'],
  stages: ['Time of each stage', '各阶段耗时'],
  base64: ['Base64', 'Base64'],
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
/** @type {readonly Text[]} */
const LINES = [texts.method, texts.target, texts.timestamp, texts.nonce, texts.body];

/**
 * Shows an exchange in the element. Returns what ends it.
 * @param {HTMLElement} root
 * @param {string} number
 * @param {() => void} close
 */
export function exchange(root, number, close) {
  let isOver = false;
  const back = link(toAddress(fromAddress()), `← ${say(texts.back)}`);
  back.addEventListener('click', (event) => {
    event.preventDefault();
    close();
  });
  show(root, back, h('p', { class: 'muted', role: 'status' }, say(texts.reading)));
  void (async () => {
    const [found, merchants] = await Promise.all([
      call('GET', `exchanges/${encodeURIComponent(number)}`),
      call('GET', 'merchants').catch(() => ({ merchants: [] })),
      operations().catch(() => null),
    ]);
    if (isOver) return;
    const trust = merchants.merchants.find((/** @type {any} */ one) => one.mchid === found.merchant)?.trust;
    show(root, back, ...parts(found, trust));
    // Where it stands in place of the list, it takes the focus.
    if (root.parentElement?.firstElementChild instanceof HTMLElement && !root.parentElement.firstElementChild.offsetParent) root.querySelector('h2')?.focus();
  })().catch((error) => {
    if (isOver) return;
    const text = error instanceof Refused && error.status === 404 ? say(texts.unknown, { message: error.message }) : String(error.message);
    show(root, back, h('p', { class: 'card bad', role: 'alert' }, text));
  });
  return () => {
    isOver = true;
  };
}

/** @param {Exchange} exchange @param {string | undefined} trust */
function parts(exchange, trust) {
  const { number, request, answer, operation, warnings } = exchange;
  return [
    heading(exchange),
    actions(exchange, trust),
    why(exchange),
    faultOf(exchange),
    warnings.length > 0 &&
      h('section', { class: 'card' }, h('h3', null, say(texts.warnings)), h('ul', null, warnings.map(({ name, text }) => h('li', null, h('span', { class: 'badge warn' }, name), ' ', h('span', { class: 'hostile' }, visible(text)))))),
    ladder(exchange),
    lines(exchange),
    h(
      'section',
      { class: 'card stack' },
      h('h3', null, say(texts.request)),
      h('pre', { class: 'hostile' }, visible(`${request.method} ${request.target} ${request.version}`)),
      headers(request.headers, texts.headers),
      h('h4', null, say(texts.bodyHeading)),
      body(request.body, `${operation ?? 'request'}-${number}.txt`),
      decrypted(number),
    ),
    h(
      'section',
      { class: 'card stack' },
      h('h3', null, say(texts.answer)),
      h('p', null, answer.status === null ? say(texts.unanswered) : h('strong', null, String(answer.status))),
      headers(answer.headers, texts.answerHeaders),
      h('h4', null, say(texts.bodyHeading)),
      body(answer.body, `${operation ?? 'answer'}-${number}-answer.txt`),
      h('h4', null, say(texts.signature)),
      signature(exchange, trust),
    ),
    stages(exchange),
  ];
}

/** @param {Exchange} exchange */
function heading({ number, at, peer, operation, merchant, request, rejection, answer, stages }) {
  const { status } = answer;
  const kind = status === null ? 'warn' : status < 300 ? 'good' : status < 400 ? 'info' : 'bad';
  const all = stages.reduce((sum, { microseconds }) => sum + microseconds, 0);
  return h(
    'div',
    { class: 'stack' },
    h(
      'h2',
      { tabindex: -1 },
      `#${number} `,
      h('span', { class: 'hostile' }, operation ? nameOf(operation) : visible(request.target.replace(/\?.*$/s, '').slice(0, 80))),
      ' ',
      h('span', { class: `badge ${kind}` }, status === null ? say(texts.unanswered) : `${status}${rejection?.code ? ` ${rejection.code}` : ''}`),
    ),
    h(
      'dl',
      { class: 'facts' },
      fact(texts.merchant, merchant ?? '—'),
      fact(texts.time, when(at, 'full')),
      peer && fact(texts.from, peer),
      fact(texts.took, took(all)),
    ),
  );
}

/** @param {Text} text @param {import('./dom.js').Child | import('./dom.js').Child[]} value */
function fact(text, value) {
  return h('div', null, h('dt', null, say(text)), h('dd', null, value));
}

/** @param {Exchange} exchange @param {string | undefined} trust */
function actions(exchange, trust) {
  const { number } = exchange;
  /** @param {unknown} value */
  const json = (value) => copy(JSON.stringify(value, null, 2));
  /** @param {'as-then' | 'anew'} sign */
  const replay = (sign) => attempt(async () => {
    const summary = await call('POST', `exchanges/${number}/replay`, { sign });
    location.hash = toAddress(fromAddress(), String(summary.number));
  });
  /** @param {Text} text @param {Text} what @param {() => Promise<unknown>} act */
  const one = (text, what, act) => button(say(text), () => attempt(act), { title: say(what) });
  return h(
    'div',
    { class: 'row actions' },
    h('span', { class: 'row', role: 'group', 'aria-label': say(texts.copyAs) }, h('span', { class: 'muted' }, say(texts.copyAs)),
      one(texts.curl, texts.curlWhat, async () => copy(await textOf('GET', `exchanges/${number}/curl`))),
      one(texts.case, texts.caseWhat, async () => {
        await json(caseOf(exchange, trust));
        notify(say(texts.caseFile, { name: `exchange-${number}.json` }));
      }),
      one(texts.expectation, texts.expectationWhat, () => json(expectationOf(exchange))),
      one(texts.rule, texts.ruleWhat, () => json(ruleOf(exchange)))),
    h('span', { class: 'row', role: 'group', 'aria-label': say(texts.replay) }, h('span', { class: 'muted' }, say(texts.replay)),
      one(texts.then, texts.thenWhat, () => replay('as-then')),
      one(texts.anew, texts.anewWhat, () => replay('anew'))),
  );
}

/** Cause and remedy of a refusal. @param {Exchange} exchange */
function why({ rejection, diagnosis, answer }) {
  if (!rejection) return answer.status === null ? h('p', { class: 'card refusal' }, say(texts.unsent)) : null;
  const { check, reason, injected } = rejection;
  const found = check === null ? undefined : CHECKS[check - 1];
  const title = injected ? say(texts.injected) : found ? say(texts.refused, { n: check ?? 0, what: say(found.what) }) : say(texts.refusedBefore);
  const message = /** @type {any} */ (answer.body.json)?.message;
  const remedies = diagnosis?.mistakes.map((one) => h('p', null, known(one))) ?? [];
  return h(
    'section',
    { class: 'card refusal stack' },
    h('h3', null, title),
    h(
      'dl',
      null,
      diagnosis && [h('dt', null, say(texts.cause)), h('dd', null, causes(diagnosis))],
      [h('dt', null, say(texts.reason)), h('dd', { class: 'hostile' }, visible(reason))],
      typeof message === 'string' ? [h('dt', null, say(texts.message)), h('dd', { class: 'hostile' }, visible(message.slice(0, 1000)))] : [],
      injected ? [] : [h('dt', null, say(texts.remedy)), h('dd', null, remedies.length ? remedies : found && say(found.remedy))],
    ),
    diagnosis && [list(texts.certain, diagnosis.known), list(texts.likely, diagnosis.hints)],
  );
}

/** @param {Diagnosis} diagnosis */
function causes({ mistakes, name, text, chinese }) {
  const named = mistakes.flatMap(({ name, variants }) => [h('span', { class: 'badge bad' }, variants.length ? `${name} (${variants.join(', ')})` : name), ' ']);
  const badges = named.length ? [...named, h('span', { class: 'badge good' }, say(texts.proven))] : [h('span', { class: 'badge bad' }, name)];
  return [h('p', null, badges), h('p', { class: 'hostile' }, escapes(known({ english: text, chinese })))];
}

/** @param {Text} text @param {{ english: string, chinese: string }[]} some */
function list(text, some) {
  if (!some.length) return null;
  return h('div', null, h('h4', null, say(text)), h('ul', null, some.map((one) => h('li', { class: 'hostile' }, escapes(known(one))))));
}

/** @param {Exchange} exchange */
function ladder({ checks_passed, rejection }) {
  const failed = rejection?.injected ? null : rejection?.check;
  const isAll = checks_passed.length === CHECKS.length;
  const steps = CHECKS.map(({ what }, index) => {
    const verdict = index + 1 === failed ? 'failed' : index < checks_passed.length ? 'passed' : 'unreached';
    const sign = { passed: '✓', failed: '✗', unreached: '·' }[verdict];
    return h('li', { class: verdict }, h('span', { 'aria-hidden': 'true', class: 'sign' }, sign), h('span', { class: 'grow' }, say(what)), h('span', { class: 'muted' }, say(texts[verdict])));
  });
  const details = h('details', null, h('summary', null, h('h3', null, isAll ? say(texts.allPassed) : say(texts.checks))), h('ol', { class: 'ladder' }, steps));
  details.open = !isAll;
  return h('section', { class: 'card' }, details);
}

/** @param {Exchange} exchange */
function lines({ number, message, diagnosis, authenticated, rejection }) {
  const all = message?.text === undefined ? [] : split(message.text);
  const difference = diagnosis?.difference;
  const isOnly = authenticated || !diagnosis;
  const note = !message
    ? texts.noLines
    : authenticated
      ? texts.signedSo
      : difference
        ? null
        : diagnosis
          ? diagnosis.verdict === 'proven' ? texts.rightLines : texts.signedOtherwise
          : rejection ? texts.unchecked : null;
  const name = difference && LINES[difference.line - 1];
  return h(
    'section',
    { class: 'card stack' },
    h('h3', null, say(texts.lines)),
    note && h('p', { class: 'muted' }, say(note)),
    difference && name && h('p', null, say(texts.differs, { n: difference.line, name: say(name) })),
    message?.base64 !== undefined && h('pre', { class: 'hostile' }, `${say(texts.base64)}: ${message.base64.slice(0, 4000)}`),
    all.length > 0 &&
      h(
        'table',
        { class: 'signed' },
        h('thead', null, h('tr', null, h('th', { scope: 'col' }, say(texts.line)), h('th', { scope: 'col' }, say(texts.shouldBe)), !isOnly && h('th', { scope: 'col' }, say(texts.was)))),
        h('tbody', null, all.map((text, index) => {
          const label = h('th', { scope: 'row' }, `${index + 1} `, h('span', { class: 'muted' }, say(LINES[index] ?? texts.body)));
          const file = `line-${index + 1}-of-${number}.txt`;
          if (!difference || index + 1 !== difference.line) {
            const was = !difference ? '' : index + 1 < difference.line ? say(texts.same) : say(texts.notCompared);
            return h('tr', null, label, h('td', null, long(text, file)), !isOnly && h('td', { class: 'muted' }, was));
          }
          const [left, right] = beside(text, difference);
          return h('tr', { class: 'different' }, label, h('td', null, h('pre', { class: 'hostile' }, left)), h('td', null, h('pre', { class: 'hostile' }, right)));
        })),
      ),
  );
}

/**
 * The five lines, each with its end; the fifth is the whole body.
 * @param {string} text
 */
function split(text) {
  const found = /^([^\n]*\n)([^\n]*\n)([^\n]*\n)([^\n]*\n)(.*)$/s.exec(text);
  return found ? found.slice(1) : [text];
}

/**
 * The right line and the signed one, with what differs marked. The mock shows only what is around the difference: what is
 * before it is the same in both.
 * @param {string} line
 * @param {{ expected: string, signed: string }} difference
 */
function beside(line, { expected, signed }) {
  const whole = escaped(line);
  const core = expected.replace(/^…/, '').replace(/…$/, '');
  const at = whole.indexOf(core);
  const isPlaced = at >= 0 && at === whole.lastIndexOf(core) && at <= 2000;
  const before = isPlaced && expected.startsWith('…') ? whole.slice(0, at) : '';
  const after = isPlaced && expected.endsWith('…') ? whole.slice(at + core.length, at + core.length + 2000) : '';
  const strip = (/** @type {string} */ text) => (before ? text.replace(/^…/, '') : text);
  const [one, other] = compared(strip(after ? expected.replace(/…$/, '') : expected), strip(signed));
  return [
    [...escapes(before), ...marked(one, 'ins'), ...escapes(after)],
    [...escapes(before), ...marked(other, 'del')],
  ];
}

/** @param {Exchange['request']['headers']} all @param {Text} text */
function headers(all, text) {
  return h(
    'details',
    null,
    h('summary', null, say(text, { n: all.length })),
    h('table', null,
      h('thead', { class: 'unseen' }, h('tr', null, h('th', { scope: 'col' }, say(texts.name)), h('th', { scope: 'col' }, say(texts.value)))),
      h('tbody', null, all.map(({ name, value, base64 }) => h('tr', null, h('th', { scope: 'row', class: 'hostile mono' }, visible(name)), h('td', { class: 'hostile mono' }, value === undefined ? `${say(texts.base64)}: ${base64}` : visible(value)))))),
  );
}

/** @param {number} number */
function decrypted(number) {
  const place = h('div', { class: 'stack', 'aria-live': 'polite' });
  const ask = button(say(texts.decrypt), async () => {
    try {
      const { request, answer } = await call('GET', `exchanges/${number}/decrypted`);
      const table = (/** @type {Text} */ text, /** @type {{ pointer: string, text: string }[]} */ some) =>
        some.length > 0 && h('table', null, h('caption', null, say(text)), h('tbody', null, some.map(({ pointer, text }) => h('tr', null, h('th', { scope: 'row', class: 'hostile mono' }, visible(pointer)), h('td', { class: 'hostile' }, visible(text))))));
      const found = [table(texts.inRequest, request), table(texts.inAnswer, answer)];
      show(place, found.some(Boolean) ? found : h('p', { class: 'muted' }, say(texts.nothingToDecrypt)));
    } catch (error) {
      show(place, h('p', { class: 'bad' }, error instanceof Error ? error.message : String(error)));
    }
  });
  return h('div', { class: 'stack' }, h('p', null, ask), place);
}

/** Which key signed the answer, and why. @param {Exchange} exchange @param {string | undefined} trust */
function signature({ number, request, rejection, answer, fault }, trust) {
  const after = fault?.fault && h('p', { class: 'warn' }, say(texts.tampered, { fault: fault.fault }));
  if (answer.signature === 'none') {
    const isEarly = rejection && !rejection.injected && (rejection.check === null || rejection.check <= 10);
    const text = answer.status === null ? texts.unsignedUnsent : isEarly ? texts.unsignedRefusal : answer.status >= 400 ? texts.unsignedPolicy : texts.unsigned;
    return h('div', null, h('p', null, say(text)), after);
  }
  const key = header(answer.headers, 'wechatpay-serial') ?? '—';
  const wanted = header(request.headers, 'wechatpay-serial');
  const isNamed = wanted === key || (wanted?.startsWith('PUB_KEY_ID_') && key.startsWith('PUB_KEY_ID_'));
  const reason =
    trust === 'public-key' ? texts.onlyPublicKey : trust === 'platform-certificate' ? texts.onlyCertificate : isNamed ? texts.named : wanted ? texts.namedOther : texts.namedNone;
  return h(
    'div',
    { class: 'stack' },
    h('p', { class: 'hostile' }, say(texts.signedBy, { key }), ' ', say(reason, { key: wanted ?? '' })),
    after,
    answer.message && h('div', null, h('h5', null, say(texts.linesOfAnswer)), long(answer.message.text ?? answer.message.base64 ?? '', `signed-lines-of-${number}.txt`)),
  );
}

/** @param {Exchange} exchange */
function faultOf({ fault }) {
  if (!fault) return null;
  const { by, rule, latency, applied, error } = fault;
  const shown = h('div');
  if (rule !== null) {
    call('GET', `faults/${rule}`).then(
      (found) => show(shown, h('pre', { class: 'hostile' }, visible(JSON.stringify(found, null, 2), { lines: true }))),
      () => show(shown, h('p', { class: 'muted' }, say(texts.ruleGone))),
    );
  }
  return h(
    'section',
    { class: 'card stack' },
    h('h3', null, say(texts.fault)),
    h(
      'p',
      null,
      h('span', { class: 'badge warn' }, fault.fault ?? (error ? 'custom' : 'latency')),
      ' ',
      by === 'rule' ? say(texts.byRule, { n: rule ?? '' }) : say(texts.byNumber),
      latency !== null && ` · ${say(texts.latency, { ms: Math.round(latency) })}`,
      ' · ',
      say(applied ? texts.applied : texts.notApplied),
    ),
    error && h('pre', { class: 'hostile' }, visible(JSON.stringify(error))),
    shown,
  );
}

/** @param {Exchange} exchange */
function stages({ stages }) {
  const all = Math.max(1, stages.reduce((sum, { microseconds }) => sum + microseconds, 0));
  return h(
    'section',
    { class: 'card stack' },
    h('h3', null, say(texts.stages)),
    h('ul', { class: 'stages' }, stages.map(({ stage, verdict, microseconds }) => {
      const bar = h('span', { class: 'bar', 'aria-hidden': 'true' });
      bar.style.width = `${(100 * microseconds) / all}%`;
      const isReached = verdict !== 'not-reached';
      return h('li', null, h('span', null, say(STAGES[stage] ?? [stage, stage])), h('span', { class: 'track' }, bar), h('span', { class: 'end-text muted' }, isReached ? took(microseconds) : say(texts.unreached)));
    })),
  );
}
