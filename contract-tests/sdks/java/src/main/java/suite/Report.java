package suite;

import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** Counts the methods that were called, and prints those that failed or were skipped. */
final class Report {
  private final Path file;
  private final Map<String, String> known = new TreeMap<>();
  private int methods;
  private int passes;
  private int expected;
  private int skips;
  private boolean failed;

  /** Reads the methods that are known to fail, and why. */
  Report(Path file) throws IOException {
    this.file = file;
    try (Reader reader = Files.newBufferedReader(file)) {
      JsonParser.parseReader(reader).getAsJsonObject().entrySet()
          .forEach(entry -> known.put(entry.getKey(), entry.getValue().getAsString()));
    }
  }

  void skipped(String name, String reason) {
    methods++;
    skips++;
    System.out.printf("skipped %s: %s%n", name, reason);
  }

  /** Notes a call, with null if it passed. One that is known to fail must fail. */
  void called(String name, Throwable error) {
    methods++;
    String reason = known.remove(name);
    if (error == null && reason != null) {
      failed(name, "it passes, but " + file + " says that it can't: " + reason);
    } else if (error == null) {
      passes++;
    } else if (reason != null) {
      expected++;
      System.out.printf("known %s: %s%n", name, reason);
    } else {
      failed(name, error.toString().replace("\n", "\n  "));
    }
  }

  private void failed(String name, String reason) {
    failed = true;
    System.out.printf("failed %s: %s%n", name, reason);
  }

  /** Prints the numbers and returns the exit code. */
  int end() {
    known.keySet().forEach(name -> failed(name, "it is in " + file + ", but the SDK has no such method"));
    System.out.printf(
        "%d methods: %d pass, %d fail for a known reason, %d are skipped%n", methods, passes, expected, skips);
    return failed ? 1 : 0;
  }
}
