package suite;

import static suite.Official.GSON;
import static suite.Official.json;

import com.google.gson.JsonObject;
import com.wechat.pay.java.core.Config;
import com.wechat.pay.java.service.billdownload.BillDownloadServiceExtension;
import com.wechat.pay.java.service.billdownload.DigestBillEntity;
import com.wechat.pay.java.service.billdownload.model.GetTradeBillRequest;
import com.wechat.pay.java.service.billdownload.model.TarType;
import com.wechat.pay.java.service.payments.app.AppServiceExtension;
import com.wechat.pay.java.service.payments.h5.H5Service;
import com.wechat.pay.java.service.payments.jsapi.JsapiServiceExtension;
import com.wechat.pay.java.service.payments.model.Transaction;
import com.wechat.pay.java.service.payments.nativepay.NativePayService;
import com.wechat.pay.java.service.refund.RefundService;
import com.wechat.pay.java.service.refund.model.CreateRequest;
import com.wechat.pay.java.service.refund.model.QueryByOutRefundNoRequest;
import com.wechat.pay.java.service.refund.model.RefundNotification;
import java.util.function.Function;

/** A merchant's server by the official SDK. Each way to pay is a service of its own. */
final class OfficialShop implements Shop {

  /** A service of the SDK, whose types differ. */
  private static final class Way {
    Function<JsonObject, Payment> place;
    Function<JsonObject, Object> byNumber;
    Function<JsonObject, Object> byId;
    java.util.function.Consumer<JsonObject> close;
    Class<?> transaction = Transaction.class;
    JsonObject merchants;
  }

  private final Way way;
  private final RefundService refunds;
  private final BillDownloadServiceExtension bills;
  private final Official official;
  private final boolean isPartner;

  OfficialShop(Official official, String name) {
    this.official = official;
    way = way(official.config, name);
    isPartner = name.equals("partner");
    way.merchants = isPartner ? Shop.json("sp_mchid", official.mchid, "sub_mchid", SUB_MCHID) : Shop.json("mchid", official.mchid);
    refunds = new RefundService.Builder().config(official.config).build();
    bills = new BillDownloadServiceExtension.Builder().config(official.config).build();
  }

  private static Way way(Config config, String name) {
    Way way = new Way();
    switch (name) {
      case "jsapi": {
        JsapiServiceExtension service = new JsapiServiceExtension.Builder().config(config).build();
        way.place = order -> {
          var paid = service.prepayWithRequestPayment(
              GSON.fromJson(order, com.wechat.pay.java.service.payments.jsapi.model.PrepayRequest.class));
          return Payment.requested(Shop.json(
              "appId", paid.getAppId(), "timeStamp", paid.getTimeStamp(), "nonceStr", paid.getNonceStr(),
              "package", paid.getPackageVal(), "signType", paid.getSignType(), "paySign", paid.getPaySign()));
        };
        way.byNumber = request -> service.queryOrderByOutTradeNo(
            GSON.fromJson(request, com.wechat.pay.java.service.payments.jsapi.model.QueryOrderByOutTradeNoRequest.class));
        way.byId = request -> service.queryOrderById(
            GSON.fromJson(request, com.wechat.pay.java.service.payments.jsapi.model.QueryOrderByIdRequest.class));
        way.close = request -> service.closeOrder(
            GSON.fromJson(request, com.wechat.pay.java.service.payments.jsapi.model.CloseOrderRequest.class));
        return way;
      }
      case "native": {
        NativePayService service = new NativePayService.Builder().config(config).build();
        way.place = order -> Payment.by("code_url", service.prepay(
            GSON.fromJson(order, com.wechat.pay.java.service.payments.nativepay.model.PrepayRequest.class)).getCodeUrl());
        way.byNumber = request -> service.queryOrderByOutTradeNo(
            GSON.fromJson(request, com.wechat.pay.java.service.payments.nativepay.model.QueryOrderByOutTradeNoRequest.class));
        way.byId = request -> service.queryOrderById(
            GSON.fromJson(request, com.wechat.pay.java.service.payments.nativepay.model.QueryOrderByIdRequest.class));
        way.close = request -> service.closeOrder(
            GSON.fromJson(request, com.wechat.pay.java.service.payments.nativepay.model.CloseOrderRequest.class));
        return way;
      }
      case "h5": {
        H5Service service = new H5Service.Builder().config(config).build();
        way.place = order -> Payment.by("h5_url", service.prepay(
            GSON.fromJson(order, com.wechat.pay.java.service.payments.h5.model.PrepayRequest.class)).getH5Url());
        way.byNumber = request -> service.queryOrderByOutTradeNo(
            GSON.fromJson(request, com.wechat.pay.java.service.payments.h5.model.QueryOrderByOutTradeNoRequest.class));
        way.byId = request -> service.queryOrderById(
            GSON.fromJson(request, com.wechat.pay.java.service.payments.h5.model.QueryOrderByIdRequest.class));
        way.close = request -> service.closeOrder(
            GSON.fromJson(request, com.wechat.pay.java.service.payments.h5.model.CloseOrderRequest.class));
        return way;
      }
      case "app": {
        AppServiceExtension service = new AppServiceExtension.Builder().config(config).build();
        way.place = order -> {
          var paid = service.prepayWithRequestPayment(
              GSON.fromJson(order, com.wechat.pay.java.service.payments.app.model.PrepayRequest.class));
          return Payment.requested(Shop.json(
              "partnerId", paid.getPartnerId(), "prepayId", paid.getPrepayId(), "packageValue", paid.getPackageVal(),
              "nonceStr", paid.getNonceStr(), "timeStamp", paid.getTimestamp(), "sign", paid.getSign()));
        };
        way.byNumber = request -> service.queryOrderByOutTradeNo(
            GSON.fromJson(request, com.wechat.pay.java.service.payments.app.model.QueryOrderByOutTradeNoRequest.class));
        way.byId = request -> service.queryOrderById(
            GSON.fromJson(request, com.wechat.pay.java.service.payments.app.model.QueryOrderByIdRequest.class));
        way.close = request -> service.closeOrder(
            GSON.fromJson(request, com.wechat.pay.java.service.payments.app.model.CloseOrderRequest.class));
        return way;
      }
      default: {
        var service = new com.wechat.pay.java.service.partnerpayments.jsapi.JsapiServiceExtension.Builder().config(config).build();
        way.place = order -> {
          var paid = service.prepayWithRequestPayment(
              GSON.fromJson(order, com.wechat.pay.java.service.partnerpayments.jsapi.model.PrepayRequest.class), APPLICATION);
          return Payment.requested(Shop.json(
              "appId", paid.getAppId(), "timeStamp", paid.getTimeStamp(), "nonceStr", paid.getNonceStr(),
              "package", paid.getPackageVal(), "signType", paid.getSignType(), "paySign", paid.getPaySign()));
        };
        way.byNumber = request -> service.queryOrderByOutTradeNo(
            GSON.fromJson(request, com.wechat.pay.java.service.partnerpayments.jsapi.model.QueryOrderByOutTradeNoRequest.class));
        way.byId = request -> service.queryOrderById(
            GSON.fromJson(request, com.wechat.pay.java.service.partnerpayments.jsapi.model.QueryOrderByIdRequest.class));
        way.close = request -> service.closeOrder(
            GSON.fromJson(request, com.wechat.pay.java.service.partnerpayments.jsapi.model.CloseOrderRequest.class));
        way.transaction = com.wechat.pay.java.service.partnerpayments.jsapi.model.Transaction.class;
        return way;
      }
    }
  }

  @Override
  public Payment place(JsonObject order) {
    return way.place.apply(with(order, null, null));
  }

  @Override
  public JsonObject byNumber(String number) {
    return json(way.byNumber.apply(with(new JsonObject(), "out_trade_no", number)));
  }

  @Override
  public JsonObject byId(String id) {
    return json(way.byId.apply(with(new JsonObject(), "transaction_id", id)));
  }

  @Override
  public void close(String number) {
    way.close.accept(with(new JsonObject(), "out_trade_no", number));
  }

  @Override
  public JsonObject refund(JsonObject refund) {
    if (isPartner) {
      refund.addProperty("sub_mchid", SUB_MCHID);
    }
    return json(refunds.create(GSON.fromJson(refund, CreateRequest.class)));
  }

  @Override
  public JsonObject queryRefund(String number) {
    QueryByOutRefundNoRequest request = new QueryByOutRefundNoRequest();
    request.setOutRefundNo(number);
    request.setSubMchid(isPartner ? SUB_MCHID : null);
    return json(refunds.queryByOutRefundNo(request));
  }

  @Override
  public Event read(Callback callback) {
    Class<?> type =
        callback.event().startsWith("REFUND.") ? RefundNotification.class
            : callback.event().startsWith("TRANSACTION.") ? way.transaction
            : JsonObject.class;
    return official.read(callback, type);
  }

  @Override
  public byte[] bill(String day, boolean isCompressed) throws Exception {
    GetTradeBillRequest request = new GetTradeBillRequest();
    request.setBillDate(day);
    request.setTarType(isCompressed ? TarType.GZIP : null);
    DigestBillEntity bill = bills.getTradeBill(request);
    byte[] content = bill.getInputStream().readAllBytes();
    if (!bill.verifyHash()) {
      throw new AssertionError("expected the bill's hash to be right, found it wrong");
    }
    return content;
  }

  private JsonObject with(JsonObject fields, String name, String value) {
    JsonObject all = fields.deepCopy();
    way.merchants.entrySet().forEach(entry -> all.add(entry.getKey(), entry.getValue()));
    if (name != null) {
      all.addProperty(name, value);
    }
    all.addProperty(isPartner ? "sp_appid" : "appid", APPLICATION);
    all.add("payer", Shop.json(isPartner ? "sp_openid" : "openid", OPENID));
    return all;
  }
}
