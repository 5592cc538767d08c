//! How the signature was turned into text.

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use percent_encoding::percent_decode_str;

use crate::forensics::Hypothesis;

/// A signature that is text of another kind than standard Base64.
pub(super) struct EncodingMistake {
    pub(super) hypothesis: Hypothesis,
    /// The signature's bytes, if the text can be read so.
    pub(super) decode: fn(&str) -> Option<Vec<u8>>,
}

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD_LENIENT: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const URL_SAFE_LENIENT: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

pub(super) const ENCODINGS: &[EncodingMistake] = &[
    EncodingMistake {
        hypothesis: Hypothesis {
            name: "signature-url-safe",
            english: "encode the signature in standard Base64, with + and /, not - and _",
            chinese: "签名值须使用标准 Base64（字符为 + 和 /），不要用 URL 安全的 Base64（- 和 _）",
        },
        decode: |text| URL_SAFE_LENIENT.decode(text).ok(),
    },
    EncodingMistake {
        hypothesis: Hypothesis {
            name: "signature-without-padding",
            english: "keep the = at the end of the signature's Base64",
            chinese: "签名值的 Base64 末尾的 = 不能省略",
        },
        decode: |text| STANDARD_LENIENT.decode(text).ok(),
    },
    EncodingMistake {
        hypothesis: Hypothesis {
            name: "signature-hex",
            english: "encode the signature in Base64, not in hex digits",
            chinese: "签名值须使用 Base64 编码，而不是十六进制",
        },
        decode: hex,
    },
    EncodingMistake {
        hypothesis: Hypothesis {
            name: "signature-base64-twice",
            english: "encode the signature in Base64 once: it was encoded twice",
            chinese: "签名值只需 Base64 编码一次：现在编码了两次",
        },
        decode: |text| BASE64_STANDARD.decode(inner(text)?.trim()).ok(),
    },
    EncodingMistake {
        hypothesis: Hypothesis {
            name: "signature-hex-in-base64",
            english: "encode the signature's bytes in Base64, not their hex digits",
            chinese: "请对签名的原始字节做 Base64 编码，而不是对其十六进制文本编码",
        },
        decode: |text| hex(inner(text)?.trim()),
    },
    EncodingMistake {
        hypothesis: Hypothesis {
            name: "signature-with-line-breaks",
            english: "encode the signature in one line of Base64, without line breaks (openssl base64 -A, base64 -w 0)",
            chinese: "签名值的 Base64 不能换行（openssl base64 -A 或 base64 -w 0）",
        },
        decode: |text| {
            let breaks = ["\\r", "\\n", "%0D", "%0A", "%0d", "%0a", "\r", "\n", " ", "\t"];
            let whole = breaks.iter().fold(text.to_owned(), |text, one| text.replace(one, ""));
            BASE64_STANDARD.decode(whole).ok()
        },
    },
    EncodingMistake {
        hypothesis: Hypothesis {
            name: "signature-percent-encoded",
            english: "put the signature's Base64 into the header as it is, not percent-encoded",
            chinese: "签名值的 Base64 应原样放入请求头，不要做 URL 编码",
        },
        decode: |text| BASE64_STANDARD.decode(percent_decode_str(text).collect::<Vec<u8>>()).ok(),
    },
    EncodingMistake {
        hypothesis: Hypothesis {
            name: "signature-bytes-reversed",
            english: "reverse the signature's bytes before encoding them: Windows' CryptoAPI gives the last one first",
            chinese: "请先将签名的字节顺序反转再编码：Windows CryptoAPI 返回的是小端字节序",
        },
        decode: |text| BASE64_STANDARD.decode(text).ok().map(|bytes| bytes.into_iter().rev().collect()),
    },
];

/// The text that is within the Base64.
fn inner(text: &str) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()
}

/// Hex digits in either case, perhaps with colons between.
fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.replace(':', "");
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let is_hex = digits.len().is_multiple_of(2) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if is_hex { digits.as_bytes().chunks(2).map(byte).collect() } else { None }
}
