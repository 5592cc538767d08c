package acceptance;

import com.wechat.pay.java.core.RSAAutoCertificateConfig;
import com.wechat.pay.java.core.http.DefaultHttpClientBuilder;
import com.wechat.pay.java.service.payments.jsapi.JsapiService;
import com.wechat.pay.java.service.payments.jsapi.model.Amount;
import com.wechat.pay.java.service.payments.jsapi.model.Payer;
import com.wechat.pay.java.service.payments.jsapi.model.PrepayRequest;
import com.wechat.pay.java.service.payments.jsapi.model.QueryOrderByOutTradeNoRequest;
import com.wechat.pay.java.service.payments.model.Transaction;
import io.github.wechatpaymock.Credentials;
import java.nio.charset.StandardCharsets;
import okhttp3.OkHttpClient;
import okhttp3.RequestBody;

/** A merchant's server, by the official SDK. */
final class Shop {
  static final String NOWHERE = "http://127.0.0.1:9/notify";

  final RSAAutoCertificateConfig config;
  private final String mchid;
  private final JsapiService service;

  Shop(Credentials merchant) {
    this(merchant.mchid(), merchant.merchantSerial(), merchant.merchantKey(), merchant.apiv3Key());
  }

  Shop(String mchid, String serial, String key, String apiv3Key) {
    this.mchid = mchid;
    config = new RSAAutoCertificateConfig.Builder()
        .merchantId(mchid)
        .merchantSerialNumber(serial)
        .privateKey(key)
        .apiV3Key(apiv3Key)
        .build();
    service = new JsapiService.Builder().config(config).build();
  }

  /** Places an order of 1 yuan, and returns its prepay_id, after the SDK has verified the response. */
  String order(String number) {
    return order(number, NOWHERE);
  }

  String order(String number, String notifyUrl) {
    return service.prepay(request(number, notifyUrl)).getPrepayId();
  }

  String orderUntil(String number, String timeExpire) {
    PrepayRequest request = request(number, NOWHERE);
    request.setTimeExpire(timeExpire);
    return service.prepay(request).getPrepayId();
  }

  /** Places an order whose body changes after the SDK has signed it. */
  void orderChangedAfterSigning(String number) {
    OkHttpClient changing = new OkHttpClient.Builder()
        .addInterceptor(chain -> {
          byte[] other = "{\"appid\":\"wx0000000000000000\"}".getBytes(StandardCharsets.UTF_8);
          return chain.proceed(chain.request().newBuilder().post(RequestBody.create(other, chain.request().body().contentType())).build());
        })
        .build();
    new JsapiService.Builder()
        .httpClient(new DefaultHttpClientBuilder().config(config).okHttpClient(changing).build())
        .build()
        .prepay(request(number, NOWHERE));
  }

  Transaction query(String number) {
    QueryOrderByOutTradeNoRequest query = new QueryOrderByOutTradeNoRequest();
    query.setMchid(mchid);
    query.setOutTradeNo(number);
    return service.queryOrderByOutTradeNo(query);
  }

  private PrepayRequest request(String number, String notifyUrl) {
    Amount amount = new Amount();
    amount.setTotal(100);
    amount.setCurrency("CNY");
    Payer payer = new Payer();
    payer.setOpenid("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
    PrepayRequest order = new PrepayRequest();
    order.setAppid("wxd678efh567hg6787");
    order.setMchid(mchid);
    order.setDescription("美式咖啡");
    order.setOutTradeNo(number);
    order.setNotifyUrl(notifyUrl);
    order.setAmount(amount);
    order.setPayer(payer);
    return order;
  }
}
