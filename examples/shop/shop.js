// The shop: takes orders, books payments and refunds once, and compares its books with the gateway's bill. All amounts are in
// fen. A real shop keeps all this in a database.
'use strict';

const { randomUUID } = require('node:crypto');
const { Formatter, Hash } = require('wechatpay-axios-plugin');

const { appid, mchid, signedForPage, wxpay } = require('./wechatpay.js');

const MENU = new Map([
  ['americano', { name: '美式咖啡', price: 1800 }],
  ['latte', { name: '拿铁', price: 2590 }],
]);

const newNumber = () => randomUUID().replaceAll('-', '');
const { transactions } = wxpay.v3.pay;
const ofOrder = wxpay.chain('v3/pay/transactions/out-trade-no/{out_trade_no}');
const closing = wxpay.chain('v3/pay/transactions/out-trade-no/{out_trade_no}/close');

class Shop {
  /** `url` is where customers and WeChat Pay reach the shop. */
  constructor(url) {
    this.url = url;
    this.orders = new Map();
    this.refunds = new Map();
    this.books = [];
  }

  /** Takes an order: inside WeChat of the user with this openid, in any other browser from this address. */
  async order(item, { openid, ip }) {
    const { name: description, price: total } = MENU.get(item);
    const number = newNumber();
    const order = {
      appid,
      mchid,
      description,
      out_trade_no: number,
      notify_url: `${this.url}/notify`,
      amount: { total, currency: 'CNY' },
    };
    this.orders.set(number, { total, state: 'NOTPAY' });
    if (openid) {
      const { data } = await transactions.jsapi.post({ ...order, payer: { openid } });
      return { number, payment: signedForPage(data.prepay_id) };
    }
    const scene = { payer_client_ip: ip, h5_info: { type: 'Wap' } };
    const { data } = await transactions.h5.post({ ...order, scene_info: scene });
    const back = encodeURIComponent(`${this.url}/?order=${number}`);
    return { number, h5_url: `${data.h5_url}&redirect_url=${back}` };
  }

  /** The state of an order. Asks the gateway, since the customer may be back before the callback, or the callback be lost. */
  async state(number) {
    const order = this.orders.get(number);
    if (order.state === 'NOTPAY') this.bookPayment((await ofOrder.get({ params: { mchid }, out_trade_no: number })).data);
    return order.state;
  }

  /** Closes an order that the customer left, so that it can't be paid any more. */
  async close(number) {
    await closing.post({ mchid }, { out_trade_no: number });
    this.orders.get(number).state = 'CLOSED';
  }

  /** Books a payment, unless it is booked. A signature only says who sent it: it also has to be what was ordered. */
  bookPayment(payment) {
    if (payment.trade_state !== 'SUCCESS') return;
    const { out_trade_no: number, amount, success_time: time } = payment;
    const order = this.orders.get(number);
    const isOrdered = order && payment.mchid === mchid && payment.appid === appid && amount.total === order.total;
    if (!isOrdered) {
      // A person has to look at it. To refuse the callback would only make it come again.
      console.error(`not booked: ${payment.transaction_id} is not as ordered`);
    } else if (order.state !== 'PAID') {
      order.state = 'PAID';
      this.books.push({ kind: 'payment', number, amount: amount.total, day: dayOf(time) });
    }
  }

  /** Refunds a part of an order. The gateway says by callback when the customer has the money. */
  async refund(number, amount) {
    const { total } = this.orders.get(number);
    const refundNumber = newNumber();
    this.refunds.set(refundNumber, 'PROCESSING');
    const { data } = await wxpay.v3.refund.domestic.refunds.post({
      out_trade_no: number,
      out_refund_no: refundNumber,
      notify_url: `${this.url}/notify`,
      amount: { refund: amount, total, currency: 'CNY' },
    });
    this.books.push({ kind: 'refund', number: refundNumber, amount, day: dayOf(data.create_time) });
    return refundNumber;
  }

  /** Acts upon a callback. An event that the shop does not know is none of its business. */
  act({ type, resource }) {
    if (type === 'TRANSACTION.SUCCESS') this.bookPayment(resource);
    const { out_refund_no: refund, refund_status: status } = resource;
    // ABNORMAL and CLOSED need a person.
    if (type.startsWith('REFUND.') && this.refunds.has(refund)) this.refunds.set(refund, status);
  }

  /** Compares a day's bill with the books. Returns its totals, and what is on one side only. */
  async reconcile(day) {
    const { data: bill } = await wxpay.v3.bill.tradebill.get({ params: { bill_date: day, bill_type: 'ALL' } });
    const params = Object.fromEntries(new URL(bill.download_url).searchParams);
    const { data: file } = await wxpay.v3.billdownload.file.get({ params, responseType: 'arraybuffer' });
    const hash = Hash.sha1(file);
    if (hash !== bill.hash_value) throw new Error(`expected a bill with the hash ${bill.hash_value}, found ${hash}`);

    const { rows, summary } = Formatter.castCsvBill(file);
    const billed = rows.map((row) => (row['交易状态'] === 'REFUND'
      ? `refund ${row['商户退款单号']} ${row['申请退款金额']}`
      : `payment ${row['商户订单号']} ${row['订单金额']}`));
    const booked = this.books.filter((entry) => entry.day === day)
      .map(({ kind, number, amount }) => `${kind} ${number} ${yuan(amount)}`);
    return { hash, summary, onlyBilled: without(billed, booked), onlyBooked: without(booked, billed) };
  }
}

/** The day of a gateway's time, which is Beijing's as in the bills. */
const dayOf = (time) => time.slice(0, 10);

const yuan = (fen) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`;

/** The lines that the others lack. A line that is there twice has to be there twice. */
function without(lines, others) {
  const left = [...others];
  return lines.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

module.exports = { MENU, Shop };
