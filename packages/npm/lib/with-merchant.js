'use strict';

const { start } = require('../index.js');
const say = require('./say.js');

let shared;

/** A new merchant of the mock that the tests of this process share, which the first call starts. */
async function merchant(options) {
  shared ??= start();
  return (await shared).merchant(options);
}

/** Closes the mock that the tests share, if there is one. */
async function stop() {
  const started = shared;
  shared = undefined;
  await (await started?.catch(() => undefined))?.close();
}

/** Calls a test with a merchant of its own. If it fails, its error says which of the merchant's requests were refused and why. */
async function withMerchant(options, test) {
  const own = await merchant(options);
  try {
    return await test(own);
  } catch (error) {
    throw explained(error, await reportOf(own));
  } finally {
    await own.close();
  }
}

/** The report of a merchant whose test has failed. Without one, the test's own error must be shown all the same. */
function reportOf(own) {
  return own.report().catch(({ message }) => say(`no report: ${message}`, `没有报告：${message}`));
}

/** The error, with the report in its message, so that every reporter shows it. */
function explained(error, report) {
  if (!report || typeof error?.message !== 'string' || error.message.includes(report)) return error;
  const message = `${error.message}\n\n${report}`;
  error.stack = String(error.stack).replace(error.message, () => message);
  error.message = message;
  return error;
}

module.exports = { explained, merchant, reportOf, stop, withMerchant };
