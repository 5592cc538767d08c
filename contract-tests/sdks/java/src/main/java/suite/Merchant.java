package suite;

import com.wechat.pay.java.core.Config;
import com.wechat.pay.java.core.RSAAutoCertificateConfig;
import com.wechat.pay.java.core.RSAPublicKeyConfig;
import com.wechat.pay.java.core.http.DefaultHttpClientBuilder;
import com.wechat.pay.java.core.http.HttpClient;
import com.wechat.pay.java.core.util.PemUtil;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.util.NoSuchElementException;

/** The merchant to call as, from the variables that `wechatpay-mock run` sets. */
final class Merchant {
  final String platformSerial = variable("WECHATPAY_PLATFORM_SERIAL");
  final String publicKeyId = variable("WECHATPAY_PUBLIC_KEY_ID");
  final String mchid = variable("WECHATPAY_MCHID");
  private final String serial = variable("WECHATPAY_MERCHANT_SERIAL");
  private final String apiV3Key = variable("WECHATPAY_APIV3_KEY");
  private final PublicKey publicKey = PemUtil.loadPublicKeyFromPath(variable("WECHATPAY_PUBLIC_KEY"));
  private final PrivateKey key;

  private Merchant(PrivateKey key) {
    this.key = key;
  }

  static Merchant fromEnvironment() {
    return new Merchant(PemUtil.loadPrivateKeyFromPath(variable("WECHATPAY_MERCHANT_KEY")));
  }

  /** The same merchant, signing with another key. */
  Merchant signingWith(PrivateKey other) {
    return new Merchant(other);
  }

  /** First downloads the platform certificates. */
  HttpClient trustingCertificates() {
    return client(certificateConfig());
  }

  /** First downloads the platform certificates. */
  RSAAutoCertificateConfig certificateConfig() {
    return new RSAAutoCertificateConfig.Builder()
        .merchantId(mchid)
        .merchantSerialNumber(serial)
        .privateKey(key)
        .apiV3Key(apiV3Key)
        .build();
  }

  HttpClient trustingPublicKey() {
    return client(publicKeyConfig());
  }

  RSAPublicKeyConfig publicKeyConfig() {
    return new RSAPublicKeyConfig.Builder()
        .merchantId(mchid)
        .merchantSerialNumber(serial)
        .privateKey(key)
        .apiV3Key(apiV3Key)
        .publicKeyId(publicKeyId)
        .publicKey(publicKey)
        .build();
  }

  private static HttpClient client(Config config) {
    return new DefaultHttpClientBuilder().config(config).build();
  }

  static String variable(String name) {
    String value = System.getenv(name);
    if (value == null || value.isEmpty()) {
      throw new NoSuchElementException("expected " + name + ", found none: run this as `wechatpay-mock run -- java …`");
    }
    return value;
  }
}
