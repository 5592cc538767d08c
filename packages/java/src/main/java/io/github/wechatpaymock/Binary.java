package io.github.wechatpaymock;

import static io.github.wechatpaymock.Language.say;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Locale;

/** The program of the mock. */
final class Binary {
  private static final boolean IS_WINDOWS = System.getProperty("os.name").startsWith("Windows");
  private static final String NAME = IS_WINDOWS ? "wechatpay-mock.exe" : "wechatpay-mock";

  private Binary() {}

  /** Finds it: by the option, by the environment, in the platform's jar, from which it is copied to this folder, on PATH. */
  static Path find(Path option, Path folder) throws IOException {
    if (option != null) {
      return option;
    }
    String named = System.getenv("WECHATPAY_MOCK_BINARY");
    if (named != null && !named.isEmpty()) {
      return Paths.get(named);
    }
    try (InputStream packed = Binary.class.getResourceAsStream("/wechatpay-mock/" + platform() + "/" + NAME)) {
      if (packed != null) {
        Path copy = folder.resolve(NAME);
        Files.copy(packed, copy);
        copy.toFile().setExecutable(true, true);
        return copy;
      }
    }
    for (String directory : String.valueOf(System.getenv("PATH")).split(System.getProperty("path.separator"))) {
      Path program = Paths.get(directory, NAME);
      if (Files.isExecutable(program)) {
        return program;
      }
    }
    throw new IllegalStateException(
        say("expected the program wechatpay-mock, found none. Do one of these: set the option binary; set WECHATPAY_MOCK_BINARY to its"
            + " path; add the dependency io.github.wechatpay-mock:wechatpay-mock-binary with the classifier of this machine ("
            + platform() + "; there are linux-x86_64, linux-aarch64 and windows-x86_64); put wechatpay-mock on PATH",
            "没有找到可执行文件 wechatpay-mock。请任选一种办法：设置选项 binary；把 WECHATPAY_MOCK_BINARY 设为它的路径；添加依赖"
            + " io.github.wechatpay-mock:wechatpay-mock-binary，classifier 用本机的（" + platform()
            + "；目前有 linux-x86_64、linux-aarch64 和 windows-x86_64）；把 wechatpay-mock 放到 PATH 里"));
  }

  /** The classifier of this machine's jar. */
  private static String platform() {
    String system = IS_WINDOWS ? "windows" : System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String processor = System.getProperty("os.arch");
    return system + "-" + (processor.equals("amd64") ? "x86_64" : processor);
  }
}
