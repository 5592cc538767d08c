// What goes in and out, as it happens: a list, filtered, and what is chosen in it.

/** @import { Entry, Field } from './types.d.ts' */

import { attempt, call, confirmed, save, textOf } from './api.js';
import { button, h, show, visible } from './dom.js';
import { exchange } from './exchange.js';
import { ANY, FIELDS, NONE, fromAddress, isTime, matcher, toAddress, valueOf } from './filter.js';
import { count, say, took, when } from './i18n.js';
import { everything, follow, gap, load, startOver } from './log.js';
import { nameOf, operations } from './operations.js';
import { rows } from './rows.js';
import { badge, statusBadge } from './text.js';

const texts = /** @type {const} */ ({
  title: ['Traffic', '请求'],
  list: ['Requests and callbacks, newest first', '请求与回调，最新的在前'],
  number: ['No.', '编号'],
  status: ['Status', '状态码'],
  operation: ['Operation', '接口'],
  path: ['Path', '路径'],
  merchant: ['Merchant', '商户号'],
  key: ['Key', '证书序列号'],
  notes: ['Fault, diagnosis', '故障、诊断'],
  time: ['Time', '时间'],
  took: ['Took', '耗时'],
  way: ['Direction', '方向'],
  fault: ['Fault', '故障'],
  diagnosis: ['Diagnosis', '诊断'],
  from: ['From', '从'],
  until: ['Until', '到'],
  text: ['Search', '搜索'],
  all: ['{field}: all', '{field}：全部'],
  any: ['any', '任意'],
  none: ['no answer', '无应答'],
  in: ['in', '收到'],
  out: ['out: callbacks', '发出：回调'],
  filters: ['Filters', '筛选'],
  unfilter: ['Show all', '清除筛选'],
  some: ['{some} of {all}', '{some} / {all} 条'],
  held: ['{n} new', '{n} 条新记录'],
  skipped: ['{n} not shown: too many at once', '{n} 条未显示：短时间内太多'],
  har: ['Download HAR', '下载 HAR'],
  clear: ['Clear', '清空'],
  sure: ['Delete all exchanges and attempts from the journal?', '确定清空所有请求和回调记录吗？'],
  keep: ['Keep them', '保留'],
  nothing: ['Nothing yet. Make a call: wechatpay-mock call rights patch', '还没有请求。可以发一个试试：wechatpay-mock call rights patch'],
  noMatch: ['Nothing matches the filter.', '没有符合筛选条件的记录。'],
  chosen: ['Chosen exchange', '选中的请求'],
});

const COLUMNS = /** @type {const} */ (['number', 'status', 'operation', 'path', 'merchant', 'key', 'notes', 'time', 'took']);
/** The choices of filters that are no values of the journal. @type {{ [fieldAndValue: string]: import('./i18n.js').Text }} */
const NAMES = { 'way in': texts.in, 'way out': texts.out, 'status none': texts.none, 'fault any': texts.any, 'diagnosis any': texts.any };
/** How often the choices of the filters are made anew, in milliseconds; how many there are at most. (own choice) */
const [PAUSE, MOST_CHOICES] = [1000, 200];
/** The most exchanges in a HAR. */
const MOST_IN_HAR = 1000;

// What lasts while other views are shown.
let filter = fromAddress();
let isWanted = matcher(filter);
/** @type {Entry[]} What the list shows, oldest first. While it is scrolled down, nothing new comes in. */
let shown = [];
/** How many new ones wait for that. */
let held = 0;
/** The place on top of the list. */
let place = 0;
let isOpen = innerWidth >= 1100;
/** @type {Entry | undefined} What the keyboard goes on from, in the list of the next view. */
let from;
/** @type {(() => void) | null} Draws the view, while there is one. */
let draw = null;
let asked = 0;

/** @type {import('./app.js').View} */
export function traffic(root, [chosen = '']) {
  const [, callback] = /^callback-(\d+)$/.exec(chosen) ?? [];
  if (callback) return location.replace(`#/callbacks/${callback}`), () => {};
  follow(hear);
  setFilter(fromAddress());

  const list = rows({
    label: say(texts.list),
    heads: COLUMNS.map((name) => h('span', { role: 'columnheader', class: name }, say(texts[name]))),
    id: ({ way, order }) => `${way}-${order}`,
    row: line,
    isChosen,
    open: (entry) => {
      if (entry.way === 'gap') return;
      from = entry;
      location.hash = addressOf(entry);
    },
    scrolled: (now) => {
      place = now;
      if (place === 0 && held) refill();
    },
  });
  const some = h('span', { class: 'muted' });
  const news = button('', () => list.show(refill(), 0), { class: 'news' });
  const empty = h('p', { class: 'empty' });
  const controls = filters((wanted) => {
    history.replaceState(null, '', toAddress(wanted, chosen));
    setFilter(wanted);
    list.show(shown, 0);
  });
  const pane = h('section', { 'aria-label': say(texts.chosen), class: 'stack' });

  const around = h('div', { class: 'around' }, news, list.list, empty);
  const panes = h('div', { class: chosen && 'panes chosen' }, h('div', { class: 'log' }, controls.element, around), chosen && pane);
  panes.addEventListener('keydown', ({ key }) => chosen && key === 'Escape' && close());

  /** @param {Entry} entry */
  function isChosen({ way, number }) {
    return way === 'in' && String(number) === chosen;
  }

  function close() {
    from = shown.find(isChosen);
    location.hash = toAddress(filter);
  }

  draw = () => {
    list.show(shown);
    const [there, all] = [shown, everything()].map((list) => list.filter(({ way }) => way !== 'gap').length);
    show(some, say(texts.some, { some: count((there ?? 0) + held), all: count(all ?? 0) }));
    show(news, '↑ ', say(texts.held, { n: count(held) }));
    news.hidden = held === 0;
    show(empty, say(all ? texts.noMatch : texts.nothing));
    empty.hidden = shown.length > 0;
    controls.refresh();
  };

  show(
    root,
    h(
      'div',
      { class: 'row' },
      h('h1', null, say(texts.title)),
      some,
      h('span', { class: 'grow' }),
      button(say(texts.har), () => attempt(archive)),
      button(say(texts.clear), () => attempt(clear), { class: 'danger' }),
    ),
    panes,
  );
  draw();
  list.show(shown, place);
  if (from && list.list.offsetParent) list.focus(from);
  from = undefined;
  const end = chosen ? exchange(pane, chosen, close) : () => {};
  if (!everything().length) void attempt(load);
  operations().then(list.renew, () => {});
  return () => {
    draw = null;
    end();
  };
}

/** @param {Entry[] | null} added */
function hear(added) {
  if (!added) {
    place = 0;
    refill();
  } else if (place > 0) held += added.filter((entry) => entry.way !== 'gap' && isWanted(entry)).length;
  else {
    add(added);
    const oldest = everything()[0]?.order ?? 0;
    const kept = shown.findIndex(({ order }) => order >= oldest);
    shown.splice(0, kept < 0 ? Infinity : kept);
  }
  drawSoon();
}

/** @param {Entry[]} added */
function add(added) {
  for (const entry of added) {
    if (!isWanted(entry)) continue;
    const before = shown.at(-1);
    // Around what is not wanted, what is missing is one number.
    if (entry.way === 'gap' && before?.way === 'gap') shown.splice(-1, 1, { ...gap(before.number + entry.number), order: entry.order });
    else shown.push(entry);
  }
}

/** Shows all that there is. */
function refill() {
  shown = [];
  held = 0;
  add(everything());
  drawSoon();
  return shown;
}

/** @param {import('./types.d.ts').Filter} wanted */
function setFilter(wanted) {
  if (toAddress(wanted) !== toAddress(filter)) place = 0;
  filter = wanted;
  isWanted = matcher(filter);
  if (place === 0) refill();
}

function drawSoon() {
  asked ||= requestAnimationFrame(() => {
    asked = 0;
    draw?.();
  });
}

/** @param {Entry} entry */
function addressOf({ way, number, callback }) {
  return way === 'out' ? `#/callbacks/${callback}` : toAddress(filter, number);
}

/** @param {Entry} entry */
function line(entry) {
  const { way, number, callback = number, at, method, target, operation, merchant, key, status, code, warnings, microseconds } = entry;
  const isGap = way === 'gap';
  if (isGap) return h('div', { role: 'row', class: 'line gap' }, h('span', { role: 'gridcell' }, say(texts.skipped, { n: count(number) })));
  const cells = {
    number: h('a', { href: addressOf(entry), tabindex: -1, 'aria-label': `${say(texts[way])} ${callback}` }, way === 'in' ? '→ ' : '← ', callback),
    status: statusBadge(status, code),
    operation: operation ? nameOf(operation) : '—',
    path: visible(`${method} ${target}`.slice(0, 300)),
    merchant,
    key: key && h('span', { title: key }, `…${key.slice(-8)}`),
    notes: [badge('warn', entry.fault ?? ''), badge('bad', entry.diagnosis ?? ''), badge('', warnings ? `⚠ ${warnings}` : '')],
    time: when(at),
    took: microseconds !== undefined && took(microseconds),
  };
  return h('div', { role: 'row', class: 'line' }, COLUMNS.map((name) => h('span', { role: 'gridcell', class: name }, cells[name])));
}

/** The controls of the filter. @param {(filter: import('./types.d.ts').Filter) => void} change */
function filters(change) {
  const fields = FIELDS.map((field) => {
    const label = { 'aria-label': say(texts[field]) };
    const control = isTime(field)
      ? h('input', { type: 'datetime-local', step: 1, ...label })
      : field === 'text' ? h('input', { type: 'search', placeholder: say(texts.text), ...label }) : h('select', label);
    control.addEventListener('input', () => set(field));
    return /** @type {const} */ ([field, control]);
  });
  const heading = h('summary');
  const all = button(say(texts.unfilter), () => (change({}), fill()));
  const controls = fields.map(([field, control]) => (isTime(field) ? h('label', null, say(texts[field]), ' ', control) : control));
  const more = h('details', { open: isOpen }, heading, h('div', { class: 'row' }, controls.slice(0, -1), all));
  more.addEventListener('toggle', () => (isOpen = more.open));
  let filledAt = 0;

  /** @param {Field} changed */
  function set(changed) {
    change(Object.fromEntries(fields.flatMap(([field, { value }]) => (value.trim() ? [[field, value.trim()]] : []))));
    fill(changed);
  }

  /** @param {Field} [except] */
  function fill(except) {
    filledAt = performance.now();
    const used = Object.keys(filter).length;
    show(heading, say(texts.filters), used > 0 && ` (${used})`);
    all.hidden = used === 0;
    for (const [field, control] of fields) {
      // An open list of choices stays as it is.
      if (field === except || control === document.activeElement) continue;
      if (control instanceof HTMLSelectElement) fillChoices(control, field);
      control.value = filter[field] ?? '';
    }
  }

  fill();
  const element = h('div', { role: 'search' }, controls.slice(-1), more);
  return { element, refresh: () => performance.now() - filledAt > PAUSE && fill() };
}

/** @param {HTMLSelectElement} select @param {Field} field */
function fillChoices(select, field) {
  const found = new Set(everything().map((entry) => (entry.way === 'gap' ? '' : valueOf(entry, field))));
  const first = { status: ['2xx', '4xx', '5xx', NONE], fault: [ANY], diagnosis: [ANY] }[String(field)] ?? [];
  const values = [...new Set([...first, ...[...found].sort().slice(0, MOST_CHOICES), filter[field] ?? ''])].filter(Boolean);
  const key = values.join('\n');
  if (select.dataset.key === key) return;
  select.dataset.key = key;
  const all = h('option', { value: '' }, say(texts.all, { field: say(texts[field]) }));
  show(select, all, values.map((value) => h('option', { value }, nameOfValue(field, value))));
}

/** @param {Field} field @param {string} value */
function nameOfValue(field, value) {
  // With the field in front, no value from the journal is the name of something that every object has.
  const text = NAMES[`${field} ${value}`];
  return field === 'operation' ? nameOf(value) : text ? say(text) : value;
}

async function archive() {
  const query = new URLSearchParams();
  for (const field of /** @type {const} */ (['merchant', 'operation', 'status'])) {
    const value = filter[field] ?? '';
    if (/^(?!\dxx|none$)\w+$/.test(value)) query.set(field, value);
  }
  // The newest, and with all exchanges the callbacks, too.
  const before = everything().filter(({ way }) => way === 'in').at(-MOST_IN_HAR - 1);
  query.set('after', String(before?.number ?? 0));
  save('wechatpay-mock.har', await textOf('GET', `exchanges.har?${query}`), 'application/json');
}

async function clear() {
  if (!(await confirmed(say(texts.sure), say(texts.clear), say(texts.keep)))) return;
  await call('DELETE', 'exchanges');
  await startOver();
}
