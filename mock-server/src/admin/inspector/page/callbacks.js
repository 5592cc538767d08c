// Callbacks: what the mock sends to merchants, every attempt, and sending again, well or spoiled.

import { attempt, call, notify } from './api.js';
import { button, h, link, show, visible } from './dom.js';
import { count, say, when } from './i18n.js';
import { lasting, lookAtClock, mockNow } from './mocktime.js';
import { browse, facts, redraw, table, telling } from './panes.js';
import { words } from './pieces.js';
import { badge, body as bodyOf, long } from './text.js';
import { exact } from './values.js';

/** @import { Text } from './i18n.js' */
/** @import { Attempt, Callback, Chosen, List } from './types.js' */

const texts = /** @type {const} */ ({
  title: ['Callbacks', '回调'],
  none: ['No callbacks yet. An order with a notify_url sends one when it is paid.', '还没有回调。带有 notify_url 的订单支付后会发送。'],
  older: ['Older ones', '更早的回调'],
  number: ['No.', '编号'],
  event: ['Event, URL', '事件、地址'],
  state: ['State', '状态'],
  attempts: ['Attempts', '尝试次数'],
  created: ['Created', '创建时间'],
  nth: ['Attempt {n}', '第 {n} 次尝试'],
  key: ['Signed by', '签名密钥'],
  took: ['Took', '耗时'],
  reason: ['Reason', '原因'],
  fault: ['Fault', '故障'],
  received: ['received', '已接收'],
  refused: ['not received', '未接收'],
  resource: ['Resource before encryption', '加密前的 resource'],
  message: ['Lines that were signed', '签名串'],
  headers: ['Headers as sent', '发送的请求头'],
  body: ['Body as sent', '发送的请求体'],
  answer: ['What the receiver answered', '接收端的应答'],
  resend: ['Send again', '重新发送'],
  spoil: ['Fault', '附加故障'],
  well: ['none: as it should be', '无：正常发送'],
  in: ['Next attempt in {time}, at {at}.', '{time} 后（{at}）再次尝试。'],
  due: ['The next attempt is due.', '即将再次尝试。'],
  frozen: ['Next attempt at {at}, {time} ahead; but the clock is frozen.', '将于 {at} 再次尝试，还差 {time}；但时钟已冻结。'],
  move: ['Move the clock there', '把时钟拨到该时间'],
  held: [
    'Not sent: {host} is not allowed. Start with --notify-map {origin}=http://127.0.0.1:3000 (to this machine) or --notify-host {host}.',
    '没有发送：未允许向 {host} 发送回调。启动时加上 --notify-map {origin}=http://127.0.0.1:3000（转发到本机）或 --notify-host {host}。',
  ],
  new: ['Send a callback', '发送回调'],
  type: ['Event type', '事件类型'],
  to: ['URL (default: the merchant’s notify_url)', '地址（默认：商户的 notify_url）'],
  fields: ['Fields unlike the example, as JSON', '与示例不同的字段（JSON）'],
  send: ['Send', '发送'],
});

/** @type {{ [state: string]: [text: Text, kind: 'good' | 'bad' | 'warn' | 'info' | ''] }} */
const STATES = {
  waiting: [['waiting', '等待重试'], 'warn'],
  sending: [['sending', '发送中'], 'info'],
  received: [texts.received, 'good'],
  'given-up': [['given up', '已放弃'], 'bad'],
  held: [['held back', '未发送'], 'bad'],
};

/** How many callbacks one call answers, the most calls at once, and the most callbacks that are shown. */
const [PAGE, CALLS, MOST] = [100, 20, 1000];

/** @type {import('./app.js').View} */
export function callbacks(root, [number = '']) {
  return browse(root, ['callbacks'], number, deliveries, () => delivery(number));
}

/** @param {string} state */
function badgeOf(state) {
  const [text, kind] = STATES[state] ?? [[state, state], ''];
  return badge(kind, say(text));
}

/** @returns {List} */
function deliveries() {
  const rows = h('tbody');
  const older = button(say(texts.older), () => attempt(back), { hidden: true });
  const heads = [texts.number, texts.event, texts.state, texts.attempts, words.merchant];
  const list = h('div', { class: 'stack' }, h('section', { class: 'card stack' }, table(heads, rows, texts.title), older), sender());
  /** @type {Map<number, Callback>} */
  const known = new Map();
  /** The numbers of those that have changed. @type {Set<number>} */
  const stale = new Set();
  let drawn = '';

  /** @param {number} after */
  async function read(after) {
    /** @type {{ callbacks: Callback[], has_more: boolean, last: number }} */
    const page = await call('GET', `callbacks?after=${Math.max(0, after)}`);
    for (const one of page.callbacks) known.set(one.number, one);
    return page;
  }

  const lowest = () => (known.size ? Math.min(...known.keys()) : 0);

  async function load() {
    if (!known.size) {
      // The newest are near the last attempts.
      const { attempts } = await call('GET', 'callback-attempts');
      stale.add(Math.max(1, ...attempts.map((/** @type {{ callback: number }} */ one) => one.callback - PAGE + 1)));
    }
    // Those that are not shown stay so.
    for (const number of stale) if (number < lowest()) stale.delete(number);
    for (let calls = 0; stale.size && calls < CALLS; calls++) {
      const first = Math.min(...stale);
      const { callbacks, has_more, last } = await read(first - 1);
      for (const number of [first, ...callbacks.map(({ number }) => number)]) stale.delete(number);
      if (has_more && last === Math.max(...known.keys())) stale.add(last + 1);
    }
    for (const number of [...known.keys()].sort((a, b) => b - a).slice(MOST)) known.delete(number);
    draw();
  }

  /** Reads those before the ones that are shown. */
  async function back() {
    const before = known.size;
    for (let calls = 0, end = lowest() - 1; calls < CALLS && end > 0 && known.size === before; calls++, end -= PAGE) await read(end - PAGE);
    draw(known.size === before);
  }

  function draw(isAll = false) {
    const all = [...known.values()].sort((a, b) => b.number - a.number);
    older.hidden = isAll || lowest() <= 1 || all.length >= MOST;
    const now = JSON.stringify(all.map(({ number, state, attempts }) => [number, state, attempts.length]));
    if (now === drawn) return;
    drawn = now;
    redraw(rows, ...(all.length ? all.map(row) : [h('tr', null, h('td', { colspan: 5, class: 'empty' }, say(texts.none)))]));
  }

  /** @param {Callback} callback */
  function row({ number, event_type, state, attempts, merchant, notify_url }) {
    const what = [h('div', { class: 'hostile' }, ...visible(event_type)), h('div', { class: 'muted hostile' }, ...visible(notify_url))];
    const cells = [[link(`#/callbacks/${number}`, number)], what, [badgeOf(state)], [count(attempts.length)], [merchant]];
    return h('tr', { 'data-key': number }, cells.map((cell) => h('td', null, cell)));
  }

  return {
    head: [h('h1', null, say(texts.title))],
    list,
    rows,
    load,
    hear(kind, data) {
      if (kind === 'attempts') for (const one of data.attempts) stale.add(one.callback);
      else if (kind !== 'changes') known.clear();
      return kind !== 'changes';
    },
  };
}

/** One callback with its attempts. @param {string} number @returns {Chosen} */
function delivery(number) {
  const title = h('h2', { tabindex: '-1', class: 'hostile' }, number);
  const [about, body, timer] = [h('div', { class: 'stack' }), h('div', { class: 'stack' }), h('span', { role: 'timer' })];
  const next = h('p', { class: 'row warn' }, timer, button(say(texts.move), () => attempt(advance)));
  const fault = h('select', { id: 'spoil' }, h('option', { value: '' }, say(texts.well)));
  const again = button(say(texts.resend), () => attempt(resend), { class: 'main' });
  const actions = h('p', { class: 'row', hidden: true }, again, h('label', { for: 'spoil' }, say(texts.spoil)), fault);
  /** @type {Callback | null} */
  let current = null;
  let [text, isFrozen, ticks] = ['', false, 0];

  async function load() {
    try {
      draw(await call('GET', `callbacks/${encodeURIComponent(number)}`));
    } finally {
      actions.hidden = !current;
    }
    isFrozen = (await lookAtClock()).frozen;
    tick();
    if (fault.length > 1) return;
    /** @type {{ callback_faults: string[] }} */
    const { callback_faults } = await call('GET', 'fault-names');
    // One of them is about two callbacks.
    fault.append(...callback_faults.filter((name) => name !== 'out-of-order').map((name) => h('option', null, name)));
  }

  /** @param {Callback} callback */
  function draw(callback) {
    current = callback;
    const now = JSON.stringify(callback);
    if (now === text) return;
    text = now;
    const { event_type, state, merchant, notify_url, created_at, id, attempts, resource } = callback;
    redraw(title, ...visible(`${number} · ${event_type}`));
    redraw(
      about,
      h('p', null, badgeOf(state)),
      facts([['URL', 'URL'], notify_url], [words.merchant, merchant], [texts.created, when(created_at, 'full')], [['ID', 'ID'], id]),
      state === 'held' && h('p', { class: 'warn hostile' }, ...visible(held(notify_url))),
    );
    const all = attempts.map((one, at) => tried(one, at + 1, attempts.length)).reverse();
    const heads = [h('h3', null, `${say(texts.attempts)} ${count(attempts.length)}`), h('h3', null, say(texts.resource))];
    redraw(body, heads[0], ...all, heads[1], long(JSON.stringify(resource, null, 2) ?? '', false));
  }

  /** Shows the time until the next attempt. */
  function tick() {
    const due = current?.due_at ?? null;
    next.hidden = due === null;
    if (due === null) return;
    const left = due - mockNow();
    const values = { time: lasting(left), at: when(due, left < 43_200 ? 'time' : 'full') };
    timer.textContent = left > 0 ? say(isFrozen ? texts.frozen : texts.in, values) : say(texts.due);
    // Others can move the clock.
    if (++ticks % 5 === 0) load().catch(() => {});
  }

  async function advance() {
    await lookAtClock({ action: 'advance', seconds: Math.max(0, (current?.due_at ?? 0) - (await lookAtClock()).now) });
    await load();
  }

  async function resend() {
    /** @type {Callback} */
    const sent = await call('POST', `callbacks/${encodeURIComponent(number)}/resend`, fault.value ? { fault: fault.value } : undefined);
    draw(sent);
    const isReceived = sent.attempts.at(-1)?.received;
    notify(say(isReceived ? texts.received : texts.refused), isReceived ? 'good' : 'bad');
  }

  return { title, parts: [about, next, actions, body], load, tick };
}

/** How to allow a host. @param {string} url */
function held(url) {
  const { origin, host } = URL.canParse(url) ? new URL(url) : { origin: url, host: url };
  return say(texts.held, { origin, host });
}

/** @param {Attempt} attempt @param {number} nth @param {number} of */
function tried({ at, serial, received, status, reason, fault, milliseconds, request, response_body }, nth, of) {
  const outcome = badge(received ? 'good' : 'bad', `${status ?? ''} ${say(received ? texts.received : texts.refused)}`);
  const about = facts([texts.reason, reason], [texts.fault, fault], [texts.key, serial], [texts.took, `${count(milliseconds)} ms`]);
  const asBody = (/** @type {string} */ text) => bodyOf({ text, length: new Blob([text]).size });
  /** @type {[Text, Element | null | undefined][]} */
  const pieces = [
    [texts.answer, status === null ? null : asBody(response_body ?? '')],
    [texts.message, request && long(request.message)],
    [texts.headers, request && long(request.headers.map((header) => header.join(': ')).join('\n'), false)],
    [texts.body, request && asBody(request.body)],
  ];
  const shown = pieces.flatMap(([title, piece]) => (piece ? [h('h4', null, say(title)), piece] : []));
  const spoiled = fault && badge('warn', fault);
  const summary = h('summary', null, `${say(texts.nth, { n: nth })} · ${when(at, 'full')} `, outcome, ' ', spoiled);
  return h('details', { open: nth === of }, summary, h('div', { class: 'stack' }, about, shown));
}

/** Sends a callback that nothing has caused. */
function sender() {
  const event = h('input', { id: 'event', list: 'events', required: true, value: 'TRANSACTION.SUCCESS' });
  const [events, to] = [h('datalist', { id: 'events' }), h('input', { id: 'to', placeholder: 'http://127.0.0.1:3000/notify' })];
  const fields = h('textarea', { id: 'fields', rows: 3, spellcheck: 'false' });
  const [failure, send] = telling(async () => {
    const resource = fields.value.trim() ? exact(fields.value) : undefined;
    const { number } = await call('POST', 'callbacks', { event_type: event.value, to: to.value || undefined, resource });
    location.hash = `#/callbacks/${number}`;
  });
  // The events are in the contract, which is large: it is read when they are needed.
  const fill = async () => {
    if (events.childElementCount) return;
    const { webhooks } = await call('GET', 'contract.json');
    show(events, Object.keys(webhooks).map((name) => h('option', null, name)));
  };
  /** @type {[HTMLElement, Text][]} */
  const all = [[event, texts.type], [to, texts.to], [fields, texts.fields]];
  const labelled = all.map(([field, text]) => h('div', null, h('label', { for: field.id }, say(text)), field));
  const onsubmit = (/** @type {Event} */ event) => (event.preventDefault(), send());
  const go = h('p', null, h('button', { class: 'main' }, say(texts.send)));
  const form = h('form', { class: 'stack', onsubmit }, labelled, events, failure, go);
  return h('details', { class: 'card', ontoggle: () => attempt(fill) }, h('summary', null, say(texts.new)), form);
}
