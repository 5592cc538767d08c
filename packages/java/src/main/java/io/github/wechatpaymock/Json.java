package io.github.wechatpaymock;

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
    if (json.next() != 0) {
      throw json.expected("the end");
    }
    return value;
  }

  /** Writes a value. What JSON has no type for becomes a text, by toString(). */
  static String write(Object value) {
    StringBuilder out = new StringBuilder();
    write(value, out);
    return out.toString();
  }

  private static void write(Object value, StringBuilder out) {
    if (value == null || value instanceof Boolean || value instanceof Number) {
      out.append(value);
    } else if (value instanceof Map) {
      String separator = "{";
      for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
        out.append(separator);
        quote(String.valueOf(entry.getKey()), out);
        write(entry.getValue(), out.append(':'));
        separator = ",";
      }
      out.append(separator.equals("{") ? "{}" : "}");
    } else if (value instanceof Iterable) {
      String separator = "[";
      for (Object item : (Iterable<?>) value) {
        write(item, out.append(separator));
        separator = ",";
      }
      out.append(separator.equals("[") ? "[]" : "]");
    } else {
      quote(value.toString(), out);
    }
  }

  private static void quote(String text, StringBuilder out) {
    out.append('"');
    for (char c : text.toCharArray()) {
      if (c < ' ') {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c == '"' || c == '\\' ? "\\" : "").append(c);
      }
    }
    out.append('"');
  }

  private Object value() {
    switch (next()) {
      case '{':
        return object();
      case '[':
        return list();
      case '"':
        return string();
      default:
        return word();
    }
  }

  private Map<String, Object> object() {
    Map<String, Object> fields = new LinkedHashMap<>();
    at++;
    if (next() != '}') {
      do {
        next();
        String name = string();
        take(':');
        fields.put(name, value());
      } while (isTaken(','));
    }
    take('}');
    return fields;
  }

  private List<Object> list() {
    List<Object> items = new ArrayList<>();
    at++;
    if (next() != ']') {
      do {
        items.add(value());
      } while (isTaken(','));
    }
    take(']');
    return items;
  }

  private String string() {
    take('"');
    StringBuilder out = new StringBuilder();
    while (at < text.length() && text.charAt(at) != '"') {
      char c = text.charAt(at++);
      out.append(c == '\\' ? escaped() : c);
    }
    take('"');
    return out.toString();
  }

  private char escaped() {
    char c = at < text.length() ? text.charAt(at++) : 0;
    int control = "bfnrt".indexOf(c);
    if (control >= 0) {
      return "\b\f\n\r\t".charAt(control);
    }
    if (c == 'u' && at + 4 <= text.length()) {
      at += 4;
      return (char) Integer.parseInt(text.substring(at - 4, at), 16);
    }
    if ("\"\\/".indexOf(c) < 0) {
      throw expected("an escape");
    }
    return c;
  }

  private Object word() {
    int start = at;
    while (at < text.length() && ",]} \t\r\n".indexOf(text.charAt(at)) < 0) {
      at++;
    }
    String word = text.substring(start, at);
    switch (word) {
      case "null":
        return null;
      case "true":
        return true;
      case "false":
        return false;
      default:
        try {
          return word.matches("-?[0-9]+") ? (Object) Long.valueOf(word) : (Object) Double.valueOf(word);
        } catch (NumberFormatException e) {
          at = start;
          throw expected("a value");
        }
    }
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
    if (!isTaken(c)) {
      throw expected(String.valueOf(c));
    }
  }

  private IllegalArgumentException expected(String what) {
    String found = text.substring(at, Math.min(text.length(), at + 40));
    return new IllegalArgumentException("JSON: expected " + what + " at character " + at + ", found: " + found);
  }
}
