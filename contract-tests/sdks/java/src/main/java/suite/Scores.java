package suite;

import static suite.WxJavaShop.GSON;
import static suite.WxJavaShop.json;

import com.github.binarywang.wxpay.bean.ecommerce.SignatureHeader;
import com.github.binarywang.wxpay.bean.payscore.WxPartnerPayScoreRequest;
import com.github.binarywang.wxpay.bean.payscore.WxPayScoreRequest;
import com.github.binarywang.wxpay.service.PartnerPayScoreService;
import com.github.binarywang.wxpay.service.PayScoreService;
import com.google.gson.JsonObject;

/** Orders by pay score with WxJava, which has a service for merchants and one for service providers. */
interface Scores {
  JsonObject create(JsonObject order) throws Exception;

  JsonObject query(String number) throws Exception;

  void cancel(String number, String reason) throws Exception;

  void complete(JsonObject completion) throws Exception;

  void modify(JsonObject change) throws Exception;

  void pay(String number) throws Exception;

  void sync(JsonObject payment) throws Exception;

  JsonObject apply(JsonObject permission) throws Exception;

  JsonObject permission(String code) throws Exception;

  void terminate(String code, String reason) throws Exception;

  /** Verifies and decrypts a callback. */
  Shop.Event read(Callback callback) throws Exception;

  static SignatureHeader header(Callback callback) {
    return new SignatureHeader(
        callback.header("Wechatpay-Timestamp"), callback.header("Wechatpay-Nonce"),
        callback.header("Wechatpay-Signature"), callback.header("Wechatpay-Serial"));
  }

  /** As a merchant. */
  final class Direct implements Scores {
    private final PayScoreService service;

    Direct(WxJavaShop shop) {
      service = shop.service.getPayScoreService();
    }

    @Override
    public JsonObject create(JsonObject order) throws Exception {
      return json(service.createServiceOrder(request(order)));
    }

    @Override
    public JsonObject query(String number) throws Exception {
      return json(service.queryServiceOrder(number, null));
    }

    @Override
    public void cancel(String number, String reason) throws Exception {
      service.cancelServiceOrder(number, reason);
    }

    @Override
    public void complete(JsonObject completion) throws Exception {
      service.completeServiceOrder(request(completion));
    }

    @Override
    public void modify(JsonObject change) throws Exception {
      service.modifyServiceOrder(request(change));
    }

    @Override
    public void pay(String number) throws Exception {
      service.payServiceOrder(number);
    }

    @Override
    public void sync(JsonObject payment) throws Exception {
      service.syncServiceOrder(request(payment));
    }

    @Override
    public JsonObject apply(JsonObject permission) throws Exception {
      return json(service.permissions(request(permission)));
    }

    @Override
    public JsonObject permission(String code) throws Exception {
      return json(service.permissionsQueryByAuthorizationCode(code));
    }

    @Override
    public void terminate(String code, String reason) throws Exception {
      service.permissionsTerminateByAuthorizationCode(code, reason);
    }

    @Override
    public Shop.Event read(Callback callback) throws Exception {
      var data = service.parseNotifyData(callback.body, header(callback));
      return new Shop.Event(callback.event(), json(service.decryptNotifyDataResource(data)));
    }

    private static WxPayScoreRequest request(JsonObject fields) {
      return GSON.fromJson(fields, WxPayScoreRequest.class);
    }
  }

  /** As a service provider. */
  final class Partner implements Scores {
    private final PartnerPayScoreService service;

    Partner(WxJavaShop shop) {
      service = shop.service.getPartnerPayScoreService();
    }

    @Override
    public JsonObject create(JsonObject order) throws Exception {
      return json(service.createServiceOrder(request(order)));
    }

    @Override
    public JsonObject query(String number) throws Exception {
      return json(service.queryServiceOrder(Shop.SERVICE_ID, Shop.SUB_MCHID, number, null));
    }

    @Override
    public void cancel(String number, String reason) throws Exception {
      service.cancelServiceOrder(Shop.SERVICE_ID, Shop.APPLICATION, Shop.SUB_MCHID, number, reason);
    }

    @Override
    public void complete(JsonObject completion) throws Exception {
      service.completeServiceOrder(request(completion));
    }

    @Override
    public void modify(JsonObject change) throws Exception {
      service.modifyServiceOrder(request(change));
    }

    @Override
    public void pay(String number) throws Exception {
      service.payServiceOrder(Shop.SERVICE_ID, Shop.APPLICATION, Shop.SUB_MCHID, number);
    }

    @Override
    public void sync(JsonObject payment) throws Exception {
      service.syncServiceOrder(request(payment));
    }

    @Override
    public JsonObject apply(JsonObject permission) throws Exception {
      return json(service.permissions(request(permission)));
    }

    @Override
    public JsonObject permission(String code) throws Exception {
      return json(service.permissionsQueryByAuthorizationCode(Shop.SERVICE_ID, Shop.SUB_MCHID, code));
    }

    @Override
    public void terminate(String code, String reason) throws Exception {
      service.permissionsTerminateByAuthorizationCode(Shop.SERVICE_ID, Shop.SUB_MCHID, code, reason);
    }

    @Override
    public Shop.Event read(Callback callback) throws Exception {
      var data = service.parseNotifyData(callback.body, header(callback));
      return new Shop.Event(callback.event(), json(service.decryptNotifyDataResource(data)));
    }

    private static WxPartnerPayScoreRequest request(JsonObject fields) {
      JsonObject all = fields.deepCopy();
      all.addProperty("appid", Shop.APPLICATION);
      all.addProperty("service_id", Shop.SERVICE_ID);
      all.addProperty("sub_mchid", Shop.SUB_MCHID);
      return GSON.fromJson(all, WxPartnerPayScoreRequest.class);
    }
  }
}
