// The shop's web server: a page for customers, and the address that WeChat Pay calls.
//
//   wechatpay-mock run -- node server.js
//
// It listens on PORT, 3000 by default. SHOP_URL is its public address.
'use strict';

const express = require('express');

const { MENU, Shop } = require('./shop.js');
const { readCallback } = require('./wechatpay.js');

// A real shop has it from WeChat's sign-in (OAuth), and keeps it in the customer's session.
const OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o';

/** Opens the shop. Port 0 takes a free one. */
async function open(port) {
  const app = express().disable('x-powered-by');
  const server = app.listen(port, '127.0.0.1');
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
  const shop = new Shop(process.env.SHOP_URL ?? `http://127.0.0.1:${server.address().port}`);

  app.get('/', (request, response) => {
    response.sendFile('page.html', { root: __dirname });
  });
  app.get('/menu', (request, response) => {
    response.json([...MENU].map(([item, { name, price }]) => ({ item, name, price })));
  });
  app.post('/orders', express.json(), async (request, response) => {
    const { item, isInWeChat } = request.body ?? {};
    if (!MENU.has(item)) return response.status(404).end();
    return response.json(await shop.order(item, isInWeChat ? { openid: OPENID } : { ip: request.ip }));
  });
  app.get('/orders/:number', async (request, response) => {
    const { number } = request.params;
    if (!shop.orders.has(number)) return response.status(404).end();
    return response.json({ state: await shop.state(number) });
  });

  // The body as it came: what `express.json` makes of it can't be verified.
  app.post('/notify', express.raw({ type: () => true, limit: '1mb', inflate: false }), (request, response) => {
    let callback;
    try {
      callback = readCallback(request.headers, request.body ?? Buffer.alloc(0));
    } catch (error) {
      console.error(`refused: ${error.message}`);
      response.status(401).json({ code: 'FAIL', message: '失败' });
      return;
    }
    shop.act(callback);
    response.status(204).end();
  });

  app.use((error, request, response, next) => { // eslint-disable-line no-unused-vars
    // What the gateway says is for the log, not for the customer.
    console.error(error.response?.data ?? error);
    response.status(500).end();
  });
  return { shop, server };
}

module.exports = { open };

if (require.main === module) {
  open(Number(process.env.PORT ?? 3000)).then(({ shop }) => console.log(`listening on ${shop.url}`));
}
