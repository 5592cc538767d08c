package suite;

import com.google.gson.JsonObject;

/**
 * Profit sharing by one SDK. Requests and answers have the names of the API for merchants and service providers; what the SDK's own
 * types say is returned as JSON.
 */
interface Sharer {
  JsonObject add(JsonObject receiver) throws Exception;

  JsonObject delete(JsonObject receiver) throws Exception;

  JsonObject share(JsonObject request) throws Exception;

  JsonObject query(String transaction, String number) throws Exception;

  /** What remains to be shared. */
  long remains(String transaction) throws Exception;

  JsonObject giveBack(JsonObject request) throws Exception;

  JsonObject queryReturn(String shared, String number) throws Exception;

  JsonObject unfreeze(JsonObject request) throws Exception;

  /** Renames a field, if it is there. */
  static void rename(JsonObject fields, String from, String to) {
    if (fields.has(from)) {
      fields.add(to, fields.remove(from));
    }
  }

  /** As the API of ecommerce platforms has a request to share. */
  static JsonObject forEcommerce(JsonObject request) {
    JsonObject renamed = request.deepCopy();
    rename(renamed, "unfreeze_unsplit", "finish");
    renamed.getAsJsonArray("receivers").forEach(receiver -> {
      rename(receiver.getAsJsonObject(), "account", "receiver_account");
      rename(receiver.getAsJsonObject(), "name", "receiver_name");
    });
    return renamed;
  }

  /** From an answer of the API of ecommerce platforms. */
  static JsonObject fromEcommerce(JsonObject answer) {
    rename(answer, "status", "state");
    rename(answer, "return_no", "return_id");
    if (answer.has("receivers")) {
      answer.getAsJsonArray("receivers")
          .forEach(receiver -> rename(receiver.getAsJsonObject(), "receiver_account", "account"));
    }
    return answer;
  }
}
