package io.github.wechatpaymock;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The mock's clock, which all its merchants share. SDKs sign with the machine's time: so that they can still make calls after the clock
 * moved by more than five minutes, add {@code "signatures", "real"}, as in {@code advance(86400, singletonMap("signatures", "real"))}.
 * Every method returns the time that the clock shows then, and throws {@link MockException} if the mock refuses the call.
 */
public final class MockClock {
  private final Admin admin;
  private volatile boolean isMoved;

  MockClock(Admin admin) {
    this.admin = admin;
  }

  /** The mock's time, in whole seconds. */
  public Instant now() {
    return time(admin.call("GET", "/__mock/clock"));
  }

  /** Stops the clock now. */
  public Instant freeze() {
    return move("freeze", Collections.emptyMap());
  }

  /** Stops the clock at this time. */
  public Instant freeze(Instant at) {
    return freeze(at, Collections.emptyMap());
  }

  /** Stops the clock at this time, with more fields of {@code POST /__mock/clock}. */
  public Instant freeze(Instant at, Map<String, ?> fields) {
    Map<String, Object> all = new LinkedHashMap<>(fields);
    all.put("at", at.getEpochSecond());
    return move("freeze", all);
  }

  /** Moves the clock by this many seconds, back if negative. A frozen clock stays frozen. */
  public Instant advance(long seconds) {
    return advance(seconds, Collections.emptyMap());
  }

  /** Moves the clock by this many seconds, with more fields of {@code POST /__mock/clock}. */
  public Instant advance(long seconds, Map<String, ?> fields) {
    Map<String, Object> all = new LinkedHashMap<>(fields);
    all.put("seconds", seconds);
    return move("advance", all);
  }

  /** Follows the real time again. */
  public Instant resume() {
    Instant now = move("resume", Collections.emptyMap());
    isMoved = false;
    return now;
  }

  /** Follows the real time again if this moved the clock. */
  void resumeIfMoved() {
    if (isMoved) {
      resume();
    }
  }

  private Instant move(String action, Map<String, ?> fields) {
    Map<String, Object> all = new LinkedHashMap<>(fields);
    all.put("action", action);
    Map<String, Object> shown = admin.call("POST", "/__mock/clock", all);
    isMoved = true;
    return time(shown);
  }

  private static Instant time(Map<String, Object> shown) {
    return Instant.ofEpochSecond((Long) shown.get("now"));
  }
}
