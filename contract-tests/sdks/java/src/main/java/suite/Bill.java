package suite;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.util.zip.GZIPInputStream;

/** A bill of a day. */
interface Bill {
  byte[] of(String day, boolean isCompressed) throws Exception;

  /** What a downloaded file says, whose hash must be this one. */
  static byte[] checked(byte[] content, boolean isCompressed, String hash) throws Exception {
    if (isCompressed) {
      try (InputStream unpacked = new GZIPInputStream(new ByteArrayInputStream(content))) {
        content = unpacked.readAllBytes();
      }
    }
    String found = String.format("%040x", new BigInteger(1, MessageDigest.getInstance("SHA-1").digest(content)));
    if (!found.equals(hash)) {
      throw new AssertionError("expected the hash " + hash + ", found " + found);
    }
    return content;
  }
}
