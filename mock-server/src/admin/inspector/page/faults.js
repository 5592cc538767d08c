// Faults: one for the next call with one click, and the rules with their counters.

import { attempt, call, confirmed, notify } from './api.js';
import { button, h, show, visible } from './dom.js';
import { count, language, say } from './i18n.js';
import { drawer } from './live.js';
import { chosen, merchantPicker } from './merchants.js';
import { lasting, ticking } from './mocktime.js';

/** @typedef {import('./types').Rule} Rule */
/** @typedef {import('./i18n.js').Text} Text */

const texts = /** @type {const} */ ({
  title: ['Faults', '故障'],
  next: ['The next call', '下一次请求'],
  lead: ['Applies once, to the next call that is correctly signed and valid.', '只对下一次签名正确且有效的请求生效一次。'],
  error: ['500 SYSTEM_ERROR', '500 SYSTEM_ERROR'],
  silent: ['No response (timeout)', '无应答（超时）'],
  key: ['Signed with the wrong key', '用错误的密钥签名'],
  altered: ['Altered body, signature fails', '应答体被篡改，验签失败'],
  limit: ['429, too many calls', '429 频率限制'],
  other: ['Another fault', '其他故障'],
  calls: ['On the next call', '下一次请求'],
  callbacks: ['On the next callback', '下一次回调'],
  add: ['Add', '添加'],
  merchant: ['Merchant', '商户号'],
  anyMerchant: ['Any merchant', '任意商户'],
  operation: ['Operation, or empty for any', '接口（operationId），留空则不限'],
  added: ['The next call gets {name}.', '下一次请求将出现 {name}。'],
  addedCallback: ['The next callback gets {name}.', '下一次回调将出现 {name}。'],
  rules: ['Rules', '规则'],
  none: ['No rules: the mock behaves well.', '没有规则：模拟网关一切正常。'],
  rule: ['Rule', '规则'],
  effect: ['Fault', '故障'],
  match: ['Applies to', '适用范围'],
  every: ['every call', '所有请求'],
  everyCallback: ['every callback', '所有回调'],
  struck: ['Struck', '已触发'],
  left: ['Remaining', '剩余次数'],
  ends: ['Ends in', '剩余时间'],
  over: ['used up', '已用完'],
  expired: ['expired', '已过期'],
  unlimited: ['unlimited', '不限'],
  of: ['{struck} of {seen}', '{struck}/{seen}'],
  remove: ['Delete', '删除'],
  removeOne: ['Delete rule {id}', '删除规则 {id}'],
  removeAll: ['Delete all rules', '删除全部规则'],
  ask: ['Delete all fault rules?', '确定删除全部故障规则吗？'],
  keep: ['Keep them', '保留'],
  json: ['Add a rule as JSON', '以 JSON 添加规则'],
  label: ['Rule (JSON)', '规则（JSON）'],
  invalid: ['This is not JSON: {reason}', '不是合法的 JSON：{reason}'],
  ruleAdded: ['Rule {id} is added.', '已添加规则 {id}。'],
});

/** One click each. */
const QUICK = /** @type {const} */ ([
  ['system-error', texts.error],
  ['no-answer', texts.silent],
  ['wrong-key', texts.key],
  ['altered-body', texts.altered],
  ['frequency-limited', texts.limit],
]);

/** What the mock says in English only. What is left out is the same in both. @type {{ [fault: string]: string }} */
const CHINESE = {
  'sign-error': '401 SIGN_ERROR，尽管签名正确',
  'frequency-limited': '429 FREQUENCY_LIMITED，或该接口文档中的写法',
  'ratelimit-exceed': '429 RATELIMIT_EXCEED，分账接口的写法',
  'ratelimit-exceeded': '429 RATELIMIT_EXCEEDED，状态码页面的写法',
  'rate-limited': '429 RATE_LIMITED，全局错误码页面的写法',
  'system-error-applied': '500 SYSTEM_ERROR，但变更已生效',
  'system-error-html': '500，应答体为 HTML 页面',
  'bad-gateway-html': '502，应答体为 HTML 页面',
  'service-unavailable-html': '503，应答体为 HTML 页面',
  refuse: '连接被重置，并在一秒内拒绝新连接；唯一影响所有商户的故障',
  reset: '应答开始前连接被重置',
  'reset-after-headers': '应答头之后、应答体之前连接被重置；变更已生效',
  'stop-in-body': '应答体中途连接被关闭；变更已生效',
  'no-answer': '不应答，120 秒后关闭连接；变更已生效',
  'lower-case-headers': '应答头名称为小写，应答后关闭连接',
  'idle-close': '应答正常，但同一连接上的下一个请求到达时连接被重置',
  'false-gzip': '应答正常且已签名，但谎称 Content-Encoding: gzip',
  unsigned: '应答没有任何 Wechatpay-… 头',
  'without-timestamp': '应答没有 Wechatpay-Timestamp',
  'without-nonce': '应答没有 Wechatpay-Nonce',
  'without-signature': '应答没有 Wechatpay-Signature',
  'without-serial': '应答没有 Wechatpay-Serial',
  'without-signature-type': '应答没有 Wechatpay-Signature-Type',
  'wrong-serial': '应答头中的序列号不是签名所用的密钥',
  'unknown-serial': '应答头中的序列号不存在',
  'wrong-key': '序列号正确，但用另一个密钥签名',
  signtest: '签名以 WECHATPAY/SIGNTEST/ 开头，即微信支付的验签探测流量',
  'stale-timestamp': '应答签名于 301 秒前',
  'future-timestamp': '应答签名时间在 301 秒之后',
  'altered-nonce': '签名后随机串被篡改',
  'altered-body': '签名后应答体被篡改',
};

const SAMPLE = '{\n  "fault": "no-answer",\n  "milliseconds": 5000,\n  "times": 2,\n  "match": { "operation": "set_rights" }\n}';
/** Before the name of a fault of callbacks, among the choices. */
const CALLBACK = 'callback ';

/** @param {() => void} changed @returns {import('./controls.js').Control} */
export function faults(changed) {
  const picker = merchantPicker(say(texts.merchant), say(texts.anyMerchant));
  const operation = h('input', { id: 'operation', list: 'operations', autocomplete: 'off', spellcheck: 'false' });
  const operations = h('datalist', { id: 'operations' });
  const meaning = h('p', { class: 'muted', 'aria-live': 'polite' });
  const other = h('select', { id: 'other' });
  const list = h('div', { class: 'scrolls' });
  const redraw = drawer(list);
  const json = h('textarea', { id: 'rule', rows: 6, spellcheck: 'false', required: true });
  json.value = SAMPLE;
  /** @type {Map<string, string>} */
  const meanings = new Map();
  /** @type {(now: number) => void} */
  let countDown = () => {};

  const explain = () => show(meaning, meanings.get(other.value) ?? '');
  other.addEventListener('change', explain);

  /** @param {object} rule @returns {Promise<Rule>} */
  const post = async (rule) => {
    const added = await call('POST', 'faults', rule);
    changed();
    return added;
  };
  /** @param {string} name */
  const once = (name) =>
    attempt(async () => {
      const isCallback = name.startsWith(CALLBACK);
      const fault = isCallback ? name.slice(CALLBACK.length) : name;
      const mchid = chosen(picker);
      const match = { ...(mchid && { merchant: mchid }), ...(operation.value && !isCallback && { operation: operation.value.trim() }) };
      await post({ fault, times: 1, ...(isCallback && { on: 'callback' }), ...(Object.keys(match).length > 0 && { match }) });
      notify(say(isCallback ? texts.addedCallback : texts.added, { name: fault }));
    });
  /** @param {Event} event */
  const add = (event) => {
    event.preventDefault();
    void attempt(async () => {
      let rule;
      try {
        rule = JSON.parse(json.value);
      } catch (error) {
        throw new Error(say(texts.invalid, { reason: String(error) }));
      }
      notify(say(texts.ruleAdded, { id: (await post(rule)).id }));
    });
  };
  const removeAll = () =>
    attempt(async () => {
      if (!(await confirmed(say(texts.ask), say(texts.removeAll), say(texts.keep)))) return;
      await call('DELETE', 'faults');
      changed();
    });

  /** @param {Rule[]} rules */
  const draw = (rules) => {
    if (rules.length === 0) {
      show(list, h('p', { class: 'muted' }, say(texts.none)));
      countDown = () => {};
      return;
    }
    const clocks = rules.map((rule) => ({ rule, cell: h('td', { class: 'mono' }, rule.ends_at === undefined && say(texts.unlimited)) }));
    countDown = (now) => {
      for (const { rule, cell } of clocks) {
        if (rule.ends_at !== undefined) show(cell, now < rule.ends_at ? lasting(rule.ends_at - now) : say(texts.expired));
      }
    };
    const columns = [texts.rule, texts.effect, texts.match, texts.struck, texts.left, texts.ends, texts.remove];
    show(
      list,
      h(
        'table',
        null,
        h('thead', null, h('tr', null, columns.map((text) => h('th', { scope: 'col' }, say(text))))),
        h('tbody', null, clocks.map(({ rule, cell }) => row(rule, cell))),
      ),
      h('p', { class: 'row end' }, button(say(texts.removeAll), removeAll, { class: 'danger' })),
    );
  };

  /** @param {Rule} rule @param {HTMLElement} ends */
  const row = (rule, ends) => {
    const { id, on, times, match, seen, struck } = rule;
    const left = times === undefined ? null : Math.max(0, times - struck);
    const remove = () => attempt(async () => (await call('DELETE', `faults/${id}`), changed()));
    const all = say(on === 'callback' ? texts.everyCallback : texts.every);
    return h(
      'tr',
      null,
      h('th', { scope: 'row' }, id),
      h('td', { class: 'hostile' }, visible(effect(rule)), on === 'callback' && [' ', h('span', { class: 'badge info' }, say(texts.callbacks))].flat()),
      h('td', { class: 'hostile' }, match && Object.keys(match).length > 0 ? h('code', null, visible(JSON.stringify(match).slice(0, 500))) : all),
      h('td', null, say(texts.of, { struck: count(struck), seen: count(seen) })),
      h('td', null, left === null ? say(texts.unlimited) : left > 0 ? count(left) : h('span', { class: 'badge' }, say(texts.over))),
      ends,
      h('td', null, button(say(texts.remove), remove, { class: 'danger', 'aria-label': say(texts.removeOne, { id }) })),
    );
  };

  /** @param {{ name: string, meaning: string }[]} named @param {string[]} ofCallbacks */
  const offer = (named, ofCallbacks) => {
    for (const { name, meaning } of named) meanings.set(name, (language === 'zh' && CHINESE[name]) || meaning);
    /** @param {string} value @param {string} name */
    const option = (value, name) => h('option', { value }, name);
    show(
      other,
      h('optgroup', { label: say(texts.calls) }, named.map(({ name }) => option(name, name))),
      h('optgroup', { label: say(texts.callbacks) }, ofCallbacks.map((name) => option(CALLBACK + name, name))),
    );
    explain();
  };
  let isOffered = false;

  const element = h(
    'section',
    { class: 'card stack wide', 'aria-labelledby': 'faults' },
    h('h2', { id: 'faults' }, say(texts.title)),
    h(
      'fieldset',
      { class: 'stack' },
      h('legend', null, say(texts.next)),
      h('p', { class: 'muted' }, say(texts.lead)),
      h('div', { class: 'row' }, picker.element, h('label', { for: 'operation' }, say(texts.operation)), operation, operations),
      h('div', { class: 'row' }, QUICK.map(([name, text]) => button(say(text), () => once(name)))),
      h('div', { class: 'row' }, h('label', { for: 'other' }, say(texts.other)), other, button(say(texts.add), () => once(other.value))),
      meaning,
    ),
    h('h3', null, say(texts.rules)),
    list,
    h(
      'details',
      null,
      h('summary', null, say(texts.json)),
      h('form', { class: 'stack', onsubmit: add }, h('label', { for: 'rule' }, say(texts.label)), json, h('p', { class: 'row end' }, h('button', null, say(texts.add)))),
    ),
  );
  const stop = ticking((now) => countDown(now));
  return {
    element,
    stop,
    know: picker.know,
    async refresh() {
      const { faults: rules } = /** @type {{ faults: Rule[] }} */ (await call('GET', 'faults'));
      redraw(rules, () => draw(rules));
      if (isOffered) return;
      const [names, listed] = await Promise.all([call('GET', 'fault-names'), call('GET', 'operations')]);
      isOffered = true;
      offer(names.faults, names.callback_faults);
      const all = /** @type {import('./types').Operation[]} */ (listed.operations);
      show(operations, ...all.map(({ id, summary }) => h('option', { value: id }, summary)));
    },
  };
}

/** What a rule does, in words. @param {Rule} rule */
function effect({ fault, error, latency, milliseconds }) {
  const parts = [
    fault ?? (error && `${error.status} ${error.code} ${error.message}`),
    latency !== undefined && `latency ${JSON.stringify(latency)}`,
    milliseconds !== undefined && `${count(milliseconds)} ms`,
  ];
  return parts.filter(Boolean).join(', ').slice(0, 500);
}
