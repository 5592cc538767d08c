package receiver;

import com.google.gson.JsonObject;

/** A verified and decrypted callback. */
final class Event {
  final String id;
  final String type;
  final JsonObject resource;

  Event(String id, String type, JsonObject resource) {
    this.id = id;
    this.type = type;
    this.resource = resource;
  }
}
