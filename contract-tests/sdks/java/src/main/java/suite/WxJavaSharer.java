package suite;

import static suite.WxJavaShop.GSON;
import static suite.WxJavaShop.json;

import com.github.binarywang.wxpay.bean.profitsharing.request.ProfitSharingBillV3Request;
import com.github.binarywang.wxpay.bean.profitsharing.request.ProfitSharingQueryV3Request;
import com.github.binarywang.wxpay.bean.profitsharing.request.ProfitSharingReceiverV3Request;
import com.github.binarywang.wxpay.bean.profitsharing.request.ProfitSharingReturnV3Request;
import com.github.binarywang.wxpay.bean.profitsharing.request.ProfitSharingUnfreezeV3Request;
import com.github.binarywang.wxpay.bean.profitsharing.request.ProfitSharingV3Request;
import com.github.binarywang.wxpay.bean.profitsharing.result.ProfitSharingBillV3Result;
import com.github.binarywang.wxpay.service.ProfitSharingService;
import com.google.gson.JsonObject;

/** By WxJava, as a merchant or, if there is a sub-merchant, as its service provider. It decrypts no names. */
final class WxJavaSharer implements Sharer {
  private final WxJavaShop shop;
  private final ProfitSharingService service;
  private final String sub;

  WxJavaSharer(WxJavaShop shop, String sub) {
    this.shop = shop;
    service = shop.service.getProfitSharingService();
    this.sub = sub;
  }

  @Override
  public JsonObject add(JsonObject receiver) throws Exception {
    JsonObject added = json(service.addReceiverV3(request(receiver, ProfitSharingReceiverV3Request.class)));
    added.remove("name");
    return added;
  }

  @Override
  public JsonObject delete(JsonObject receiver) throws Exception {
    return json(service.removeReceiverV3(request(receiver, ProfitSharingReceiverV3Request.class)));
  }

  @Override
  public JsonObject share(JsonObject request) throws Exception {
    return json(service.profitSharingV3(request(request, ProfitSharingV3Request.class)));
  }

  @Override
  public JsonObject query(String transaction, String number) throws Exception {
    return json(service.profitSharingQueryV3(
        ProfitSharingQueryV3Request.newBuilder().subMchId(sub).transactionId(transaction).outOrderNo(number).build()));
  }

  @Override
  public long remains(String transaction) throws Exception {
    return Long.parseLong(service.profitSharingUnsplitAmountQueryV3(transaction).getUnsplitAmount());
  }

  @Override
  public JsonObject giveBack(JsonObject request) throws Exception {
    return json(service.profitSharingReturnV3(request(request, ProfitSharingReturnV3Request.class)));
  }

  @Override
  public JsonObject queryReturn(String shared, String number) throws Exception {
    return json(
        sub == null
            ? service.profitSharingReturnQueryV3(shared, number)
            : service.profitSharingReturnQueryV3(shared, number, sub));
  }

  @Override
  public JsonObject unfreeze(JsonObject request) throws Exception {
    return json(service.profitSharingUnfreeze(request(request, ProfitSharingUnfreezeV3Request.class)));
  }

  /** Downloads the bill of a day, and checks its hash. */
  byte[] bill(String day, boolean isCompressed) throws Exception {
    ProfitSharingBillV3Result bill = service.profitSharingBill(
        ProfitSharingBillV3Request.newBuilder().billDate(day).tarType(isCompressed ? "GZIP" : null).build());
    byte[] content = shop.service.downloadBill(bill.getDownloadUrl()).readAllBytes();
    return Bill.checked(content, isCompressed, bill.getHashValue());
  }

  private <T> T request(JsonObject fields, Class<T> type) {
    JsonObject all = fields.deepCopy();
    if (sub != null) {
      all.addProperty("sub_mchid", sub);
    }
    return GSON.fromJson(all, type);
  }
}
