package acceptance;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.wechat.pay.java.core.exception.ValidationException;
import com.wechat.pay.java.core.notification.NotificationConfig;
import com.wechat.pay.java.core.notification.NotificationParser;
import com.wechat.pay.java.core.notification.RequestParam;
import com.wechat.pay.java.service.payments.model.Transaction;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Receives callbacks: 204 if the SDK verifies and decrypts them, 401 if it does not. */
final class Receiver implements AutoCloseable {
  private final HttpServer server;
  private final NotificationParser parser;
  private final BlockingQueue<Transaction> received = new LinkedBlockingQueue<>();

  Receiver(NotificationConfig config) throws IOException {
    parser = new NotificationParser(config);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/notify", this::receive);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/notify";
  }

  /** The next payment. */
  Transaction next() throws InterruptedException {
    Transaction next = received.poll(10, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("expected a callback within 10 s, found none");
    }
    return next;
  }

  private void receive(HttpExchange exchange) throws IOException {
    Headers headers = exchange.getRequestHeaders();
    RequestParam request =
        new RequestParam.Builder()
            .serialNumber(headers.getFirst("Wechatpay-Serial"))
            .signature(headers.getFirst("Wechatpay-Signature"))
            .signType(headers.getFirst("Wechatpay-Signature-Type"))
            .timestamp(headers.getFirst("Wechatpay-Timestamp"))
            .nonce(headers.getFirst("Wechatpay-Nonce"))
            .body(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8))
            .build();
    int status = 204;
    try {
      received.add(parser.parse(request, Transaction.class));
    } catch (ValidationException e) {
      status = 401;
    }
    exchange.sendResponseHeaders(status, -1);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
