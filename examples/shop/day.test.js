// A day of the shop, from the first order to the bill of the next morning. Customers use a real browser, headless.
//
//   wechatpay-mock run --contract -- node --test
//
// CHROMIUM names the browser, `chromium` by default.
'use strict';

const assert = require('node:assert/strict');
const { after, before, mock, test } = require('node:test');
const { chromium } = require('playwright-core');

const { open } = require('./server.js');

const DAY = '2026-11-11';
const NOON = new Date(`${DAY}T12:00:00+08:00`);
const NEXT_MORNING = new Date('2026-11-12T10:30:00+08:00');

const control = `${process.env.WECHATPAY_MOCK_URL}/__mock`;
// The browser reaches this machine only, and no proxy.
const ARGUMENTS = ['--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'];

let browser;
let server;
let shop;
let h5Order;
let wechatOrder;

/** Calls the mock's own API. */
async function steer(method, path, body) {
  const response = await fetch(`${control}${path}`, { method, body: JSON.stringify(body) });
  const answer = await response.json();
  assert.ok(response.ok, JSON.stringify(answer));
  return answer;
}

/** Moves the mock and this process to a time: neither takes what the other signed at another one. */
async function moveTo(date) {
  await steer('POST', '/clock', { action: 'freeze', at: date.getTime() / 1000 });
  mock.timers.setTime(date.getTime());
}

/** The shop's page, as a customer opens it. */
async function visit({ userAgent } = {}) {
  const context = await browser.newContext({ userAgent, locale: 'zh-CN' });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  return page;
}

/** What the shop's page says in the end. */
function says(page, text) {
  return page.getByRole('status').filter({ hasText: text }).waitFor();
}

/** Waits until the callbacks of an order or refund were received, and returns them. */
async function callbacks(event, count) {
  // Behind a load balancer, another mock may send it, whose attempts this one does not list.
  const until = performance.now() + 10_000;
  for (let seen = 0; ;) {
    const { callbacks: all } = await steer('GET', '/callbacks');
    const received = all.filter(({ event_type: type, state }) => type === event && state === 'received');
    if (received.length >= count) return received;
    assert.ok(performance.now() < until, `expected ${count} callbacks ${event}, found ${JSON.stringify(all)}`);
    seen = (await steer('GET', `/callback-attempts?after=${seen}&wait=1`)).last;
  }
}

before(async () => {
  mock.timers.enable({ apis: ['Date'], now: NOON });
  await moveTo(NOON);
  ({ shop, server } = await open(0));
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGUMENTS });
});

after(async () => {
  await browser?.close();
  server?.close();
});

test('a customer orders in a browser, pays on the page of WeChat Pay and comes back', async () => {
  const page = await visit();
  await page.goto(shop.url);
  await page.getByRole('button', { name: '美式咖啡 ¥18.00' }).click();
  await page.locator('#pay').click();
  await page.waitForURL(`${shop.url}/?order=*`);
  await says(page, '已付款');
  h5Order = new URL(page.url()).searchParams.get('order');
});

test('who leaves that page without paying is told so, and the order is closed', async () => {
  const page = await visit();
  await page.goto(shop.url);
  await page.getByRole('button', { name: '拿铁' }).click();
  await page.locator('#cancel').click();
  await page.waitForURL(`${shop.url}/?order=*`);
  await says(page, '还没有付款');
  await shop.close(new URL(page.url()).searchParams.get('order'));
  await page.reload();
  await says(page, '订单已关闭');
});

test('a customer pays inside WeChat, which accepts what the page signed', async () => {
  const page = await visit({ userAgent: 'Mozilla/5.0 (iPhone) MicroMessenger/8.0.50' });
  // What WeChat puts into its pages; the mock checks paySign as WeChat does, and says what is wrong with it.
  let answer;
  await page.exposeFunction('requestPayment', (payment) => {
    answer = steer('POST', '/request-payment', payment);
    return answer.catch(({ message }) => ({ errMsg: message }));
  });
  await page.addInitScript(() => {
    window.WeixinJSBridge = {
      invoke: async (name, payment, done) => {
        const { errMsg } = await window.requestPayment(payment);
        done({ err_msg: errMsg.replace('requestPayment', 'get_brand_wcpay_request') });
      },
    };
  });
  await page.goto(shop.url);
  await page.getByRole('button', { name: '拿铁 ¥25.90' }).click();
  await says(page, /./);
  assert.equal((await answer).errMsg, 'requestPayment:ok');
  await says(page, '已付款');
  wechatOrder = [...shop.orders.keys()].at(-1);
});

test('each payment is booked once, though its callback comes twice, and a forged one is refused', async () => {
  const received = await callbacks('TRANSACTION.SUCCESS', 2);
  for (const { number } of received) {
    const { attempts } = await steer('POST', `/callbacks/${number}/resend`);
    assert.deepEqual(attempts.map(({ status }) => status), [204, 204]);
  }
  await steer('POST', '/faults', { fault: 'wrong-key', on: 'callback', times: 1 });
  const { attempts: [, , forged] } = await steer('POST', `/callbacks/${received[0].number}/resend`);
  assert.equal(forged.status, 401);
  // Several mocks each count a rule's times for themselves.
  await steer('DELETE', '/faults');
  assert.deepEqual(shop.books.map(({ number, amount }) => [number, amount]), [[h5Order, 1800], [wechatOrder, 2590]]);
});

test('a part is refunded, and a callback says when', async () => {
  const refund = await shop.refund(h5Order, 650);
  await callbacks('REFUND.SUCCESS', 1);
  assert.equal(shop.refunds.get(refund), 'SUCCESS');
});

test('the next morning, bill and books agree to the cent', async (t) => {
  await moveTo(NEXT_MORNING);
  const { hash, summary, onlyBilled, onlyBooked } = await shop.reconcile(DAY);
  assert.deepEqual({ onlyBilled, onlyBooked }, { onlyBilled: [], onlyBooked: [] });
  assert.deepEqual([summary['总交易单数'], summary['订单总金额'], summary['申请退款总金额']], ['3', '43.90', '6.50']);
  t.diagnostic(`bill ${hash}: ${JSON.stringify(summary)}`);
});
