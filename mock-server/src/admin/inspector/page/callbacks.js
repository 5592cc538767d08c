// Callbacks: what the mock sends to merchants, every attempt, and sending again, well or spoiled.

import { attempt, call, notify } from './api.js';
import { SPOILED } from './spoiled.js';
import { button, h, link, show, visible } from './dom.js';
import { on } from './events.js';
import { count, language, say, when } from './i18n.js';
import { block, formatted, paced, redraw } from './values.js';

/** @typedef {import('./types.js').Callback} Callback */
/** @typedef {import('./types.js').Attempt} Attempt */
/** @typedef {import('./types.js').Clock} Clock */
/** @typedef {import('./i18n.js').Text} Text */

const texts = /** @type {const} */ ({
  title: ['Callbacks', '回调'],
  none: ['No callbacks yet. A paid order with a notify_url sends one.', '还没有回调。带有 notify_url 的订单支付后会发送。'],
  older: ['Older ones', '更早的回调'],
  number: ['No.', '编号'],
  event: ['Event', '事件'],
  merchant: ['Merchant', '商户号'],
  url: ['URL', '地址'],
  state: ['State', '状态'],
  attempts: ['Attempts', '尝试'],
  back: ['Back to the list', '返回列表'],
  created: ['Created', '创建时间'],
  id: ['ID', '通知 ID'],
  nth: ['Attempt {n}', '第 {n} 次尝试'],
  key: ['Signed by', '签名密钥'],
  took: ['Took', '耗时'],
  status: ['Status', '状态码'],
  reason: ['Reason', '原因'],
  fault: ['Fault', '故障'],
  noAttempt: ['No attempt yet.', '还没有尝试。'],
  resource: ['Resource before encryption', '加密前的 resource'],
  message: ['Lines that were signed', '签名串'],
  headers: ['Headers as sent', '发送的请求头'],
  body: ['Body as sent', '发送的请求体'],
  answer: ['What the receiver answered', '接收方的应答'],
  empty: ['(empty)', '（空）'],
  unkept: ['What was sent is kept for the last attempt only.', '仅保留最后一次尝试的发送内容。'],
  resend: ['Send again', '重新发送'],
  spoil: ['Spoil it', '附加故障'],
  well: ['well formed', '正常发送'],
  received: ['Received.', '接收方已接收。'],
  refused: ['Not received.', '接收方未接收。'],
  in: ['next attempt in {time}, at {at}', '{time} 后（{at}）再次尝试'],
  due: ['next attempt due now', '即将再次尝试'],
  frozen: [
    'next attempt at {at}, {time} ahead of the clock, which is frozen: move the clock, or send again',
    '将于 {at} 再次尝试，距当前 {time}，但时钟已冻结：请拨动时钟或重新发送',
  ],
  move: ['Move the clock there', '把时钟拨到该时间'],
  held: [
    'Nothing was sent: this host is not allowed. This machine always is; for others start the mock with --notify-map {origin}=http://127.0.0.1:3000 (sends to your machine) or --notify-host {host}.',
    '没有发送：不允许向该主机发送回调。本机始终允许；其他主机请在启动时加 --notify-map {origin}=http://127.0.0.1:3000（转发到本机）或 --notify-host {host}。',
  ],
  new: ['Send a callback', '发送回调'],
  what: ['Event type', '事件类型'],
  to: ['To (default: the merchant’s notify_url)', '发送到（默认：商户的 notify_url）'],
  fields: ['Fields that differ from the example, as JSON (optional)', '与示例不同的字段（JSON，可选）'],
  send: ['Send', '发送'],
});

/** @type {{ [state: string]: [text: Text, kind: string] }} */
const STATES = {
  waiting: [['waiting', '等待重试'], 'warn'],
  sending: [['sending', '发送中'], 'info'],
  received: [['received', '已接收'], 'good'],
  'given-up': [['given up', '已放弃'], 'bad'],
  held: [['held back', '未发送'], 'bad'],
};

/** How many callbacks one call answers, and the most calls at once. */
const [PAGE, CALLS] = [100, 20];

/** @type {ReturnType<typeof page> | null} */
let last = null;

/** @type {import('./app.js').View} */
export function callbacks(root, [number = '']) {
  const isNew = last?.id !== language;
  const shown = last?.id === language ? last : (last = page(language));
  root.append(shown.element);
  const chosen = number ? delivery(number) : null;
  shown.choose(number, chosen?.element ?? null);
  if (!isNew) chosen?.focus();
  const refresh = paced(() => (shown.load(), chosen?.load()));
  refresh();
  const clock = setInterval(() => chosen?.tick(), 1000);
  const startOver = () => (shown.forget(), refresh());
  const ends = [on('attempts', refresh), on('cleared', startOver), on('restarted', startOver), refresh.end, () => clearInterval(clock)];
  return () => ends.forEach((end) => end());
}

/** @param {string} state */
function badge(state) {
  const [text, kind] = STATES[state] ?? [[state, state], ''];
  return h('span', { class: `badge ${kind}` }, say(text));
}

/** @param {string} id */
function page(id) {
  const failure = h('p', { class: 'bad', role: 'alert' });
  const rows = h('tbody');
  const older = button(say(texts.older), () => attempt(back), { hidden: true });
  const heads = [texts.number, texts.event, texts.state, texts.attempts, texts.merchant, texts.url];
  const head = h('thead', null, h('tr', null, heads.map((text) => h('th', { scope: 'col' }, say(text)))));
  const list = h('section', { class: 'card stack' }, h('div', { class: 'scrolls' }, h('table', { 'aria-label': say(texts.title) }, head, rows)), older);
  const one = h('div');
  const panes = h('div', { class: 'panes' }, h('div', { class: 'stack' }, list, sender(() => load())), one);
  const element = h('div', { class: 'stack state' }, h('h1', null, say(texts.title)), failure, panes);
  /** @type {Map<number, Callback>} */
  const known = new Map();
  let chosen = '';
  let drawn = '';
  /** The lowest number that the mock has and that is shown. */
  let [floor, lowest] = [0, 0];

  /** @param {number} after @returns {Promise<{ callbacks: Callback[], has_more: boolean, last: number }>} */
  const read = (after) => call('GET', `callbacks?after=${after}`);

  async function load() {
    try {
      const first = known.size ? null : await read(0);
      floor = first?.callbacks[0]?.number ?? floor;
      let after = lowest - 1;
      if (first && !first.has_more) after = 0;
      else if (first) {
        // The newest are near the last attempt.
        const { attempts } = await call('GET', 'callback-attempts');
        after = Math.max(0, ...attempts.map((/** @type {{ callback: number }} */ one) => one.callback)) - PAGE;
      }
      after = Math.max(0, after);
      for (let calls = 0; calls < CALLS; calls++) {
        const answer = calls === 0 && after === 0 && first ? first : await read(after);
        for (const callback of answer.callbacks) known.set(callback.number, callback);
        if (!answer.has_more) break;
        after = answer.last;
      }
      failure.textContent = '';
      draw();
    } catch (error) {
      failure.textContent = String(/** @type {Error} */ (error).message);
    }
  }

  /** Reads the ones before those that are shown. */
  async function back() {
    const before = known.size;
    for (let calls = 0, end = lowest; calls < CALLS && end > floor && known.size === before; calls++, end -= PAGE) {
      const { callbacks } = await read(Math.max(0, end - PAGE - 1));
      for (const callback of callbacks) if (callback.number < lowest) known.set(callback.number, callback);
    }
    draw();
  }

  function draw() {
    const all = [...known.values()].sort((a, b) => b.number - a.number);
    lowest = all.at(-1)?.number ?? 0;
    older.hidden = lowest <= floor;
    const now = JSON.stringify(all.map(({ number, state, attempts }) => [number, state, attempts.length]));
    if (now === drawn && all.length) return;
    drawn = now;
    redraw(rows, ...all.map(row));
    if (!all.length) redraw(rows, h('tr', null, h('td', { colspan: heads.length, class: 'empty' }, say(texts.none))));
    mark();
  }

  /** @param {Callback} callback */
  function row({ number, event_type, state, attempts, merchant, notify_url }) {
    const cells = [badge(state), count(attempts.length), merchant].map((content) => h('td', null, content));
    const to = h('td', null, link(`#/callbacks/${number}`, `${number}`));
    return h('tr', { 'data-key': number }, to, h('td', { class: 'hostile' }, ...visible(event_type)), cells, h('td', { class: 'hostile' }, ...visible(notify_url)));
  }

  function mark() {
    for (const row of rows.rows) {
      const isChosen = row.dataset.key === chosen && chosen !== '';
      row.classList.toggle('chosen', isChosen);
      row.querySelector('a')?.toggleAttribute('aria-current', isChosen);
    }
  }

  /** @param {string} number @param {HTMLElement | null} delivery */
  function choose(number, delivery) {
    chosen = number;
    show(one, delivery);
    panes.classList.toggle('chosen', delivery !== null);
    mark();
  }
  return { id, element, load, choose, forget: () => (known.clear(), (floor = lowest = 0)) };
}

/** One callback with its attempts. @param {string} number */
function delivery(number) {
  const title = h('h2', { tabindex: '-1', class: 'hostile' }, number);
  const failure = h('p', { class: 'bad', role: 'alert' });
  const [facts, body] = [h('div', { class: 'stack' }), h('div', { class: 'stack' })];
  const timer = h('span', { role: 'timer' });
  const move = button(say(texts.move), () => attempt(advance), { hidden: true });
  const next = h('p', { class: 'row warn' }, timer, move);
  const fault = h('select', { id: 'spoil' }, h('option', { value: '' }, say(texts.well)), SPOILED.map(([name, ...what]) => h('option', { value: name }, `${name}: ${say(/** @type {any} */ (what))}`)));
  const again = button(say(texts.resend), () => attempt(resend), { class: 'main' });
  const actions = h('p', { class: 'row' }, again, h('label', { for: 'spoil' }, say(texts.spoil)), fault);
  const back = h('p', { class: 'back' }, link('#/callbacks', `← ${say(texts.back)}`));
  const element = h('section', { class: 'card stack' }, back, title, failure, facts, next, actions, body);
  /** @type {Callback | null} */
  let current = null;
  /** The mock's clock, and when it was read. @type {{ clock: Clock, read: number } | null} */
  let time = null;
  let text = '';

  async function load() {
    try {
      const [callback, clock] = await Promise.all([call('GET', `callbacks/${encodeURIComponent(number)}`), call('GET', 'clock')]);
      time = { clock, read: performance.now() };
      failure.textContent = '';
      draw(callback);
    } catch (error) {
      failure.textContent = String(/** @type {Error} */ (error).message);
    }
    actions.hidden = !current;
    tick();
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
      facts,
      h('p', { class: 'row' }, badge(state)),
      list([[texts.url, notify_url], [texts.merchant, merchant], [texts.created, when(created_at, 'full')], [texts.id, id]]),
      state === 'held' && h('p', { class: 'warn hostile' }, ...visible(held(notify_url))),
    );
    const all = attempts.map((attempt, at) => tried(attempt, at + 1)).reverse();
    redraw(
      body,
      h('h3', null, `${say(texts.attempts)} (${count(attempts.length)})`),
      ...(all.length ? all : [h('p', { class: 'muted' }, say(texts.noAttempt))]),
      h('h3', null, say(texts.resource)),
      formatted(resource),
    );
  }

  /** Shows the time until the next attempt. */
  function tick() {
    const due = current?.due_at ?? null;
    next.hidden = due === null || !time;
    if (due === null || !time) return;
    const passed = time.clock.frozen ? 0 : (performance.now() - time.read) / 1000;
    const left = Math.ceil(due - time.clock.now - passed);
    const values = { time: span(left), at: when(due, due - time.clock.now < 86_400 ? 'time' : 'full') };
    timer.textContent = left <= 0 ? say(texts.due) : say(time.clock.frozen ? texts.frozen : texts.in, values);
    move.hidden = left <= 0;
    // The clock can be moved by others.
    if (performance.now() - time.read > 5000) {
      time.read = performance.now();
      void load();
    }
  }

  async function advance() {
    const { now } = await call('GET', 'clock');
    await call('POST', 'clock', { action: 'advance', seconds: Math.max(0, (current?.due_at ?? now) - now) });
    await load();
  }

  async function resend() {
    again.disabled = true;
    try {
      const callback = await call('POST', `callbacks/${encodeURIComponent(number)}/resend`, fault.value ? { fault: fault.value } : undefined);
      draw(callback);
      const isReceived = callback.attempts.at(-1)?.received;
      notify(say(isReceived ? texts.received : texts.refused), isReceived ? 'good' : 'bad');
    } finally {
      again.disabled = false;
      again.focus();
    }
  }
  return { element, load, tick, focus: () => title.focus() };
}

/** @param {number} seconds */
function span(seconds) {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return [hours && `${hours} h`, minutes && `${minutes} min`, `${Math.floor(seconds % 60)} s`].filter(Boolean).join(' ');
}

/** @param {string} url */
function held(url) {
  const { origin, host } = URL.canParse(url) ? new URL(url) : { origin: 'https://…', host: '…' };
  return say(texts.held, { origin, host });
}

/** @param {[Text, string | number | undefined][]} facts */
function list(facts) {
  const shown = facts.filter(([, value]) => value !== undefined);
  return h('dl', null, shown.flatMap(([text, value]) => [h('dt', null, say(text)), h('dd', { class: 'hostile' }, ...visible(String(value)))]));
}

/** @param {Attempt} attempt @param {number} nth */
function tried({ at, serial, received, status, reason, fault, milliseconds, request, response_body }, nth) {
  const outcome = status ?? '—';
  const head = h('summary', null, `${say(texts.nth, { n: nth })} · ${when(at, 'full')} · `, h('span', { class: `badge ${received ? 'good' : 'bad'}` }, `${outcome} ${say(received ? STATES.received?.[0] ?? [ '', ''] : texts.refused)}`), fault && h('span', { class: 'badge warn' }, fault));
  const facts = list([[texts.status, status ?? undefined], [texts.reason, reason], [texts.fault, fault], [texts.key, serial], [texts.took, `${count(milliseconds)} ms`]]);
  /** @param {Text} title @param {string} text */
  const piece = (title, text) => [h('h4', null, say(title)), text ? block(text) : h('p', { class: 'muted' }, say(texts.empty))];
  const headers = request?.headers.map((header) => header.join(': ')).join('\n') ?? '';
  const sent = request ? [...piece(texts.message, request.message), ...piece(texts.headers, headers), ...piece(texts.body, request.body)] : [];
  const answer = status === null ? [] : piece(texts.answer, response_body ?? '');
  return h('details', { open: request !== undefined }, head, h('div', { class: 'stack' }, facts, answer, sent, !request && h('p', { class: 'muted' }, say(texts.unkept))));
}

/** Sends a callback that nothing has caused. @param {() => unknown} sent */
function sender(sent) {
  const event = h('input', { id: 'event', list: 'events', required: true, value: 'TRANSACTION.SUCCESS' });
  const events = h('datalist', { id: 'events' });
  const [to, fields] = [h('input', { id: 'to', type: 'url', placeholder: 'http://127.0.0.1:3000/notify' }), h('textarea', { id: 'fields', rows: 3, spellcheck: 'false' })];
  const failure = h('p', { class: 'bad hostile', role: 'alert' });
  const send = async (/** @type {Event} */ submit) => {
    submit.preventDefault();
    try {
      const resource = fields.value.trim() ? JSON.parse(fields.value) : undefined;
      const callback = await call('POST', 'callbacks', { event_type: event.value, to: to.value || undefined, resource });
      failure.textContent = '';
      location.hash = `#/callbacks/${callback.number}`;
      sent();
    } catch (error) {
      failure.textContent = String(/** @type {Error} */ (error).message);
    }
  };
  /** The events are in the contract, which is large: it is read when somebody wants to send one. */
  const fill = async () => {
    if (events.childElementCount) return;
    const { webhooks } = await call('GET', 'contract.json');
    show(events, Object.keys(webhooks).map((name) => h('option', { value: name }, String(webhooks[name]?.post?.summary ?? ''))));
  };
  /** @param {HTMLElement} field @param {Text} text */
  const labelled = (field, text) => h('div', null, h('label', { for: field.id }, say(text)), h('br'), field);
  return h(
    'details',
    { class: 'card', ontoggle: () => attempt(fill) },
    h('summary', null, say(texts.new)),
    h('form', { class: 'stack', onsubmit: send }, labelled(event, texts.what), events, labelled(to, texts.to), labelled(fields, texts.fields), failure, h('p', null, h('button', { class: 'main' }, say(texts.send)))),
  );
}
