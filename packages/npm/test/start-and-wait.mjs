// Starts a mock, prints its URL, and never ends by itself.
import { start } from 'wechatpay-mock';

const mock = await start();
console.log(mock.url);
process.stdin.resume();
