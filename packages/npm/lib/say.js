'use strict';

/** The text in the language of this process, as `wechatpay-mock` chooses it. */
module.exports = function say(english, chinese) {
  const { WECHATPAY_MOCK_LANG, LC_ALL, LC_MESSAGES, LANG } = process.env;
  return /^zh([_.@-]|$)/i.test(WECHATPAY_MOCK_LANG || LC_ALL || LC_MESSAGES || LANG || '') ? chinese : english;
};
