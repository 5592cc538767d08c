// The phone: what waits for its user, who pays or does what else a user may do.

import { attempt, call } from './api.js';
import { button, h, link, show, visible } from './dom.js';
import { on } from './events.js';
import { money, say, when } from './i18n.js';
import { lasting, lookAtClock, mockNow, ticking } from './mocktime.js';
import { redraw } from './panes.js';
import { card, keepFresh, muted, news, words } from './pieces.js';
import { qr } from './qr.js';
import { told } from './told.js';

const texts = /** @type {const} */ ({
  title: ['Phone', '手机'],
  waiting: ['Waiting for you', '等待你处理'],
  none: ['Nothing is waiting. An order appears here as soon as it is placed.', '暂无待处理项，下单后会立即显示在这里。'],
  back: ['Back', '返回'],
  gone: ['It no longer waits for the user.', '该单据已无需用户处理。'],
  order: ['Order', '订单'],
  transfer: ['Transfer', '商家转账'],
  authorization: ['Authorization', '免确认授权'],
  service: ['Service order', '支付分订单'],
  permission: ['Permission', '支付分授权'],
  pay: ['Pay', '支付'],
  cancel: ['Leave', '取消支付'],
  fail: ['Not enough money', '余额不足'],
  confirm: ['Confirm', '确认'],
  decline: ['Decline', '拒绝'],
  leave: ['Leave', '离开'],
  type: ['Type', '类型'],
  state: ['State', '状态'],
  done: ['Done', '完成'],
  paid: ['Paid', '支付成功'],
  unpaid: ['Not paid', '未支付'],
  confirmed: ['Confirmed', '已确认'],
  declined: ['Declined', '已拒绝'],
  left: ['Left as it is', '未处理'],
  callback: ['Callback', '回调'],
  waits: ['none yet', '暂无'],
  sent: ['{n}, {type}: {status}', '{n}，{type}：{status}'],
  silence: ['no response', '无应答'],
  codes: ['To scan', '扫码'],
  codeUrl: ['code_url, which your page shows', 'code_url，由你的页面展示'],
  codeHint: ['WeChat itself does not know this order: scan with a program of your own, or pay here.', '真实微信无法识别该订单：请用你自己的程序扫码，或在此处支付。'],
  h5Url: ['h5_url, the page on which a browser pays', 'h5_url，浏览器支付页'],
  loopback: [
    'This is a loopback address, which other devices can’t reach. To pay with another device, start the mock as follows, and open this page by this machine’s address:',
    '这是回环地址，其他设备无法访问。如需用其他设备支付，请按如下方式启动模拟网关，并用本机的网络地址打开此页面：',
  ],
});

/** What a user can do, the usual thing first: its label, and its result. @typedef {{ [action: string]: readonly [Words, Words] }} Actions */

const [pay, leave] = /** @type {const} */ ([[texts.pay, texts.paid], [texts.leave, texts.left]]);
const confirm = /** @type {const} */ ([texts.confirm, texts.confirmed]);
const decline = /** @type {const} */ ([texts.decline, texts.declined]);

/**
 * By kind: what the document's kind is, the call that does what the user does, the field that names it there, and the actions.
 * @type {{ [kind: string]: [Words, document: string, path: string, field: keyof Waiting & string, Actions] }}
 */
const kinds = {
  order: [texts.order, 'order', 'payments', 'out_trade_no', { pay, cancel: [texts.cancel, texts.unpaid], fail: [texts.fail, texts.unpaid] }],
  transfer: [texts.transfer, 'transfer', 'transfers', 'out_bill_no', { confirm, decline }],
  authorization: [texts.authorization, 'transfer_authorization', 'transfers', 'out_authorization_no', { confirm, decline }],
  'service-order': [texts.service, 'service_order', 'service-orders', 'out_order_no', { confirm, fail: leave }],
  permission: [texts.permission, 'service_permission', 'service-orders', 'authorization_code', { confirm, fail: leave }],
};

/** @param {Waiting} one */
function about(one) {
  const [text, document, path, field, actions] = kinds[one.kind] ?? /** @type {NonNullable<typeof kinds['']>} */ (kinds.order);
  const isCompleted = one.kind === 'service-order' && one.state !== 'CREATED';
  return { text, document: one.is_combined ? 'combined_order' : document, path, field, number: String(one[field]), actions: isCompleted ? { pay, fail: leave } : actions };
}

/** How many callbacks are looked at for one that belongs to what was done. (own choice) */
const LOOKS = 20;

/** @param {...string} parts */
const address = (...parts) => `#/${parts.map(encodeURIComponent).join('/')}`;
/** @param {Waiting} one */
const phoneOf = (one) => address('phone', one.merchant, about(one).number, ...(one.kind === 'order' ? [] : [one.kind]));
/** @param {Waiting} one @param {string} [payee] the sub-merchant of a service provider */
function documentOf(one, payee) {
  const { document, number } = about(one);
  return address('state', one.merchant, document, payee && payee !== one.merchant ? `${payee}/${number}` : number);
}
/** @param {Waiting} one @param {number} now */
const remaining = ({ expires_at: at }, now) => (!at ? '' : now < at ? lasting(at - now) : say(words.expired));
/** @param {Waiting} one */
const amountOf = ({ amount }) => amount && money(amount.total, amount.currency);
/** @param {string} url */
const isLoopback = (url) => URL.canParse(url) && /^(.*\.?localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname);

/** @type {import('./app.js').View} */
export function phone(root, [merchant, number, kind = 'order']) {
  const time = h('span', { class: 'mono' });
  const screen = h('div', { class: 'screen stack' }, '…');
  const codes = h('div');
  const front = told();
  const isNew = news();
  let isDone = false;
  let endDelivery = () => {};
  /** @type {(now: number) => void} */
  let countDown = () => {};

  const fresh = keepFresh(['changes'], async () => {
    const [{ payments }] = await Promise.all([/** @type {Promise<{ payments: Waiting[] }>} */ (call('GET', 'payments')), lookAtClock()]);
    if (isDone) return;
    const one = payments.find((one) => one.merchant === merchant && one.kind === kind && about(one).number === number) ?? null;
    if (!isNew(number === undefined ? payments : one)) return;
    if (number === undefined) list(payments);
    else if (one) sheet(one);
    else gone();
  });
  const stopTicking = ticking((now) => {
    show(time, when(now).slice(0, 5));
    countDown(now);
  });

  /** Another screen. @param {HTMLElement} heading @param {Parts} rest @param {(now: number) => void} [tick] */
  function turn(heading, rest, tick = () => {}) {
    heading.tabIndex = -1;
    show(codes);
    redraw(screen, number !== undefined && !isDone && h('p', null, link('#/phone', `‹ ${say(texts.back)}`)), heading, ...rest.flat());
    if (document.activeElement === document.body) heading.focus({ preventScroll: true });
    countDown = tick;
    tick(mockNow());
  }

  /** @param {Waiting[]} all */
  function list(all) {
    const clocks = all.map(() => h('span', { class: 'mono' }));
    const entries = all.map((one, index) => {
      const { text, number } = about(one);
      const small = h('small', { class: 'muted' }, one.trade_type ?? say(text), ' ', clocks[index]);
      const name = h('span', { class: 'grow hostile' }, visible((one.description || number).slice(0, 200)), h('br'), small);
      return h('li', null, h('a', { href: phoneOf(one), class: 'entry' }, name, h('strong', null, amountOf(one))));
    });
    const body = all.length > 0 ? h('ul', { class: 'plain stack' }, entries) : muted(texts.none);
    turn(h('h2', null, say(texts.waiting)), [body], (now) => all.forEach((one, index) => clocks[index]?.replaceChildren(remaining(one, now))));
  }

  function gone() {
    const named = h('span', { class: 'mono hostile' }, visible(number ?? ''));
    const [, document = 'order'] = (Object.hasOwn(kinds, kind) && kinds[kind]) || [];
    turn(h('h2', null, say(texts.gone)), [h('p', null, link(address('state', merchant ?? '', document, number ?? ''), named))]);
  }

  /** @param {Words} label @param {string | undefined} value @param {string} [to] */
  function fact(label, value, to) {
    if (!value) return [];
    return [h('dt', null, say(label)), h('dd', { class: 'mono' }, to ? link(to, ...visible(value)) : visible(value))];
  }

  /** @param {Waiting} one */
  function sheet(one) {
    const { text, path, field, number, actions } = about(one);
    const clock = h('dd', { class: 'mono' });
    const refusal = h('p', { class: 'bad', role: 'alert' });
    /** @type {HTMLButtonElement[]} */
    const buttons = Object.entries(actions).map(([action, [label, result]], index) =>
      button(
        say(label),
        async () => {
          buttons.forEach((button) => (button.disabled = true));
          const callbacks = deliveries(one);
          try {
            finish(one, result, index === 0, await call('POST', path, { merchant: one.merchant, [field]: number, action }), callbacks);
          } catch (error) {
            endDelivery();
            show(refusal, visible(error instanceof Error ? error.message : String(error)));
            buttons.forEach((button) => (button.disabled = false));
          }
        },
        { class: index === 0 && 'main' },
      ),
    );
    const facts = [
      ...fact(words.merchant, one.merchant),
      ...fact(text, number, documentOf(one)),
      ...fact(texts.type, one.trade_type),
      ...fact(texts.state, one.state),
      ...(one.expires_at ? [h('dt', null, say(words.left)), clock] : []),
    ];
    const heading = h('h2', { class: 'hostile' }, visible((one.description || say(text)).slice(0, 500)));
    turn(heading, [h('p', { class: 'amount' }, amountOf(one)), h('dl', null, facts), buttons, refusal], (now) => show(clock, remaining(one, now)));
    if (one.code_url || one.h5_url) scan(one);
  }

  /** @param {Waiting} one @param {Words} result @param {boolean} isGood @param {any} answer @param {HTMLElement} callbacks */
  function finish(one, result, isGood, answer, callbacks) {
    isDone = true;
    const state = answer.trade_state ?? answer.sub_orders?.[0]?.trade_state ?? answer.state ?? answer.authorization_state;
    const facts = [
      ...fact(about(one).text, about(one).number, documentOf(one, answer.sub_mchid)),
      ...fact(texts.state, state),
      ...fact(['transaction_id', 'transaction_id'], answer.transaction_id),
      h('dt', null, say(texts.callback)),
      callbacks,
    ];
    const seal = h('span', { class: `seal ${isGood ? 'good' : 'warn'}`, 'aria-hidden': 'true' }, isGood ? '✓' : '–');
    const done = h('a', { href: '#/phone', class: 'button' }, say(texts.done));
    turn(h('h2', null, seal, say(result)), [h('p', { class: 'amount' }, amountOf(one)), h('dl', null, facts), done]);
  }

  /** The callbacks about it, from now on. @param {Waiting} one */
  function deliveries(one) {
    const lines = new Map();
    const element = h('dd', { 'aria-live': 'polite' }, say(texts.waits));
    // A busy merchant has many others.
    let looks = LOOKS;
    endDelivery = on('attempts', ({ attempts }) => {
      for (const { callback, merchant, event_type: type, status } of /** @type {import('./types').AttemptLine[]} */ (attempts)) {
        if (merchant !== one.merchant || (!lines.has(callback) && looks-- <= 0)) continue;
        void attempt(async () => {
          const { resource } = await call('GET', `callbacks/${callback}`);
          if (!JSON.stringify(resource ?? '').includes(JSON.stringify(about(one).number))) return;
          const line = say(texts.sent, { n: callback, type, status: status ?? say(texts.silence) });
          lines.set(callback, h('div', null, link(`#/callbacks/${callback}`, ...visible(line))));
          show(element, ...lines.values());
        });
      }
    });
    return element;
  }

  /** @param {Waiting} one */
  function scan({ code_url, h5_url }) {
    const listen = h('pre', null, 'wechatpay-mock --listen 0.0.0.0:8080 --admin-token TOKEN');
    const parts = [code_url && [qr(say(texts.codeUrl), code_url), muted(texts.codeHint)], h5_url && qr(say(texts.h5Url), h5_url)];
    show(codes, card(texts.codes, [...parts, h5_url && isLoopback(h5_url) && [h('p', { class: 'warn' }, say(texts.loopback)), listen]]));
  }

  const bar = h('div', { class: 'row', 'aria-hidden': 'true' }, time, h('span', { class: 'notch' }), '▮▮▮');
  const desk = h('div', { class: 'desk' }, h('div', { class: 'phone' }, bar, screen), h('div', { class: 'stack' }, codes, front.element));
  show(root, h('div', { class: 'stack' }, h('h1', null, say(texts.title)), desk));
  return () => {
    fresh.stop();
    front.stop?.();
    stopTicking();
    endDelivery();
  };
}
