package suite;

/** Prints checks in the Test Anything Protocol and counts them. */
final class Tap {
  interface Check {
    void holds() throws Exception;
  }

  private int checks;
  private int failed;

  void check(String name, Check check) {
    checks++;
    try {
      check.holds();
      System.out.printf("ok %d - %s%n", checks, name);
    } catch (Exception | AssertionError e) {
      failed++;
      System.out.printf("not ok %d - %s%n# %s%n", checks, name, e.toString().replace("\n", "\n# "));
    }
  }

  /** Prints the plan and returns the exit code. */
  int end() {
    System.out.printf("1..%d%n", checks);
    return failed == 0 ? 0 : 1;
  }
}
