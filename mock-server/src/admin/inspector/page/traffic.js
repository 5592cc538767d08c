// What goes in and out, as it happens: a list, filtered, and what is chosen in it.

import { attempt, call, confirmed, notify, save, textOf } from './api.js';
import { button, h, link, show, visible } from './dom.js';
import { exchange } from './exchange.js';
import { ANY, FIELDS, NONE, fromAddress, matcher, toAddress, valueOf } from './filter.js';
import { count, say, took, when } from './i18n.js';
import { everything, follow, gap, load, startOver } from './log.js';
import { nameOf, operations } from './operations.js';
import { rows } from './rows.js';

/** @typedef {import('./i18n.js').Text} Text */
/** @typedef {import('./log.js').Entry} Entry */
/** @typedef {import('./filter.js').Field} Field */

const texts = /** @type {const} */ ({
  text: ['Search', '搜索'],
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
  all: ['{field}: all', '{field}：全部'],
  in: ['In: requests', '收到：请求'],
  out: ['Out: callbacks', '发出：回调'],
  inShort: ['in', '收到'],
  outShort: ['out', '发出'],
  any: ['any', '任意'],
  none: ['no answer', '未应答'],
  filters: ['Filters', '筛选'],
  unfilter: ['Show all', '清除筛选'],
  some: ['{shown} of {all}', '{shown} / {all} 条'],
  every: ['{all} entries', '共 {all} 条'],
  held: ['{n} new', '{n} 条新记录'],
  skipped: ['{n} not shown: too many at once', '有 {n} 条未显示：短时间内太多'],
  har: ['Download HAR', '下载 HAR'],
  harOnly: ['The newest {n} are in the file.', '文件里是最新的 {n} 条。'],
  clear: ['Clear', '清空'],
  sure: ['Delete all exchanges and callback attempts from the journal?', '确定清空所有请求和回调记录吗？'],
  no: ['Keep them', '保留'],
  cleared: ['{n} deleted.', '已清空 {n} 条。'],
  nothing: ['Nothing yet. Point your program at this mock, or make a call: wechatpay-mock call rights patch', '还没有请求。请让你的程序访问这个模拟网关，或者发一个请求：wechatpay-mock call rights patch'],
  noMatch: ['Nothing here matches the filter.', '没有符合筛选条件的记录。'],
  reading: ['Reading the journal…', '正在读取记录…'],
  chosen: ['Chosen exchange', '选中的请求'],
});

/** How often the choices of the filters are made anew, in milliseconds. (own choice) */
const CHOICES_EVERY = 1000;
/** The most choices of a filter. (own choice) */
const MOST_CHOICES = 200;
/** The most exchanges in a HAR. */
const MOST_IN_HAR = 1000;

// What lasts while other views are shown.
let filter = fromAddress();
let isWanted = matcher(filter);
/** @type {Entry[]} What the list shows, oldest first. While it is scrolled down, nothing new comes in. */
let shown = [];
/** How many new ones wait for the list to be scrolled up. */
let held = 0;
/** The place on top of the list. */
let place = 0;
let isOpen = innerWidth >= 1100;
let isFollowed = false;
/** @type {{ draw: (isNew: boolean) => void } | null} The view, while there is one. */
let view = null;

/** @type {import('./app.js').View} */
export function traffic(root, [chosen = '']) {
  const callback = /^callback-(\d+)$/.exec(chosen)?.[1];
  if (callback) {
    location.replace(`#/callbacks/${callback}`);
    return () => {};
  }
  if (!isFollowed) {
    isFollowed = true;
    follow(hear);
  }
  const found = fromAddress();
  if (toAddress(found) !== toAddress(filter)) setFilter(found);
  else if (place === 0) refill();

  const list = rows({
    label: say(texts.list),
    columns: [texts.number, texts.status, texts.operation, texts.path, texts.merchant, texts.key, texts.notes, texts.time, texts.took].map(
      (text, index) => h('span', { role: 'columnheader', class: CLASSES[index] }, say(text)),
    ),
    id: ({ way, number, order }) => (way === 'gap' ? `gap-${order}` : `${way}-${number}`),
    row: line,
    isChosen: ({ way, number }) => way === 'in' && String(number) === chosen,
    open: (entry) => {
      const to = addressOf(entry);
      if (!to) return;
      focusOn = entry;
      location.hash = to;
    },
    scrolled: (now) => {
      place = now;
      if (place === 0 && held) refill();
    },
  });
  const some = h('span', { class: 'muted' });
  const news = button('', () => list.show(refill(), 0), { class: 'news', hidden: true });
  const empty = h('p', { class: 'empty', role: 'status' });
  const controls = filters(() => {
    history.replaceState(null, '', toAddress(filter, chosen));
    place = 0;
    list.show(refill(), 0);
  });
  const pane = h('section', { class: 'pane', 'aria-label': say(texts.chosen), onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && close() });
  let isReading = true;

  function close() {
    focusOn = shown.find(({ way, number }) => way === 'in' && String(number) === chosen) ?? null;
    location.hash = toAddress(filter);
  }

  /** @param {boolean} isNew */
  function draw(isNew) {
    if (isNew) list.show(shown);
    const all = everything().length;
    const isFiltered = Object.keys(filter).length > 0;
    show(some, say(isFiltered ? texts.some : texts.every, { shown: count(shown.length + held), all: count(all) }));
    show(news, '↑ ', say(texts.held, { n: count(held) }));
    news.hidden = held === 0;
    const what = isReading ? texts.reading : all === 0 ? texts.nothing : texts.noMatch;
    if (empty.textContent !== say(what)) show(empty, say(what));
    empty.hidden = shown.length > 0;
    controls.refresh();
  }

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
    h('div', { class: chosen ? 'panes chosen' : '' }, h('div', { class: 'stack log' }, controls.element, h('div', { class: 'around' }, news, list.element, empty)), pane),
  );
  list.show(shown, place);
  view = { draw };
  draw(false);
  const end = chosen ? exchange(pane, chosen, close) : () => {};
  if (focusOn) {
    const { way, number } = focusOn;
    // Where the list is hidden, the exchange takes the focus.
    if (list.element.offsetParent) list.focus((entry) => entry.way === way && entry.number === number);
    focusOn = null;
  }
  const over = () => {
    isReading = false;
    if (view) view.draw(true);
  };
  void attempt(load).then(over);
  void operations().then(list.renew, () => {});
  return () => {
    view = null;
    end();
  };
}

/** @type {Entry | null} What the keyboard goes on from, in the list of the next view. */
let focusOn = null;

const CLASSES = ['number', 'status', 'operation', 'path', 'merchant', 'key', 'notes', 'time', 'took'];

/** @param {Entry[] | null} added */
function hear(added) {
  if (!added) {
    place = 0;
    refill();
  } else if (place > 0) {
    for (const entry of added) if (entry.way !== 'gap' && isWanted(entry)) held += 1;
  } else {
    addTo(shown, added);
    const oldest = everything()[0]?.order ?? 0;
    let gone = 0;
    while ((shown[gone]?.order ?? oldest) < oldest) gone += 1;
    shown.splice(0, gone);
  }
  drawSoon();
}

/** @param {Entry[]} list @param {Entry[]} added */
function addTo(list, added) {
  for (const entry of added) {
    if (!isWanted(entry)) continue;
    const before = list.at(-1);
    // What is missing on both sides of what is not wanted is one number.
    if (entry.way === 'gap' && before?.way === 'gap') list[list.length - 1] = { ...gap(before.number + entry.number), order: entry.order };
    else list.push(entry);
  }
}

/** Shows all that there is. */
function refill() {
  shown = [];
  held = 0;
  addTo(shown, everything());
  drawSoon();
  return shown;
}

/** @param {import('./filter.js').Filter} wanted */
function setFilter(wanted) {
  filter = wanted;
  isWanted = matcher(filter);
  place = 0;
  refill();
}

let asked = 0;
function drawSoon() {
  asked ||= requestAnimationFrame(() => {
    asked = 0;
    view?.draw(true);
  });
}

/** @param {Entry} entry */
function addressOf({ way, number, callback }) {
  return way === 'in' ? toAddress(filter, String(number)) : way === 'out' ? `#/callbacks/${callback}` : null;
}

/** @param {Entry} entry */
function line(entry) {
  const { way, number, callback, at, method, target, operation, merchant, key, fault, diagnosis, warnings, microseconds } = entry;
  if (way === 'gap') return h('div', { role: 'row', class: 'line gap' }, h('span', { role: 'gridcell', class: 'muted' }, say(texts.skipped, { n: count(number) })));
  const isIn = way === 'in';
  const to = link(addressOf(entry) ?? '', h('span', { 'aria-hidden': 'true' }, isIn ? '→ ' : '← '), h('span', { class: 'unseen' }, `${say(isIn ? texts.inShort : texts.outShort)} `), `${isIn ? number : callback}`);
  to.tabIndex = -1;
  const notes = [
    fault && h('span', { class: 'badge warn', title: `${say(texts.fault)}: ${fault}` }, fault),
    diagnosis && h('span', { class: 'badge bad', title: `${say(texts.diagnosis)}: ${diagnosis}` }, diagnosis),
    warnings > 0 && h('span', { class: 'badge', title: String(warnings) }, `⚠ ${warnings}`),
  ];
  const cells = [
    to,
    status(entry),
    h('span', { class: 'hostile' }, operation ? nameOf(operation) : '—'),
    h('span', { class: 'hostile mono' }, `${method} `, ...visible(target.slice(0, 300))),
    merchant,
    key && h('span', { class: 'hostile mono', title: key }, `…${key.slice(-8)}`),
    notes,
    when(at),
    microseconds !== null && took(microseconds),
  ];
  return h('div', { role: 'row', class: 'line' }, cells.map((cell, index) => h('span', { role: 'gridcell', class: CLASSES[index] }, cell)));
}

/** @param {{ status: number | null, code: string | null }} answer */
export function status({ status, code }) {
  const kind = status === null ? 'warn' : status < 300 ? 'good' : status < 400 ? 'info' : 'bad';
  return h('span', { class: `badge ${kind}` }, status === null ? say(texts.none) : `${status}${code ? ` ${code}` : ''}`);
}

/**
 * The controls of the filter.
 * @param {() => void} changed
 */
function filters(changed) {
  const search = h('input', { type: 'search', 'aria-label': say(texts.text), placeholder: say(texts.text), oninput: () => set('text', search.value.trim()) });
  search.value = filter.text ?? '';
  /** @type {[Field, HTMLSelectElement][]} */
  const selects = FIELDS.filter((field) => field !== 'text').map((field) => {
    const select = h('select', { 'aria-label': say(texts[field]), onchange: () => set(field, select.value) });
    return [field, select];
  });
  const heading = h('summary');
  const all = button(say(texts.unfilter), () => {
    setFilter({});
    search.value = '';
    fill();
    changed();
  });
  const more = h('details', { ontoggle: () => (isOpen = more.open) }, heading, h('div', { class: 'row filters' }, selects.map(([, select]) => select), all));
  more.open = isOpen;
  let filledAt = 0;

  /** @param {Field} field @param {string} value */
  function set(field, value) {
    const { [field]: _, ...others } = filter;
    setFilter(value ? { ...others, [field]: value } : others);
    fill();
    changed();
  }

  function fill() {
    filledAt = performance.now();
    const set = Object.keys(filter).filter((field) => field !== 'text').length;
    show(heading, say(texts.filters), set > 0 && ` (${set})`);
    all.hidden = set === 0;
    for (const [field, select] of selects) {
      if (select === document.activeElement && select.value === (filter[field] ?? '')) continue;
      const values = choices(field);
      if (select.dataset.values !== values.join('\n')) {
        select.dataset.values = values.join('\n');
        show(select, h('option', { value: '' }, say(texts.all, { field: say(texts[field]) })), values.map((value) => h('option', { value }, nameOfValue(field, value))));
      }
      select.value = filter[field] ?? '';
      select.classList.toggle('set', select.value !== '');
    }
  }
  fill();
  return {
    element: h('div', { class: 'stack', role: 'search' }, search, more),
    refresh() {
      if (performance.now() - filledAt > CHOICES_EVERY) fill();
    },
  };
}

/** @param {Field} field */
function choices(field) {
  const found = new Set();
  for (const entry of everything()) {
    const value = entry.way === 'gap' ? '' : valueOf(entry, field);
    if (value) found.add(value);
    if (found.size > MOST_CHOICES) break;
  }
  const sorted = [...found].sort();
  const fixed = { way: ['in', 'out'], status: ['2xx', '4xx', '5xx', NONE], fault: [ANY], diagnosis: [ANY] };
  const first = fixed[/** @type {keyof typeof fixed} */ (field)] ?? [];
  return [...new Set([...first, ...sorted, ...(filter[field] ? [filter[field]] : [])])];
}

/** @param {Field} field @param {string} value */
function nameOfValue(field, value) {
  if (field === 'way') return say(value === 'out' ? texts.out : texts.in);
  if (field === 'status' && value === NONE) return say(texts.none);
  if ((field === 'fault' || field === 'diagnosis') && value === ANY) return `${say(texts[field])}: ${say(texts.any)}`;
  return field === 'operation' ? nameOf(value) : value;
}

async function archive() {
  const query = new URLSearchParams();
  if (filter.merchant) query.set('merchant', filter.merchant);
  if (filter.operation && filter.way !== 'out') query.set('operation', filter.operation);
  if (filter.status && /^\d+$/.test(filter.status)) query.set('status', filter.status);
  const exchanges = everything().filter((entry) => entry.way === 'in' && (!query.size || isWanted(entry)));
  const oldest = exchanges.at(-MOST_IN_HAR);
  if (oldest && exchanges.length > MOST_IN_HAR) query.set('after', String(oldest.number - 1));
  save('wechatpay-mock.har', await textOf('GET', `exchanges.har?${query}`), 'application/json');
  if (exchanges.length > MOST_IN_HAR) notify(say(texts.harOnly, { n: count(MOST_IN_HAR) }));
}

async function clear() {
  if (!(await confirmed(say(texts.sure), say(texts.clear), say(texts.no)))) return;
  const { deleted } = await call('DELETE', 'exchanges');
  notify(say(texts.cleared, { n: count(deleted) }));
  await startOver();
}
