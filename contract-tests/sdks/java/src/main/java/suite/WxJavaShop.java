package suite;

import com.github.binarywang.wxpay.bean.notify.SignatureHeader;
import com.github.binarywang.wxpay.bean.request.WxPayApplyTradeBillV3Request;
import com.github.binarywang.wxpay.bean.request.WxPayRefundV3Request;
import com.github.binarywang.wxpay.bean.request.WxPayUnifiedOrderV3Request;
import com.github.binarywang.wxpay.bean.result.WxPayApplyBillV3Result;
import com.github.binarywang.wxpay.bean.result.WxPayUnifiedOrderV3Result;
import com.github.binarywang.wxpay.bean.result.enums.TradeTypeEnum;
import com.github.binarywang.wxpay.config.WxPayConfig;
import com.github.binarywang.wxpay.service.WxPayService;
import com.github.binarywang.wxpay.service.impl.WxPayServiceImpl;
import com.google.gson.Gson;
import com.google.gson.JsonObject;

/** A merchant's server by WxJava. It reads no proxy from the environment, so its configuration names the mock's. */
class WxJavaShop implements Shop {
  static final Gson GSON = new Gson();
  final WxPayService service = new WxPayServiceImpl();
  private final TradeTypeEnum way;

  WxJavaShop(String by, String way) {
    this.way = TradeTypeEnum.valueOf(way.toUpperCase());
    WxPayConfig config = new WxPayConfig();
    config.setAppId(APPLICATION);
    config.setMchId(Merchant.variable("WECHATPAY_MCHID"));
    config.setApiV3Key(Merchant.variable("WECHATPAY_APIV3_KEY"));
    config.setCertSerialNo(Merchant.variable("WECHATPAY_MERCHANT_SERIAL"));
    config.setPrivateKeyPath(Merchant.variable("WECHATPAY_MERCHANT_KEY"));
    if (by.equals("public_key")) {
      config.setFullPublicKeyModel(true);
      config.setPublicKeyId(Merchant.variable("WECHATPAY_PUBLIC_KEY_ID"));
      config.setPublicKeyPath(Merchant.variable("WECHATPAY_PUBLIC_KEY"));
    }
    // Of pay score: the front end's signature is by a key of the mock's documentation, and nothing here checks it.
    config.setServiceId(SERVICE_ID);
    config.setMchKey("wechatpay-mock-dev-apiv2-key-32b");
    config.setHttpProxyHost(System.getProperty("https.proxyHost"));
    config.setHttpProxyPort(Integer.getInteger("https.proxyPort"));
    service.setConfig(config);
  }

  @Override
  public Payment place(JsonObject order) throws Exception {
    WxPayUnifiedOrderV3Request request = GSON.fromJson(order, WxPayUnifiedOrderV3Request.class);
    request.setPayer(new WxPayUnifiedOrderV3Request.Payer().setOpenid(OPENID));
    switch (way) {
      case JSAPI: {
        return requested(service.<WxPayUnifiedOrderV3Result.JsapiResult>createOrderV3(way, request));
      }
      case APP: {
        request.setPayer(null);
        WxPayUnifiedOrderV3Result.AppResult paid = service.createOrderV3(way, request);
        return Payment.requested(GSON.toJsonTree(paid).getAsJsonObject());
      }
      case NATIVE:
        request.setPayer(null);
        return Payment.by("code_url", service.<String>createOrderV3(way, request));
      default:
        request.setPayer(null);
        return Payment.by("h5_url", service.<String>createOrderV3(way, request));
    }
  }

  @Override
  public JsonObject byNumber(String number) throws Exception {
    return json(service.queryOrderV3(null, number));
  }

  @Override
  public JsonObject byId(String id) throws Exception {
    return json(service.queryOrderV3(id, null));
  }

  @Override
  public void close(String number) throws Exception {
    service.closeOrderV3(number);
  }

  @Override
  public JsonObject refund(JsonObject refund) throws Exception {
    return json(service.refundV3(GSON.fromJson(refund, WxPayRefundV3Request.class)));
  }

  @Override
  public JsonObject queryRefund(String number) throws Exception {
    return json(service.refundQueryV3(number));
  }

  @Override
  public Event read(Callback callback) throws Exception {
    return new Event(callback.event(), json(content(callback)));
  }

  /** What a callback says, which the service that it is of verifies and decrypts. */
  private Object content(Callback callback) throws Exception {
    String body = callback.body;
    switch (callback.event().replaceFirst("[.][A-Z_]*$", "")) {
      case "REFUND":
        return service.parseRefundNotifyV3Result(body, header(callback)).getResult();
      case "MCHTRANSFER.BILL":
        return service.getTransferService().parseTransferBillsNotifyResult(body, header(callback)).getResult();
      case "MCHTRANSFER.BATCH":
        return service.parseTransferBatchesNotifyV3Result(body, header(callback)).getResult();
      case "PROFITSHARING":
        return service.getProfitSharingService().parseProfitSharingNotifyResult(body, header(callback));
      default:
        return payment(callback);
    }
  }

  /** Verifies and decrypts the callback of a payment. */
  Object payment(Callback callback) throws Exception {
    return service.parseOrderNotifyV3Result(callback.body, header(callback)).getResult();
  }

  static SignatureHeader header(Callback callback) {
    return SignatureHeader.builder()
        .timeStamp(callback.header("Wechatpay-Timestamp"))
        .nonce(callback.header("Wechatpay-Nonce"))
        .signature(callback.header("Wechatpay-Signature"))
        .serial(callback.header("Wechatpay-Serial"))
        .build();
  }

  @Override
  public byte[] bill(String day, boolean isCompressed) throws Exception {
    WxPayApplyTradeBillV3Request request = new WxPayApplyTradeBillV3Request();
    request.setBillDate(day);
    request.setBillType("ALL");
    request.setTarType(isCompressed ? "GZIP" : null);
    WxPayApplyBillV3Result bill = service.applyTradeBill(request);
    byte[] content = service.downloadBill(bill.getDownloadUrl()).readAllBytes();
    return Bill.checked(content, isCompressed, bill.getHashValue());
  }

  static Payment requested(WxPayUnifiedOrderV3Result.JsapiResult paid) {
    return Payment.requested(Shop.json(
        "appId", paid.getAppId(), "timeStamp", paid.getTimeStamp(), "nonceStr", paid.getNonceStr(),
        "package", paid.getPackageValue(), "signType", paid.getSignType(), "paySign", paid.getPaySign()));
  }

  static JsonObject json(Object model) {
    return GSON.toJsonTree(model).getAsJsonObject();
  }
}
