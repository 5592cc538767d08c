// Drawings of a document's history: its states as a diagram, and a member's points as a line. Each has its table beside it.

import { diagramOf, stateOf } from './diagrams.js';
import { h, link, s, visible } from './dom.js';
import { count, say, when } from './i18n.js';
import { some } from './values.js';

/** @typedef {import('./types.js').Change} Change */
/** @typedef {import('./diagrams.js').Move} Move */
/** A move that a change made. @typedef {Move & { change: Change }} Happened */

const texts = /** @type {const} */ ({
  diagram: ['States: now {now}. The table after this drawing says the same in words.', '状态图：当前为 {now}。其后的表格是同样内容的文字版。'],
  from: ['From', '从'],
  to: ['To', '到'],
  by: ['By', '原因'],
  at: ['When', '时间'],
  begin: ['(begin)', '（创建）'],
  next: ['can happen next', '接下来可能'],
  other: ['in another way', '其他方式'],
  now: ['now', '当前'],
  exchange: ['request {n}', '请求 {n}'],
  line: ['Points from {first} to {last}, at least {least}, at most {most}.', '积分从 {first} 变为 {last}，最少 {least}，最多 {most}。'],
  points: ['Points', '积分'],
  change: ['Change', '变化'],
  over: ['Points over time', '积分变化曲线'],
  moves: ['Changes of state', '状态变化'],
});

const [COLUMN, ROW, WIDTH, HEIGHT, TOP] = [172, 98, 146, 40, 46];

/**
 * The moves that the changes made. Where several happened at once, those in between, too.
 * @param {Move[]} moves
 * @param {(value: unknown) => string | undefined} state
 * @param {Change[]} changes
 */
function story(moves, state, changes) {
  /** @type {Happened[]} */
  const happened = [];
  const first = /** @type {any} */ (changes[0]?.value);
  const begun = first?.created ?? first?.prepay?.created;
  // Of a document whose first changes are no longer kept, it is not known how it began.
  let now = begun === undefined || Math.abs(begun - (changes[0]?.at ?? 0)) < 2 ? '' : state(first) ?? '';
  for (const change of changes) {
    const then = change.value === null ? '' : state(change.value) ?? now;
    if (then && then !== now) {
      const way = change.by === 'edit' ? null : path(moves, now, then);
      for (const move of way ?? [{ from: now, to: then, by: texts.other }]) happened.push({ ...move, change });
    }
    now = then;
  }
  return happened;
}

/** @param {Move[]} moves @param {string} from @param {string} to @returns {Move[] | null} the shortest way */
function path(moves, from, to) {
  const ways = [{ at: from, way: /** @type {Move[]} */ ([]) }];
  const seen = new Set([from]);
  for (const { at, way } of ways) {
    for (const move of moves.filter((move) => move.from === at && !seen.has(move.to))) {
      if (move.to === to) return [...way, move];
      seen.add(move.to);
      ways.push({ at: move.to, way: [...way, move] });
    }
  }
  return null;
}

/** @param {Change} change */
export function moment(change) {
  const at = h('time', { datetime: new Date(change.at * 1000).toISOString() }, when(change.at, 'full'));
  return change.exchange === null ? [at] : [at, ' · ', link(`#/traffic/${change.exchange}`, say(texts.exchange, { n: change.exchange }))];
}

/**
 * The states of a document as a diagram with its table; `null` if it has none.
 * @param {string} kind
 * @param {unknown} value
 * @param {Change[]} changes
 */
export function states(kind, value, changes) {
  const last = value ?? changes.findLast((change) => change.value !== null)?.value;
  const now = stateOf(kind, last);
  if (now === undefined) return null;
  const { boxes, moves, state } = diagramOf(kind, last);
  const happened = story(moves, state, changes);
  const next = value === null ? [] : moves.filter((move) => move.from === now);
  // States that the diagram does not know are still drawn.
  for (const name of [...happened.map(({ to }) => to), now]) {
    if (!boxes.some(([known]) => known === name)) boxes.push([name, 0, Math.max(-1, ...boxes.map(([, , row]) => row)) + 1]);
  }
  const drawn = [...moves, ...happened.filter(({ by }) => by === texts.other)];
  const [columns, rows] = [1, 2].map((at) => 1 + Math.max(...boxes.map((box) => Number(box[at])))).concat(0);
  const [width, height] = [Number(columns) * COLUMN, Number(rows) * ROW + TOP - ROW + HEIGHT + 6];
  const svg = s(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, class: 'diagram', role: 'img', 'aria-label': say(texts.diagram, { now }) },
    s('defs', null, ['', 'done', 'next'].map(head)),
    drawn.map((move) => arrow(move, { boxes, drawn, happened, next })),
    boxes.map(([name, column, row]) => {
      const [x, y] = [column * COLUMN + COLUMN / 2, row * ROW + TOP];
      const lines = name.split('/', 2);
      const been = happened.some(({ to }) => to === name);
      const kinds = `box ${name === now ? 'now' : been ? 'been' : next.some(({ to }) => to === name) ? 'next' : ''}`;
      return s(
        'g',
        { class: kinds },
        s('rect', { x: x - WIDTH / 2, y, width: WIDTH, height: HEIGHT, rx: 8 }),
        lines.map((line, at) => s('text', { x, y: y + HEIGHT / 2 + 4 + (at - (lines.length - 1) / 2) * 14 }, cut(line))),
      );
    }),
    happened.some(({ from }) => !from) || moves.some(({ from }) => !from) ? s('circle', { cx: start(boxes, moves), cy: 6, r: 5 }) : null,
  );
  return h('div', { class: 'stack' }, h('div', { class: 'scrolls' }, svg), table(happened, next, now));
}

/** @param {string} name */
function cut(name) {
  return name.length > 20 ? `${name.slice(0, 19)}…` : name;
}

/** @param {string} kind */
function head(kind) {
  const tip = s('path', { d: 'M0 0 8 4 0 8z', class: kind });
  return s('marker', { id: `head${kind}`, viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: 'auto-start-reverse', markerUnits: 'userSpaceOnUse' }, tip);
}

/** Where the documents begin. @param {[string, number, number][]} boxes @param {Move[]} moves */
function start(boxes, moves) {
  const first = moves.find(({ from }) => !from)?.to;
  return (boxes.find(([name]) => name === first)?.[1] ?? 0) * COLUMN + COLUMN / 2;
}

/**
 * @param {Move} move
 * @param {{ boxes: [string, number, number][], drawn: Move[], happened: Happened[], next: Move[] }} all
 */
function arrow({ from, to, by }, { boxes, drawn, happened, next }) {
  /** @param {string} name */
  const place = (name) => {
    const [, column, row] = boxes.find(([known]) => known === name) ?? ['', 0, -1];
    return row < 0 ? { x: start(boxes, drawn), y: 8 - HEIGHT, row } : { x: column * COLUMN + COLUMN / 2, y: row * ROW + TOP, row };
  };
  const [a, b] = [place(from), place(to)];
  const isBoth = drawn.some((other) => other.from === to && other.to === from);
  const aside = isBoth ? (b.row > a.row ? -28 : 28) : 0;
  let d;
  let at = [(a.x + b.x) / 2 + aside, (a.y + b.y + HEIGHT) / 2];
  if (a.row === b.row) {
    const way = Math.sign(b.x - a.x) || 1;
    d = `M${a.x + (way * WIDTH) / 2} ${a.y + HEIGHT / 2}H${b.x - (way * WIDTH) / 2 - way}`;
    at = [(a.x + b.x) / 2, a.y + HEIGHT / 2 - 12];
  } else {
    const [y, z] = b.row > a.row ? [a.y + HEIGHT, b.y - 1] : [a.y, b.y + HEIGHT + 1];
    // Several arrows into or out of a box don't begin and end at one point.
    const lean = Math.sign(b.x - a.x) * 24;
    const bend = (y + z) / 2;
    d = `M${a.x + lean + aside} ${y}C${a.x + lean + aside} ${bend} ${b.x - lean + aside} ${bend} ${b.x - lean + aside} ${z}`;
  }
  const done = happened.findLast((one) => one.from === from && one.to === to);
  const kind = done ? 'done' : next.some((one) => one.to === to && one.from === from) ? 'next' : '';
  const label = [say(by), done && when(done.change.at)].filter(Boolean);
  return s(
    'g',
    { class: `move ${kind}` },
    s('path', { d, 'marker-end': `url(#head${kind})` }),
    label.map((line, nth) => s('text', { x: at[0], y: Number(at[1]) + 4 + (nth - (label.length - 1) / 2) * 13 }, line)),
  );
}

/** @param {Happened[]} happened @param {Move[]} next @param {string} now */
function table(happened, next, now) {
  /** @param {string} name */
  const name = (name) => (name ? h('code', { class: 'hostile' }, ...visible(name)) : say(texts.begin));
  /** @param {Move} move @param {(Node | string)[]} at */
  const row = ({ from, to, by }, at) =>
    h('tr', null, h('td', null, name(from)), h('td', null, name(to)), h('td', null, say(by)), h('td', null, at));
  const body = h('tbody');
  some(body, happened, 50, (move) => row(move, moment(move.change)), (more) => h('tr', null, h('td', { colspan: 4 }, more)));
  body.append(...next.map((move) => row(move, [h('span', { class: 'badge info' }, say(texts.next))])));
  if (!happened.length && !next.length) body.append(h('tr', null, h('td', { colspan: 4 }, `${say(texts.now)}: `, name(now))));
  const heads = [texts.from, texts.to, texts.by, texts.at].map((text) => h('th', { scope: 'col' }, say(text)));
  return h('div', { class: 'scrolls' }, h('table', { 'aria-label': say(texts.moves) }, h('thead', null, h('tr', null, heads)), body));
}

/**
 * A member's points over time, as a line and as a table; `null` if they never changed.
 * @param {Change[]} changes
 */
export function points(changes) {
  const all = changes.flatMap((change) => {
    const found = /** @type {any} */ (change.value)?.card?.bonus_value;
    const number = Number(found?.rawJSON ?? found);
    return Number.isFinite(number) ? [{ number, change }] : [];
  });
  const kept = all.filter(({ number }, at) => number !== all[at - 1]?.number);
  const [first, last] = [kept[0], kept.at(-1)];
  if (!first || !last || kept.length < 2) return null;
  const numbers = kept.map(({ number }) => number);
  const [least, most] = [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))];
  const [width, height, left, bottom] = [640, 220, 70, 180];
  // By time, but what is of the same second stands side by side, and a clock that was moved back does not.
  const least_step = Math.max(1, (last.change.at - first.change.at) / (3 * kept.length));
  const xs = [0];
  kept.slice(1).forEach(({ change }, at) => xs.push((xs[at] ?? 0) + Math.max(least_step, change.at - (kept[at]?.change.at ?? 0))));
  /** @param {number} at */
  const x = (at) => left + 6 + ((xs[at] ?? 0) / (xs.at(-1) || 1)) * (width - left - 60);
  /** @param {number} number */
  const y = (number) => bottom - 8 - ((number - least) / (most - least || 1)) * (bottom - 24);
  const d = kept.map(({ number }, at) => `${at ? 'H' : 'M'}${x(at).toFixed(1)}${at ? 'V' : ' '}${y(number).toFixed(1)}`).join('');
  const ticks = [...new Set([0, 1, 2, 3].map((part) => Math.round((part * (kept.length - 1)) / 3)))];
  const isLong = Math.abs(last.change.at - first.change.at) >= 86_400;
  /** @param {number} at */
  const time = (at) => new Date(at * 1000);
  const summary = say(texts.line, { first: count(first.number), last: count(last.number), least: count(least), most: count(most) });
  const svg = s(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, class: 'chart', role: 'img', 'aria-label': summary },
    [least, (least + most) / 2, most].map((number) => [
      s('line', { x1: left, x2: width, y1: y(number), y2: y(number), class: 'grid' }),
      s('text', { x: left - 8, y: y(number) + 4, class: 'y' }, count(Math.round(number))),
    ]).flat(),
    s('path', { d: `M${left} 8V${bottom}H${width}`, class: 'axis' }),
    ticks.map((at) => {
      const label = isLong ? time(kept[at]?.change.at ?? 0).toLocaleDateString() : when(kept[at]?.change.at ?? 0);
      return [
        s('line', { x1: x(at), x2: x(at), y1: bottom, y2: bottom + 5, class: 'axis' }),
        s('text', { x: x(at), y: bottom + 20, class: 'x' }, label),
      ];
    }).flat(),
    s('path', { d, class: 'line' }),
    kept.length > 100 ? null : kept.map(({ number }, at) => s('circle', { cx: x(at), cy: y(number), r: 4 })),
    s('text', { x: 0, y: 14 }, say(texts.points)),
    s('text', { x: width, y: height - 4, class: 'y' }, say(texts.at)),
  );
  const heads = [texts.at, texts.points, texts.change].map((text) => h('th', { scope: 'col' }, say(text)));
  const body = h('tbody');
  const newest = kept.map((one, at) => ({ ...one, before: kept[at - 1] })).reverse();
  some(
    body,
    newest,
    5,
    ({ number, change, before }) => {
      const by = before ? number - before.number : 0;
      const sign = before ? `${by > 0 ? '+' : ''}${count(by)}` : '';
      return h('tr', null, h('td', null, moment(change)), h('td', null, count(number)), h('td', null, sign));
    },
    (more) => h('tr', null, h('td', { colspan: 3 }, more)),
  );
  return h('div', { class: 'stack' }, svg, h('p', { class: 'muted' }, summary), h('div', { class: 'scrolls' }, h('table', { 'aria-label': say(texts.over) }, h('thead', null, h('tr', null, heads)), body)));
}
