package io.github.wechatpaymock;

import static io.github.wechatpaymock.Language.say;

import java.security.GeneralSecurityException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;

/**
 * The mock of this process's test classes, at which it points their SDKs. There is one at a time: an SDK keeps its connections longer than a
 * class lasts, and would go on calling the mock of the class before, if that were still there.
 */
final class Jvm {
  private static Mock mock;
  private static List<Object> options;
  private static int users;
  private static Map<String, String> before;
  private static SSLContext contextBefore;

  private Jvm() {}

  /** Starts a mock with these options, or takes that of the class before, and sets proxy and trust store. */
  static synchronized Mock use(List<Object> next, Supplier<Mock> start) {
    if (users > 0 && !next.equals(options)) {
      throw new IllegalStateException(say("expected the same options in @WechatPayMock of test classes that run at the same time, found "
          + options + " and " + next + "; make them the same, or run the classes one after the other",
          "并行运行的测试类，@WechatPayMock 的选项应相同，实际是 " + options + " 和 " + next + "；请改成相同的选项，或者让这些类依次运行"));
    }
    if (users == 0) {
      if (mock != null && !next.equals(options)) {
        mock.close();
        mock = null;
      }
      mock = mock == null ? start.get() : mock;
      options = next;
      set(mock);
    }
    users++;
    return mock;
  }

  /** Restores proxy and trust store after the last class. The mock stays for the next one, or until the process ends. */
  static synchronized void release() {
    if (--users == 0) {
      before.forEach(Jvm::set);
      SSLContext.setDefault(contextBefore);
    }
  }

  private static void set(Mock mock) {
    Map<String, String> properties = mock.files().properties();
    try {
      contextBefore = SSLContext.getDefault();
      before = new LinkedHashMap<>();
      properties.keySet().forEach(name -> before.put(name, System.getProperty(name)));
      properties.forEach(Jvm::set);
      // The default context keeps the trust store that it was made with; clients that use it need another.
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, null, null);
      SSLContext.setDefault(context);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(say("cannot set the JVM's trust store: ", "无法设置 JVM 的信任库：") + e.getMessage(), e);
    }
  }

  private static void set(String name, String value) {
    if (value == null) {
      System.clearProperty(name);
    } else {
      System.setProperty(name, value);
    }
  }
}
