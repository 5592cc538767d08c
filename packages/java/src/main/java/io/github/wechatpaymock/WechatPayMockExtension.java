package io.github.wechatpaymock;

import static io.github.wechatpaymock.Language.say;

import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/** What {@link WechatPayMock} does. */
final class WechatPayMockExtension
    implements BeforeAllCallback, AfterAllCallback, BeforeEachCallback, AfterEachCallback, ParameterResolver {
  @Override
  public void beforeAll(ExtensionContext context) {
    if (store(context).get(Mock.class) != null) {
      return; // A nested class.
    }
    WechatPayMock options = AnnotationSupport.findAnnotation(context.getRequiredTestClass(), WechatPayMock.class).get();
    List<Object> key =
        Arrays.asList(options.binary(), options.config(), options.seed(), Arrays.asList(options.args()), options.timeout());
    store(context).put(Mock.class, Jvm.use(key, () -> start(options)));
    store(context).put(WechatPayMock.class, options);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    if (store(context).remove(Mock.class) != null) {
      Jvm.release();
    }
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    Mock mock = mock(context);
    if (isShared(context)) {
      mock.reset();
    } else {
      store(context).put(Mock.class, mock.merchant());
    }
  }

  @Override
  public void afterEach(ExtensionContext context) {
    // Only the test's own: without one, its creation failed.
    Mock mock = isShared(context) ? mock(context) : store(context).remove(Mock.class, Mock.class);
    if (mock == null) {
      return;
    }
    try {
      context.getExecutionException().ifPresent(failure -> explain(failure, mock));
      mock.clock().resumeIfMoved();
    } finally {
      // Also removes the merchant's files if the process is gone.
      if (!isShared(context)) {
        mock.close();
      }
    }
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    return type == Mock.class || type == Credentials.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    if (!context.getTestMethod().isPresent() && !isShared(context)) {
      String type = parameter.getParameter().getType().getSimpleName();
      throw new ParameterResolutionException(say("expected " + type + " as a parameter of a test, @BeforeEach or @AfterEach, found it in "
          + parameter.getDeclaringExecutable()
          + ": each test has a merchant of its own; @WechatPayMock(sharedMerchant = true) gives all of them the same",
          type + " 只能作为测试方法、@BeforeEach 或 @AfterEach 的参数，实际用在 " + parameter.getDeclaringExecutable()
          + "：每个测试都有自己的商户；要让所有测试共用一个，请写 @WechatPayMock(sharedMerchant = true)"));
    }
    Mock mock = mock(context);
    return parameter.getParameter().getType() == Mock.class ? mock : mock.credentials();
  }

  private static Mock start(WechatPayMock options) {
    return Mock.start(new Mock.Options()
        .binary(path(options.binary()))
        .config(path(options.config()))
        .seed(path(options.seed()))
        .args(options.args())
        .timeout(options.timeout()));
  }

  private static Path path(String name) {
    return name.isEmpty() ? null : Paths.get(name);
  }

  /** Says in the failure why the merchant's requests were refused, unless the failure says so itself. */
  private static void explain(Throwable failure, Mock mock) {
    String report = mock.report();
    if (!report.isEmpty() && !String.valueOf(failure.getMessage()).contains(report)) {
      failure.addSuppressed(new Report(report));
    }
  }

  private static boolean isShared(ExtensionContext context) {
    return store(context).get(WechatPayMock.class, WechatPayMock.class).sharedMerchant();
  }

  private static Mock mock(ExtensionContext context) {
    return store(context).get(Mock.class, Mock.class);
  }

  private static Store store(ExtensionContext context) {
    return context.getStore(Namespace.create(WechatPayMock.class));
  }

  /** What the mock says about a failed test. It has no stack of its own. */
  private static final class Report extends RuntimeException {
    private static final long serialVersionUID = 1;

    Report(String report) {
      super(report, null, false, false);
    }
  }
}
