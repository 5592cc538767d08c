package suite;

import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A callback as it arrives. */
final class Callback {
  final HttpExchange exchange;
  final String body;

  private Callback(HttpExchange exchange) throws IOException {
    this.exchange = exchange;
    this.body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
  }

  String header(String name) {
    return exchange.getRequestHeaders().getFirst(name);
  }

  String event() {
    return JsonParser.parseString(body).getAsJsonObject().get("event_type").getAsString();
  }

  /** An SDK's code that verifies and decrypts. */
  interface Reader {
    Shop.Event read(Callback callback) throws Exception;
  }

  /** Receives callbacks. It refuses those that the SDK refuses, so that the mock sends them again. */
  static final class Receiver implements AutoCloseable {
    private final HttpServer server;
    private final BlockingQueue<Shop.Event> received = new LinkedBlockingQueue<>();
    volatile Reader reader;

    Receiver() throws IOException {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port()), 0);
      server.createContext("/notify", this::receive);
      server.start();
    }

    /** The one that the mock sends callbacks to whose calls name no URL; any other without it. */
    private static int port() {
      String port = System.getenv("RECEIVER_PORT");
      return port == null ? 0 : Integer.parseInt(port);
    }

    String url() {
      return "http://127.0.0.1:" + server.getAddress().getPort() + "/notify";
    }

    private void receive(HttpExchange exchange) throws IOException {
      int status = 204;
      try {
        received.add(reader.read(new Callback(exchange)));
      } catch (Exception e) {
        status = 401;
      }
      exchange.sendResponseHeaders(status, -1);
      exchange.close();
    }

    /** Waits for the callback of this event whose field has this value. */
    Shop.Event next(String event, String field, String value) throws InterruptedException {
      while (true) {
        Shop.Event next = received.poll(30, TimeUnit.SECONDS);
        if (next == null) {
          throw new AssertionError("expected the callback " + event + " of " + value + ", found none in 30 s");
        }
        if (next.type.equals(event) && new JsonPrimitive(value).equals(next.content.get(field))) {
          return next;
        }
      }
    }

    @Override
    public void close() {
      server.stop(0);
    }
  }
}
