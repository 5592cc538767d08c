package io.github.wechatpaymock;

import static io.github.wechatpaymock.Language.say;

import java.util.Map;

/** The mock refuses a call to {@code /__mock/}. The message says what it expected, what it found, and what it suggests. */
public final class MockException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int status;
  private final transient Map<String, Object> answer;

  MockException(String call, int status, Map<String, Object> answer) {
    super(call + say(" is answered ", " 的应答：") + status + ": " + answer.get("message"));
    this.status = status;
    this.answer = answer;
  }

  /** The HTTP status of the answer, such as 400. */
  public int status() {
    return status;
  }

  /** The whole answer; {@code message} has what the mock says and suggests. */
  public Map<String, Object> answer() {
    return answer;
  }
}
