package io.github.wechatpaymock;

import static io.github.wechatpaymock.Language.say;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A running mock, with a private folder for its files, and its process if this started it. */
final class Running {
  private static final String LISTENING = "listening on ";
  private static final int MOST_STDERR = 16 * 1024;
  private static final long SECONDS_TO_STOP = 10;

  final Admin admin;
  /** All handles of this mock have the same, so that any of them knows whether it was moved. */
  final MockClock clock;
  final Path folder;
  private final Process process;

  private Running(String url, Path folder, Process process) {
    this.admin = new Admin(url);
    this.clock = new MockClock(admin);
    this.folder = folder;
    this.process = process;
  }

  /** The mock at this URL, which somebody else started and stops. */
  static Running at(String url) {
    return new Running(url, newFolder(), null);
  }

  /** Starts one, and waits until it listens. One at a time: a program that is still being written can't be started. */
  static synchronized Running start(Mock.Options options) {
    Path folder = newFolder();
    try {
      Path binary = Binary.find(options.binary, folder);
      Process process = launch(binary, options);
      try {
        String url = address(process, options.timeout);
        if (binary.startsWith(folder)) {
          binary.toFile().delete(); // So that it stays nowhere if this process is killed. Windows refuses that.
        }
        return new Running(url, folder, process);
      } catch (RuntimeException e) {
        process.destroyForcibly();
        throw e;
      }
    } catch (IOException e) {
      delete(folder);
      throw new UncheckedIOException(say("cannot start the mock: " + e.getMessage()
          + "; if the temporary folder allows no programs, set java.io.tmpdir or WECHATPAY_MOCK_BINARY",
          "无法启动模拟网关：" + e.getMessage() + "；如果临时目录不允许运行程序，请设置 java.io.tmpdir 或 WECHATPAY_MOCK_BINARY"), e);
    } catch (RuntimeException e) {
      delete(folder);
      throw e;
    }
  }

  boolean isThere() {
    return process == null || process.isAlive();
  }

  /** Stops the mock if this started it, and deletes the folder. */
  void close() {
    try {
      if (process != null) {
        stop();
      }
    } finally {
      delete(folder);
    }
  }

  private void stop() {
    try {
      process.getOutputStream().close();
      if (process.waitFor(SECONDS_TO_STOP, TimeUnit.SECONDS)) {
        return;
      }
    } catch (IOException e) {
      // The process has ended already, or is ended below.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
  }

  private static Process launch(Path binary, Mock.Options options) throws IOException {
    List<String> command = new ArrayList<>(
        Arrays.asList(binary.toString(), "serve", "--port", "0", "--stop-with-stdin", "--quiet"));
    if (options.config != null) {
      command.addAll(Arrays.asList("--config", options.config.toString()));
    }
    if (options.seed != null) {
      command.addAll(Arrays.asList("--seed", options.seed.toString()));
    }
    command.addAll(options.args);
    return new ProcessBuilder(command).start();
  }

  /** Waits for the line with the address, and keeps reading both pipes, so that the mock never waits for them. */
  private static String address(Process process, long timeout) {
    CompletableFuture<String> first = new CompletableFuture<>();
    StringBuffer said = new StringBuffer();
    read("stdout", new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8), out -> {
      String line = out.readLine();
      first.complete(line);
      while (line != null) {
        line = out.readLine();
      }
    });
    Thread errors = read("stderr", new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8), err -> {
      char[] buffer = new char[4096];
      for (int n = err.read(buffer); n >= 0; n = err.read(buffer)) {
        said.append(buffer, 0, n);
        said.delete(0, Math.max(0, said.length() - MOST_STDERR));
      }
    });
    try {
      String line = first.get(timeout, TimeUnit.SECONDS);
      if (line != null && line.startsWith(LISTENING)) {
        return line.substring(LISTENING.length()).trim();
      }
      String found = say("the line ", "输出了 ") + line;
      if (line == null) {
        found = say("its end, with exit code ", "已退出，退出码 ") + process.waitFor();
        errors.join();
      }
      throw new IllegalStateException(
          say("expected the mock to say where it listens, found ", "模拟网关应输出监听地址，实际") + found + stderr(said));
    } catch (TimeoutException e) {
      throw new IllegalStateException(say("expected the mock to listen within " + timeout + " s, found that it does not; set the option timeout",
          "模拟网关没有在 " + timeout + " 秒内开始监听；可以用选项 timeout 调整") + stderr(said), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(say("interrupted while the mock was starting", "模拟网关启动时被中断"), e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(say("cannot read the mock's output", "无法读取模拟网关的输出"), e.getCause());
    }
  }

  private static String stderr(StringBuffer said) {
    return say("; on stderr it said:\n", "；stderr 输出：\n") + said;
  }

  private interface Reading {
    void from(BufferedReader pipe) throws IOException;
  }

  private static Thread read(String name, InputStreamReader pipe, Reading reading) {
    Thread thread = new Thread(() -> {
      try (BufferedReader in = new BufferedReader(pipe)) {
        reading.from(in);
      } catch (IOException e) {
        // The mock has ended, and its pipe with it.
      }
    }, "wechatpay-mock " + name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private static Path newFolder() {
    try {
      return Files.createTempDirectory("wechatpay-mock-");
    } catch (IOException e) {
      throw new UncheckedIOException(say("cannot make a temporary folder: ", "无法创建临时目录：") + e.getMessage(), e);
    }
  }

  private static void delete(Path folder) {
    try {
      Files.walkFileTree(folder, new SimpleFileVisitor<Path>() {
        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
          Files.delete(file);
          return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult postVisitDirectory(Path directory, IOException e) throws IOException {
          Files.delete(directory);
          return FileVisitResult.CONTINUE;
        }
      });
    } catch (IOException e) {
      throw new UncheckedIOException(say("cannot delete " + folder + ": ", "无法删除 " + folder + "：") + e.getMessage(), e);
    }
  }
}
