package io.github.wechatpaymock;

import static io.github.wechatpaymock.Language.say;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Map;

/** Calls {@code /__mock/} of a mock, and nothing else. */
final class Admin {
  /** Longer than any call takes, the longest of which waits 60 s. */
  private static final int MOST_MILLISECONDS = 90_000;

  final String url;

  Admin(String url) {
    this.url = url.replaceFirst("/+$", "");
  }

  /** Calls without a body. */
  Map<String, Object> call(String method, String path) {
    return call(method, path, null);
  }

  /** Calls, and fails with MockException unless the status is 2xx. */
  Map<String, Object> call(String method, String path, Map<String, ?> body) {
    Answer answer = answer(method, path, body);
    if (answer.status / 100 != 2) {
      throw answer.refusal();
    }
    return answer.fields();
  }

  /** Calls, whatever the status is. Fails with UncheckedIOException if the mock can't be reached. */
  Answer answer(String method, String path, Map<String, ?> body) {
    String call = method + " " + url + path;
    try {
      HttpURLConnection connection = (HttpURLConnection) new URL(url + path).openConnection(Proxy.NO_PROXY);
      connection.setInstanceFollowRedirects(false);
      connection.setReadTimeout(MOST_MILLISECONDS);
      connection.setRequestMethod(method);
      connection.setRequestProperty("Accept-Language", say("en", "zh-CN"));
      String token = System.getenv("WECHATPAY_MOCK_ADMIN_TOKEN");
      if (token != null && !token.isEmpty()) {
        connection.setRequestProperty("Authorization", "Bearer " + token);
      }
      if (body != null) {
        connection.setDoOutput(true);
        connection.setRequestProperty("Content-Type", "application/json");
        connection.getOutputStream().write(Json.write(body).getBytes(StandardCharsets.UTF_8));
      }
      int status = connection.getResponseCode();
      InputStream stream = status < 400 ? connection.getInputStream() : connection.getErrorStream();
      return new Answer(call, status, stream == null ? "" : text(stream));
    } catch (IOException e) {
      throw new UncheckedIOException(call + say(": cannot reach the mock: ", "：无法连接模拟网关：") + e.getMessage(), e);
    }
  }

  private static String text(InputStream stream) throws IOException {
    try (InputStream in = stream) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      byte[] buffer = new byte[8192];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        out.write(buffer, 0, n);
      }
      return new String(out.toByteArray(), StandardCharsets.UTF_8);
    }
  }

  static final class Answer {
    final int status;
    final String text;
    private final String call;

    private Answer(String call, int status, String text) {
      this.call = call;
      this.status = status;
      this.text = text;
    }

    @SuppressWarnings("unchecked")
    Map<String, Object> fields() {
      return (Map<String, Object>) Json.read(text);
    }

    MockException refusal() {
      boolean isJson = text.startsWith("{");
      return new MockException(call, status, isJson ? fields() : Collections.singletonMap("message", (Object) text));
    }
  }
}
