package suite;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.wechat.pay.java.core.notification.NotificationParser;
import com.wechat.pay.java.core.notification.RequestParam;
import com.wechat.pay.java.core.util.GsonUtil;
import com.wechat.pay.java.service.payments.model.Transaction;
import com.wechat.pay.java.service.refund.model.RefundNotification;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Reads the callbacks of a file with the SDK's NotificationParser, which trusts one kind of key at a time. Run it as
 * `wechatpay-mock run -- java -cp 'target/classes:target/lib/*' suite.Callbacks FILE`.
 *
 * <p>Each check is a line of TAP. Exit code 0 if all pass, 1 if one fails, 2 if this could not run.
 */
public final class Callbacks {
  /** The SDK's own types of resources. */
  private static final Map<String, Class<?>> MODELS =
      Map.of("TRANSACTION.SUCCESS", Transaction.class, "REFUND.SUCCESS", RefundNotification.class);

  public static void main(String[] arguments) {
    Tap tap = new Tap();
    try (Reader reader = Files.newBufferedReader(Path.of(arguments[0]))) {
      Merchant merchant = Merchant.fromEnvironment();
      Map<String, NotificationParser> parsers =
          Map.of(
              "certificate", new NotificationParser(merchant.certificateConfig()),
              "public_key", new NotificationParser(merchant.publicKeyConfig()));
      for (JsonElement element : JsonParser.parseReader(reader).getAsJsonArray()) {
        JsonObject callback = element.getAsJsonObject();
        String event = callback.get("event_type").getAsString();
        String by = callback.get("by").getAsString();
        NotificationParser parser = parsers.get(by);
        tap.check(event + " by " + by, () -> check(parser, callback, JsonObject.class));
        Class<?> model = MODELS.get(event);
        if (model != null) {
          tap.check(event + " by " + by + " as " + model.getSimpleName(), () -> check(parser, callback, model));
        }
      }
    } catch (IOException | RuntimeException e) {
      System.out.println("Bail out! " + e);
      System.exit(2);
    }
    System.exit(tap.end());
  }

  /** Reads a callback as this type, and compares all that the type has. */
  private static void check(NotificationParser parser, JsonObject callback, Class<?> type) {
    JsonObject headers = callback.getAsJsonObject("headers");
    RequestParam request =
        new RequestParam.Builder()
            .serialNumber(headers.get("Wechatpay-Serial").getAsString())
            .nonce(headers.get("Wechatpay-Nonce").getAsString())
            .signature(headers.get("Wechatpay-Signature").getAsString())
            .signType(headers.get("Wechatpay-Signature-Type").getAsString())
            .timestamp(headers.get("Wechatpay-Timestamp").getAsString())
            .body(callback.get("body").getAsString())
            .build();
    Gson gson = GsonUtil.getGson();
    JsonElement found = gson.toJsonTree(parser.parse(request, type));
    JsonElement expected = gson.toJsonTree(gson.fromJson(callback.get("resource"), type));
    if (!found.equals(expected)) {
      throw new AssertionError("expected " + expected + ", found " + found);
    }
  }
}
