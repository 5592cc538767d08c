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
import java.util.Map;
import java.util.UUID;

/**
 * Takes payments with the official SDK and with WxJava, both unmodified, from the order to the bill. They trust one kind of
 * key: certificate or public_key. Run it as `wechatpay-mock run -- java -cp 'target/classes:target/lib/*' suite.Payments KEY`.
 *
 * <p>Each check is a line of TAP. Exit code 0 if all pass, 1 if one fails, 2 if this could not run.
 */
public final class Payments {
  private static final int TOTAL = 100;
  private static final int PART = 30;

  private final Tap tap = new Tap();
  private final HttpClient http = HttpClient.newHttpClient();
  private final Callback.Receiver receiver = new Callback.Receiver();

  private Payments() throws Exception {}

  public static void main(String[] arguments) {
    int code;
    try {
      code = new Payments().run(arguments[0]);
    } catch (Exception e) {
      System.out.println("Bail out! " + e);
      code = 2;
    }
    System.exit(code);
  }

  private int run(String by) throws Exception {
    Merchant merchant = Merchant.fromEnvironment();
    try (receiver) {
      freeze(LocalDate.now(ZoneId.of("Asia/Shanghai")), 12);
      var certificates = by.equals("certificate") ? merchant.certificateConfig() : null;
      for (String way : new String[] {"jsapi", "native", "h5", "app", "partner"}) {
        Shop shop =
            certificates != null
                ? new OfficialShop<>(certificates, way, merchant.mchid)
                : new OfficialShop<>(merchant.publicKeyConfig(), way, merchant.mchid);
        flow("wechatpay-java, " + way, shop, way);
      }
      for (String way : new String[] {"jsapi", "native", "h5", "app"}) {
        flow("WxJava, " + way, new WxJavaShop(by, way), way);
      }
      flow("WxJava, partner", new WxJavaPartnerShop(by), "partner");
    }
    return tap.end();
  }

  /** Orders, pays, queries, closes another order, refunds and, of JSAPI, downloads the bill. */
  private void flow(String name, Shop shop, String way) {
    receiver.shop = shop;
    String number = UUID.randomUUID().toString().substring(0, 8) + way;
    JsonObject[] paid = new JsonObject[1];
    tap.check(
        name + ": an order is paid with what the SDK hands over, and its callback is verified and decrypted",
        () -> {
          Shop.Payment payment = shop.place(order(number, way));
          mock(payment.path, payment.body);
          JsonObject called = receiver.next("TRANSACTION.SUCCESS", "out_trade_no", number).content;
          expect("SUCCESS", called.get("trade_state"));
          expect(TOTAL, called.getAsJsonObject("amount").get("total"));
          paid[0] = called;
        });
    if (paid[0] == null) {
      return;
    }
    String id = paid[0].get("transaction_id").getAsString();
    tap.check(
        name + ": both queries show what the callback says",
        () -> {
          for (JsonObject found : new JsonObject[] {shop.byNumber(number), shop.byId(id)}) {
            for (Map.Entry<String, JsonElement> entry : paid[0].entrySet()) {
              expect(entry.getValue(), found.get(entry.getKey()));
            }
          }
        });
    tap.check(
        name + ": another order is closed",
        () -> {
          shop.place(order(number + "other", way));
          shop.close(number + "other");
          expect("CLOSED", shop.byNumber(number + "other").get("trade_state"));
        });
    tap.check(
        name + ": a refund is accepted, its callback is verified, and a query shows it",
        () -> {
          String refundNumber = number + "refund";
          JsonObject refund = Shop.json(
              "transaction_id", id, "out_refund_no", refundNumber, "notify_url", receiver.url());
          JsonObject amount = Shop.json("currency", "CNY");
          amount.addProperty("refund", PART);
          amount.addProperty("total", TOTAL);
          refund.add("amount", amount);
          JsonElement refundId = shop.refund(refund).get("refund_id");
          JsonObject called = receiver.next("REFUND.SUCCESS", "out_refund_no", refundNumber).content;
          expect("SUCCESS", called.get("refund_status"));
          expect(refundId, called.get("refund_id"));
          JsonObject queried = shop.queryRefund(refundNumber);
          expect("SUCCESS", queried.get("status"));
          expect(refundId, queried.get("refund_id"));
          expect(PART, queried.getAsJsonObject("amount").get("refund"));
        });
    tap.check(name + ": the order has been refunded", () -> expect("REFUND", shop.byNumber(number).get("trade_state")));
    if (way.equals("jsapi")) {
      LocalDate day = LocalDate.parse(paid[0].get("success_time").getAsString().substring(0, 10));
      bill(name, shop, day, "`" + id + ",`" + number + ",", ",`" + number + "refund,");
    }
  }

  private void bill(String name, Shop shop, LocalDate day, String... rows) {
    for (boolean isCompressed : new boolean[] {false, true}) {
      tap.check(
          name + ": the next day, the " + (isCompressed ? "compressed " : "") + "bill has payment and refund, and its hash is right",
          () -> {
            freeze(day.plusDays(1), 10);
            String bill = new String(shop.bill(day.toString(), isCompressed), StandardCharsets.UTF_8);
            for (String row : rows) {
              if (!bill.contains(row)) {
                throw new AssertionError("expected " + row + " in the bill, found " + bill);
              }
            }
          });
    }
  }

  private JsonObject order(String number, String way) {
    JsonObject order = Shop.json("description", "深圳腾大-QQ公仔", "out_trade_no", number, "notify_url", receiver.url());
    JsonObject amount = new JsonObject();
    amount.addProperty("total", TOTAL);
    order.add("amount", amount);
    if (way.equals("h5")) {
      JsonObject scene = Shop.json("payer_client_ip", "14.23.150.211");
      scene.add("h5_info", Shop.json("type", "Wap"));
      order.add("scene_info", scene);
    }
    return order;
  }

  /** Stops the mock's clock at an hour in Beijing. Signatures keep the real time, which is the SDKs'. */
  private void freeze(LocalDate day, int hour) throws Exception {
    mock("/__mock/clock", Shop.json("action", "freeze", "at", day + "T" + hour + ":00:00+08:00", "signatures", "real"));
  }

  /** Makes a call of the mock's own, which needs no signature. */
  private void mock(String path, JsonObject body) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(Merchant.variable("WECHATPAY_MOCK_URL") + path))
            .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
            .build();
    HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != 200) {
      throw new AssertionError("expected 200 to " + path + ", found " + response.statusCode() + " " + response.body());
    }
  }

  private static void expect(Object expected, JsonElement found) {
    JsonElement json = expected instanceof JsonElement ? (JsonElement) expected : JsonParser.parseString(expected.toString());
    if (!json.equals(found)) {
      throw new AssertionError("expected " + json + ", found " + found);
    }
  }
}
