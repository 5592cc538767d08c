'use strict';

const http = require('node:http');
const https = require('node:https');
const say = require('./say.js');

/** The mock refused a call to `/__mock/`. */
class MockError extends Error {
  constructor(call, status, body) {
    super(`${call}: ${status}: ${body.message ?? body.report}`);
    this.name = 'MockError';
    this.status = status;
    this.body = body;
  }
}
exports.MockError = MockError;

/** Makes a call to `/__mock/` and resolves with the body of its answer. */
exports.call = async function call(url, method, path, body) {
  const { status, text } = await send(`${url}/__mock${path}`, method, body);
  const answer = json(text);
  if (status >= 400) throw new MockError(`${method} /__mock${path}`, status, answer);
  return answer;
};

function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    const found = JSON.stringify(text.slice(0, 200));
    return { message: say(`expected JSON of the mock, found ${found}`, `模拟网关的应答应为 JSON，实际是 ${found}`) };
  }
}

// Not `fetch`, which a test may replace, and which a browser's environment lacks.
function send(url, method, body) {
  const token = process.env.WECHATPAY_MOCK_ADMIN_TOKEN;
  const content = body === undefined ? '' : JSON.stringify(body);
  const headers = {
    'Content-Length': Buffer.byteLength(content),
    'Accept-Language': say('en', 'zh-CN'),
    ...(token && { Authorization: `Bearer ${token}` }),
  };
  return new Promise((resolve, reject) => {
    const request = (url.startsWith('https:') ? https : http).request(url, { method, headers, agent: false }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }));
    });
    request.on('error', (error) => {
      const { origin } = new URL(url);
      const found = error.message || error.code;
      reject(new Error(say(`expected a mock at ${origin}, found ${found}`, `无法连接 ${origin} 的模拟网关：${found}`)));
    });
    request.end(content);
  });
}
