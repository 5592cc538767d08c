package suite;

import static suite.WxJavaShop.GSON;
import static suite.WxJavaShop.json;

import com.github.binarywang.wxpay.bean.transfer.TransferBillsRequest;
import com.github.binarywang.wxpay.service.TransferService;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.Objects;

/**
 * Transfers to users: those of 2025 with WxJava, since the official SDK has no service for them, and older batches with both.
 * Run it as `wechatpay-mock run -- java -cp 'target/classes:target/lib/*' suite.Transfers KEY`.
 */
public final class Transfers extends Story {
  /** From this amount on, a transfer needs its user's name. */
  private static final int NAMED = 200_000;

  private static final int UNNAMED = 30;
  private static final int DAY = 24 * 60 * 60;

  private final String by;

  private Transfers(String by) throws Exception {
    this.by = by;
  }

  public static void main(String[] arguments) {
    tell(Transfers::new, arguments[0]);
  }

  @Override
  void tell() {
    WxJavaShop shop = new WxJavaShop(by, "jsapi");
    bills(shop);
    batch("wechatpay-java", new OfficialBatches(Official.by(by)));
    batch("WxJava", new WxJavaBatches(shop));
  }

  private void bills(WxJavaShop shop) {
    receiver.reader = shop::read;
    TransferService service = shop.service.getTransferService();
    String confirmed = number("confirmed");
    JsonObject[] called = new JsonObject[1];
    tap.check(
        "WxJava: a transfer waits for its user, and the same request is the same transfer",
        () -> expect(transfer(service, confirmed).get("transfer_bill_no"), transfer(service, confirmed).get("transfer_bill_no")));
    tap.check(
        "WxJava: once its user confirms, the callback is verified and decrypted, and a query shows it",
        () -> {
          mock("/__mock/transfers", Shop.json("out_bill_no", confirmed, "action", "confirm"));
          called[0] = ends(service, confirmed, "SUCCESS");
        });
    tap.check(
        "WxJava: a query by the other number shows it, too",
        () -> expectQueried(called[0],
            json(service.getBillsByTransferBillNo(called[0].get("transfer_bill_no").getAsString()))));
    tap.check(
        "WxJava: another is declined, and its callback is verified",
        () -> {
          String number = number("declined");
          transfer(service, number);
          mock("/__mock/transfers", Shop.json("out_bill_no", number, "action", "decline"));
          ends(service, number, "FAIL");
        });
    tap.check(
        "WxJava: a transfer is cancelled, and its callback is verified",
        () -> {
          String number = number("cancelled");
          transfer(service, number);
          expect(new JsonPrimitive(number), json(service.transformBillsCancel(number)).get("out_bill_no"));
          ends(service, number, "CANCELLED");
        });
    tap.check(
        "WxJava: a transfer that nobody confirms fails after 24 hours, and its callback is verified",
        () -> {
          String number = number("overdue");
          transfer(service, number);
          advance(DAY + 60);
          expect("OVERDUE_CLOSE", ends(service, number, "FAIL").get("fail_reason"));
        });
    tap.check(
        "WxJava: a number that was never used is refused",
        () -> refused("NOT_FOUND", "记录不存在", () -> service.getBillsByOutBillNo(number("unknown"))));
    tap.check(
        "WxJava: a transfer without its scene's reports is refused",
        () -> {
          JsonObject request = request(number("unreported"));
          request.getAsJsonArray("transfer_scene_report_infos").remove(1);
          refused("PARAM_ERROR", "未传入完整且对应的转账场景报备信息，请根据接口文档检查",
              () -> service.transferBills(GSON.fromJson(request, TransferBillsRequest.class)));
        });
  }

  private JsonObject request(String number) {
    JsonObject request = Shop.json(
        "appid", Shop.APPLICATION, "out_bill_no", number, "transfer_scene_id", "1000", "openid", Shop.OPENID, "user_name", USER,
        "transfer_remark", "新会员开通有礼", "notify_url", receiver.url());
    request.addProperty("transfer_amount", NAMED);
    JsonArray reports = new JsonArray();
    reports.add(Shop.json("info_type", "活动名称", "info_content", "新会员有礼"));
    reports.add(Shop.json("info_type", "奖励说明", "info_content", "注册会员抽奖一等奖"));
    request.add("transfer_scene_report_infos", reports);
    return request;
  }

  /** Orders a transfer, which must wait for its user. */
  private JsonObject transfer(TransferService service, String number) throws Exception {
    JsonObject bill = json(service.transferBills(GSON.fromJson(request(number), TransferBillsRequest.class)));
    expect("WAIT_USER_CONFIRM", bill.get("state"));
    if (!bill.has("package_info")) {
      throw new AssertionError("expected a package_info, found " + bill);
    }
    return bill;
  }

  /** Waits for the callback of a transfer's end, and compares it with a query. */
  private JsonObject ends(TransferService service, String number, String state) throws Exception {
    JsonObject called = receiver.next("MCHTRANSFER.BILL.FINISHED", "out_bill_no", number).content;
    expect(state, called.get("state"));
    expect(NAMED, called.get("transfer_amount"));
    expectQueried(called, json(service.getBillsByOutBillNo(number)));
    return called;
  }

  /** The SDK's type of a queried amount is a text. */
  private static void expectQueried(JsonObject called, JsonObject queried) {
    queried.addProperty("transfer_amount", queried.get("transfer_amount").getAsInt());
    expectSame(called, queried);
    for (String field : new String[] {"state", "transfer_bill_no", "openid"}) {
      expect(called.get(field), queried.get(field));
    }
  }

  /** Leads a batch, of a named and of an unnamed user, to its end. */
  private void batch(String name, Batches batches) {
    receiver.reader = batches::read;
    String number = number("batch");
    String[] id = new String[1];
    tap.check(
        name + ": a batch is accepted, and its callback is verified and decrypted",
        () -> {
          JsonArray details = new JsonArray();
          details.add(detail(number + "named", NAMED));
          details.get(0).getAsJsonObject().addProperty("user_name", USER);
          details.add(detail(number + "unnamed", UNNAMED));
          JsonObject request = Shop.json(
              "appid", Shop.APPLICATION, "out_batch_no", number, "batch_name", "分部报销单", "batch_remark", "分部报销单",
              "transfer_scene_id", "1000", "notify_url", receiver.url());
          request.addProperty("total_amount", NAMED + UNNAMED);
          request.addProperty("total_num", 2);
          request.add("transfer_detail_list", details);
          id[0] = batches.start(request).get("batch_id").getAsString();
          JsonObject called = receiver.next("MCHTRANSFER.BATCH.FINISHED", "out_batch_no", number).content;
          expect("FINISHED", called.get("batch_status"));
          expect(NAMED + UNNAMED, called.get("success_amount"));
          expect(2, called.get("success_num"));
        });
    if (id[0] == null) {
      return;
    }
    tap.check(
        name + ": both queries show the batch with its details",
        () -> {
          JsonObject found = batches.byId(id[0]);
          expect(found, batches.byNumber(number));
          expect("FINISHED", found.getAsJsonObject("transfer_batch").get("batch_status"));
          expect(2, new JsonPrimitive(found.getAsJsonArray("transfer_detail_list").size()));
        });
    tap.check(
        name + ": both queries show each detail, and the user's name is decrypted",
        () -> {
          for (var listed : batches.byId(id[0]).getAsJsonArray("transfer_detail_list")) {
            String detail = listed.getAsJsonObject().get("detail_id").getAsString();
            JsonObject found = batches.detailById(id[0], detail);
            expect(found, batches.detailByNumber(number, found.get("out_detail_no").getAsString()));
            expect("SUCCESS", found.get("detail_status"));
            boolean isNamed = found.get("out_detail_no").getAsString().equals(number + "named");
            expect(isNamed ? NAMED : UNNAMED, found.get("transfer_amount"));
            JsonElement user = isNamed ? new JsonPrimitive(USER) : null;
            if (!Objects.equals(user, found.get("user_name"))) {
              throw new AssertionError("expected the name " + user + ", found " + found);
            }
          }
        });
  }

  private static JsonObject detail(String number, int amount) {
    JsonObject detail = Shop.json("out_detail_no", number, "transfer_remark", "报销", "openid", Shop.OPENID);
    detail.addProperty("transfer_amount", amount);
    return detail;
  }
}
