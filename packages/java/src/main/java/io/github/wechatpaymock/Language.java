package io.github.wechatpaymock;

import java.util.Locale;

/** The language of what this package says. */
final class Language {
  private Language() {}

  /** The text in the language of WECHATPAY_MOCK_LANG, or else of the JVM. */
  static String say(String english, String chinese) {
    String named = System.getenv("WECHATPAY_MOCK_LANG");
    String language = named == null || named.isEmpty() ? Locale.getDefault().getLanguage() : named;
    return language.matches("(?i)zh([_.@-].*)?") ? chinese : english;
  }
}
