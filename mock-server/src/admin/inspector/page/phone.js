// The phone: what waits for its user, who pays or does what else a user may do.

import { attempt, call } from './api.js';
import { button, h, link, show, visible } from './dom.js';
import { on } from './events.js';
import { money, say, when } from './i18n.js';
import { lasting, lookAtClock, mockNow, ticking } from './mocktime.js';
import { card, drawer, keepFresh } from './pieces.js';
import { qr } from './qr.js';
import { told } from './told.js';

/** @typedef {import('./types').Waiting} Waiting */
/** @typedef {import('./i18n.js').Text} Text */

const texts = /** @type {const} */ ({
  title: ['Phone', '手机'],
  waiting: ['Waits for you', '等待你处理'],
  none: ['Nothing waits. An order appears here as soon as it is placed.', '暂无待处理项，下单后会立即显示在这里。'],
  back: ['Back', '返回'],
  gone: ['It does not wait for its user any more.', '该单据已无需用户处理。'],
  see: ['See its document', '查看数据'],
  order: ['Order', '订单'],
  transfer: ['Transfer', '商家转账'],
  authorization: ['Authorization', '免确认授权'],
  service: ['Service order', '支付分订单'],
  pay: ['Pay', '支付'],
  cancel: ['Leave', '取消支付'],
  fail: ['Not enough money', '余额不足'],
  confirm: ['Confirm', '确认'],
  decline: ['Decline', '拒绝'],
  leave: ['Leave', '离开'],
  merchant: ['Merchant', '商户号'],
  type: ['Type', '类型'],
  expires: ['Expires in', '剩余时间'],
  expired: ['expired', '已过期'],
  state: ['State', '状态'],
  done: ['Done', '完成'],
  paid: ['Paid', '支付成功'],
  unpaid: ['Not paid', '未支付'],
  confirmed: ['Confirmed', '已确认'],
  declined: ['Declined', '已拒绝'],
  left: ['Left as it is', '未处理'],
  callback: ['Callback', '回调'],
  waits: ['not sent yet', '尚未发送'],
  sent: ['{n}, {type}: {status}', '{n}，{type}：{status}'],
  silence: ['no response', '无应答'],
  codes: ['To scan', '扫码'],
  codeUrl: ['code_url, which your page shows', 'code_url，由你的页面展示'],
  codeHint: ['WeChat itself does not know this order: scan with a program of your own, or pay here.', '真实微信无法识别该订单：请用你自己的程序扫码，或在此处支付。'],
  h5Url: ['h5_url, the page on which a browser pays', 'h5_url，浏览器支付页'],
  loopback: [
    'This is a loopback address, which other devices can’t reach. To pay with another device, start the mock as follows, open this page by this machine’s address, and place the order by it:',
    '这是回环地址，其他设备无法访问。如需用其他设备支付，请按如下方式启动模拟网关，用本机的网络地址打开此页面，并通过该地址下单：',
  ],
});

/** @typedef {{ [action: string]: readonly [label: Text, result: Text] }} Actions by name, the usual one first */
/** @type {Actions} */
const pays = { pay: [texts.pay, texts.paid], cancel: [texts.cancel, texts.unpaid], fail: [texts.fail, texts.unpaid] };
/** @type {Actions} */
const confirms = { confirm: [texts.confirm, texts.confirmed], decline: [texts.decline, texts.declined] };
/** @type {Actions} */
const serves = { confirm: [texts.confirm, texts.confirmed], pay: [texts.pay, texts.paid], fail: [texts.leave, texts.left] };

/**
 * What a user can be asked about: its name, the call that does what the user does, and the field by which it is named there.
 * @type {{ [kind: string]: { text: Text, path: string, field: keyof Waiting & string, actions: Actions } }}
 */
const kinds = {
  transfer: { text: texts.transfer, path: 'transfers', field: 'out_bill_no', actions: confirms },
  transfer_authorization: { text: texts.authorization, path: 'transfers', field: 'out_authorization_no', actions: confirms },
  service_order: { text: texts.service, path: 'service-orders', field: 'out_order_no', actions: serves },
};
const orders = { text: texts.order, path: 'payments', field: /** @type {const} */ ('out_trade_no'), actions: pays };

/** @param {Waiting} one */
const kindOf = ({ kind = 'order' }) => kinds[kind] ?? orders;
/** @param {Waiting} one */
const numberOf = (one) => String(one[kindOf(one).field]);
/** @param {string} view @param {string[]} parts */
const address = (view, ...parts) => `#/${view}/${parts.map(encodeURIComponent).join('/')}`;
/** @param {Waiting} one @param {string} [payee] the sub-merchant of a service provider */
const documentOf = (one, payee) =>
  address('state', one.merchant, one.is_combined ? 'combined_order' : one.kind ?? 'order', payee && payee !== one.merchant ? `${payee}/${numberOf(one)}` : numberOf(one));
/** @param {Waiting} one @param {number} now */
const remaining = ({ expires_at }, now) => (!expires_at ? '' : now < expires_at ? lasting(expires_at - now) : say(texts.expired));
/** @param {Waiting} one */
const amountOf = ({ amount }) => amount && money(amount.total, amount.currency);

/** @type {import('./app.js').View} */
export function phone(root, [merchant, number]) {
  const time = h('span', { class: 'mono' });
  const screen = h('div', { class: 'screen stack' });
  const codes = h('div');
  const front = told((...parts) => address('phone', ...parts));
  const draw = drawer(screen);
  let isDone = false;
  let endDelivery = () => {};
  /** @type {(now: number) => void} */
  let countDown = () => {};

  const fresh = keepFresh(['changes', 'exchanges'], async () => {
    const [{ payments }] = await Promise.all([/** @type {Promise<{ payments: Waiting[] }>} */ (call('GET', 'payments')), lookAtClock()]);
    if (isDone) return;
    const one = payments.find((one) => one.merchant === merchant && numberOf(one) === number);
    if (number === undefined) draw(payments, () => list(payments));
    else draw(one ?? null, () => (one ? sheet(one) : gone(merchant ?? '', number)));
  });
  const stopTicking = ticking((now) => {
    show(time, when(now).slice(0, 5));
    countDown(now);
  });

  /** Another screen. @param {HTMLElement} heading @param {...(import('./dom.js').Child | import('./dom.js').Child[])} rest */
  function screenOf(heading, ...rest) {
    const isLost = document.activeElement === document.body || screen.contains(document.activeElement);
    heading.tabIndex = -1;
    countDown = () => {};
    show(codes);
    show(screen, number !== undefined && !isDone && h('p', null, link('#/phone', `‹ ${say(texts.back)}`)), heading, ...rest);
    if (isLost) heading.focus({ preventScroll: true });
  }

  /** @param {(now: number) => void} tick */
  function counting(tick) {
    countDown = tick;
    tick(mockNow());
  }

  /** @param {Waiting[]} all */
  function list(all) {
    const entries = all.map((one) => {
      const clock = h('span', { class: 'mono' });
      const about = h('small', { class: 'muted' }, visible(one.trade_type ?? one.kind ?? ''), ' ', clock);
      const name = h('span', { class: 'grow hostile' }, visible((one.description || numberOf(one)).slice(0, 200)), h('br'), about);
      const entry = h('a', { href: address('phone', one.merchant, numberOf(one)), class: 'entry' }, name, h('strong', null, amountOf(one)));
      return { one, clock, entry };
    });
    screenOf(h('h2', null, say(texts.waiting)), all.length > 0 ? h('ul', { class: 'plain stack' }, entries.map(({ entry }) => h('li', null, entry))) : h('p', { class: 'muted' }, say(texts.none)));
    counting((now) => entries.forEach(({ one, clock }) => show(clock, remaining(one, now))));
  }

  /** @param {string} merchant @param {string} number */
  function gone(merchant, number) {
    const order = { merchant, out_trade_no: number };
    screenOf(h('h2', null, say(texts.gone)), h('p', null, link(documentOf(order), h('span', { class: 'mono hostile' }, visible(number)))));
  }

  /** @param {Text} label @param {string | undefined} value */
  const fact = (label, value) => (value ? [h('dt', null, say(label)), h('dd', { class: 'mono' }, visible(value))] : []);

  /** @param {Waiting} one */
  function sheet(one) {
    const { text, actions } = kindOf(one);
    const clock = h('dd', { class: 'mono' });
    const refusal = h('p', { class: 'bad', role: 'alert' });
    /** @type {HTMLButtonElement[]} */
    const buttons = Object.entries(actions).map(([action, [label]], index) => button(say(label), () => act(action), { class: index === 0 && 'main' }));
    /** @param {string} action */
    const act = async (action) => {
      buttons.forEach((button) => (button.disabled = true));
      const callbacks = deliveries(one);
      try {
        finish(one, action, await call('POST', kindOf(one).path, { [kindOf(one).field]: numberOf(one), merchant: one.merchant, action }), callbacks);
      } catch (error) {
        endDelivery();
        show(refusal, visible(error instanceof Error ? error.message : String(error)));
        buttons.forEach((button) => (button.disabled = false));
      }
    };
    screenOf(
      h('h2', { class: 'hostile' }, visible(one.description ?? say(text))),
      h('p', { class: 'amount' }, amountOf(one)),
      h(
        'dl',
        null,
        fact(texts.merchant, one.merchant),
        fact(text, numberOf(one)),
        fact(texts.type, one.trade_type),
        fact(texts.state, one.state),
        one.expires_at && [h('dt', null, say(texts.expires)), clock],
      ),
      buttons,
      refusal,
      h('p', null, link(documentOf(one), say(texts.see))),
    );
    if (one.code_url || one.h5_url) scan(one);
    counting((now) => show(clock, remaining(one, now)));
  }

  /** @param {Waiting} one @param {string} action @param {any} answer @param {HTMLElement} callbacks */
  function finish(one, action, answer, callbacks) {
    isDone = true;
    const [, result = texts.done] = kindOf(one).actions[action] ?? [];
    const isGood = action === 'pay' || action === 'confirm';
    const state = answer.trade_state ?? answer.sub_orders?.[0]?.trade_state ?? answer.state ?? answer.authorization_state;
    screenOf(
      h('h2', null, h('span', { class: `seal ${isGood ? 'good' : 'warn'}`, 'aria-hidden': 'true' }, isGood ? '✓' : '–'), say(result)),
      h('p', { class: 'amount' }, amountOf(one)),
      h(
        'dl',
        null,
        h('dt', null, say(kindOf(one).text)),
        h('dd', null, link(documentOf(one, answer.sub_mchid), h('span', { class: 'mono' }, visible(numberOf(one))))),
        fact(texts.state, state),
        fact(['transaction_id', 'transaction_id'], answer.transaction_id),
        h('dt', null, say(texts.callback)),
        callbacks,
      ),
      h('a', { href: '#/phone', class: 'button' }, say(texts.done)),
    );
  }

  /** The callbacks about it, from now on. @param {Waiting} one */
  function deliveries(one) {
    const lines = new Map();
    const element = h('dd', { 'aria-live': 'polite' }, say(texts.waits));
    endDelivery = on('attempts', ({ attempts }) => {
      for (const { callback, merchant, event_type: type, status } of /** @type {import('./types').AttemptLine[]} */ (attempts)) {
        if (merchant !== one.merchant) continue;
        void attempt(async () => {
          const { resource } = await call('GET', `callbacks/${callback}`);
          if (!JSON.stringify(resource ?? '').includes(JSON.stringify(numberOf(one)))) return;
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
    const page = h5_url && onNetwork(h5_url);
    show(
      codes,
      card(
        texts.codes,
        code_url && [qr(say(texts.codeUrl), code_url), h('p', { class: 'muted' }, say(texts.codeHint))],
        page && [qr(say(texts.h5Url), page)],
        page && isLoopback(page) && [h('p', { class: 'warn' }, say(texts.loopback)), h('pre', null, 'wechatpay-mock --listen 0.0.0.0:8080 --admin-token TOKEN')],
      ),
    );
  }

  const bar = h('div', { class: 'row', 'aria-hidden': 'true' }, time, h('span', { class: 'notch' }), '▮▮▮');
  show(root, h('h1', null, say(texts.title)), h('div', { class: 'desk' }, h('div', { class: 'phone' }, bar, screen), h('div', { class: 'stack' }, codes, front.element)));
  return () => {
    fresh.stop();
    front.stop();
    stopTicking();
    endDelivery();
  };
}

/** @param {string} url */
const isLoopback = (url) => URL.canParse(url) && /^(.*\.?localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname);

/** The address of the mock by which this page was opened, if the order was placed by one that other devices can't reach. @param {string} url */
function onNetwork(url) {
  return isLoopback(url) && !isLoopback(location.href) ? location.origin + url.slice(new URL(url).origin.length) : url;
}
