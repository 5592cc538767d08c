package suite;

import com.google.gson.annotations.SerializedName;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes models in which every text is its field's name in braces, so that a path shows which field went where.
 */
final class Blank {
  private Blank() {}

  static Object of(Class<?> model) throws ReflectiveOperationException {
    return value(model, "");
  }

  private static Object value(Type type, String name) throws ReflectiveOperationException {
    if (type instanceof ParameterizedType) {
      List<Object> list = new ArrayList<>();
      list.add(value(((ParameterizedType) type).getActualTypeArguments()[0], name));
      return list;
    }
    Class<?> kind = (Class<?>) type;
    if (kind == String.class) {
      return "{" + name + "}";
    } else if (kind == Long.class || kind == long.class) {
      return 1L;
    } else if (kind == Integer.class || kind == int.class) {
      return 1;
    } else if (kind == Boolean.class || kind == boolean.class) {
      return true;
    } else if (kind.isEnum()) {
      return kind.getEnumConstants()[0];
    } else if (!kind.getName().startsWith("com.wechat.pay.")) {
      return null;
    }
    Object model = kind.getDeclaredConstructor().newInstance();
    for (Field field : kind.getDeclaredFields()) {
      if (!Modifier.isStatic(field.getModifiers())) {
        SerializedName known = field.getAnnotation(SerializedName.class);
        field.setAccessible(true);
        field.set(model, value(field.getGenericType(), known != null ? known.value() : field.getName()));
      }
    }
    return model;
  }
}
