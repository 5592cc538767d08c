package io.github.wechatpaymock;

import java.util.Map;

/**
 * A merchant's credentials, by the names of {@code GET /__mock/credentials}. Keys and certificates are PEM texts, which SDKs take as
 * they are.
 */
public final class Credentials {
  private final Map<String, Object> fields;

  Credentials(Map<String, Object> fields) {
    this.fields = fields;
  }

  /** The merchant's mchid. */
  public String mchid() {
    return text("mchid");
  }

  /** The serial number of the merchant's API certificate. */
  public String merchantSerial() {
    return text("merchant_serial");
  }

  /** The merchant's private key, PKCS#8 PEM; null if the mock's configuration has it and does not show it. */
  public String merchantKey() {
    return text("merchant_key");
  }

  /** The merchant's API certificate, PEM. */
  public String merchantCertificate() {
    return text("merchant_certificate");
  }

  /** The APIv3 key, 32 characters; null if the mock's configuration has it and does not show it. */
  public String apiv3Key() {
    return text("apiv3_key");
  }

  /** The serial number of the platform certificate; null if the merchant trusts only the public key. */
  public String platformSerial() {
    return text("platform_serial");
  }

  /** The platform certificate, PEM; null if the merchant trusts only the public key. */
  public String platformCertificate() {
    return text("platform_certificate");
  }

  /** The ID of WeChat Pay's public key, {@code PUB_KEY_ID_…}; null if the merchant trusts only the platform certificate. */
  public String publicKeyId() {
    return text("public_key_id");
  }

  /** WeChat Pay's public key, PEM; null if the merchant trusts only the platform certificate. */
  public String publicKey() {
    return text("public_key");
  }

  private String text(String name) {
    return (String) fields.get(name);
  }

  /** The mchid, and no key. */
  @Override
  public String toString() {
    return "Credentials of merchant " + mchid();
  }
}
