package receiver;

import com.google.gson.JsonObject;
import com.sun.net.httpserver.Headers;
import com.wechat.pay.java.core.certificate.InMemoryCertificateProvider;
import com.wechat.pay.java.core.cipher.AeadAesCipher;
import com.wechat.pay.java.core.cipher.AeadCipher;
import com.wechat.pay.java.core.cipher.RSAVerifier;
import com.wechat.pay.java.core.cipher.Verifier;
import com.wechat.pay.java.core.exception.ValidationException;
import com.wechat.pay.java.core.notification.Constant;
import com.wechat.pay.java.core.notification.Notification;
import com.wechat.pay.java.core.notification.NotificationParser;
import com.wechat.pay.java.core.notification.RequestParam;
import com.wechat.pay.java.core.notification.Resource;
import com.wechat.pay.java.core.util.GsonUtil;
import com.wechat.pay.java.core.util.PemUtil;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** Reads callbacks: checks who sent them and when, and decrypts them. The keys come from environment variables. */
final class CallbackReader {
  private static final int MOST_SECONDS_OFF = 300;

  private final Verifier verifier;
  private final AeadCipher cipher;
  private final NotificationParser parser;

  private CallbackReader(Verifier verifier, AeadCipher cipher) {
    this.verifier = verifier;
    this.cipher = cipher;
    this.parser =
        new NotificationParser(Map.of(Constant.RSA_SIGN_TYPE, verifier), Map.of(Constant.AES_CIPHER_ALGORITHM, cipher));
  }

  /**
   * Trusts WeChat Pay's public key, its certificate, or both: while a merchant changes from the certificate to the public key,
   * callbacks are signed with either.
   */
  static CallbackReader fromEnvironment() {
    Map<String, String> env = System.getenv();
    AeadCipher cipher = new AeadAesCipher(env.get("WECHATPAY_APIV3_KEY").getBytes(StandardCharsets.UTF_8));
    String publicKey = env.get("WECHATPAY_PUBLIC_KEY");
    String certificate = env.get("WECHATPAY_PLATFORM_CERTIFICATE");
    // Not RSACombinedNotificationConfig, which downloads certificates first.
    if (certificate == null) {
      return new CallbackReader(
          new RSAVerifier(PemUtil.loadPublicKeyFromPath(publicKey), env.get("WECHATPAY_PUBLIC_KEY_ID")), cipher);
    }
    InMemoryCertificateProvider certificates =
        new InMemoryCertificateProvider(List.of(PemUtil.loadX509FromPath(certificate)));
    if (publicKey == null) {
      return new CallbackReader(new RSAVerifier(certificates), cipher);
    }
    return new CallbackReader(
        new RSAVerifier(PemUtil.loadPublicKeyFromPath(publicKey), env.get("WECHATPAY_PUBLIC_KEY_ID"), certificates), cipher);
  }

  /** Verifies and decrypts a callback. */
  Event read(Headers headers, byte[] body) throws Refusal {
    String timestamp = headers.getFirst("Wechatpay-Timestamp");
    String nonce = headers.getFirst("Wechatpay-Nonce");
    // SDK 0.2.17 does not look at the time.
    if (timestamp == null || nonce == null || !timestamp.matches("[0-9]{1,12}")) {
      throw new Refusal(401, "the callback is not signed");
    }
    if (Math.abs(System.currentTimeMillis() / 1000 - Long.parseLong(timestamp)) > MOST_SECONDS_OFF) {
      throw new Refusal(401, "signed at " + timestamp + ", which is not now");
    }
    String text = new String(body, StandardCharsets.UTF_8);
    RequestParam request =
        new RequestParam.Builder()
            .serialNumber(headers.getFirst("Wechatpay-Serial"))
            .signature(headers.getFirst("Wechatpay-Signature"))
            .signType(headers.getFirst("Wechatpay-Signature-Type"))
            .timestamp(timestamp)
            .nonce(nonce)
            .body(text)
            .build();
    try {
      JsonObject resource = parse(request);
      Notification callback = GsonUtil.getGson().fromJson(text, Notification.class);
      if (callback.getId() == null || callback.getEventType() == null || resource == null) {
        throw new Refusal(400, "expected an id, an event_type and a resource");
      }
      return new Event(callback.getId(), callback.getEventType(), resource);
    } catch (ValidationException | IllegalArgumentException e) {
      // The latter if a signature is not Base64, as in a signature test, or an unknown serial is not hexadecimal.
      throw new Refusal(401, "not signed by " + request.getSerialNumber());
    } catch (RuntimeException e) {
      throw new Refusal(400, "the callback can't be read: " + e);
    }
  }

  /** Verifies and decrypts with the SDK. */
  private JsonObject parse(RequestParam request) {
    try {
      return parser.parse(request, JsonObject.class);
    } catch (NullPointerException e) {
      // SDK 0.2.17 expects associated_data, which may be absent. Verified again, to depend on nothing inside it.
      if (!verifier.verify(request.getSerialNumber(), request.getMessage(), request.getSignature())) {
        throw new ValidationException("not verified");
      }
      Resource resource = GsonUtil.getGson().fromJson(request.getBody(), Notification.class).getResource();
      byte[] nonce = resource.getNonce().getBytes(StandardCharsets.UTF_8);
      String plaintext = cipher.decrypt(new byte[0], nonce, Base64.getDecoder().decode(resource.getCiphertext()));
      return GsonUtil.getGson().fromJson(plaintext, JsonObject.class);
    }
  }
}
