//! Mistakes in the encoding of the signature.

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use percent_encoding::percent_decode_str;

use crate::known_mistake::Rule;

/// Decodes text with a wrong encoding.
pub(crate) type EncodingRule = Rule<fn(&str) -> Option<Vec<u8>>>;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD_LENIENT: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const URL_SAFE_LENIENT: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

pub(crate) static ENCODINGS: &[EncodingRule] = &[
    EncodingRule::new(
        "signature-url-safe",
        "use standard Base64 for the signature, with + and /, not URL-safe Base64 with - and _",
        "签名值要用标准 Base64（含 + 和 /），不要用 URL 安全的 Base64（含 - 和 _）",
        |text| URL_SAFE_LENIENT.decode(text).ok(),
    ),
    EncodingRule::new(
        "signature-without-padding",
        "keep the = at the end of the signature's Base64",
        "签名值的 Base64 末尾的 = 不能省略",
        |text| STANDARD_LENIENT.decode(text).ok(),
    ),
    EncodingRule::new(
        "signature-hex",
        "encode the signature in Base64, not in hex",
        "签名值要用 Base64 编码，不要用十六进制",
        hex,
    ),
    EncodingRule::new(
        "signature-base64-twice",
        "encode the signature in Base64 only once: it was encoded twice",
        "签名值只做一次 Base64 编码：现在编码了两次",
        |text| BASE64_STANDARD.decode(base64_text(text)?.trim()).ok(),
    ),
    EncodingRule::new(
        "signature-hex-in-base64",
        "encode the signature's bytes in Base64, not their hex digits",
        "请对签名的原始字节做 Base64 编码，不要对它的十六进制文本编码",
        |text| hex(base64_text(text)?.trim()),
    ),
    EncodingRule::new(
        "signature-with-line-breaks",
        "write the signature's Base64 without line breaks (openssl base64 -A, base64 -w 0)",
        "签名值的 Base64 不能换行（可用 openssl base64 -A 或 base64 -w 0）",
        |text| {
            let breaks = ["\\r", "\\n", "%0D", "%0A", "%0d", "%0a", "\r", "\n", " ", "\t"];
            let joined = breaks.iter().fold(text.to_owned(), |text, one| text.replace(one, ""));
            BASE64_STANDARD.decode(joined).ok()
        },
    ),
    EncodingRule::new(
        "signature-spaces-for-plus",
        "keep each + of the signature's Base64: it was decoded like a form, which turns + into a space",
        "签名值的 Base64 中的 + 要保留：签名值被当作表单解码，+ 变成了空格",
        |text| BASE64_STANDARD.decode(text.replace(' ', "+")).ok(),
    ),
    EncodingRule::new(
        "signature-percent-encoded",
        "send the signature's Base64 as it is, not percent-encoded",
        "签名值的 Base64 要原样发送，不要做 URL 编码",
        |text| BASE64_STANDARD.decode(percent_decode_str(text).collect::<Vec<u8>>()).ok(),
    ),
    EncodingRule::new(
        "signature-with-stray-characters",
        "send nothing before or after the signature's Base64: a shell may have printed a % or quotes with it",
        "签名值的 Base64 前后不能有其他字符：例如终端显示的 % 或引号不属于签名",
        |text| {
            let is_stray = |one: char| !(one.is_ascii_alphanumeric() || "+/=".contains(one));
            BASE64_STANDARD.decode(text.trim_matches(is_stray)).ok()
        },
    ),
    EncodingRule::new(
        "signature-bytes-reversed",
        "reverse the signature's bytes before encoding them: Windows CryptoAPI returns the last byte first",
        "请先反转签名的字节顺序再编码：Windows CryptoAPI 返回的是小端字节序",
        |text| BASE64_STANDARD.decode(text).ok().map(|bytes| bytes.into_iter().rev().collect()),
    ),
];

/// The text that was encoded in Base64.
fn base64_text(text: &str) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()
}

/// Hex digits in either case, with or without colons in between.
fn hex(text: &str) -> Option<Vec<u8>> {
    base16ct::mixed::decode_vec(text.replace(':', "")).ok()
}
