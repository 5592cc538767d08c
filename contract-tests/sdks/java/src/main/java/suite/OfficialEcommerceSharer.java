package suite;

import static suite.Official.GSON;
import static suite.Official.json;

import com.google.gson.JsonObject;
import com.wechat.pay.java.service.ecommerceprofitsharing.EcommerceProfitSharingService;
import com.wechat.pay.java.service.ecommerceprofitsharing.model.AddReceiverRequest;
import com.wechat.pay.java.service.ecommerceprofitsharing.model.CreateOrderRequest;
import com.wechat.pay.java.service.ecommerceprofitsharing.model.CreateReturnOrderRequest;
import com.wechat.pay.java.service.ecommerceprofitsharing.model.DeleteReceiverRequest;
import com.wechat.pay.java.service.ecommerceprofitsharing.model.FinishOrderRequest;
import com.wechat.pay.java.service.ecommerceprofitsharing.model.QueryOrderAmountRequest;
import com.wechat.pay.java.service.ecommerceprofitsharing.model.QueryOrderRequest;
import com.wechat.pay.java.service.ecommerceprofitsharing.model.QueryReturnOrderRequest;

/** By the official SDK, as an ecommerce platform. */
final class OfficialEcommerceSharer implements Sharer {
  private final EcommerceProfitSharingService service;

  OfficialEcommerceSharer(Official official) {
    service = new EcommerceProfitSharingService.Builder().config(official.config).build();
  }

  @Override
  public JsonObject add(JsonObject receiver) {
    return json(service.addReceiver(GSON.fromJson(receiver, AddReceiverRequest.class)));
  }

  @Override
  public JsonObject delete(JsonObject receiver) {
    return json(service.deleteReceiver(GSON.fromJson(receiver, DeleteReceiverRequest.class)));
  }

  @Override
  public JsonObject share(JsonObject request) {
    CreateOrderRequest order = request(Sharer.forEcommerce(request), CreateOrderRequest.class);
    return Sharer.fromEcommerce(json(service.createOrder(order)));
  }

  @Override
  public JsonObject query(String transaction, String number) {
    JsonObject query = Shop.json("transaction_id", transaction, "out_order_no", number);
    return Sharer.fromEcommerce(json(service.queryOrder(request(query, QueryOrderRequest.class))));
  }

  @Override
  public long remains(String transaction) {
    JsonObject query = Shop.json("transaction_id", transaction);
    return service.queryOrderAmount(GSON.fromJson(query, QueryOrderAmountRequest.class)).getUnsplitAmount();
  }

  @Override
  public JsonObject giveBack(JsonObject request) {
    return Sharer.fromEcommerce(json(service.createReturnOrder(request(request, CreateReturnOrderRequest.class))));
  }

  @Override
  public JsonObject queryReturn(String shared, String number) {
    JsonObject query = Shop.json("out_order_no", shared, "out_return_no", number);
    return Sharer.fromEcommerce(json(service.queryReturnOrder(request(query, QueryReturnOrderRequest.class))));
  }

  @Override
  public JsonObject unfreeze(JsonObject request) {
    return json(service.finishOrder(request(request, FinishOrderRequest.class)));
  }

  private static <T> T request(JsonObject fields, Class<T> type) {
    JsonObject all = fields.deepCopy();
    all.addProperty("sub_mchid", Shop.SUB_MCHID);
    return GSON.fromJson(all, type);
  }
}
