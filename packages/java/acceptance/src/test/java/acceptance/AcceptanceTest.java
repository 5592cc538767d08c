package acceptance;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.toList;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.binarywang.wxpay.bean.request.WxPayUnifiedOrderV3Request;
import com.github.binarywang.wxpay.bean.result.enums.TradeTypeEnum;
import com.github.binarywang.wxpay.config.WxPayConfig;
import com.github.binarywang.wxpay.service.WxPayService;
import com.github.binarywang.wxpay.service.impl.WxPayServiceImpl;
import com.wechat.pay.java.core.exception.ServiceException;
import com.wechat.pay.java.core.exception.ValidationException;
import com.wechat.pay.java.service.payments.model.Transaction;
import com.wechat.pay.java.service.payments.model.Transaction.TradeStateEnum;
import io.github.wechatpaymock.Credentials;
import io.github.wechatpaymock.FaultRule;
import io.github.wechatpaymock.Mock;
import io.github.wechatpaymock.MockException;
import io.github.wechatpaymock.WechatPayMock;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The suite of packages/acceptance.json, by its names. */
@WechatPayMock
class AcceptanceTest {

  @Test
  void answers_a_signed_request(Mock mock, Credentials merchant) {
    Shop shop = new Shop(merchant);
    assertTrue(shop.order("signed-1").startsWith("wx"));
    mock.fault("wrong-key");
    assertThrows(ValidationException.class, () -> shop.order("signed-2"));
  }

  @Test
  void refuses_a_wrong_signature(Mock mock, Credentials merchant) {
    Shop shop = new Shop(merchant);
    assertEquals("", mock.report());
    ServiceException refused = assertThrows(ServiceException.class, () -> shop.orderChangedAfterSigning("changed-1"));
    assertEquals(401, refused.getHttpStatusCode());
    assertEquals("SIGN_ERROR", refused.getErrorCode());
    String report = mock.report();
    assertTrue(report.contains("401 post_pay_transactions_jsapi"), report);
    assertTrue(report.contains("other-message"), report);
    assertTrue(report.contains("compare what you sign, line by line, with what you send"), report);
  }

  @Test
  void reports_a_wrong_mchid(Mock mock) {
    Mock gone = mock.merchant();
    Shop shop = new Shop(gone.credentials());
    gone.close();
    assertEquals(401, assertThrows(ServiceException.class, () -> shop.order("unknown-1")).getHttpStatusCode());
    assertTrue(mock.report().contains("401 post_pay_transactions_jsapi"), mock.report());
    try (Mock later = mock.merchant()) {
      assertEquals("", later.report());
    }
  }

  @Test
  void a_fault_strikes_once(Mock mock, Credentials merchant) {
    Shop shop = new Shop(merchant);
    mock.fault("system-error");
    assertEquals(500, assertThrows(ServiceException.class, () -> shop.order("fault-1")).getHttpStatusCode());
    shop.order("fault-1");

    FaultRule rule = mock.fault(Map.of("fault", "frequency-limited", "match", Map.of("body./out_trade_no", "fault-2")));
    shop.order("fault-3");
    assertEquals(429, assertThrows(ServiceException.class, () -> shop.order("fault-2")).getHttpStatusCode());
    rule.delete();
    shop.order("fault-2");
    assertEquals(404, assertThrows(MockException.class, rule::delete).status());
    MockException unknown = assertThrows(MockException.class, () -> mock.fault("system-eror"));
    assertEquals(400, unknown.status());
    assertTrue(unknown.getMessage().contains("did you mean system-error?"), unknown.getMessage());
  }

  @Test
  void expects_what_was_sent(Mock mock, Credentials merchant) {
    Shop shop = new Shop(merchant);
    shop.order("expected-1");
    assertThrows(ServiceException.class, () -> shop.orderChangedAfterSigning("expected-2"));
    Map<String, Object> order = Map.of("operation", "post_pay_transactions_jsapi", "body./out_trade_no", "expected-1", "times", 1);
    mock.expect(order);
    AssertionError error = assertThrows(AssertionError.class,
        () -> mock.expect(Map.of("operation", "post_pay_transactions_jsapi", "body./out_trade_no", "expected-1", "times", 2)));
    assertTrue(error.getMessage().contains("expected exactly 2"), error.getMessage());
    assertTrue(error.getMessage().contains("found 1"), error.getMessage());
    assertTrue(error.getMessage().contains(mock.report()), error.getMessage());
    assertEquals(400, assertThrows(MockException.class, () -> mock.expect(Map.of("operation", "no_such"))).status());
  }

  @Test
  void lists_exchanges(Mock mock, Credentials merchant) {
    new Shop(merchant).order("listed-1");
    try (Mock other = mock.merchant()) {
      new Shop(other.credentials()).order("listed-2");
      assertEquals(List.of("list_certificates 200", "post_pay_transactions_jsapi 200"), lines(mock));
      assertEquals(List.of("list_certificates 200", "post_pay_transactions_jsapi 200"), lines(other));
      assertTrue(mock.exchanges().stream().allMatch(each -> each.get("merchant").equals(merchant.mchid())));
    }
  }

  @Test
  void pays_an_order(Mock mock, Credentials merchant) throws Exception {
    Shop shop = new Shop(merchant);
    try (Receiver receiver = new Receiver(shop.config)) {
      shop.order("paid-1", receiver.url());
      assertEquals(TradeStateEnum.NOTPAY, shop.query("paid-1").getTradeState());
      assertEquals("SUCCESS", mock.pay("paid-1").get("trade_state"));
      Transaction payment = receiver.next();
      assertEquals("paid-1", payment.getOutTradeNo());
      assertEquals(TradeStateEnum.SUCCESS, payment.getTradeState());
      assertEquals(100, payment.getAmount().getTotal());
      assertEquals(TradeStateEnum.SUCCESS, shop.query("paid-1").getTradeState());
    }
    shop.order("paid-2");
    mock.pay("paid-2", "cancel");
    assertEquals(TradeStateEnum.NOTPAY, shop.query("paid-2").getTradeState());
  }

  @Test
  void triggers_a_callback(Mock mock, Credentials merchant) throws Exception {
    Shop shop = new Shop(merchant);
    try (Receiver receiver = new Receiver(shop.config)) {
      Map<String, Object> callback = Map.of("to", receiver.url(), "resource", Map.of("out_trade_no", "triggered-1"));
      Map<String, Object> attempt = mock.trigger("TRANSACTION.SUCCESS", callback);
      assertEquals(204L, attempt.get("status"));
      assertEquals(true, attempt.get("received"));
      assertEquals("triggered-1", receiver.next().getOutTradeNo());

      mock.fault(Map.of("fault", "wrong-key", "on", "callback"));
      attempt = mock.trigger("TRANSACTION.SUCCESS", callback);
      assertEquals(401L, attempt.get("status"));
      assertEquals(false, attempt.get("received"));
    }
  }

  @Test
  void moves_the_clock(Mock mock, Credentials merchant) {
    Shop shop = new Shop(merchant);
    Instant start = mock.clock().freeze();
    String inHalfAnHour = start.plus(30, ChronoUnit.MINUTES).toString().replace("Z", "+00:00");
    shop.orderUntil("expired-1", inHalfAnHour);
    assertEquals(start.plusSeconds(3600), mock.clock().advance(3600, Map.of("signatures", "real")));
    assertEquals(start.plusSeconds(3600), mock.clock().now());
    MockException refused = assertThrows(MockException.class, () -> mock.pay("expired-1"));
    assertEquals(409, refused.status());
    assertNotEquals(TradeStateEnum.SUCCESS, shop.query("expired-1").getTradeState());
    assertEquals(Instant.ofEpochSecond(1767225600), mock.clock().freeze(Instant.ofEpochSecond(1767225600)));
    assertTrue(Math.abs(mock.clock().resume().getEpochSecond() - Instant.now().getEpochSecond()) <= 2);
  }

  @Test
  void merchants_are_apart(Mock mock, Credentials merchant) {
    Shop shop = new Shop(merchant);
    try (Mock other = mock.merchant(Map.of("new_key", true))) {
      Shop otherShop = new Shop(other.credentials());
      assertNotEquals(merchant.merchantKey(), other.credentials().merchantKey());
      shop.order("same-1");
      otherShop.order("same-1");
      other.pay("same-1");
      assertEquals(TradeStateEnum.NOTPAY, shop.query("same-1").getTradeState());
      mock.reset();
      assertEquals(404, assertThrows(ServiceException.class, () -> shop.query("same-1")).getHttpStatusCode());
      assertEquals(TradeStateEnum.SUCCESS, otherShop.query("same-1").getTradeState());
    }
  }

  @Test
  void uses_a_running_mock(Mock mock, Credentials merchant, @TempDir Path temporary) throws Exception {
    Process child = Child.start(mock.environment(), temporary, "order");
    String line = firstLine(child);
    assertEquals(0, child.waitFor());
    assertTrue(line.startsWith(mock.url() + " "), line);
    String mchid = line.substring(line.indexOf(' ') + 1);
    assertNotEquals(merchant.mchid(), mchid);
    String merchants = get(mock.url() + "/__mock/merchants");
    assertFalse(merchants.contains(mchid), merchants);
    mock.expect(Map.of("body./out_trade_no", "from-a-child", "status", 200, "times", 1));
  }

  @Test
  void says_why_it_did_not_start(@TempDir Path temporary) {
    Mock.Options options = new Mock.Options().config(temporary.resolve("no-such.toml"));
    String message = assertThrows(IllegalStateException.class, () -> Mock.start(options)).getMessage();
    assertTrue(message.contains("exit code 2"), message);
    assertTrue(message.contains("no-such.toml"), message);
  }

  @Test
  void errors_are_in_the_language_of_the_environment(@TempDir Path temporary) throws Exception {
    Process child = Child.start(Map.of("WECHATPAY_MOCK_LANG", "zh", "WECHATPAY_MOCK_BINARY", "/bin/false"), temporary, "fail");
    assertEquals("模拟网关应输出监听地址，实际已退出，退出码 1；stderr 输出：", firstLine(child));
    assertEquals(0, child.waitFor());
  }

  @Test
  void leaves_nothing_behind(@TempDir Path killed, @TempDir Path ended) throws Exception {
    Set<ProcessHandle> before = ProcessHandle.current().children().collect(Collectors.toSet());
    Mock mock = Mock.start();
    List<ProcessHandle> started = ProcessHandle.current().children().filter(child -> !before.contains(child)).collect(toList());
    assertEquals(1, started.size());
    mock.close();
    assertFalse(started.get(0).isAlive());

    Process child = Child.start(Map.of(), killed, "wait");
    ProcessHandle itsMock = process(firstLine(child));
    assertTrue(itsMock.isAlive());
    child.destroyForcibly();
    itsMock.onExit().get(10, TimeUnit.SECONDS);

    child = Child.start(Map.of(), ended, "exit");
    itsMock = process(firstLine(child));
    assertEquals(0, child.waitFor());
    itsMock.onExit().get(10, TimeUnit.SECONDS);
    try (Stream<Path> files = Files.list(ended)) {
      assertEquals(List.of(), files.collect(toList()));
    }
  }

  @Test
  void orders_with_wxjava(Mock mock, Credentials merchant) throws Exception {
    WxPayConfig config = new WxPayConfig();
    config.setAppId("wxd678efh567hg6787");
    config.setMchId(merchant.mchid());
    config.setApiV3Key(merchant.apiv3Key());
    config.setCertSerialNo(merchant.merchantSerial());
    config.setPrivateKeyString(merchant.merchantKey());
    config.setHttpProxyHost(System.getProperty("https.proxyHost"));
    config.setHttpProxyPort(Integer.getInteger("https.proxyPort"));
    WxPayService service = new WxPayServiceImpl();
    service.setConfig(config);

    WxPayUnifiedOrderV3Request order = new WxPayUnifiedOrderV3Request();
    order.setDescription("美式咖啡");
    order.setOutTradeNo("wxjava-1");
    order.setNotifyUrl(Shop.NOWHERE);
    order.setAmount(new WxPayUnifiedOrderV3Request.Amount().setTotal(100));
    assertTrue(service.<String>createOrderV3(TradeTypeEnum.NATIVE, order).startsWith("weixin://"));
    mock.pay("wxjava-1");
    assertEquals("SUCCESS", service.queryOrderV3(null, "wxjava-1").getTradeState());
  }

  private static List<String> lines(Mock mock) {
    return mock.exchanges().stream().map(each -> each.get("operation") + " " + each.get("status")).collect(toList());
  }

  private static String firstLine(Process process) throws Exception {
    return new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8)).readLine();
  }

  private static ProcessHandle process(String pid) {
    return ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
  }

  private static String get(String url) throws Exception {
    HttpClient direct = HttpClient.newBuilder().proxy(HttpClient.Builder.NO_PROXY).build();
    return direct.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString()).body();
  }
}
