// The phone: what waits for its user, who pays or does what else a user may do.

import { attempt, call } from './api.js';
import { button, h, link, show, visible } from './dom.js';
import { on } from './events.js';
import { count, language, money, say, when } from './i18n.js';
import { drawer, keepFresh } from './live.js';
import { lasting, lookAtClock, mockNow, ticking } from './mocktime.js';
import { qr } from './qr.js';

/** @typedef {import('./types').Waiting} Waiting */
/** @typedef {import('./types').PaymentRequest} PaymentRequest */
/** @typedef {import('./i18n.js').Text} Text */

const texts = /** @type {const} */ ({
  title: ['Phone', '手机'],
  lead: ['You are the user of this phone. What you do here is done in the mock, and its callback is sent.', '你就是这部手机的用户：在这里的操作会在模拟网关中生效，并发送回调。'],
  waiting: ['Waits for you', '等待你处理'],
  none: ['Nothing waits. Orders that are placed appear here at once.', '暂无待处理项。下单后会立即显示在这里。'],
  full: ['Only the newest {n} are shown.', '仅显示最新的 {n} 条。'],
  loading: ['Loading…', '加载中…'],
  back: ['Back', '返回'],
  gone: ['This does not wait for its user any more.', '该单据已无需用户处理。'],
  seeDocument: ['See its document', '查看数据'],
  byNumber: ['Something else, by number', '按单号打开其他单据'],
  kind: ['Kind', '类型'],
  number: ['Number', '单号'],
  open: ['Open', '打开'],
  order: ['Order', '订单'],
  combined: ['Combined order', '合单'],
  transfer: ['Transfer', '商家转账'],
  authorization: ['Authorization of transfers', '免确认收款授权'],
  service: ['Service order (pay score)', '支付分订单'],
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
  transaction: ['Transaction', '微信支付订单号'],
  done: ['Done', '完成'],
  didPay: ['Paid', '支付成功'],
  didNotPay: ['Not paid', '未支付'],
  didConfirm: ['Confirmed', '已确认'],
  didDecline: ['Declined', '已拒绝'],
  didLeave: ['Left as it is', '未处理'],
  refused: ['Refused', '被拒绝'],
  callback: ['Callback', '回调'],
  callbackWaits: ['not sent yet', '尚未发送'],
  callbackSent: ['{n}. {type}: {status}', '{n}. {type}：{status}'],
  noAnswer: ['no response', '无应答'],
  callbacks: ['All callbacks', '全部回调'],
  codes: ['To scan', '扫码'],
  codeUrl: ['code_url, what your page shows', 'code_url，你的页面展示的二维码'],
  codeHint: ['The WeChat app does not know this order. Scan the code with a test of your own, or pay on the phone here.', '真实微信无法识别该订单。请用你自己的测试程序扫码，或直接在此手机上支付。'],
  h5Url: ['h5_url, opens the page on which a browser pays', 'h5_url，在浏览器中打开支付页'],
  loopback: [
    'Other devices can’t open this address: it is a loopback address. To scan the code with a real phone on the same network, start the mock with the following, open this page by the address of this machine, and place the order again by it:',
    '其他设备无法打开该地址：它是回环地址。如需用同一网络中的真实手机扫码，请用以下参数启动模拟网关，通过本机的网络地址打开此页面，并通过该地址重新下单：',
  ],
  requests: ['What front ends were told', '前端收到的结果'],
  requestsLead: ['Checks of paySign and parameters by requestPayment and its like, newest first.', 'requestPayment 等调用对 paySign 和参数的校验结果，最新的在前。'],
  noRequests: ['Nothing yet. Send what your front end hands to wx.requestPayment to POST /__mock/request-payment.', '暂无记录。把前端传给 wx.requestPayment 的参数原样发送到 POST /__mock/request-payment 即可。'],
  right: ['right', '通过'],
  wrong: ['wrong', '未通过'],
});

/** @type {{ [action: string]: { label: Text, done: Text } }} */
const pays = {
  pay: { label: texts.pay, done: texts.didPay },
  cancel: { label: texts.cancel, done: texts.didNotPay },
  fail: { label: texts.fail, done: texts.didNotPay },
};
const confirms = { confirm: { label: texts.confirm, done: texts.didConfirm }, decline: { label: texts.decline, done: texts.didDecline } };

/**
 * What a user is asked about: the call that does what they do, and the field that names it.
 * @type {{ [kind: string]: { text: Text, call: string, field: keyof Waiting & string, actions: typeof pays } }}
 */
const kinds = {
  order: { text: texts.order, call: 'payments', field: 'out_trade_no', actions: pays },
  transfer: { text: texts.transfer, call: 'transfers', field: 'out_bill_no', actions: confirms },
  transfer_authorization: { text: texts.authorization, call: 'transfers', field: 'out_authorization_no', actions: confirms },
  service_order: {
    text: texts.service,
    call: 'service-orders',
    field: 'out_order_no',
    actions: {
      confirm: confirms.confirm,
      pay: pays.pay ?? confirms.confirm,
      fail: { label: texts.leave, done: texts.didLeave },
    },
  },
};

/** The most that the mock lists. */
const MOST = 100;
/** How many of what front ends were told are shown. (own choice) */
const TOLD = 20;

/** @param {Waiting} one */
const kindOf = (one) => (one.kind && one.kind in kinds ? one.kind : 'order');
/** @param {Waiting} one */
const rulesOf = (one) => /** @type {typeof kinds[string]} */ (kinds[kindOf(one)]);
/** @param {Waiting} one */
const numberOf = (one) => String(one[rulesOf(one).field] ?? '');

/** @param {string} merchant @param {string} number @param {string} kind */
function address(merchant, number, kind) {
  const parts = [merchant, number, ...(kind === 'order' ? [] : [kind])];
  return `#/phone/${parts.map(encodeURIComponent).join('/')}`;
}

/** @param {Waiting} one @param {any} [answer] */
function documentOf(one, answer) {
  const payee = answer?.sub_mchid && answer.sub_mchid !== one.merchant ? `${answer.sub_mchid}/` : '';
  const parts = [answer?.merchant ?? one.merchant, one.is_combined ? 'combined_order' : kindOf(one), payee + numberOf(one)];
  return `#/state/${parts.map(encodeURIComponent).join('/')}`;
}

/** @type {import('./app.js').View} */
export function phone(root, [merchant = '', number, kind = 'order']) {
  const screen = h('div', { class: 'screen stack' });
  const time = h('span', { class: 'mono' });
  const codes = h('section', { class: 'card stack', hidden: true });
  const told = h('section', { class: 'card stack' });
  const status = h('div', { class: 'row', 'aria-hidden': 'true' }, time, h('span', { class: 'notch' }), h('span', null, '▮▮▮'));
  show(
    root,
    h(
      'div',
      { class: 'stack' },
      h('h1', null, say(texts.title)),
      h('p', { class: 'muted' }, say(texts.lead)),
      h('div', { class: 'desk' }, h('section', { class: 'phone', 'aria-label': say(texts.title) }, status, screen), h('div', { class: 'stack' }, codes, told)),
    ),
  );
  show(screen, h('p', { class: 'empty' }, say(texts.loading)));

  /** @type {(now: number) => void} */
  let countDown = () => {};
  /** @type {{ one: Waiting, stop: () => void } | null} What was done here, whose result is shown. */
  let result = null;
  const redraw = drawer(screen);
  const redrawTold = drawer(told);

  /** Moves the focus to a new screen, if its old place is gone. @param {HTMLElement} heading */
  const focusOn = (heading) => {
    if (document.activeElement === document.body) heading.focus({ preventScroll: true });
  };

  const fresh = keepFresh(['changes', 'exchanges'], async () => {
    const [{ payments }] = await Promise.all([/** @type {Promise<{ payments: Waiting[] }>} */ (call('GET', 'payments')), lookAtClock()]);
    if (result) return;
    if (number === undefined) {
      redraw(payments, () => list(payments));
      return;
    }
    const found = payments.find((one) => numberOf(one) === number && kindOf(one) === kind && (!merchant || one.merchant === merchant));
    const one = found ?? (kind in kinds && kind !== 'order' ? { kind, merchant, [rulesOf({ kind, merchant }).field]: number } : null);
    redraw(one, () => (one ? sheet(one) : over()));
  });
  const freshTold = keepFresh(
    ['payment-requests'],
    async () => {
      const { payment_requests } = await call('GET', 'payment-requests');
      redrawTold(payment_requests, () => tell(payment_requests));
    },
    { every: 15_000 },
  );
  const stopTicking = ticking((now) => {
    show(time, when(now).slice(0, 5));
    countDown(now);
  });

  /** @param {Waiting[]} payments */
  function list(payments) {
    const heading = h('h2', { tabindex: '-1' }, say(texts.waiting), ' ', h('span', { class: 'badge' }, count(payments.length)));
    const clocks = payments.map((one) => ({ one, element: h('span', { class: 'muted mono' }) }));
    show(
      screen,
      heading,
      payments.length > 0
        ? h('ul', { class: 'plain stack' }, clocks.map(({ one, element }) => h('li', null, entry(one, element))))
        : h('p', { class: 'muted' }, say(texts.none)),
      payments.length >= MOST && h('p', { class: 'muted' }, say(texts.full, { n: MOST })),
      byNumber(),
    );
    focusOn(heading);
    countDown = (now) => clocks.forEach(({ one, element }) => show(element, remaining(one, now)));
    countDown(Math.floor(mockNow() ?? 0));
  }

  /** @param {Waiting} one @param {HTMLElement} clock */
  function entry(one, clock) {
    const name = one.description || numberOf(one);
    return h(
      'a',
      { href: address(one.merchant, numberOf(one), kindOf(one)), class: 'entry' },
      h('span', { class: 'grow hostile' }, visible(name.slice(0, 200)), h('br'), h('small', { class: 'muted' }, visible(one.trade_type ?? one.kind ?? ''), ' ', clock)),
      one.amount && h('strong', null, money(one.amount.total, one.amount.currency)),
    );
  }

  function byNumber() {
    const which = h('select', { id: 'kind' }, Object.entries(kinds).map(([value, { text }]) => h('option', { value }, say(text))));
    which.value = 'transfer';
    const input = h('input', { id: 'number', required: true, maxlength: 128, autocomplete: 'off', spellcheck: 'false' });
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      location.hash = address('', input.value.trim(), which.value);
    };
    return h(
      'details',
      null,
      h('summary', null, say(texts.byNumber)),
      h(
        'form',
        { class: 'stack', onsubmit: submit },
        h('label', { for: 'kind' }, say(texts.kind)),
        which,
        h('label', { for: 'number' }, say(texts.number)),
        input,
        h('button', null, say(texts.open)),
      ),
    );
  }

  const back = () => link('#/phone', `‹ ${say(texts.back)}`);

  function over() {
    const one = { kind, merchant, [rulesOf({ kind, merchant }).field]: number };
    const heading = h('h2', { tabindex: '-1' }, say(texts.gone));
    show(screen, h('p', null, back()), heading, h('p', { class: 'hostile mono' }, visible(number ?? '')), merchant && h('p', null, link(documentOf(one), say(texts.seeDocument))));
    show(codes);
    codes.hidden = true;
    countDown = () => {};
    focusOn(heading);
  }

  /** @param {Waiting} one */
  function sheet(one) {
    const { text, actions } = rulesOf(one);
    const name = h('h2', { tabindex: '-1', class: 'hostile' }, visible(one.description ?? say(one.is_combined ? texts.combined : text)));
    const clock = h('dd', { class: 'mono', role: 'timer' });
    const said = h('p', { class: 'bad', role: 'alert' });
    /** @type {HTMLButtonElement[]} */
    const buttons = Object.entries(actions).map(([action, { label }], index) =>
      button(say(label), () => act(one, action, buttons, said), { class: index === 0 && 'main' }),
    );
    /** @param {Text} label @param {string | undefined} value */
    const fact = (label, value) => (value ? [h('dt', null, say(label)), h('dd', { class: 'mono' }, visible(value))] : []);
    show(
      screen,
      h('p', null, back()),
      name,
      one.amount && h('p', { class: 'amount' }, money(one.amount.total, one.amount.currency)),
      h(
        'dl',
        null,
        fact(texts.merchant, one.merchant),
        fact(one.is_combined ? texts.combined : text, numberOf(one)),
        fact(texts.type, one.trade_type),
        fact(texts.state, one.state),
        one.expires_at && [h('dt', null, say(texts.expires)), clock],
      ),
      h('div', { class: 'stack' }, buttons),
      said,
      one.merchant && h('p', null, link(documentOf(one), say(texts.seeDocument))),
    );
    focusOn(name);
    scan(one);
    let isPast = false;
    countDown = (now) => {
      show(clock, remaining(one, now));
      if (one.expires_at && now >= one.expires_at && !isPast) {
        isPast = true;
        fresh.now();
      }
    };
    countDown(Math.floor(mockNow() ?? 0));
  }

  /** @param {Waiting} one @param {string} action @param {HTMLButtonElement[]} buttons @param {HTMLElement} said */
  async function act(one, action, buttons, said) {
    buttons.forEach((one) => (one.disabled = true));
    show(said);
    const { call: path, field } = rulesOf(one);
    const sent = deliveries(one);
    try {
      const answer = await call('POST', path, { [field]: numberOf(one), ...(one.merchant && { merchant: one.merchant }), action });
      finish(one, action, answer, sent);
    } catch (error) {
      sent.stop();
      show(said, `${say(texts.refused)}: `, visible(error instanceof Error ? error.message : String(error)));
      buttons.forEach((one) => (one.disabled = false));
      fresh.now();
    }
  }

  /** @param {Waiting} one @param {string} action @param {any} answer @param {ReturnType<typeof deliveries>} sent */
  function finish(one, action, answer, sent) {
    const state = answer.trade_state ?? answer.sub_orders?.[0]?.trade_state ?? answer.state ?? answer.authorization_state;
    const isDone = action !== 'cancel' && action !== 'fail';
    const heading = h('h2', { tabindex: '-1' }, say(rulesOf(one).actions[action]?.done ?? texts.done));
    result = { one, stop: sent.stop };
    countDown = () => {};
    show(
      screen,
      h('div', { class: `seal ${isDone && action !== 'decline' ? 'good' : 'warn'}`, 'aria-hidden': 'true' }, isDone && action !== 'decline' ? '✓' : '–'),
      heading,
      one.amount && h('p', { class: 'amount' }, money(one.amount.total, one.amount.currency)),
      h(
        'dl',
        null,
        h('dt', null, say(rulesOf(one).text)),
        h('dd', null, link(documentOf(one, answer), h('span', { class: 'mono' }, visible(numberOf(one))))),
        state && [h('dt', null, say(texts.state)), h('dd', { class: 'mono' }, visible(state))],
        answer.transaction_id && [h('dt', null, say(texts.transaction)), h('dd', { class: 'mono' }, visible(answer.transaction_id))],
        h('dt', null, say(texts.callback)),
        h('dd', { 'aria-live': 'polite' }, sent.element),
      ),
      h('p', null, h('a', { href: '#/phone', class: 'button' }, say(texts.done))),
    );
    heading.focus({ preventScroll: true });
    show(codes);
    codes.hidden = true;
  }

  /** The callbacks that belong to it, as they are sent. @param {Waiting} one */
  function deliveries(one) {
    const element = h('div', null, say(texts.callbackWaits), ' ', link('#/callbacks', say(texts.callbacks)));
    /** @type {Map<number, HTMLElement>} */
    const lines = new Map();
    const stop = on('attempts', ({ attempts }) => {
      for (const line of /** @type {import('./types').AttemptLine[]} */ (attempts)) {
        if (one.merchant && line.merchant !== one.merchant) continue;
        void attempt(async () => {
          const callback = await call('GET', `callbacks/${line.callback}`);
          if (!lines.has(line.callback) && !JSON.stringify(callback.resource ?? null).includes(JSON.stringify(numberOf(one)))) return;
          const status = line.status === null ? say(texts.noAnswer) : String(line.status);
          const said = say(texts.callbackSent, { n: callback.number, type: line.event_type, status });
          lines.set(line.callback, h('p', null, link(`#/callbacks/${line.callback}`, ...visible(said))));
          show(element, ...lines.values());
        });
      }
    });
    return { element, stop };
  }

  /** @param {Waiting} one */
  function scan(one) {
    codes.hidden = !one.code_url && !one.h5_url;
    const page = one.h5_url && onNetwork(one.h5_url);
    show(
      codes,
      h('h2', null, say(texts.codes)),
      one.code_url && [qr(say(texts.codeUrl), one.code_url), h('p', { class: 'muted' }, say(texts.codeHint))],
      page && [qr(say(texts.h5Url), page), isLoopback(hostOf(page)) && [h('p', { class: 'warn' }, say(texts.loopback)), h('pre', null, LISTEN)].flat()].flat(),
    );
  }

  /** @param {PaymentRequest[]} requests oldest first */
  function tell(requests) {
    const newest = requests.slice(-TOLD).reverse();
    show(
      told,
      h('h2', null, say(texts.requests)),
      h('p', { class: 'muted' }, say(texts.requestsLead)),
      newest.length > 0 ? h('ol', { class: 'plain stack', reversed: true }, newest.map(toldOne)) : h('p', { class: 'muted' }, say(texts.noRequests)),
    );
  }

  /** @param {PaymentRequest} request */
  function toldOne(request) {
    const message = (language === 'zh' && request.chinese) || request.message;
    return h(
      'li',
      { class: 'told' },
      h(
        'div',
        { class: 'row' },
        h('span', { class: `badge ${request.ok ? 'good' : 'bad'}` }, say(request.ok ? texts.right : texts.wrong)),
        h('strong', { class: 'hostile' }, visible(request.call)),
        h('span', { class: 'muted' }, when(request.at)),
        request.order && request.merchant && link(address(request.merchant, request.order, 'order'), h('span', { class: 'mono hostile' }, visible(request.order))),
      ),
      h('code', { class: 'hostile' }, visible(request.errMsg)),
      message && h('p', { class: 'hostile' }, visible(message)),
    );
  }

  return () => {
    fresh.stop();
    freshTold.stop();
    stopTicking();
    result?.stop();
  };
}

/** @param {Waiting} one @param {number} now */
function remaining(one, now) {
  if (!one.expires_at) return '';
  return now < one.expires_at ? lasting(one.expires_at - now) : say(texts.expired);
}

const LISTEN = 'wechatpay-mock --listen 0.0.0.0:8080 --admin-token TOKEN';

/** @param {string} hostname */
const isLoopback = (hostname) => /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);

/** @param {string} url */
const hostOf = (url) => (URL.canParse(url) ? new URL(url).hostname : '');

/** The address of the mock's page by which this page was opened, if the order was placed by one that other devices can't reach. @param {string} url */
function onNetwork(url) {
  if (!isLoopback(hostOf(url)) || isLoopback(location.hostname)) return url;
  const { pathname, search } = new URL(url);
  return location.origin + pathname + search;
}
