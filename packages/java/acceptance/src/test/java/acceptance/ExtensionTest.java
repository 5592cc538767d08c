package acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import com.wechat.pay.java.core.exception.ServiceException;
import io.github.wechatpaymock.Credentials;
import io.github.wechatpaymock.Mock;
import io.github.wechatpaymock.WechatPayMock;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.HashMap;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** What the extension does around tests, seen from outside. */
class ExtensionTest {

  @Test
  void a_failed_test_says_why_and_a_passed_one_nothing() {
    Map<String, TestExecutionResult> results = run(Failing.class);
    Throwable refused = results.get("fails_after_a_refusal").getThrowable().orElseThrow();
    String report = refused.getSuppressed()[0].getMessage();
    assertTrue(report.matches("(?s).*401 post_pay_transactions_jsapi.*other-message.*compare what you sign.*"), report);
    assertEquals(0, results.get("fails_without_one").getThrowable().orElseThrow().getSuppressed().length);
    assertEquals(TestExecutionResult.Status.SUCCESSFUL, results.get("passes").getStatus());
    String constructor = results.get("is_not_reached").getThrowable().orElseThrow().getMessage();
    assertTrue(constructor.contains("sharedMerchant = true"), constructor);
  }

  @Test
  void properties_and_clock_are_restored() throws Exception {
    System.setProperty("https.proxyPort", "1");
    SSLContext context = SSLContext.getDefault();
    Map<String, TestExecutionResult> results = run(Shared.class);
    results.forEach((test, result) -> assertEquals(TestExecutionResult.Status.SUCCESSFUL, result.getStatus(), test + ": " + result));
    assertEquals("1", System.clearProperty("https.proxyPort"));
    for (String name : new String[] {"https.proxyHost", "javax.net.ssl.trustStore", "WECHATPAY_MCHID"}) {
      assertNull(System.getProperty(name), name);
    }
    assertEquals(context, SSLContext.getDefault());
  }

  @Test
  void a_class_with_other_options_has_another_mock() {
    run(Shared.class).forEach((test, result) -> assertEquals(TestExecutionResult.Status.SUCCESSFUL, result.getStatus(), test + ": " + result));
    run(Undiagnosed.class).forEach((test, result) -> assertEquals(TestExecutionResult.Status.SUCCESSFUL, result.getStatus(), test + ": " + result));
  }

  /** Runs a class; the result of each test by its name, and of the class that failed before any of them. */
  private static Map<String, TestExecutionResult> run(Class<?> type) {
    Map<String, TestExecutionResult> results = new HashMap<>();
    LauncherFactory.create().execute(
        LauncherDiscoveryRequestBuilder.request().selectors(selectClass(type)).build(),
        new TestExecutionListener() {
          @Override
          public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            if (test.isTest()) {
              results.put(test.getDisplayName().replaceFirst("[(].*", ""), result);
            }
          }
        });
    return results;
  }

  @WechatPayMock
  static class Failing {
    @Test
    void fails_after_a_refusal(Credentials merchant) {
      try {
        new Shop(merchant).orderChangedAfterSigning("changed-1");
      } catch (ServiceException e) {
        fail("the order was not placed");
      }
    }

    @Test
    void fails_without_one(Mock mock) {
      assertNotNull(mock);
      fail("another reason");
    }

    @Test
    void passes(Credentials merchant) {
      new Shop(merchant).order("good-1");
    }

    @Nested
    class Constructed {
      Constructed(Mock mock) {
        assertNotNull(mock);
      }

      @Test
      void is_not_reached() {}
    }
  }

  /** Its mock has an option, and sees the SDK's requests, although the SDK has connections to the mock before. */
  @WechatPayMock(args = "--diagnosis=off")
  static class Undiagnosed {
    @Test
    void orders(Mock mock, Credentials merchant) {
      Shop shop = new Shop(merchant);
      assertThrows(ServiceException.class, () -> shop.orderChangedAfterSigning("changed-1"));
      assertTrue(mock.report().contains("401"), mock.report());
      assertFalse(mock.report().contains("other-message"), mock.report());
    }
  }

  @WechatPayMock(sharedMerchant = true)
  static class Shared {
    private final Shop shop;
    private final Mock mock;

    Shared(Mock mock, Credentials merchant) {
      this.mock = mock;
      this.shop = new Shop(merchant);
      assertEquals(merchant.mchid(), System.getProperty("WECHATPAY_MCHID"));
      assertEquals(merchant.apiv3Key(), System.getProperty("WECHATPAY_APIV3_KEY"));
    }

    @Test
    void one() throws Exception {
      orders();
    }

    @Test
    void two() throws Exception {
      orders();
    }

    /** The same number, because the merchant was reset, and the right time, because the clock was resumed. */
    private void orders() throws Exception {
      shop.order("shared-1");
      mock.expect(Map.of("operation", "post_pay_transactions_jsapi", "times", 1));
      mock.clock().advance(86400);
      // The JDK's client takes proxy and trust from the JVM's defaults.
      HttpRequest unsigned = HttpRequest.newBuilder(URI.create("https://api.mch.weixin.qq.com/v3/certificates"))
          .header("Accept", "application/json").build();
      assertEquals(401, HttpClient.newHttpClient().send(unsigned, BodyHandlers.ofString()).statusCode());
    }

    @AfterEach
    void sees_the_same(Mock same) {
      assertEquals(mock, same);
    }
  }
}
