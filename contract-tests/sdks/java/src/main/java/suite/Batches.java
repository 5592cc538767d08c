package suite;

import com.google.gson.JsonObject;

/** Older transfers, in batches, by one SDK. What the SDK's own types say is returned as JSON. */
interface Batches {
  JsonObject start(JsonObject batch) throws Exception;

  /** With all its details. */
  JsonObject byId(String id) throws Exception;

  JsonObject byNumber(String number) throws Exception;

  JsonObject detailById(String batch, String id) throws Exception;

  JsonObject detailByNumber(String batch, String number) throws Exception;

  Shop.Event read(Callback callback) throws Exception;

  /** What queries of a batch ask for. */
  static JsonObject query(String name, String number) {
    JsonObject query = Shop.json(name, number, "detail_status", "ALL");
    query.addProperty("need_query_detail", true);
    query.addProperty("offset", 0);
    query.addProperty("limit", 20);
    return query;
  }
}
