package io.github.wechatpaymock;

import static io.github.wechatpaymock.Language.say;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** What points SDKs at a mock: files in a private folder, and the variables and system properties that name them. */
final class Environment {
  /** What a child process has of these already stays. */
  private static final String[] ADDED_TO = {"NO_PROXY", "no_proxy", "NODE_OPTIONS", "PHP_INI_SCAN_DIR", "JAVA_TOOL_OPTIONS"};

  private final Path folder;
  private final Map<String, String> variables;
  private final Map<String, String> properties;
  private final Map<String, String> credentials = new LinkedHashMap<>();

  /** Writes the files. */
  @SuppressWarnings("unchecked")
  Environment(Admin admin, Credentials merchant, Path folder) {
    this.folder = folder;
    try {
      Files.createDirectory(folder);
      Map<String, Object> program = new LinkedHashMap<>();
      program.put("folder", folder.toAbsolutePath().toString());
      program.put("authorities", authorities());
      program.put("set", set());
      Map<String, Object> made = admin.call("POST", "/__mock/environment", program);
      variables = (Map<String, String>) made.get("variables");
      properties = (Map<String, String>) made.get("java_properties");
      for (Map.Entry<String, String> file : ((Map<String, String>) made.get("files")).entrySet()) {
        Files.write(folder.resolve(Paths.get(file.getKey()).getFileName()), Base64.getDecoder().decode(file.getValue()));
      }
      credentials.put("WECHATPAY_MCHID", merchant.mchid());
      credentials.put("WECHATPAY_MERCHANT_SERIAL", merchant.merchantSerial());
      credentials.put("WECHATPAY_MERCHANT_KEY", file("apiclient_key.pem", merchant.merchantKey()));
      credentials.put("WECHATPAY_MERCHANT_CERTIFICATE", file("apiclient_cert.pem", merchant.merchantCertificate()));
      credentials.put("WECHATPAY_APIV3_KEY", merchant.apiv3Key());
      credentials.put("WECHATPAY_PUBLIC_KEY_ID", merchant.publicKeyId());
      credentials.put("WECHATPAY_PUBLIC_KEY", file("pub_key.pem", merchant.publicKey()));
      credentials.put("WECHATPAY_PLATFORM_SERIAL", merchant.platformSerial());
      credentials.put("WECHATPAY_PLATFORM_CERTIFICATE", file("wechatpay.pem", merchant.platformCertificate()));
      credentials.values().removeIf(value -> value == null);
    } catch (IOException e) {
      throw new UncheckedIOException(say("cannot write credentials: ", "无法写入凭据：") + e.getMessage(), e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(say("cannot read the JVM's trust store: ", "无法读取 JVM 的信任库：") + e.getMessage(), e);
    }
  }

  /** The variables for a child process. */
  Map<String, String> variables() {
    Map<String, String> all = new LinkedHashMap<>(variables);
    all.putAll(credentials);
    return all;
  }

  /** The system properties for this process: proxy and trust store for HTTPS, and the merchant by the names of the variables. */
  Map<String, String> properties() {
    Map<String, String> all = new LinkedHashMap<>(credentials);
    for (String name : new String[] {"WECHATPAY_BASE_URL", "WECHATPAY_MOCK_URL"}) {
      all.put(name, variables.get(name));
    }
    all.putAll(properties);
    // What a test calls without TLS is on this machine or in a container, and no business of the mock.
    all.keySet().removeIf(name -> name.startsWith("http."));
    return all;
  }

  /** The authorities that this JVM trusts, PEM. */
  private static String authorities() throws GeneralSecurityException {
    StringBuilder pem = new StringBuilder();
    Base64.Encoder encoder = Base64.getMimeEncoder(64, new byte[] {'\n'});
    TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init((KeyStore) null);
    for (TrustManager manager : factory.getTrustManagers()) {
      for (X509Certificate trusted : ((X509TrustManager) manager).getAcceptedIssuers()) {
        pem.append("-----BEGIN CERTIFICATE-----\n").append(encoder.encodeToString(trusted.getEncoded()))
            .append("\n-----END CERTIFICATE-----\n");
      }
    }
    return pem.toString();
  }

  private static Map<String, String> set() {
    Map<String, String> set = new LinkedHashMap<>();
    for (String name : ADDED_TO) {
      if (System.getenv(name) != null) {
        set.put(name, System.getenv(name));
      }
    }
    return set;
  }

  private String file(String name, String content) throws IOException {
    return content == null ? null : Files.write(folder.resolve(name), content.getBytes(StandardCharsets.UTF_8)).toString();
  }
}
