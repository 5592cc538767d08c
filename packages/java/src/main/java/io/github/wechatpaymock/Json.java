package io.github.wechatpaymock;

import static io.github.wechatpaymock.Language.say;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON as maps, lists, texts, booleans, null, and numbers: Long if whole, otherwise Double. */
final class Json {
  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  /** Reads a document. Fails with IllegalArgumentException, which says where. */
  static Object read(String text) {
    Json json = new Json(text);
    Object value = json.value();
    json.expect(json.next() == 0);
    return value;
  }

  /** Writes a value. What JSON has no type for becomes a text, by toString(). */
  static String write(Object value) {
    List<String> parts = new ArrayList<>();
    if (value == null || value instanceof Boolean || value instanceof Number) {
      return String.valueOf(value);
    } else if (value instanceof Map) {
      ((Map<?, ?>) value).forEach((name, field) -> parts.add(quoted(String.valueOf(name)) + ":" + write(field)));
      return "{" + String.join(",", parts) + "}";
    } else if (value instanceof Iterable) {
      ((Iterable<?>) value).forEach(item -> parts.add(write(item)));
      return "[" + String.join(",", parts) + "]";
    }
    return quoted(value.toString());
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '\n') {
        out.append("\\n"); // Of PEM: a format takes much longer.
      } else if (c < ' ') {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c == '"' || c == '\\' ? "\\" : "").append(c);
      }
    }
    return out.append('"').toString();
  }

  private Object value() {
    char first = next();
    return first == '{' ? object() : first == '[' ? list() : first == '"' ? string() : word();
  }

  private Map<String, Object> object() {
    Map<String, Object> fields = new LinkedHashMap<>();
    take('{');
    while (next() != '}') {
      expect(fields.isEmpty() || isTaken(','));
      next();
      String name = string();
      take(':');
      fields.put(name, value());
    }
    take('}');
    return fields;
  }

  private List<Object> list() {
    List<Object> items = new ArrayList<>();
    take('[');
    while (next() != ']') {
      expect(items.isEmpty() || isTaken(','));
      items.add(value());
    }
    take(']');
    return items;
  }

  private String string() {
    StringBuilder out = new StringBuilder();
    take('"');
    int from = at;
    while (at < text.length() && text.charAt(at) != '"') {
      if (text.charAt(at++) == '\\') {
        out.append(text, from, at - 1).append(escaped());
        from = at;
      }
    }
    out.append(text, from, at);
    take('"');
    return out.toString();
  }

  private char escaped() {
    expect(at < text.length());
    char c = text.charAt(at++);
    if (c == 'u') {
      expect(at + 4 <= text.length());
      at += 4;
      return (char) Integer.parseInt(text.substring(at - 4, at), 16);
    }
    int control = "bfnrt".indexOf(c);
    return control < 0 ? c : "\b\f\n\r\t".charAt(control);
  }

  private Object word() {
    int start = at;
    while (at < text.length() && ",]} \t\r\n".indexOf(text.charAt(at)) < 0) {
      at++;
    }
    String word = text.substring(start, at);
    if (word.equals("null")) {
      return null;
    } else if (word.equals("true") || word.equals("false")) {
      return Boolean.valueOf(word);
    }
    at = start;
    expect(word.matches("-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?"));
    at += word.length();
    return word.matches("-?[0-9]{1,18}") ? (Object) Long.valueOf(word) : (Object) Double.valueOf(word);
  }

  /** The next character that is not white space, which stays; 0 at the end. */
  private char next() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    return at < text.length() ? text.charAt(at) : 0;
  }

  private boolean isTaken(char c) {
    boolean is = next() == c;
    at += is ? 1 : 0;
    return is;
  }

  private void take(char c) {
    expect(isTaken(c));
  }

  private void expect(boolean is) {
    if (!is) {
      String found = text.substring(at, Math.min(text.length(), at + 40));
      throw new IllegalArgumentException(say("expected JSON, found at character " + at + ": " + found,
          "应为 JSON，但第 " + at + " 个字符起是：" + found));
    }
  }
}
