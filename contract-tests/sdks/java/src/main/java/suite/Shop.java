package suite;

import com.google.gson.JsonObject;

/** A merchant's server, by one SDK that trusts one kind of key. What the SDK's own types say is returned as JSON. */
interface Shop {
  String APPLICATION = "wxd678efh567hg6787";
  String SUB_MCHID = "1900000109";
  String SERVICE_ID = "500001";
  String OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";

  /** A callback that the SDK has verified and decrypted. */
  final class Event {
    final String type;
    final JsonObject content;

    Event(String type, JsonObject content) {
      this.type = type;
      this.content = content;
    }
  }

  /** Which call of the mock's pays an order, and what its body is. */
  final class Payment {
    final String path;
    final JsonObject body;

    private Payment(String path, JsonObject body) {
      this.path = path;
      this.body = body;
    }

    static Payment by(String name, String value) {
      return new Payment("/__mock/payments", json(name, value));
    }

    static Payment requested(JsonObject parameters) {
      return new Payment("/__mock/request-payment", parameters);
    }
  }

  /** Orders. The fields are the same in all ways to pay. */
  Payment place(JsonObject order) throws Exception;

  JsonObject byNumber(String number) throws Exception;

  JsonObject byId(String id) throws Exception;

  void close(String number) throws Exception;

  JsonObject refund(JsonObject refund) throws Exception;

  JsonObject queryRefund(String number) throws Exception;

  /** Verifies and decrypts a callback. */
  Event read(Callback callback) throws Exception;

  /** Downloads the trade bill of a day, and checks its hash. */
  byte[] bill(String day, boolean isCompressed) throws Exception;

  /** An object of these names and values in turn. */
  static JsonObject json(String... fields) {
    JsonObject object = new JsonObject();
    for (int i = 0; i < fields.length; i += 2) {
      object.addProperty(fields[i], fields[i + 1]);
    }
    return object;
  }
}
