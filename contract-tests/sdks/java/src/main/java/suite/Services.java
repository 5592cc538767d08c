package suite;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.wechat.pay.java.core.Config;
import com.wechat.pay.java.core.http.HttpClient;
import com.wechat.pay.java.core.http.HttpRequest;
import com.wechat.pay.java.core.http.HttpResponse;
import com.wechat.pay.java.core.http.JsonResponseBody;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Calls every public method of every service of the Java SDK that takes a request model, filled from the contract's examples:
 * each must succeed, and the SDK's own model must take the answer. Run it as `wechatpay-mock run -- java -cp
 * 'target/classes:target/lib/*' suite.Services`.
 *
 * <p>Prints which methods fail or are skipped, and why. Exit code 0 if none fails without a reason in known.json, 1 if one does,
 * 2 if this could not run.
 */
public final class Services {
  private static final String PACKAGE = "com.wechat.pay.java.service.";
  private static final Gson GSON = new GsonBuilder().create();

  private final Config config;
  private final Wire wire;
  private final Contract contract;

  private Services(Merchant merchant, Contract contract) {
    this.config = merchant.publicKeyConfig();
    this.wire = new Wire(merchant.trustingPublicKey());
    this.contract = contract;
  }

  public static void main(String[] arguments) {
    try {
      Contract contract = Contract.read(Path.of("../../../fixtures/contract"));
      Report report = new Report(Path.of("known.json"));
      Services services = new Services(Merchant.fromEnvironment(), contract);
      for (Class<?> service : services()) {
        services.callAll(service, report);
      }
      System.exit(report.end());
    } catch (Exception e) {
      System.out.println("Bail out! " + e);
      System.exit(2);
    }
  }

  /** The classes in the SDK's archive that are built as services are. */
  private static List<Class<?>> services() throws Exception {
    URI archive = com.wechat.pay.java.service.refund.RefundService.class
        .getProtectionDomain().getCodeSource().getLocation().toURI();
    List<Class<?>> found;
    try (JarFile jar = new JarFile(Path.of(archive).toFile())) {
      found = jar.stream()
          .map(entry -> entry.getName().replace('/', '.'))
          .filter(name -> name.startsWith(PACKAGE) && name.endsWith("$Builder.class"))
          .map(name -> name.substring(0, name.indexOf('$')))
          .map(Services::named)
          .sorted(Comparator.comparing(Class::getName))
          .collect(Collectors.toList());
    }
    return found;
  }

  private static Class<?> named(String name) {
    try {
      return Class.forName(name);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  private void callAll(Class<?> type, Report report) throws ReflectiveOperationException {
    Object service = build(type);
    List<Method> methods = Stream.of(type.getDeclaredMethods())
        .filter(method -> Modifier.isPublic(method.getModifiers()) && !method.isSynthetic())
        .sorted(Comparator.comparing(Method::getName).thenComparing(method -> Arrays.toString(method.getParameterTypes())))
        .collect(Collectors.toList());
    for (Method method : methods) {
      String name = type.getName().substring(PACKAGE.length()) + "." + method.getName();
      if (method.getParameterCount() == 0 || !isModel(method.getParameterTypes()[0])) {
        report.skipped(name, "takes no request model");
        continue;
      }
      Throwable error = null;
      try {
        call(service, method);
      } catch (InvocationTargetException e) {
        error = e.getCause();
      } catch (Exception | AssertionError e) {
        error = e;
      }
      report.called(name, error);
    }
  }

  private Object build(Class<?> type) throws ReflectiveOperationException {
    Class<?> kind = Class.forName(type.getName() + "$Builder");
    Object builder = kind.getDeclaredConstructor().newInstance();
    // The configuration makes a client of its own, so the client comes after it.
    kind.getMethod("config", Config.class).invoke(builder, config);
    kind.getMethod("httpClient", HttpClient.class).invoke(builder, wire);
    return kind.getMethod("build").invoke(builder);
  }

  private static boolean isModel(Class<?> type) {
    return type.getName().startsWith(PACKAGE) && type.getName().contains(".model.");
  }

  /** Calls a method twice: with a blank model, which shows the operation, and with one filled for it. */
  private void call(Object service, Method method) throws Exception {
    Class<?> model = method.getParameterTypes()[0];
    JsonObject none = new JsonObject();
    wire.blank = null;
    wire.isBlank = true;
    try {
      method.invoke(service, arguments(method, Blank.of(model), none));
    } catch (InvocationTargetException e) {
      if (!(e.getCause() instanceof NotSent)) {
        throw e;
      }
    } finally {
      wire.isBlank = false;
    }
    if (wire.blank == null) {
      throw new AssertionError("expected a request, found none");
    }

    String[] segments = Stream.of(wire.blank.getUri().getRawPath().split("/"))
        .map(segment -> URLDecoder.decode(segment, StandardCharsets.UTF_8))
        .toArray(String[]::new);
    String name = wire.blank.getHttpMethod().name();
    Contract.Operation operation = contract.find(name, segments);
    if (operation == null) {
      throw new AssertionError("the contract has no " + name + " " + String.join("/", segments));
    }
    JsonObject values = operation.example(segments);
    Object[] arguments = arguments(method, GSON.fromJson(values, model), values);
    reset();
    Object answer = method.invoke(service, arguments);
    if (answer == null && method.getReturnType() != void.class) {
      throw new AssertionError("expected an answer, found null");
    }
  }

  /** The model, and for each text after it the application, the only one that a service asks for. */
  private static Object[] arguments(Method method, Object model, JsonObject values) {
    Object[] arguments = new Object[method.getParameterCount()];
    Arrays.fill(arguments, values.has("sp_appid") ? values.get("sp_appid").getAsString() : "wxd678efh567hg6787");
    arguments[0] = model;
    return arguments;
  }

  /** Empties the mock, so that no call depends on the ones before. */
  private static void reset() throws IOException, InterruptedException {
    URI uri = URI.create(System.getenv("WECHATPAY_MOCK_URL") + "/__mock/reset");
    java.net.http.HttpRequest request =
        java.net.http.HttpRequest.newBuilder(uri).POST(java.net.http.HttpRequest.BodyPublishers.noBody()).build();
    int status = java.net.http.HttpClient.newHttpClient().send(request, BodyHandlers.discarding()).statusCode();
    if (status != 200) {
      throw new IOException("expected the mock to be reset, found status " + status);
    }
  }

  /** Sends requests, or only remembers them while they are blank. */
  private static final class Wire implements HttpClient {
    private final HttpClient client;
    private boolean isBlank;
    private HttpRequest blank;

    private Wire(HttpClient client) {
      this.client = client;
    }

    @Override
    public <T> HttpResponse<T> execute(HttpRequest request, Class<T> type) {
      if (isBlank) {
        blank = request;
        throw new NotSent();
      }
      HttpResponse<T> response = client.execute(request, type);
      if (response.getBody() instanceof JsonResponseBody && response.getServiceResponse() != null) {
        try {
          String body = ((JsonResponseBody) response.getBody()).getBody();
          String lost = Lost.find(JsonParser.parseString(body), response.getServiceResponse(), "");
          if (lost != null) {
            throw new AssertionError("the SDK's model can't hold its answer's " + lost);
          }
        } catch (IllegalAccessException e) {
          throw new IllegalStateException(e);
        }
      }
      return response;
    }

    @Override
    public InputStream download(String url) {
      return client.download(url);
    }
  }

  private static final class NotSent extends RuntimeException {}
}
