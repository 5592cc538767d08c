// What the shop does about an event, once.
'use strict';

// The events that the shop acts upon, and the shop's own number in each. Two callbacks with other ids can tell of the same.
const KNOWN = new Map(Object.entries({
  'TRANSACTION.SUCCESS': ['out_trade_no', 'combine_out_trade_no'],
  'REFUND.SUCCESS': ['out_refund_no'],
  'REFUND.ABNORMAL': ['out_refund_no'],
  'REFUND.CLOSED': ['out_refund_no'],
  'MCHTRANSFER.BILL.FINISHED': ['out_bill_no'],
  'MEMBERCARD.ACCEPT_CARD': [],
  'MEMBERCARD.ACTIVATE_CARD': [],
  'MEMBERCARD.USERCARD_MANAGE': [],
}));

class Shop {
  /** Without an order, the shop takes any payment for one of its own. */
  constructor(order) {
    this.order = order;
    this.reset();
  }

  /** Forgets all events. */
  reset() {
    this.count = 0;
    this.done = new Set();
  }

  /**
   * Acts upon an event, unless it is unknown or done already. Here that is quick. Work that takes longer belongs in a queue:
   * the gateway waits 5 seconds for the answer.
   */
  act({ id, type, resource }) {
    const names = KNOWN.get(type);
    if (!names) return;
    if (type === 'TRANSACTION.SUCCESS' && !this.isOrdered(resource)) {
      // A person has to look at it. To refuse the callback would only make it come again.
      console.error(`not booked: callback ${id} is about a payment that is not as ordered`);
      return;
    }
    const number = names.map((name) => resource[name]).find((value) => typeof value === 'string');
    // A real shop has a unique index for this, and writes both keys in the transaction that does the work.
    const keys = [`id ${id}`, ...(number ? [`${type} ${number}`] : [])];
    const isDone = keys.some((key) => this.done.has(key));
    keys.forEach((key) => this.done.add(key));
    if (!isDone) this.count += 1;
  }

  /** Whether a payment is the one that was ordered. A signature only says who sent the callback. */
  isOrdered(payment) {
    return !this.order || (['out_trade_no', 'mchid', 'appid'].every((name) => payment[name] === this.order[name])
      && payment.amount?.total === this.order.amount.total);
  }
}

module.exports = { Shop };
