package suite;

import static suite.WxJavaShop.GSON;
import static suite.WxJavaShop.json;

import com.github.binarywang.wxpay.bean.ecommerce.FinishOrderRequest;
import com.github.binarywang.wxpay.bean.ecommerce.ProfitSharingOrdersUnSplitAmountRequest;
import com.github.binarywang.wxpay.bean.ecommerce.ProfitSharingQueryRequest;
import com.github.binarywang.wxpay.bean.ecommerce.ProfitSharingReceiverRequest;
import com.github.binarywang.wxpay.bean.ecommerce.ProfitSharingRequest;
import com.github.binarywang.wxpay.bean.ecommerce.ReturnOrdersQueryRequest;
import com.github.binarywang.wxpay.bean.ecommerce.ReturnOrdersRequest;
import com.github.binarywang.wxpay.service.EcommerceService;
import com.google.gson.JsonObject;

/** By WxJava, as an ecommerce platform. */
final class WxJavaEcommerceSharer implements Sharer {
  private final EcommerceService service;

  WxJavaEcommerceSharer(WxJavaShop shop) {
    service = shop.service.getEcommerceService();
  }

  @Override
  public JsonObject add(JsonObject receiver) throws Exception {
    return json(service.addReceivers(GSON.fromJson(receiver, ProfitSharingReceiverRequest.class)));
  }

  @Override
  public JsonObject delete(JsonObject receiver) throws Exception {
    return json(service.deleteReceivers(GSON.fromJson(receiver, ProfitSharingReceiverRequest.class)));
  }

  @Override
  public JsonObject share(JsonObject request) throws Exception {
    ProfitSharingRequest order = request(Sharer.forEcommerce(request), ProfitSharingRequest.class);
    return Sharer.fromEcommerce(json(service.profitSharing(order)));
  }

  @Override
  public JsonObject query(String transaction, String number) throws Exception {
    JsonObject query = Shop.json("transaction_id", transaction, "out_order_no", number);
    return Sharer.fromEcommerce(json(service.queryProfitSharing(request(query, ProfitSharingQueryRequest.class))));
  }

  @Override
  public long remains(String transaction) throws Exception {
    JsonObject query = Shop.json("transaction_id", transaction);
    return service.queryProfitSharingOrdersUnsplitAmount(
        GSON.fromJson(query, ProfitSharingOrdersUnSplitAmountRequest.class)).getUnsplitAmount();
  }

  @Override
  public JsonObject giveBack(JsonObject request) throws Exception {
    return Sharer.fromEcommerce(json(service.returnOrders(request(request, ReturnOrdersRequest.class))));
  }

  @Override
  public JsonObject queryReturn(String shared, String number) throws Exception {
    JsonObject query = Shop.json("out_order_no", shared, "out_return_no", number);
    return Sharer.fromEcommerce(json(service.queryReturnOrders(request(query, ReturnOrdersQueryRequest.class))));
  }

  @Override
  public JsonObject unfreeze(JsonObject request) throws Exception {
    return json(service.finishOrder(request(request, FinishOrderRequest.class)));
  }

  private static <T> T request(JsonObject fields, Class<T> type) {
    JsonObject all = fields.deepCopy();
    all.addProperty("sub_mchid", Shop.SUB_MCHID);
    return GSON.fromJson(all, type);
  }
}
