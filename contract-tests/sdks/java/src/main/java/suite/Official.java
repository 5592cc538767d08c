package suite;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.wechat.pay.java.core.Config;
import com.wechat.pay.java.core.notification.NotificationConfig;
import com.wechat.pay.java.core.notification.NotificationParser;
import com.wechat.pay.java.core.notification.RequestParam;
import com.wechat.pay.java.core.util.GsonUtil;

/** The official SDK, which trusts one kind of key. */
final class Official {
  static final Gson GSON = GsonUtil.getGson();

  final String mchid;
  final Config config;
  private final NotificationParser parser;

  private <C extends Config & NotificationConfig> Official(String mchid, C config) {
    this.mchid = mchid;
    this.config = config;
    parser = new NotificationParser(config);
  }

  /** By this kind of key: certificate or public_key. */
  static Official by(String key) {
    Merchant merchant = Merchant.fromEnvironment();
    return key.equals("certificate")
        ? new Official(merchant.mchid, merchant.certificateConfig())
        : new Official(merchant.mchid, merchant.publicKeyConfig());
  }

  /** Verifies and decrypts a callback whose content is of this type. */
  Shop.Event read(Callback callback, Class<?> type) {
    RequestParam request =
        new RequestParam.Builder()
            .serialNumber(callback.header("Wechatpay-Serial"))
            .nonce(callback.header("Wechatpay-Nonce"))
            .signature(callback.header("Wechatpay-Signature"))
            .signType(callback.header("Wechatpay-Signature-Type"))
            .timestamp(callback.header("Wechatpay-Timestamp"))
            .body(callback.body)
            .build();
    return new Shop.Event(callback.event(), json(parser.parse(request, type)));
  }

  static JsonObject json(Object model) {
    return GSON.toJsonTree(model).getAsJsonObject();
  }
}
