// A shop that receives callbacks, with Express.
//
//   wechatpay-mock run -- node receiver.js --port 3000
//
// Port 0 takes a free one. With --order FILE, the shop knows this order, and takes no other payment.
'use strict';

const express = require('express');
const { readFileSync } = require('node:fs');
const { parseArgs } = require('node:util');

const { CallbackReader } = require('./callback.js');
const { Shop } = require('./shop.js');

const { port, order } = parseArgs({
  options: { port: { type: 'string', default: process.env.PORT ?? '3000' }, order: { type: 'string' } },
}).values;

const reader = new CallbackReader();
const shop = new Shop(order && JSON.parse(readFileSync(order)));
const app = express().disable('x-powered-by');

// The body as it came: what `express.json` makes of it can't be verified.
app.post('/notify', express.raw({ type: () => true, limit: '1mb', inflate: false }), (request, response) => {
  shop.act(reader.read(request.headers, request.body ?? Buffer.alloc(0)));
  response.status(204).end();
});

// Two questions of `wechatpay-mock prove-receiver`: how many events were acted upon, and to begin anew.
app.get('/count', (request, response) => {
  response.json({ count: shop.count });
});
app.post('/reset', (request, response) => {
  shop.reset();
  response.status(204).end();
});

// The gateway sends a callback again that was not answered with 200 or 204.
app.use((error, request, response, next) => { // eslint-disable-line no-unused-vars
  console.error(`refused: ${error.message}`);
  response.status(error.status ?? 500).json({ code: 'FAIL', message: '失败' });
});

const server = app.listen(Number(port), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}/notify`);
});
server.requestTimeout = 10_000;
