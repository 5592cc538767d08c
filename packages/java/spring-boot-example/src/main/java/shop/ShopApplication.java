package shop;

import com.wechat.pay.java.core.RSAAutoCertificateConfig;
import com.wechat.pay.java.core.notification.NotificationParser;
import com.wechat.pay.java.service.payments.nativepay.NativePayService;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** A shop with Native payments. */
@SpringBootApplication
public class ShopApplication {
  public static void main(String[] arguments) {
    SpringApplication.run(ShopApplication.class, arguments);
  }

  @Bean
  RSAAutoCertificateConfig wechatPay(
      @Value("${shop.mchid}") String mchid,
      @Value("${shop.merchant-serial}") String serial,
      @Value("${shop.merchant-key}") String keyFile,
      @Value("${shop.apiv3-key}") String apiv3Key) {
    return new RSAAutoCertificateConfig.Builder()
        .merchantId(mchid)
        .merchantSerialNumber(serial)
        .privateKeyFromPath(keyFile)
        .apiV3Key(apiv3Key)
        .build();
  }

  @Bean
  NativePayService payments(RSAAutoCertificateConfig config) {
    return new NativePayService.Builder().config(config).build();
  }

  @Bean
  NotificationParser callbacks(RSAAutoCertificateConfig config) {
    return new NotificationParser(config);
  }
}
