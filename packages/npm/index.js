'use strict';

const { MockError } = require('./lib/call.js');
const { launch } = require('./lib/launch.js');
const { Mock } = require('./lib/mock.js');

async function start(options = {}) {
  const running = process.env.WECHATPAY_MOCK_URL;
  if (running) return Mock.make(running.replace(/\/+$/, ''), {});
  const { url, stop } = await launch(options);
  return Mock.first(url, stop).catch(async (error) => {
    await stop();
    throw error;
  });
}

module.exports = { start, MockError };
