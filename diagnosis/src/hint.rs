//! What is likely about a signature, but cannot be proved.

use std::str::from_utf8;

use crate::{Diagnosis, Evidence, KnownMistake, Verdict, known_mistake::Rule, proxy, values};

/// Says whether the hint is likely to help.
pub(crate) type HintRule = Rule<fn(&Evidence<'_>, &Diagnosis) -> bool>;

pub(crate) static HINTS: &[HintRule] = &[
    HintRule::new(
        "body-not-received",
        "no body arrived; if one was signed, hand it to the HTTP library as well, and see that nothing reads it before, \
         and no redirect or proxy drops it",
        "没有收到请求体：如果签名时有请求体，请确认它交给了 HTTP 库，没有被提前读完，也没有被重定向或代理丢掉",
        |sent, diagnosis| {
            let has_body = ["POST", "PUT", "PATCH"].contains(&sent.message.method);
            is_other_message(diagnosis) && has_body && sent.message.body.is_empty()
        },
    ),
    HintRule::new(
        "body-sent-as-question-marks",
        "the body has question marks in place of text; send the bytes that were signed, in UTF-8: another charset may \
         have lost the text on sending",
        "请求体里的文字变成了问号：请用 UTF-8 发送与签名时相同的字节，文字可能在发送时因字符集不对而丢失",
        |sent, diagnosis| is_other_message(diagnosis) && has_lost_text(sent.message.body),
    ),
    HintRule::new(
        "body-sent-in-other-charset",
        "the body is not UTF-8; send the bytes that were signed, in UTF-8",
        "请求体不是 UTF-8 编码：请用 UTF-8 发送与签名时相同的字节",
        |sent, diagnosis| is_other_message(diagnosis) && from_utf8(sent.message.body).is_err(),
    ),
    HintRule::new(
        "changed-by-a-proxy",
        "the headers show that the request came through a proxy, which may have changed it after signing; let it pass \
         method, path, query and body on untouched",
        "请求头表明请求经过了代理，签名后的内容可能被代理改动：请让代理原样转发请求方法、路径、查询串和请求体",
        |sent, diagnosis| {
            let is_of_what_is_sent =
                diagnosis.mistakes.iter().any(|one| values::is_of_what_is_sent(one.known));
            proxy::is_shown_by(&sent.headers) && (is_other_message(diagnosis) || is_of_what_is_sent)
        },
    ),
];

/// Those of these hints that are likely to help.
pub(crate) fn hints(
    hints: &'static [HintRule],
    evidence: &Evidence<'_>,
    diagnosis: &Diagnosis,
) -> Vec<&'static KnownMistake> {
    hints.iter().filter(|rule| (rule.apply)(evidence, diagnosis)).map(|rule| &rule.mistake).collect()
}

/// A known key signed something that is not known.
pub(crate) fn is_other_message(diagnosis: &Diagnosis) -> bool {
    diagnosis.verdict == Verdict::OtherMessage
}

/// Whether the body looks as if a charset without its characters had replaced them.
pub(crate) fn has_lost_text(body: &[u8]) -> bool {
    let has = |replaced: &[u8]| body.windows(replaced.len()).any(|window| window == replaced);
    has(b"??") || has(b"\"?\"") || has("\u{fffd}".as_bytes())
}
