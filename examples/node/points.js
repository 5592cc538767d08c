// A shop that adds points to its members' cards.
//
//   wechatpay-mock prove-client -- node points.js
//
// makes it add the sample's points. It exits with 0 if they were added for certain.
'use strict';

const { Client, Trouble, Unverified } = require('./wechatpay.js');

const SAMPLE = { cardId: 'pbLatjvWOibDc5-TBnbUk1pD12o0', code: '478515832665' };

/**
 * Adds points to a card, once: the same order again changes nothing. If the outcome is unknown, it sends the same request once
 * more.
 */
async function addPoints(client, card, order, points) {
  const call = () => client.setRights(card.cardId, card.code, { out_request_no: order, add_bonus_value: points });
  try {
    await call();
  } catch (error) {
    if (!(error instanceof Trouble || error instanceof Unverified)) throw error;
    await call();
  }
}

if (require.main === module) {
  addPoints(new Client(), SAMPLE, 'order-0001', 100).catch((error) => {
    console.error(`${error.constructor.name}: ${error.message}`);
    process.exitCode = 1;
  });
}

module.exports = { SAMPLE, addPoints };
