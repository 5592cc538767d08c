'use strict';

const { after } = require('node:test');
const { stop, withMerchant: run } = require('./lib/with-merchant.js');

after(stop);

function withMerchant(test, options) {
  return (context) => run(options, (wechatpay) => test(wechatpay, context));
}

module.exports = { withMerchant };
