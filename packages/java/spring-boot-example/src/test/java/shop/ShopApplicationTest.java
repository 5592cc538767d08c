package shop;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.wechatpaymock.Mock;
import io.github.wechatpaymock.WechatPayMock;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.boot.test.web.client.TestRestTemplate;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.event.EventListener;

@WechatPayMock(sharedMerchant = true) // Spring builds the application once, with the credentials of one merchant.
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
class ShopApplicationTest {
  @Autowired TestRestTemplate shop;
  @Autowired Payments payments;
  @LocalServerPort int port;

  @Test
  void an_order_is_paid_and_its_callback_received(Mock mock) throws Exception {
    assertThat(place("spring-1")).startsWith("weixin://");
    mock.pay("spring-1");
    assertThat(payments.received.poll(10, TimeUnit.SECONDS)).isEqualTo(new Orders.Paid("spring-1", 1800));
    mock.expect(Map.of("operation", "post_pay_transactions_native", "status", 200, "times", 1));
  }

  @Test
  void a_forged_callback_is_refused(Mock mock) {
    mock.fault(Map.of("fault", "wrong-key", "on", "callback"));
    Map<String, Object> attempt = mock.trigger("TRANSACTION.SUCCESS", Map.of("to", "http://127.0.0.1:" + port + "/notify"));
    assertThat(attempt).containsEntry("status", 401L);
    assertThat(payments.received).isEmpty();
  }

  private String place(String number) {
    return shop.postForObject("/orders/{number}", null, String.class, number);
  }

  /** What the application says of payments. */
  @TestConfiguration
  static class Payments {
    final BlockingQueue<Orders.Paid> received = new LinkedBlockingQueue<>();

    @EventListener
    void on(Orders.Paid paid) {
      received.add(paid);
    }
  }
}
