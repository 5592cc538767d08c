package suite;

import static suite.Official.GSON;
import static suite.Official.json;

import com.google.gson.JsonObject;
import com.wechat.pay.java.core.http.DefaultHttpClientBuilder;
import com.wechat.pay.java.core.http.HttpClient;
import com.wechat.pay.java.service.profitsharing.ProfitsharingService;
import com.wechat.pay.java.service.profitsharing.model.AddReceiverRequest;
import com.wechat.pay.java.service.profitsharing.model.CreateOrderRequest;
import com.wechat.pay.java.service.profitsharing.model.CreateReturnOrderRequest;
import com.wechat.pay.java.service.profitsharing.model.DeleteReceiverRequest;
import com.wechat.pay.java.service.profitsharing.model.QueryOrderAmountRequest;
import com.wechat.pay.java.service.profitsharing.model.QueryOrderRequest;
import com.wechat.pay.java.service.profitsharing.model.QueryReturnOrderRequest;
import com.wechat.pay.java.service.profitsharing.model.SplitBillRequest;
import com.wechat.pay.java.service.profitsharing.model.SplitBillResponse;
import com.wechat.pay.java.service.profitsharing.model.UnfreezeOrderRequest;

/** By the official SDK, as a merchant or, if there is a sub-merchant, as its service provider. */
final class OfficialSharer implements Sharer {
  private final ProfitsharingService service;
  private final HttpClient downloads;
  private final String sub;

  OfficialSharer(Official official, String sub) {
    service = new ProfitsharingService.Builder().config(official.config).build();
    downloads = new DefaultHttpClientBuilder().config(official.config).build();
    this.sub = sub;
  }

  @Override
  public JsonObject add(JsonObject receiver) {
    return json(service.addReceiver(request(receiver, AddReceiverRequest.class)));
  }

  @Override
  public JsonObject delete(JsonObject receiver) {
    return json(service.deleteReceiver(request(receiver, DeleteReceiverRequest.class)));
  }

  @Override
  public JsonObject share(JsonObject request) {
    return json(service.createOrder(request(request, CreateOrderRequest.class)));
  }

  @Override
  public JsonObject query(String transaction, String number) {
    JsonObject query = Shop.json("transaction_id", transaction, "out_order_no", number);
    return json(service.queryOrder(request(query, QueryOrderRequest.class)));
  }

  @Override
  public long remains(String transaction) {
    JsonObject query = Shop.json("transaction_id", transaction);
    return service.queryOrderAmount(GSON.fromJson(query, QueryOrderAmountRequest.class)).getUnsplitAmount();
  }

  @Override
  public JsonObject giveBack(JsonObject request) {
    return json(service.createReturnOrder(request(request, CreateReturnOrderRequest.class)));
  }

  @Override
  public JsonObject queryReturn(String shared, String number) {
    JsonObject query = Shop.json("out_order_no", shared, "out_return_no", number);
    return json(service.queryReturnOrder(request(query, QueryReturnOrderRequest.class)));
  }

  @Override
  public JsonObject unfreeze(JsonObject request) {
    return json(service.unfreezeOrder(request(request, UnfreezeOrderRequest.class)));
  }

  /** Downloads the bill of a day, for all of whose shares are its own or its sub-merchants', and checks its hash. */
  byte[] bill(String day, boolean isCompressed) throws Exception {
    JsonObject request = Shop.json("bill_date", day, "tar_type", isCompressed ? "GZIP" : null);
    SplitBillResponse bill = service.splitBill(GSON.fromJson(request, SplitBillRequest.class));
    byte[] content = downloads.download(bill.getDownloadUrl()).readAllBytes();
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
