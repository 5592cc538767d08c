package suite;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.stream.Stream;

/**
 * Profit sharing with the official SDK and with WxJava, as a merchant, a service provider and an ecommerce platform. Run it as
 * `wechatpay-mock run -- java -cp 'target/classes:target/lib/*' suite.Sharing KEY`.
 */
public final class Sharing extends Story {
  private static final int TOTAL = 1000;
  private static final int SHARE = 200;
  private static final int GIFT = 50;

  private final String by;
  private final LocalDate day = LocalDate.now(ZoneId.of("Asia/Shanghai"));

  private Sharing(String by) throws Exception {
    this.by = by;
  }

  public static void main(String[] arguments) {
    tell(Sharing::new, arguments[0]);
  }

  @Override
  void tell() {
    Official official = Official.by(by);
    Shop direct = new OfficialShop(official, "jsapi");
    Shop partner = new OfficialShop(official, "partner");
    OfficialSharer merchant = new OfficialSharer(official, null);
    OfficialSharer forSub = new OfficialSharer(official, Shop.SUB_MCHID);
    var flows = List.of(
        new Flow("wechatpay-java, direct", direct, merchant, Shop.SUB_MCHID, "SUPPLIER"),
        new Flow("wechatpay-java, partner", partner, forSub, official.mchid, "SERVICE_PROVIDER"),
        new Flow("wechatpay-java, ecommerce", partner, new OfficialEcommerceSharer(official), official.mchid, "SUPPLIER", forSub));
    WxJavaShop shop = new WxJavaShop(by, "jsapi");
    WxJavaPartnerShop provider = new WxJavaPartnerShop(by);
    WxJavaSharer other = new WxJavaSharer(shop, null);
    WxJavaSharer otherForSub = new WxJavaSharer(provider, Shop.SUB_MCHID);
    var others = List.of(
        new Flow("WxJava, direct", shop, other, Shop.SUB_MCHID, "SUPPLIER"),
        new Flow("WxJava, partner", provider, otherForSub, official.mchid, "SERVICE_PROVIDER"),
        new Flow("WxJava, ecommerce", provider, new WxJavaEcommerceSharer(provider), official.mchid, "SUPPLIER", otherForSub));
    flows.forEach(Flow::run);
    others.forEach(Flow::run);
    bills("wechatpay-java", merchant::bill, flows);
    bills("WxJava", other::bill, others);
  }

  private void bills(String name, Bill bill, List<Flow> flows) {
    String[] rows = flows.stream()
        .flatMap(flow -> Stream.of(
            "`" + flow.shared + ",`10.00,`" + flow.account + ",`2.00,",
            "`" + flow.shared + ",`10.00,`" + Shop.OPENID + ",`0.50,",
            "`" + flow.shared + "return,`10.00,`" + flow.account + ",`1.00,"))
        .toArray(String[]::new);
    checkBills(name, "what was shared and returned", bill, day.toString(), rows);
  }

  /** From the payment to the return of a share. */
  private final class Flow {
    private final String name;
    private final Shop shop;
    private final Sharer sharer;
    /** The merchant that gets a share. The callback of that goes to the address that the mock's configuration has for it. */
    private final String account;
    private final String relation;
    /** By the API that cannot share what this one has shared, or null. */
    private final Sharer other;
    private final String number = number("order");
    private final String shared = number + "shared";
    private String transaction;
    private JsonObject order;

    Flow(String name, Shop shop, Sharer sharer, String account, String relation) {
      this(name, shop, sharer, account, relation, null);
    }

    Flow(String name, Shop shop, Sharer sharer, String account, String relation, Sharer other) {
      this.name = name;
      this.shop = shop;
      this.sharer = sharer;
      this.account = account;
      this.relation = relation;
      this.other = other;
    }

    private void check(String what, Tap.Check check) {
      tap.check(name + ": " + what, check);
    }

    void run() {
      receiver.reader = shop::read;
      check("receivers are added, twice too, and the SDK encrypts their names", this::addReceivers);
      check("an order to be shared is paid, and its callback is verified", () -> transaction = pay(number, true));
      if (transaction == null) {
        return;
      }
      check("within a minute of the payment, it cannot be shared",
          () -> refused("INVALID_REQUEST", tooEarly(), () -> share(shared + "early", SHARE, GIFT)));
      check("a minute later it is shared, once for the same request, and less remains", () -> {
        advance(61);
        expect(TOTAL, remains());
        order = share(shared, SHARE, GIFT);
        expect(new JsonPrimitive(shared), order.get("out_order_no"));
        // Names are encrypted anew.
        expect(order.get("order_id"), share(shared, SHARE, GIFT).get("order_id"));
        expect(TOTAL - SHARE - GIFT, remains());
      });
      if (order == null) {
        return;
      }
      check("a query shows what each receiver got", this::checkShared);
      check("the receiver's callback is verified and decrypted", () -> checkNotice("PROFITSHARING.SUCCESS", shared, SHARE));
      check("more than the largest ratio is refused",
          () -> refused("INVALID_REQUEST", "分账金额超出最大分账比例", () -> share(shared + "more", SHARE, 0)));
      if (other != null) {
        check("another API cannot share it", () -> {
          JsonObject request = request(shared + "other", SHARE, 0);
          refused("INVALID_REQUEST", "电商商户不允许调用非电商分账API", () -> other.share(request));
        });
      }
      check("a part is returned, a query shows it, and the receiver's callback is verified", this::checkReturn);
      check("what remains is unfrozen, and then no more can be shared", this::checkUnfrozen);
      check("an order that was not to be shared cannot be", () -> {
        transaction = pay(number + "whole", false);
        advance(61);
        refused("INVALID_REQUEST", "非分账订单不支持分账", () -> share(shared + "whole", SHARE, 0));
      });
      check("a receiver is deleted, and gets nothing any more", this::checkDeleted);
    }

    private String tooEarly() {
      return name.endsWith("ecommerce") ? "订单处理中，暂时无法分账，请稍后再试" : "订单处理中，请稍后重试";
    }

    private void addReceivers() throws Exception {
      for (int i = 0; i < 2; i++) {
        expectSame(merchant(), sharer.add(merchant()));
        JsonObject user = Shop.json(
            "appid", Shop.APPLICATION, "type", "PERSONAL_OPENID", "account", Shop.OPENID, "name", USER,
            "relation_type", relation.equals("SUPPLIER") ? "SUPPLIER" : "USER");
        expectSame(user, sharer.add(user));
      }
    }

    private JsonObject merchant() {
      return Shop.json(
          "appid", Shop.APPLICATION, "type", "MERCHANT_ID", "account", account, "name", COMPANY, "relation_type", relation);
    }

    /** Orders and pays, and returns the number of the transaction. */
    private String pay(String number, boolean isShared) throws Exception {
      JsonObject order = Shop.json("description", "深圳腾大-QQ公仔", "out_trade_no", number, "notify_url", receiver.url());
      JsonObject amount = new JsonObject();
      amount.addProperty("total", TOTAL);
      order.add("amount", amount);
      JsonObject settlement = new JsonObject();
      settlement.addProperty("profit_sharing", isShared);
      order.add("settle_info", settlement);
      Shop.Payment payment = shop.place(order);
      mock(payment.path, payment.body);
      return receiver.next("TRANSACTION.SUCCESS", "out_trade_no", number).content.get("transaction_id").getAsString();
    }

    /** Asks to share this amount with the merchant, and a gift with the user, unless that is 0. */
    private JsonObject share(String number, int share, int gift) throws Exception {
      return sharer.share(request(number, share, gift));
    }

    private JsonObject request(String number, int share, int gift) {
      JsonArray receivers = new JsonArray();
      JsonObject merchant = Shop.json("type", "MERCHANT_ID", "account", account, "name", COMPANY, "description", "分给商户");
      merchant.addProperty("amount", share);
      receivers.add(merchant);
      if (gift > 0) {
        JsonObject user = Shop.json("type", "PERSONAL_OPENID", "account", Shop.OPENID, "description", "分给个人");
        user.addProperty("amount", gift);
        receivers.add(user);
      }
      JsonObject request = Shop.json("appid", Shop.APPLICATION, "transaction_id", transaction, "out_order_no", number);
      request.add("receivers", receivers);
      request.addProperty("unfreeze_unsplit", false);
      return request;
    }

    private JsonElement remains() throws Exception {
      return new JsonPrimitive(sharer.remains(transaction));
    }

    private void checkShared() throws Exception {
      JsonObject queried = sharer.query(transaction, shared);
      expect(order.get("order_id"), queried.get("order_id"));
      expect("FINISHED", queried.get("state"));
      int found = 0;
      for (JsonElement element : queried.getAsJsonArray("receivers")) {
        JsonObject receiver = element.getAsJsonObject();
        String to = receiver.get("account").getAsString();
        if (to.equals(account) || to.equals(Shop.OPENID)) {
          expect("SUCCESS", receiver.get("result"));
          expect(to.equals(account) ? SHARE : GIFT, receiver.get("amount"));
          found++;
        }
      }
      expect(2, new JsonPrimitive(found));
    }

    /** Waits for the callback that the receiver gets. */
    private void checkNotice(String event, String number, int amount) throws Exception {
      JsonObject called = receiver.next(event, "out_order_no", number).content;
      expect(new JsonPrimitive(transaction), called.get("transaction_id"));
      JsonObject receiver = called.getAsJsonObject("receiver");
      expect(new JsonPrimitive(account), receiver.get("account"));
      expect(amount, receiver.get("amount"));
    }

    private void checkReturn() throws Exception {
      String number = shared + "return";
      JsonObject request = Shop.json(
          "out_order_no", shared, "out_return_no", number, "return_mchid", account, "description", "用户退款");
      request.addProperty("amount", SHARE / 2);
      JsonObject answer = sharer.giveBack(request);
      JsonObject queried = sharer.queryReturn(shared, number);
      expect("SUCCESS", queried.get("result"));
      expect(answer.get("return_id"), queried.get("return_id"));
      expect(SHARE / 2, queried.get("amount"));
      checkNotice("PROFITSHARING.RETURN", number, SHARE / 2);
    }

    private void checkUnfrozen() throws Exception {
      String number = shared + "rest";
      JsonObject answer = sharer.unfreeze(
          Shop.json("transaction_id", transaction, "out_order_no", number, "description", "解冻全部剩余资金"));
      expect(new JsonPrimitive(number), answer.get("out_order_no"));
      expect(0, remains());
      refused("INVALID_REQUEST", "订单已完结分账，不支持分账", () -> share(number + "more", 1, 0));
    }

    private void checkDeleted() throws Exception {
      JsonObject deleted = sharer.delete(
          Shop.json("appid", Shop.APPLICATION, "type", "MERCHANT_ID", "account", account));
      expect(new JsonPrimitive(account), deleted.get("account"));
      transaction = pay(number + "deleted", true);
      advance(61);
      refused("INVALID_REQUEST", "分账接收方关系不存在，请检查参数中每个接收方的关系。",
          () -> share(shared + "deleted", SHARE, 0));
    }
  }
}
