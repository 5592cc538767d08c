package suite;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.annotations.SerializedName;
import java.lang.reflect.Field;
import java.util.List;

/** Finds what a model has a field for but did not take: the SDK makes null of an unknown enum, and says nothing. */
final class Lost {
  private Lost() {}

  /** The pointer of the first lost value, or null. */
  static String find(JsonElement sent, Object model, String pointer) throws IllegalAccessException {
    if (sent == null || sent.isJsonNull()) {
      return null;
    }
    if (model == null) {
      return pointer + " = " + sent;
    }
    if (sent.isJsonArray() && model instanceof List) {
      return inList(sent.getAsJsonArray(), (List<?>) model, pointer);
    }
    if (!sent.isJsonObject()) {
      return null;
    }
    for (Field field : model.getClass().getDeclaredFields()) {
      SerializedName name = field.getAnnotation(SerializedName.class);
      if (name == null || model instanceof Enum) {
        continue;
      }
      field.setAccessible(true);
      String lost = find(sent.getAsJsonObject().get(name.value()), field.get(model), pointer + "/" + name.value());
      if (lost != null) {
        return lost;
      }
    }
    return null;
  }

  private static String inList(JsonArray sent, List<?> model, String pointer) throws IllegalAccessException {
    for (int i = 0; i < sent.size(); i++) {
      String lost = find(sent.get(i), i < model.size() ? model.get(i) : null, pointer + "/" + i);
      if (lost != null) {
        return lost;
      }
    }
    return null;
  }
}
