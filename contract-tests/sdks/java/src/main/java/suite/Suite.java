package suite;

import com.google.gson.JsonObject;
import com.wechat.pay.java.core.exception.ServiceException;
import com.wechat.pay.java.core.exception.ValidationException;
import com.wechat.pay.java.core.http.Constant;
import com.wechat.pay.java.core.http.HttpClient;
import com.wechat.pay.java.core.http.HttpHeaders;
import com.wechat.pay.java.core.http.HttpResponse;
import com.wechat.pay.java.core.http.JsonRequestBody;
import com.wechat.pay.java.core.http.MediaType;
import java.security.KeyPairGenerator;
import java.util.List;
import java.util.function.Supplier;

/**
 * Tests the official Java SDK, unmodified, against the mock: it calls https://api.mch.weixin.qq.com and reaches the mock by the
 * proxy and the trust store in JAVA_TOOL_OPTIONS. Run it as `wechatpay-mock run -- java -cp 'target/classes:target/lib/*'
 * suite.Suite`.
 *
 * <p>Each check is a line of TAP. Exit code 0 if all pass, 1 if one fails, 2 if a credential is missing.
 */
public final class Suite {
  private static final String CARD =
      "https://api.mch.weixin.qq.com/v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665";
  private static final String RIGHTS = CARD + "/rights";

  private static final Tap tap = new Tap();

  public static void main(String[] arguments) {
    Merchant merchant = null;
    try {
      merchant = Merchant.fromEnvironment();
    } catch (RuntimeException e) {
      System.out.println("Bail out! " + e.getMessage());
      System.exit(2);
    }

    trusting("downloaded certificates", merchant::trustingCertificates, merchant.platformSerial, 600);
    trusting("the public key", merchant::trustingPublicKey, merchant.publicKeyId, 700);
    failing(merchant);

    System.exit(tap.end());
  }

  private static void trusting(String name, Supplier<HttpClient> start, String serial, int points) {
    HttpClient[] started = new HttpClient[1];
    tap.check("with " + name + ", the SDK starts", () -> started[0] = start.get());
    HttpClient client = started[0];
    if (client == null) {
      return;
    }

    tap.check(
        "with " + name + ", a rights call gets a verified 204",
        () -> {
          HttpResponse<Void> response = patch(client, change("java-" + points, points));
          expect("an empty response", response.getBody() == null, response.getBody());
          String found = response.getHeaders().getHeader(Constant.WECHAT_PAY_SERIAL);
          expect("a response signed by " + serial, serial.equals(found), found);
        });

    tap.check(
        "with " + name + ", a verified response has the member's new points",
        () -> {
          JsonObject member = client.get(headers(), CARD, JsonObject.class).getServiceResponse();
          expect("bonus_value " + points, member.get("bonus_value").getAsInt() == points, member);
        });

    // The SDK refuses a wrong signature and an unknown serial with the same text, which shows the response's headers.
    String named = "Wechatpay-Serial=" + serial;
    tap.check(
        "with " + name + ", a response with a wrong signature is refused",
        () -> {
          String refusal = refusal(ValidationException.class, client, "wrong-key", points);
          expect(named, refusal.contains(named), refusal);
        });
    tap.check(
        "with " + name + ", a response with an unknown serial is refused",
        () -> {
          String refusal = refusal(ValidationException.class, client, "unknown-serial", points);
          expect("another serial than " + serial, !refusal.contains(named), refusal);
        });
    tap.check(
        "with " + name + ", a response that is 301 s old is refused",
        () -> {
          String refusal = refusal(IllegalArgumentException.class, client, "stale-timestamp", points);
          expect("is expires", refusal.contains("is expires"), refusal);
        });
  }

  private static void failing(Merchant merchant) {
    tap.check(
        "a call signed with another key fails as 401 SIGN_ERROR",
        () -> {
          KeyPairGenerator keys = KeyPairGenerator.getInstance("RSA");
          keys.initialize(2048);
          HttpClient stranger = merchant.signingWith(keys.generateKeyPair().getPrivate()).trustingPublicKey();
          fails(stranger, change("java-wrong-key", 600), 401, "SIGN_ERROR", "错误的签名，验签失败");
        });

    tap.check(
        "a call without out_request_no fails as 400 PARAM_ERROR with the gateway's text",
        () ->
            fails(
                merchant.trustingPublicKey(),
                "{\"bonus_value\":600}",
                400,
                "PARAM_ERROR",
                "输入源“/body/out_request_no”映射到字段“商户请求单号”必填性规则校验失败，此字段为必填项"));
  }

  /** Triggers a fault and returns the SDK's message when it refuses the response. */
  private static String refusal(
      Class<? extends Exception> expected, HttpClient client, String fault, int points) {
    try {
      patch(client, change("MOCK*" + fault + "*java-" + points, points));
    } catch (RuntimeException e) {
      expect(expected.getName(), expected.isInstance(e), e);
      return e.getMessage();
    }
    throw new AssertionError("expected a refusal, found none");
  }

  /** Makes a rights call that must end in the SDK's own exception for errors, with these values. */
  private static void fails(HttpClient client, String body, int status, String code, String message) {
    try {
      patch(client, body);
    } catch (ServiceException e) {
      expect("status " + status, e.getHttpStatusCode() == status, e.getHttpStatusCode());
      expect(code, code.equals(e.getErrorCode()), e.getErrorCode());
      expect(message, message.equals(e.getErrorMessage()), e.getErrorMessage());
      return;
    }
    throw new AssertionError("expected a ServiceException, found none");
  }

  private static HttpResponse<Void> patch(HttpClient client, String body) {
    return client.patch(headers(), RIGHTS, new JsonRequestBody.Builder().body(body).build(), Void.class);
  }

  /** The headers that the SDK's own services set. */
  private static HttpHeaders headers() {
    HttpHeaders headers = new HttpHeaders();
    headers.addHeader(Constant.ACCEPT, MediaType.APPLICATION_JSON.getValue());
    headers.addHeader(Constant.CONTENT_TYPE, MediaType.APPLICATION_JSON.getValue());
    return headers;
  }

  private static String change(String number, int points) {
    return String.format("{\"out_request_no\":\"%s\",\"bonus_value\":%d}", number, points);
  }

  private static void expect(String expected, boolean holds, Object found) {
    if (!holds) {
      throw new AssertionError("expected " + expected + ", found " + found);
    }
  }
}
