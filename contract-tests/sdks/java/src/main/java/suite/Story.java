package suite;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.UUID;

/**
 * What a merchant's server does from the first call to the last, by SDKs that trust one kind of key. Each check is a line of
 * TAP. A program that tells one exits with 0 if all pass, 1 if one fails, 2 if this could not run.
 */
abstract class Story implements AutoCloseable {
  /** The names that are encrypted. */
  static final String USER = "张三";

  static final String COMPANY = "示例科技有限公司";

  private static final int PART = 30;

  final Tap tap = new Tap();
  final Callback.Receiver receiver = new Callback.Receiver();
  private final HttpClient http = HttpClient.newHttpClient();

  Story() throws Exception {}

  /** A story that is told with SDKs that trust this kind of key: certificate or public_key. */
  interface Start {
    Story of(String by) throws Exception;
  }

  abstract void tell() throws Exception;

  static void tell(Start start, String by) {
    int code;
    try (Story story = start.of(by)) {
      story.freeze(LocalDate.now(ZoneId.of("Asia/Shanghai")), 12);
      story.tell();
      code = story.tap.end();
    } catch (Exception e) {
      System.out.println("Bail out! " + e);
      code = 2;
    }
    System.exit(code);
  }

  @Override
  public void close() {
    receiver.close();
  }

  /** A number that was never used before, of letters and digits. */
  static String number(String name) {
    return UUID.randomUUID().toString().substring(0, 8) + name;
  }

  /** Stops the mock's clock at an hour in Beijing. Signatures keep the real time, which is the SDKs'. */
  void freeze(LocalDate day, int hour) throws Exception {
    mock("/__mock/clock", Shop.json("action", "freeze", "at", day + "T" + hour + ":00:00+08:00", "signatures", "real"));
  }

  /** Moves the clock that was stopped. */
  void advance(int seconds) throws Exception {
    JsonObject body = Shop.json("action", "advance", "signatures", "real");
    body.addProperty("seconds", seconds);
    mock("/__mock/clock", body);
  }

  /** Makes a call of the mock's own, which needs no signature. */
  void mock(String path, JsonObject body) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(Merchant.variable("WECHATPAY_MOCK_URL") + path))
            .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
            .build();
    HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != 200) {
      throw new AssertionError("expected 200 to " + path + ", found " + response.statusCode() + " " + response.body());
    }
  }

  /** Refunds a part of what was paid. */
  void checkRefund(Shop shop, String transaction, int total, String number) throws Exception {
    JsonObject refund = Shop.json("transaction_id", transaction, "out_refund_no", number, "notify_url", receiver.url());
    JsonObject amount = Shop.json("currency", "CNY");
    amount.addProperty("refund", PART);
    amount.addProperty("total", total);
    refund.add("amount", amount);
    JsonElement id = shop.refund(refund).get("refund_id");
    JsonObject called = receiver.next("REFUND.SUCCESS", "out_refund_no", number).content;
    expect("SUCCESS", called.get("refund_status"));
    expect(id, called.get("refund_id"));
    JsonObject queried = shop.queryRefund(number);
    expect("SUCCESS", queried.get("status"));
    expect(id, queried.get("refund_id"));
    expect(PART, queried.getAsJsonObject("amount").get("refund"));
  }

  /** On the day after the one of this time, the bill and the compressed one must have all this. */
  void checkBills(String name, String what, Bill bill, String at, String... rows) {
    LocalDate day = LocalDate.parse(at.substring(0, 10));
    for (boolean isCompressed : new boolean[] {false, true}) {
      tap.check(
          name + ": the next day, the " + (isCompressed ? "compressed " : "") + "bill has " + what + ", and its hash is right",
          () -> {
            freeze(day.plusDays(1), 10);
            String content = new String(bill.of(day.toString(), isCompressed), StandardCharsets.UTF_8);
            for (String row : rows) {
              if (!content.contains(row)) {
                throw new AssertionError("expected " + row + " in the bill, found " + content);
              }
            }
          });
    }
  }

  static void expect(Object expected, JsonElement found) {
    JsonElement json = expected instanceof JsonElement ? (JsonElement) expected : JsonParser.parseString(expected.toString());
    if (!json.equals(found)) {
      throw new AssertionError("expected " + json + ", found " + found);
    }
  }

  /** Compares those fields that both have. An SDK's types of an answer and of a callback differ in what they leave out. */
  static void expectSame(JsonObject expected, JsonObject found) {
    expected.entrySet().forEach(field -> {
      if (found.has(field.getKey())) {
        expect(field.getValue(), found.get(field.getKey()));
      }
    });
  }

  /** Makes a call that must be refused like this. */
  static void refused(String code, String message, Tap.Check call) {
    try {
      call.run();
    } catch (Exception e) {
      String[] found = refusal(e);
      if (!code.equals(found[0]) || !message.equals(found[1])) {
        throw new AssertionError("expected " + code + " " + message + ", found " + found[0] + " " + found[1], e);
      }
      return;
    }
    throw new AssertionError("expected " + code + " " + message + ", found no error");
  }

  /** Code and message of the SDKs' own exceptions. */
  private static String[] refusal(Exception e) {
    if (e instanceof com.wechat.pay.java.core.exception.ServiceException) {
      var refusal = (com.wechat.pay.java.core.exception.ServiceException) e;
      return new String[] {refusal.getErrorCode(), refusal.getErrorMessage()};
    }
    if (e instanceof com.github.binarywang.wxpay.exception.WxPayException) {
      var refusal = (com.github.binarywang.wxpay.exception.WxPayException) e;
      return new String[] {refusal.getErrCode(), refusal.getErrCodeDes()};
    }
    return new String[] {"an SDK's exception", e.toString()};
  }
}
