package io.github.wechatpaymock;

/** A fault rule that was added. */
public final class FaultRule {
  private final Admin admin;
  private final long id;

  FaultRule(Admin admin, long id) {
    this.admin = admin;
    this.id = id;
  }

  /** Its number in {@code /__mock/faults}. */
  public long id() {
    return id;
  }

  /**
   * Deletes it. Requests that it delays are answered at once.
   *
   * @throws MockException with status 404 if it is deleted already
   */
  public void delete() {
    admin.call("DELETE", "/__mock/faults/" + id);
  }
}
