package io.github.wechatpaymock;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** What points SDKs at a mock: files in a private folder, and the variables and system properties that name them. */
final class Environment {
  private static final String PASSWORD = "changeit";
  /** Not PKCS12, whose encryption of public certificates takes half a second. */
  private static final String STORE_TYPE = "JKS";

  private final String url;
  private final Path folder;
  private final Path trustStore;
  private final Path authority;
  private final Path bundle;
  private final Map<String, String> credentials = new LinkedHashMap<>();

  /** Writes the files. */
  Environment(Admin admin, Credentials merchant, Path folder) {
    this.url = admin.url;
    this.folder = folder;
    try {
      Files.createDirectory(folder);
      String pem = admin.text("/__mock/ca.pem");
      authority = write("ca.pem", pem);
      trustStore = folder.resolve("trust.jks");
      bundle = write("bundle.pem", pem + trust(pem));
      credentials.put("WECHATPAY_MCHID", merchant.mchid());
      credentials.put("WECHATPAY_MERCHANT_SERIAL", merchant.merchantSerial());
      credentials.put("WECHATPAY_MERCHANT_KEY", file("apiclient_key.pem", merchant.merchantKey()));
      credentials.put("WECHATPAY_MERCHANT_CERTIFICATE", file("apiclient_cert.pem", merchant.merchantCertificate()));
      credentials.put("WECHATPAY_APIV3_KEY", merchant.apiv3Key());
      credentials.put("WECHATPAY_PUBLIC_KEY_ID", merchant.publicKeyId());
      credentials.put("WECHATPAY_PUBLIC_KEY", file("pub_key.pem", merchant.publicKey()));
      credentials.put("WECHATPAY_PLATFORM_SERIAL", merchant.platformSerial());
      credentials.put("WECHATPAY_PLATFORM_CERTIFICATE", file("wechatpay.pem", merchant.platformCertificate()));
      credentials.put("WECHATPAY_BASE_URL", url);
      credentials.put("WECHATPAY_MOCK_URL", url);
      credentials.values().removeIf(value -> value == null);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write credentials: " + e.getMessage(), e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot make a trust store: " + e.getMessage(), e);
    }
  }

  /** The variables for a child process. */
  Map<String, String> variables() {
    Map<String, String> variables = new LinkedHashMap<>(credentials);
    for (String name : new String[] {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"}) {
      variables.put(name, url);
    }
    for (String name : new String[] {"NO_PROXY", "no_proxy"}) {
      variables.put(name, "localhost,127.0.0.1,::1");
    }
    for (String name : new String[] {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}) {
      variables.put(name, bundle.toString());
    }
    variables.put("NODE_EXTRA_CA_CERTS", authority.toString());
    variables.put("NODE_USE_ENV_PROXY", "1");
    variables.put("PHP_INI_SCAN_DIR", set("PHP_INI_SCAN_DIR") + System.getProperty("path.separator") + folder);
    StringBuilder java = new StringBuilder(set("JAVA_TOOL_OPTIONS"));
    jvm().forEach((name, value) -> java.append(java.length() == 0 ? "" : " ").append("\"-D" + name + "=" + value + '"'));
    variables.put("JAVA_TOOL_OPTIONS", java.toString());
    return variables;
  }

  /** The system properties for this process: proxy, trust store, and the merchant by the names of the variables. */
  Map<String, String> properties() {
    Map<String, String> properties = new LinkedHashMap<>(credentials);
    properties.putAll(jvm());
    return properties;
  }

  private Map<String, String> jvm() {
    URI mock = URI.create(url);
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put("https.proxyHost", mock.getHost());
    properties.put("https.proxyPort", String.valueOf(mock.getPort()));
    properties.put("javax.net.ssl.trustStore", trustStore.toString());
    properties.put("javax.net.ssl.trustStorePassword", PASSWORD);
    properties.put("javax.net.ssl.trustStoreType", STORE_TYPE);
    return properties;
  }

  /** Writes the trust store: the mock's authority and the JVM's own, which this returns as PEM. */
  private String trust(String pem) throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance(STORE_TYPE);
    store.load(null, null);
    Certificate own = CertificateFactory.getInstance("X.509")
        .generateCertificate(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
    store.setCertificateEntry("wechatpay-mock", own);
    StringBuilder others = new StringBuilder();
    Base64.Encoder encoder = Base64.getMimeEncoder(64, new byte[] {'\n'});
    TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init((KeyStore) null);
    for (TrustManager manager : factory.getTrustManagers()) {
      for (X509Certificate other : ((X509TrustManager) manager).getAcceptedIssuers()) {
        store.setCertificateEntry("other-" + store.size(), other);
        others.append("-----BEGIN CERTIFICATE-----\n").append(encoder.encodeToString(other.getEncoded()))
            .append("\n-----END CERTIFICATE-----\n");
      }
    }
    try (OutputStream out = Files.newOutputStream(trustStore)) {
      store.store(out, PASSWORD.toCharArray());
    }
    write("wechatpay-mock.ini", "curl.cainfo=\"" + folder.resolve("bundle.pem") + "\"\nopenssl.cafile=\"" + folder.resolve("bundle.pem") + "\"\n");
    return others.toString();
  }

  private String file(String name, String content) throws IOException {
    return content == null ? null : write(name, content).toString();
  }

  private Path write(String name, String content) throws IOException {
    return Files.write(folder.resolve(name), content.getBytes(StandardCharsets.UTF_8));
  }

  private static String set(String variable) {
    String value = System.getenv(variable);
    return value == null ? "" : value;
  }
}
