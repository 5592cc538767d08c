package io.github.wechatpaymock;

import static io.github.wechatpaymock.Language.say;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A mock of the WeChat Pay gateway, as one of its merchants sees it: all calls but {@link #clock()} are about this merchant. Maps hold the
 * fields of the mock's own reference, {@code docs/en/reference/admin.md}, and go to the mock and come from it as they are. Durations are
 * seconds.
 *
 * <p>Methods throw {@link MockException} if the mock refuses a call, and {@link java.io.UncheckedIOException} if it can't be reached.
 */
public final class Mock implements AutoCloseable {
  private final Running running;
  private final Admin admin;
  private final Credentials credentials;
  /** Whether this handle stops the mock, or is another one's merchant. */
  private final boolean isFirst;
  /** Whether this handle created its merchant. */
  private final boolean isMade;
  private final AtomicBoolean isClosed = new AtomicBoolean();
  /** The number of the last exchange before this handle's first or its last reset. */
  private volatile long after;
  private Thread atExit;
  private Environment environment;

  private Mock(Running running, Map<String, Object> credentials, boolean isFirst, boolean isMade) {
    this.running = running;
    this.admin = running.admin;
    this.credentials = new Credentials(credentials);
    this.isFirst = isFirst;
    this.isMade = isMade;
    this.after = isMade ? lastNumber() : 0;
  }

  /** Starts a mock with no options: see {@link #start(Options)}. */
  public static Mock start() {
    return start(new Options());
  }

  /**
   * Starts a mock on a free port of this machine and waits until it listens. Its first merchant, the development merchant unless {@code
   * config} says otherwise, is this handle's. It stops at {@link #close()}, and when this process ends, however it ends.
   *
   * <p>With the variable WECHATPAY_MOCK_URL, as under {@code wechatpay-mock run}, this uses the mock there, without the options, and
   * creates a merchant of its own, which {@link #close()} deletes. WECHATPAY_MOCK_ADMIN_TOKEN is sent as its token.
   *
   * @throws IllegalStateException if there is no program, or it does not listen in time; the message has what it said on stderr
   * @throws java.io.UncheckedIOException if the program can't be run
   */
  public static Mock start(Options options) {
    String url = System.getenv("WECHATPAY_MOCK_URL");
    boolean isThere = url != null && !url.isEmpty();
    Running running = isThere ? Running.at(url) : Running.start(options);
    try {
      Map<String, Object> credentials = isThere
          ? running.admin.call("POST", "/__mock/merchants")
          : running.admin.call("GET", "/__mock/credentials");
      Mock mock = new Mock(running, credentials, true, isThere);
      mock.atExit = new Thread(mock::stop, "wechatpay-mock stop");
      Runtime.getRuntime().addShutdownHook(mock.atExit);
      return mock;
    } catch (RuntimeException e) {
      running.close();
      throw e;
    }
  }

  /** The base URL, such as {@code http://127.0.0.1:8080}. */
  public String url() {
    return admin.url;
  }

  /** The merchant's credentials. */
  public Credentials credentials() {
    return credentials;
  }

  /** Creates another merchant of this mock; closing its handle deletes it. */
  public Mock merchant() {
    return merchant(Collections.emptyMap());
  }

  /** Creates another merchant with fields of {@code POST /__mock/merchants}: mchid, trust, new_key, seed. */
  public Mock merchant(Map<String, ?> fields) {
    return new Mock(running, admin.call("POST", "/__mock/merchants", fields), false, true);
  }

  /** Lets the merchant's next request, and only this one, have the fault of this name, such as {@code "system-error"}. */
  public FaultRule fault(String name) {
    Map<String, Object> rule = new LinkedHashMap<>();
    rule.put("fault", name);
    rule.put("times", 1);
    return fault(rule);
  }

  /** Adds a fault rule with fields of {@code POST /__mock/faults}: fault, error or latency, times, ttl, match, on and so on. */
  public FaultRule fault(Map<String, ?> rule) {
    Map<String, Object> match = new LinkedHashMap<>();
    match.put("merchant", credentials.mchid());
    if (rule.get("match") instanceof Map) {
      ((Map<?, ?>) rule.get("match")).forEach((name, value) -> match.put(String.valueOf(name), value));
    }
    Map<String, Object> all = new LinkedHashMap<>(rule);
    all.put("match", match);
    return new FaultRule(admin, (Long) admin.call("POST", "/__mock/faults", all).get("id"));
  }

  /**
   * Checks what the merchant's requests were, by fields of {@code POST /__mock/verify}: operation, status, body, times and so on.
   *
   * @throws AssertionError if they were not so; the message says what was expected and found, and has {@link #report()}
   */
  public void expect(Map<String, ?> expectation) {
    Admin.Answer answer = admin.answer("POST", "/__mock/verify", ofMerchant(expectation));
    if (answer.status == 409) {
      String refused = report();
      throw new AssertionError(answer.fields().get("report") + (refused.isEmpty() ? "" : "\n" + refused));
    }
    if (answer.status != 200) {
      throw answer.refusal();
    }
  }

  /** Sends a callback to the merchant's notify_url: see {@link #trigger(String, Map)}. */
  public Map<String, Object> trigger(String event) {
    return trigger(event, Collections.emptyMap());
  }

  /**
   * Sends a callback now, such as {@code TRANSACTION.SUCCESS}, with fields of {@code POST /__mock/callbacks}: {@code to}, its URL, and
   * {@code resource}, what differs from the example. Returns its first attempt: {@code received}, the receiver's {@code status},
   * {@code reason}, {@code milliseconds}, {@code request}.
   */
  public Map<String, Object> trigger(String event, Map<String, ?> fields) {
    Map<String, Object> callback = ofMerchant(fields);
    callback.put("event_type", event);
    return maps(admin.call("POST", "/__mock/callbacks", callback).get("attempts")).get(0);
  }

  /** Pays an order as its user does. Returns the order. */
  public Map<String, Object> pay(String outTradeNo) {
    return pay(outTradeNo, "pay");
  }

  /**
   * Does with an order what its user does: {@code pay}, {@code cancel}, {@code fail}, {@code start} or {@code close}. Returns the order.
   *
   * @throws MockException with status 409 if the user can't; the message has what the user sees
   */
  public Map<String, Object> pay(String outTradeNo, String action) {
    Map<String, Object> payment = ofMerchant(Collections.singletonMap("out_trade_no", outTradeNo));
    payment.put("action", action);
    return admin.call("POST", "/__mock/payments", payment);
  }

  /** The mock's clock, which all merchants share. */
  public MockClock clock() {
    return running.clock;
  }

  /** The merchant's exchanges, oldest first: number, operation, status, code, line and so on. */
  public List<Map<String, Object>> exchanges() {
    return exchanges(0, false);
  }

  /** The same after this one, and if asked for, also those that name no merchant of the mock. */
  private List<Map<String, Object>> exchanges(long after, boolean unknown) {
    List<Map<String, Object>> all = new ArrayList<>();
    String filters = "limit=1000&merchant=" + credentials.mchid() + "&unknown=" + unknown;
    Map<String, Object> page = Collections.singletonMap("last", after);
    do {
      page = admin.call("GET", "/__mock/exchanges?" + filters + "&after=" + page.get("last"));
      all.addAll(maps(page.get("exchanges")));
    } while (Boolean.TRUE.equals(page.get("has_more")));
    return all;
  }

  private long lastNumber() {
    List<Map<String, Object>> newest = maps(admin.call("GET", "/__mock/exchanges?order=newest&limit=1").get("exchanges"));
    return newest.isEmpty() ? 0 : (Long) newest.get(0).get("number");
  }

  /**
   * Which requests were refused since the merchant was created or reset, and why, with the diagnosis of a wrong signature and its fix; empty
   * if none was. Requests that name no merchant of the mock are in it, too: they may be this merchant's, with a wrong mchid or unsigned.
   */
  public String report() {
    StringBuilder report = new StringBuilder();
    for (Map<String, Object> exchange : exchanges(after, true)) {
      Long status = (Long) exchange.get("status");
      if (status != null && status >= 400 && exchange.get("fault") == null) {
        report.append("\n  ").append(exchange.get("line"));
      }
    }
    return report.length() == 0 ? "" : say("refused requests:", "被拒绝的请求：") + report;
  }

  /** Resets the merchant's documents, exchanges, fault rules and callbacks. */
  public void reset() {
    admin.call("POST", "/__mock/reset", ofMerchant(Collections.emptyMap()));
    after = lastNumber();
  }

  /**
   * The variables that make a child process's SDK reach the mock as this merchant, as {@code wechatpay-mock run} sets them. The files that
   * they name are deleted at {@link #close()}.
   */
  public Map<String, String> environment() {
    return files().variables();
  }

  /**
   * Stops the mock if this handle started it, and deletes the merchant if this handle created it. Returns when the mock's process has
   * ended. A second call does nothing.
   */
  @Override
  public void close() {
    if (atExit != null) {
      try {
        Runtime.getRuntime().removeShutdownHook(atExit);
      } catch (IllegalStateException e) {
        // This process is ending, and the hook runs.
      }
    }
    stop();
  }

  private void stop() {
    if (!isClosed.compareAndSet(false, true)) {
      return;
    }
    try {
      if (isMade && running.isThere()) {
        Admin.Answer answer = admin.answer("DELETE", "/__mock/merchants/" + credentials.mchid(), null);
        if (answer.status / 100 != 2 && answer.status != 404) {
          throw answer.refusal();
        }
      }
    } finally {
      if (isFirst) {
        running.close();
      }
    }
  }

  synchronized Environment files() {
    if (environment == null) {
      environment = new Environment(admin, credentials, running.folder.resolve(credentials.mchid()));
    }
    return environment;
  }

  /** These fields, about this merchant. */
  private Map<String, Object> ofMerchant(Map<String, ?> fields) {
    Map<String, Object> all = new LinkedHashMap<>(fields);
    all.put("merchant", credentials.mchid());
    return all;
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> maps(Object list) {
    return (List<Map<String, Object>>) list;
  }

  /** How to start a mock. */
  public static final class Options {
    Path binary;
    Path config;
    Path seed;
    List<String> args = Collections.emptyList();
    long timeout = 10;

    /**
     * The program. By default that of the variable WECHATPAY_MOCK_BINARY, else that of this machine's {@code wechatpay-mock-binary}, else
     * {@code wechatpay-mock} on PATH.
     */
    public Options binary(Path program) {
      this.binary = program;
      return this;
    }

    /** TOML file with merchants, keys, policies and limits; by default there is a development merchant. */
    public Options config(Path file) {
      this.config = file;
      return this;
    }

    /** JSON file with the first cards and members; by default each merchant has a sample card. */
    public Options seed(Path file) {
      this.seed = file;
      return this;
    }

    /** More arguments of {@code wechatpay-mock serve}. */
    public Options args(String... more) {
      this.args = Arrays.asList(more);
      return this;
    }

    /** Within how many seconds the mock must listen, 10 by default. */
    public Options timeout(long seconds) {
      this.timeout = seconds;
      return this;
    }
  }
}
