package shop;

import com.wechat.pay.java.core.exception.ValidationException;
import com.wechat.pay.java.core.notification.NotificationParser;
import com.wechat.pay.java.core.notification.RequestParam;
import com.wechat.pay.java.service.payments.model.Transaction;
import com.wechat.pay.java.service.payments.nativepay.NativePayService;
import com.wechat.pay.java.service.payments.nativepay.model.Amount;
import com.wechat.pay.java.service.payments.nativepay.model.PrepayRequest;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.support.ServletUriComponentsBuilder;

@RestController
class Orders {
  /** An order was paid. */
  record Paid(String outTradeNo, int total) {}

  private final String mchid;
  private final NativePayService payments;
  private final NotificationParser callbacks;
  private final ApplicationEventPublisher events;

  Orders(
      @Value("${shop.mchid}") String mchid,
      NativePayService payments,
      NotificationParser callbacks,
      ApplicationEventPublisher events) {
    this.mchid = mchid;
    this.payments = payments;
    this.callbacks = callbacks;
    this.events = events;
  }

  /** Places an order, and answers its code_url. */
  @PostMapping("/orders/{number}")
  String place(@PathVariable("number") String number) {
    Amount amount = new Amount();
    amount.setTotal(1800);
    amount.setCurrency("CNY");
    PrepayRequest order = new PrepayRequest();
    order.setAppid("wxd678efh567hg6787");
    order.setMchid(mchid);
    order.setDescription("美式咖啡");
    order.setOutTradeNo(number);
    order.setNotifyUrl(ServletUriComponentsBuilder.fromCurrentContextPath().path("/notify").toUriString());
    order.setAmount(amount);
    return payments.prepay(order).getCodeUrl();
  }

  /** Receives callbacks: verifies and decrypts them. */
  @PostMapping("/notify")
  ResponseEntity<Void> paid(@RequestHeader HttpHeaders headers, @RequestBody String body) {
    RequestParam request = new RequestParam.Builder()
        .serialNumber(headers.getFirst("Wechatpay-Serial"))
        .signature(headers.getFirst("Wechatpay-Signature"))
        .signType(headers.getFirst("Wechatpay-Signature-Type"))
        .timestamp(headers.getFirst("Wechatpay-Timestamp"))
        .nonce(headers.getFirst("Wechatpay-Nonce"))
        .body(body)
        .build();
    try {
      Transaction payment = callbacks.parse(request, Transaction.class);
      events.publishEvent(new Paid(payment.getOutTradeNo(), payment.getAmount().getTotal()));
      return ResponseEntity.noContent().build();
    } catch (ValidationException e) {
      return ResponseEntity.status(401).build();
    }
  }
}
