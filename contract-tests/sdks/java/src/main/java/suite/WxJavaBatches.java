package suite;

import static suite.WxJavaShop.GSON;
import static suite.WxJavaShop.json;

import com.github.binarywang.wxpay.bean.merchanttransfer.MerchantBatchesQueryRequest;
import com.github.binarywang.wxpay.bean.merchanttransfer.MerchantDetailsQueryRequest;
import com.github.binarywang.wxpay.bean.merchanttransfer.TransferCreateRequest;
import com.github.binarywang.wxpay.bean.merchanttransfer.WxBatchesQueryRequest;
import com.github.binarywang.wxpay.bean.merchanttransfer.WxDetailsQueryRequest;
import com.github.binarywang.wxpay.service.MerchantTransferService;
import com.github.binarywang.wxpay.v3.util.RsaCryptoUtil;
import com.google.gson.JsonObject;

/** By WxJava, with whose code a merchant decrypts users' names. */
final class WxJavaBatches implements Batches {
  private final WxJavaShop shop;
  private final MerchantTransferService service;

  WxJavaBatches(WxJavaShop shop) {
    this.shop = shop;
    service = shop.service.getMerchantTransferService();
  }

  @Override
  public JsonObject start(JsonObject batch) throws Exception {
    return json(service.createTransfer(GSON.fromJson(batch, TransferCreateRequest.class)));
  }

  @Override
  public JsonObject byId(String id) throws Exception {
    return json(service.queryWxBatches(GSON.fromJson(Batches.query("batch_id", id), WxBatchesQueryRequest.class)));
  }

  @Override
  public JsonObject byNumber(String number) throws Exception {
    JsonObject query = Batches.query("out_batch_no", number);
    return json(service.queryMerchantBatches(GSON.fromJson(query, MerchantBatchesQueryRequest.class)));
  }

  @Override
  public JsonObject detailById(String batch, String id) throws Exception {
    JsonObject query = Shop.json("batch_id", batch, "detail_id", id);
    return decrypted(json(service.queryWxDetails(GSON.fromJson(query, WxDetailsQueryRequest.class))));
  }

  @Override
  public JsonObject detailByNumber(String batch, String number) throws Exception {
    JsonObject query = Shop.json("out_batch_no", batch, "out_detail_no", number);
    return decrypted(json(service.queryMerchantDetails(GSON.fromJson(query, MerchantDetailsQueryRequest.class))));
  }

  private JsonObject decrypted(JsonObject detail) throws Exception {
    if (detail.has("user_name")) {
      var key = shop.service.getConfig().getPrivateKey();
      detail.addProperty("user_name", RsaCryptoUtil.decryptOAEP(detail.get("user_name").getAsString(), key));
    }
    return detail;
  }

  @Override
  public Shop.Event read(Callback callback) throws Exception {
    return shop.read(callback);
  }
}
