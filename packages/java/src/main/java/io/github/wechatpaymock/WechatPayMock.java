package io.github.wechatpaymock;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Lets the tests of a class talk to a mock of the WeChat Pay gateway, with SDKs as they are.
 *
 * <p>The mock starts before the first such class and stops when the test process ends, or before a class with other options. While the
 * tests of a class run, the system properties for proxy and trust store lead {@code https://api.mch.weixin.qq.com} to it, and WECHATPAY_MCHID
 * and so on are the credentials of its first merchant.
 *
 * <p>Test methods, {@code @BeforeEach} and {@code @AfterEach} can have parameters of type {@link Mock} and {@link Credentials}: those of a
 * merchant made for this one test. If a test fails, its exception has a suppressed one with {@link Mock#report()}. A clock that the test
 * moved follows the real time again after it; a test that moves it must not run at the same time as others.
 * Classes that run at the same time must have the same options.
 */
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(WechatPayMockExtension.class)
public @interface WechatPayMock {
  /**
   * Whether each test has the mock's first merchant, which is reset before each, instead of one of its own: for an application that is
   * built once for many tests, as by {@code @SpringBootTest}. Then constructors and {@code @BeforeAll} can have the parameters, too.
   */
  boolean sharedMerchant() default false;

  /** The program: as {@link Mock.Options#binary}. */
  String binary() default "";

  /** TOML file with merchants, keys, policies and limits: as {@link Mock.Options#config}. */
  String config() default "";

  /** JSON file with the first cards and members: as {@link Mock.Options#seed}. */
  String seed() default "";

  /** More arguments of {@code wechatpay-mock serve}. */
  String[] args() default {};

  /** Within how many seconds the mock must listen. */
  long timeout() default 10;
}
