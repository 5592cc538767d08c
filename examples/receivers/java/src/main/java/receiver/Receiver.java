package receiver;

import com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.Executors;

/**
 * A shop that receives callbacks with the official Java SDK and the JDK's HTTP server.
 *
 * <p>Run it as `wechatpay-mock run -- java -cp 'target/classes:target/lib/*' receiver.Receiver --port 3000`. Port 0 takes a free
 * one. With --order FILE, the shop knows this order, and takes no other payment.
 */
public final class Receiver {
  private static final int MOST_BYTES = 1 << 20;
  private static final int AT_ONCE = 16;

  private final CallbackReader reader = CallbackReader.fromEnvironment();
  private final Shop shop;

  private Receiver(Shop shop) {
    this.shop = shop;
  }

  public static void main(String[] arguments) throws IOException {
    // Seconds for a request to arrive; otherwise slow peers could take all threads.
    System.setProperty("sun.net.httpserver.maxReqTime", "10");
    String port = Objects.requireNonNullElse(option(arguments, "--port"), System.getenv().getOrDefault("PORT", "3000"));
    String order = option(arguments, "--order");
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(port)), 0);
    Receiver receiver =
        new Receiver(new Shop(order == null ? null : JsonParser.parseString(Files.readString(Path.of(order))).getAsJsonObject()));
    server.createContext("/notify", exchange -> answer(exchange, receiver::receive));
    // Two questions of `wechatpay-mock prove-receiver`: how many events were acted upon, and to begin anew.
    server.createContext("/count", exchange -> send(exchange, 200, "{\"count\": " + receiver.shop.count() + "}"));
    server.createContext(
        "/reset",
        exchange -> {
          receiver.shop.reset();
          send(exchange, 204, "");
        });
    server.setExecutor(Executors.newFixedThreadPool(AT_ONCE));
    server.start();
    System.out.printf("listening on http://127.0.0.1:%d/notify%n", server.getAddress().getPort());
  }

  /** The value of an option; null without it. */
  private static String option(String[] arguments, String name) {
    int at = Arrays.asList(arguments).indexOf(name);
    return at >= 0 && at + 1 < arguments.length ? arguments[at + 1] : null;
  }

  private interface Receive {
    void from(HttpExchange exchange) throws IOException, Refusal;
  }

  /** Answers 204 to what was received, and else what makes the gateway send the callback again. */
  private static void answer(HttpExchange exchange, Receive receive) throws IOException {
    int status = 204;
    try {
      receive.from(exchange);
    } catch (Refusal e) {
      System.err.println("refused: " + e.getMessage());
      status = e.status;
    } catch (RuntimeException e) {
      System.err.println("failed: " + e);
      status = 500;
    }
    send(exchange, status, status == 204 ? "" : "{\"code\":\"FAIL\",\"message\":\"失败\"}");
  }

  private void receive(HttpExchange exchange) throws IOException, Refusal {
    if (!exchange.getRequestMethod().equals("POST")) {
      throw new Refusal(405, "expected POST, found " + exchange.getRequestMethod());
    }
    byte[] body = exchange.getRequestBody().readNBytes(MOST_BYTES + 1);
    if (body.length > MOST_BYTES) {
      throw new Refusal(413, "expected at most " + MOST_BYTES + " bytes");
    }
    shop.act(reader.read(exchange.getRequestHeaders(), body));
  }

  private static void send(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    if (body.length > 0) {
      exchange.getResponseHeaders().set("Content-Type", "application/json");
    }
    try {
      exchange.sendResponseHeaders(status, body.length > 0 ? body.length : -1);
      if (body.length > 0) {
        exchange.getResponseBody().write(body);
      }
    } finally {
      exchange.close();
    }
  }
}
