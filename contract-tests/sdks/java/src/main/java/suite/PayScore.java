package suite;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;

/**
 * Orders by pay score with WxJava, since the official SDK has no service for them. Run it as `wechatpay-mock run -- java -cp
 * 'target/classes:target/lib/*' suite.PayScore KEY`.
 */
public final class PayScore extends Story {
  private final String by;

  private PayScore(String by) throws Exception {
    this.by = by;
  }

  public static void main(String[] arguments) {
    tell(PayScore::new, arguments[0]);
  }

  @Override
  void tell() throws Exception {
    WxJavaShop shop = new WxJavaShop(by, "jsapi");
    new Flow("WxJava, direct", shop, new Scores.Direct(shop)).run();
    freeze(LocalDate.now(ZoneId.of("Asia/Shanghai")), 12);
    WxJavaPartnerShop provider = new WxJavaPartnerShop(by);
    new Flow("WxJava, partner", provider, new Scores.Partner(provider)).run();
  }

  /** From the creation to the payment. */
  private final class Flow {
    private final String name;
    private final WxJavaShop shop;
    private final Scores scores;
    private final String number = number("service");

    Flow(String name, WxJavaShop shop, Scores scores) {
      this.name = name;
      this.shop = shop;
      this.scores = scores;
    }

    private void check(String what, Tap.Check check) {
      tap.check(name + ": " + what, check);
    }

    void run() {
      receiver.reader = callback -> callback.event().startsWith("PAYSCORE.") ? scores.read(callback) : shop.read(callback);
      check("an order is created, its user confirms it, and its callback is verified and decrypted", () -> confirmed(number));
      check("a query shows the confirmed order", () -> expectState(scores.query(number), "DOING", "USER_CONFIRM"));
      check("an hour later, a total that does not add up is refused", () -> {
        advance(60 * 60);
        refused("PARAM_ERROR", "最终总金额计算非法", () -> scores.complete(completion(number, 3600)));
      });
      check("the order is completed, and waits for its user's payment", () -> {
        scores.complete(completion(number, 3500));
        expectCollecting(3500);
      });
      check("after a collection that failed, a lower amount is collected", () -> {
        act("out_order_no", number, "fail");
        JsonObject lower = Shop.json("out_order_no", number, "reason", "用户投诉");
        lower.add("post_payments", item("租借费用", 3000));
        lower.add("post_discounts", item("会员优惠", 500));
        lower.addProperty("total_amount", 2500);
        scores.modify(lower);
        expectCollecting(2500);
      });
      check("once its user pays, the callback is verified, and a query shows it", () -> {
        act("out_order_no", number, "pay");
        expectCollected(number, 2500);
      });
      check("what was collected is refunded in part, its callback is verified, and a query shows it", () -> {
        var details = scores.query(number).getAsJsonObject("collection").getAsJsonArray("details");
        String transaction = details.get(0).getAsJsonObject().get("transaction_id").getAsString();
        checkRefund(shop, transaction, 2500, number + "refund");
      });
      check("another order is collected by the merchant's call, with the same callback", () -> {
        String other = number("collected");
        confirmed(other);
        scores.complete(completion(other, 3500));
        scores.pay(other);
        expectCollected(other, 3500);
      });
      check("another order is cancelled", () -> {
        String other = number("cancelled");
        create(other);
        scores.cancel(other, "用户投诉");
        expect("REVOKED", scores.query(other).get("state"));
      });
      check("an order that was paid elsewhere is done once that is synchronised", () -> {
        String other = number("synced");
        confirmed(other);
        scores.complete(completion(other, 3500));
        JsonObject paid = Shop.json("out_order_no", other, "type", "Order_Paid");
        paid.add("detail", Shop.json("paid_time", oneOClock()));
        scores.sync(paid);
        JsonObject order = scores.query(other);
        expect("DONE", order.get("state"));
        expect("USER_PAID", order.getAsJsonObject("collection").get("state"));
      });
      check("a paid order cannot be cancelled",
          () -> refused("INVALID_REQUEST", "当前订单状态不满足撤销条件", () -> scores.cancel(number, "用户投诉")));
      check("a user permits a service, the merchant ends that, and both callbacks are verified", this::checkPermission);
    }

    private void create(String number) throws Exception {
      JsonObject request = Shop.json(
          "out_order_no", number, "service_introduction", "某某酒店", "notify_url", receiver.url());
      request.addProperty("need_user_confirm", true);
      request.add("time_range", Shop.json("start_time", "OnAccept"));
      JsonObject risk = Shop.json("name", "DEPOSIT", "description", "预估费用");
      risk.addProperty("amount", 10_000);
      request.add("risk_fund", risk);
      JsonObject order = scores.create(request);
      expect("CREATED", order.get("state"));
      if (!order.has("package")) {
        throw new AssertionError("expected a package, found " + order);
      }
    }

    /** Creates an order, and lets its user confirm it. */
    private void confirmed(String number) throws Exception {
      create(number);
      act("out_order_no", number, "confirm");
      expectState(receiver.next("PAYSCORE.USER_CONFIRM", "out_order_no", number).content, "DOING", "USER_CONFIRM");
    }

    /** The order must wait for its user to pay this amount. */
    private void expectCollecting(int total) throws Exception {
      JsonObject order = scores.query(number);
      expectState(order, "DOING", "MCH_COMPLETE");
      expect(total, order.get("total_amount"));
      expect("USER_PAYING", order.getAsJsonObject("collection").get("state"));
    }

    /** Waits for the callback of a payment, and compares it with a query. */
    private void expectCollected(String number, int total) throws Exception {
      JsonObject called = receiver.next("PAYSCORE.USER_PAID", "out_order_no", number).content;
      expect("DONE", called.get("state"));
      JsonObject collection = called.getAsJsonObject("collection");
      expect("USER_PAID", collection.get("state"));
      expect(total, collection.get("paid_amount"));
      JsonObject queried = scores.query(number);
      expect("DONE", queried.get("state"));
      expect(collection, queried.get("collection"));
    }

    private void checkPermission() throws Exception {
      String code = number("permission");
      JsonObject applied = scores.apply(Shop.json("authorization_code", code, "notify_url", receiver.url()));
      if (!applied.has("apply_permissions_token")) {
        throw new AssertionError("expected a token, found " + applied);
      }
      act("authorization_code", code, "confirm");
      JsonObject called = receiver.next("PAYSCORE.USER_OPEN_SERVICE", "authorization_code", code).content;
      JsonObject queried = scores.permission(code);
      expect("AVAILABLE", queried.get("authorization_state"));
      expect(called.get("openid"), queried.get("openid"));
      scores.terminate(code, "撤销原因");
      receiver.next("PAYSCORE.USER_CLOSE_SERVICE", "authorization_code", code);
      expect("UNAVAILABLE", scores.permission(code).get("authorization_state"));
    }
  }

  private void act(String field, String number, String action) throws Exception {
    mock("/__mock/service-orders", Shop.json(field, number, "action", action));
  }

  /** What a service cost in the end. */
  private static JsonObject completion(String number, int total) {
    JsonObject request = Shop.json("out_order_no", number);
    request.add("post_payments", item("租借费用", 4000));
    request.add("post_discounts", item("会员优惠", 500));
    request.addProperty("total_amount", total);
    request.add("time_range", Shop.json("end_time", oneOClock()));
    return request;
  }

  /** What a user pays for, or gets off. */
  private static JsonArray item(String name, int amount) {
    JsonObject item = Shop.json("name", name, "description", "每小时10元");
    item.addProperty("amount", amount);
    JsonArray items = new JsonArray();
    items.add(item);
    return items;
  }

  /** An hour after the time at which the mock's clock stopped. */
  private static String oneOClock() {
    return LocalDate.now(ZoneId.of("Asia/Shanghai")).format(DateTimeFormatter.BASIC_ISO_DATE) + "130000";
  }

  private static void expectState(JsonObject order, String state, String description) {
    expect(state, order.get("state"));
    expect(description, order.get("state_description"));
  }
}
