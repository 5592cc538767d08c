package acceptance;

import io.github.wechatpaymock.Mock;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Another process, whose end or environment is under test. */
public final class Child {
  private Child() {}

  /** The process of {@link #main}, with these variables and this folder for temporary files. */
  static Process start(Map<String, String> environment, Path temporary, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", System.getProperty("java.class.path"),
        "-Djava.io.tmpdir=" + temporary, Child.class.getName()));
    command.addAll(Arrays.asList(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(environment);
    return builder.start();
  }

  /** {@code order}: orders as the environment says. {@code wait}: starts a mock and waits. {@code exit}: starts one and ends.
   * {@code fail}: prints the error of one that does not start. */
  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("order")) {
      Map<String, String> env = System.getenv();
      new Shop(env.get("WECHATPAY_MCHID"), env.get("WECHATPAY_MERCHANT_SERIAL"), Files.readString(Path.of(env.get("WECHATPAY_MERCHANT_KEY"))),
          env.get("WECHATPAY_APIV3_KEY")).order("from-a-child");
      try (Mock mock = Mock.start()) {
        System.out.println(mock.url() + " " + mock.credentials().mchid());
      }
      System.exit(0);
    }
    if (arguments[0].equals("fail")) {
      try {
        Mock.start();
      } catch (IllegalStateException e) {
        new PrintStream(System.out, true, "UTF-8").println(e.getMessage());
        System.exit(0);
      }
    }
    Mock.start();
    System.out.println(ProcessHandle.current().children().findFirst().orElseThrow().pid());
    if (arguments[0].equals("exit")) {
      System.exit(0);
    }
    System.in.read();
  }
}
