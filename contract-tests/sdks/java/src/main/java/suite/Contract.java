package suite;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The operations of the contract, as far as it is needed to fill requests. */
final class Contract {
  /** The text in encrypted fields: the examples of many are themselves encrypted, for nobody's key. */
  private static final String SECRET = "13800138000";

  private final List<Operation> operations = new ArrayList<>();

  static Contract read(Path folder) throws IOException {
    Contract contract = new Contract();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.json")) {
      for (Path file : files) {
        try (Reader reader = Files.newBufferedReader(file)) {
          contract.add(object(JsonParser.parseReader(reader).getAsJsonObject(), "paths"));
        }
      }
    }
    if (contract.operations.isEmpty()) {
      throw new IOException("expected the contract in " + folder + ", found no operation");
    }
    return contract;
  }

  private void add(JsonObject paths) {
    for (Map.Entry<String, JsonElement> path : paths.entrySet()) {
      for (Map.Entry<String, JsonElement> method : path.getValue().getAsJsonObject().entrySet()) {
        String name = method.getKey().toUpperCase(Locale.ROOT);
        operations.add(new Operation(name, path.getKey().split("/"), method.getValue().getAsJsonObject()));
      }
    }
  }

  /** The operation of a path, in which a parameter may be of any value, or null. Literals beat parameters. */
  Operation find(String method, String[] segments) {
    Operation best = null;
    for (Operation operation : operations) {
      if (operation.method.equals(method) && operation.matches(segments)) {
        if (best == null || operation.parameters() < best.parameters()) {
          best = operation;
        }
      }
    }
    return best;
  }

  static final class Operation {
    private final String method;
    private final String[] segments;
    private final JsonObject facts;

    private Operation(String method, String[] segments, JsonObject facts) {
      this.method = method;
      this.segments = segments;
      this.facts = facts;
    }

    private boolean matches(String[] others) {
      if (others.length != segments.length) {
        return false;
      }
      for (int i = 0; i < segments.length; i++) {
        if (!segments[i].equals(others[i]) && !isParameter(segments[i])) {
          return false;
        }
      }
      return true;
    }

    private int parameters() {
      int count = 0;
      for (String segment : segments) {
        count += isParameter(segment) ? 1 : 0;
      }
      return count;
    }

    /**
     * The request's fields: the parameters and the body's. A parameter of the path also gets the name that the SDK has for it,
     * which the path of its blank request shows.
     */
    JsonObject example(String[] others) {
      JsonObject values = new JsonObject();
      for (JsonElement element : array(facts, "parameters")) {
        JsonObject parameter = element.getAsJsonObject();
        JsonObject schema = object(parameter, "schema");
        JsonElement example = parameter.get("example");
        if (example != null) {
          example = plain(schema, example);
        } else if (parameter.has("required") && parameter.get("required").getAsBoolean()) {
          example = sample(schema);
        } else {
          continue;
        }
        String name = parameter.get("name").getAsString();
        values.add(name, example);
        for (int i = 0; i < segments.length; i++) {
          if (segments[i].equals("{" + name + "}") && isParameter(others[i])) {
            values.add(others[i].substring(1, others[i].length() - 1), example);
          }
        }
      }
      JsonObject contents = object(object(facts, "requestBody"), "content");
      for (Map.Entry<String, JsonElement> entry : contents.entrySet()) {
        JsonObject content = entry.getValue().getAsJsonObject();
        JsonElement body = content.get("example");
        if (body != null && body.isJsonObject()) {
          plain(object(content, "schema"), body).getAsJsonObject().entrySet()
              .forEach(field -> values.add(field.getKey(), field.getValue()));
        }
      }
      return values;
    }
  }

  /** A value whose encrypted fields hold text that the SDK will encrypt. */
  private static JsonElement plain(JsonObject schema, JsonElement value) {
    if (value.isJsonObject()) {
      JsonObject plain = new JsonObject();
      value.getAsJsonObject().entrySet().forEach(
          field -> plain.add(field.getKey(), plain(object(object(schema, "properties"), field.getKey()), field.getValue())));
      return plain;
    }
    if (value.isJsonArray()) {
      JsonArray plain = new JsonArray();
      value.getAsJsonArray().forEach(item -> plain.add(plain(object(schema, "items"), item)));
      return plain;
    }
    return schema.has("x-sensitive") ? new JsonPrimitive(SECRET) : value;
  }

  /** A value that the schema gives as an example, else the simplest of its type. */
  private static JsonElement sample(JsonObject schema) {
    for (String values : List.of("examples", "enum")) {
      if (array(schema, values).size() > 0) {
        return plain(schema, array(schema, values).get(0));
      }
    }
    switch (schema.get("type").getAsString()) {
      case "boolean":
        return new JsonPrimitive(true);
      case "integer":
        return new JsonPrimitive(1);
      default:
        int length = schema.has("minLength") ? schema.get("minLength").getAsInt() : 1;
        return new JsonPrimitive("1".repeat(Math.max(1, length)));
    }
  }

  private static boolean isParameter(String segment) {
    return segment.startsWith("{");
  }

  /** The object that is a member of another, or an empty one. */
  private static JsonObject object(JsonObject parent, String name) {
    JsonElement found = parent.get(name);
    return found != null && found.isJsonObject() ? found.getAsJsonObject() : new JsonObject();
  }

  private static JsonArray array(JsonObject parent, String name) {
    JsonElement found = parent.get(name);
    return found != null ? found.getAsJsonArray() : new JsonArray();
  }
}
