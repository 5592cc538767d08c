package suite;

import com.github.binarywang.wxpay.bean.request.WxPayPartnerRefundV3Request;
import com.github.binarywang.wxpay.bean.request.WxPayPartnerUnifiedOrderV3Request;
import com.github.binarywang.wxpay.bean.request.WxPayRefundQueryV3Request;
import com.github.binarywang.wxpay.bean.result.WxPayUnifiedOrderV3Result;
import com.github.binarywang.wxpay.bean.result.enums.TradeTypeEnum;
import com.google.gson.JsonObject;

/** A service provider's server by WxJava, which orders for another merchant by JSAPI. */
final class WxJavaPartnerShop extends WxJavaShop {
  WxJavaPartnerShop(String by) {
    super(by, "jsapi");
    service.getConfig().setSubMchId(SUB_MCHID);
  }

  @Override
  public Payment place(JsonObject order) throws Exception {
    WxPayPartnerUnifiedOrderV3Request request = GSON.fromJson(order, WxPayPartnerUnifiedOrderV3Request.class);
    WxPayPartnerUnifiedOrderV3Request.Payer payer = new WxPayPartnerUnifiedOrderV3Request.Payer();
    payer.setSpOpenid(OPENID);
    request.setPayer(payer);
    return requested(service.<WxPayUnifiedOrderV3Result.JsapiResult>createPartnerOrderV3(TradeTypeEnum.JSAPI, request));
  }

  @Override
  public JsonObject byNumber(String number) throws Exception {
    return json(service.queryPartnerOrderV3(null, number));
  }

  @Override
  public JsonObject byId(String id) throws Exception {
    return json(service.queryPartnerOrderV3(id, null));
  }

  @Override
  public void close(String number) throws Exception {
    service.closePartnerOrderV3(number);
  }

  @Override
  public JsonObject refund(JsonObject refund) throws Exception {
    return json(service.partnerRefundV3(GSON.fromJson(refund, WxPayPartnerRefundV3Request.class)));
  }

  @Override
  public JsonObject queryRefund(String number) throws Exception {
    WxPayRefundQueryV3Request request = new WxPayRefundQueryV3Request();
    request.setOutRefundNo(number);
    request.setSubMchid(SUB_MCHID);
    return json(service.refundPartnerQueryV3(request));
  }

  @Override
  Object payment(Callback callback) throws Exception {
    return service.parsePartnerOrderNotifyV3Result(callback.body, header(callback)).getResult();
  }
}
