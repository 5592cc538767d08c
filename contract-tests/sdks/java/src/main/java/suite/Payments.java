package suite;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Map;

/**
 * Takes payments with the official SDK and with WxJava, both unmodified, from the order to the bill. They trust one kind of
 * key: certificate or public_key. Run it as `wechatpay-mock run -- java -cp 'target/classes:target/lib/*' suite.Payments KEY`.
 */
public final class Payments extends Story {
  private static final int TOTAL = 100;

  private final String by;

  private Payments(String by) throws Exception {
    this.by = by;
  }

  public static void main(String[] arguments) {
    tell(Payments::new, arguments[0]);
  }

  @Override
  void tell() {
    Official official = Official.by(by);
    for (String way : new String[] {"jsapi", "native", "h5", "app", "partner"}) {
      flow("wechatpay-java, " + way, new OfficialShop(official, way), way);
    }
    for (String way : new String[] {"jsapi", "native", "h5", "app"}) {
      flow("WxJava, " + way, new WxJavaShop(by, way), way);
    }
    flow("WxJava, partner", new WxJavaPartnerShop(by), "partner");
  }

  /** Orders, pays, queries, closes another order, refunds and, of JSAPI, downloads the bill. */
  private void flow(String name, Shop shop, String way) {
    receiver.reader = shop::read;
    String number = number(way);
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
        () -> checkRefund(shop, id, TOTAL, number + "refund"));
    tap.check(name + ": the order has been refunded", () -> expect("REFUND", shop.byNumber(number).get("trade_state")));
    if (way.equals("jsapi")) {
      checkBills(name, "payment and refund", shop::bill, paid[0].get("success_time").getAsString(),
          "`" + id + ",`" + number + ",", ",`" + number + "refund,");
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
}
