'use strict';

const { stop, withMerchant: run } = require('./lib/with-merchant.js');

afterAll(stop);

function withMerchant(test, options) {
  return () => run(options, test);
}

module.exports = { withMerchant };
