//! Turns a receiver's answers into findings. Pure: no I/O.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use wechatpay_protocol::display::printable;
use wechatpay_texts::{phrase, text};

use super::{
    Must,
    destination::{Answer, Answered},
};
use crate::prove::FindingKind;

/// The maximum length of what is shown of an answer's body, in characters.
const MAX_LINE: usize = 200;

/// What the answers to a probe mean, judged by the answer to an ordinary callback.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judge {
    /// The status of the answer to an ordinary callback; `None` while that itself is judged.
    pub(super) ordinary: Option<StatusCode>,
    pub(super) limit: Duration,
}

/// What an answer proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    Right,
    Wrong(FindingKind),
    /// A refusal, from a receiver that refuses ordinary callbacks, too.
    Nothing,
}

impl Judge {
    /// What an answer means that the receiver must give in this way.
    pub(super) fn judge(self, must: Must, answer: &Answer) -> Judgement {
        let answered = match answer {
            Answer::Answered(answered) => answered,
            Answer::Broken { reason } => {
                return Judgement::Wrong(FindingKind::NoAnswer { reason: reason.clone() });
            }
            Answer::TimedOut => return Judgement::Wrong(FindingKind::Slow { limit: self.limit }),
            Answer::Unreachable { reason } => {
                return Judgement::Wrong(FindingKind::Unreachable { reason: reason.clone() });
            }
        };
        match must {
            Must::Take => self.if_to_take(answered),
            Must::Refuse => self.if_to_refuse(answered),
            Must::Handle if answered.status.is_server_error() => {
                Judgement::Wrong(FindingKind::ServerError { status: answered.status })
            }
            Must::Handle | Must::Answer if self.refuses_all() && is_refusal(answered.status) => {
                Judgement::Nothing
            }
            Must::Handle | Must::Answer => Judgement::Right,
        }
    }

    fn refuses_all(self) -> bool {
        self.ordinary.is_some_and(is_refusal)
    }

    fn if_to_take(self, answered: &Answered) -> Judgement {
        let status = answered.status;
        match self.ordinary {
            _ if is_taken(status) && self.ordinary.is_some() => Judgement::Right,
            None if is_taken(status) => match odd_body(answered) {
                Some(found) => Judgement::Wrong(FindingKind::OddBody { found }),
                None => Judgement::Right,
            },
            None => Judgement::Wrong(FindingKind::WrongStatus { status }),
            // The ordinary callback has its finding.
            Some(ordinary) if !is_taken(ordinary) && is_refusal(ordinary) == is_refusal(status) => {
                if is_refusal(status) {
                    Judgement::Nothing
                } else {
                    Judgement::Right
                }
            }
            Some(_) => Judgement::Wrong(FindingKind::FailedToAccept),
        }
    }

    fn if_to_refuse(self, answered: &Answered) -> Judgement {
        let status = answered.status;
        if is_refusal(status) {
            return if self.refuses_all() { Judgement::Nothing } else { Judgement::Right };
        }
        let says_fail = || {
            let body = serde_json::from_slice::<Value>(&answered.body).ok();
            body.is_some_and(|body| body.get("code").is_some_and(|code| code == "FAIL"))
        };
        let is_like_ordinary = self.ordinary == Some(status);
        if (status.is_success() && says_fail()) || (status.is_redirection() && !is_like_ordinary) {
            return Judgement::Wrong(FindingKind::OddRefusal { status });
        }
        Judgement::Wrong(FindingKind::FailedToReject)
    }
}

/// Whether the gateway counts the callback as received.
fn is_taken(status: StatusCode) -> bool {
    status == StatusCode::OK || status == StatusCode::NO_CONTENT
}

fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// What the body of a 200 looks like, if it is not meant for the gateway.
fn odd_body(answered: &Answered) -> Option<&'static str> {
    let text = String::from_utf8_lossy(&answered.body);
    let text = text.trim();
    if text.is_empty() {
        None
    } else if text.starts_with("<xml") {
        Some(phrase!("<xml>, which is the answer of APIv2").text())
    } else if answered.is_html || text.starts_with("<!") || text.starts_with("<html") {
        Some(phrase!("a page of HTML: is this the application, or a page of its framework?").text())
    } else if text.eq_ignore_ascii_case("success") {
        Some(phrase!("the text success, which is the answer of other payment services").text())
    } else if serde_json::from_str::<Value>(text).is_ok_and(|body| body["code"] == "FAIL") {
        Some(phrase!("FAIL, which is a refusal, and a status that is none").text())
    } else {
        None
    }
}

/// The answers in one line: `answered 401, then answered 200`.
pub(super) fn did(answers: &[Answer]) -> String {
    let shown: Vec<_> = answers.iter().map(ToString::to_string).collect();
    let groups = shown.chunk_by(|one, next| one == next).map(|group| match group {
        [only] => only.clone(),
        _ => text!(
            "{answer} {times} times",
            answer = group.first().map_or("", String::as_str),
            times = group.len()
        ),
    });
    let line = groups.collect::<Vec<_>>().join(phrase!(", then ").text());
    printable(&line, MAX_LINE).into_owned()
}

/// The first line of the last body that is not empty.
pub(super) fn said(answers: &[Answer]) -> Option<String> {
    answers.iter().rev().find_map(|answer| {
        let Answer::Answered(answered) = answer else { return None };
        let text = String::from_utf8_lossy(&answered.body).into_owned();
        let line = text.lines().find(|line| !line.trim().is_empty())?;
        Some(printable(line.trim(), MAX_LINE).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &'static str) -> Answer {
        let status = StatusCode::from_u16(status).unwrap();
        Answer::Answered(Answered { status, location: None, is_html: false, body: body.into() })
    }

    fn judged(ordinary: Option<u16>, must: Must, status: u16, body: &'static str) -> Option<&'static str> {
        let ordinary = ordinary.map(|status| StatusCode::from_u16(status).unwrap());
        let judge = Judge { ordinary, limit: Duration::from_secs(5) };
        match judge.judge(must, &answer(status, body)) {
            Judgement::Right => None,
            Judgement::Wrong(kind) => Some(kind.name()),
            Judgement::Nothing => Some("nothing"),
        }
    }

    #[test]
    fn only_200_and_204_take_an_ordinary_callback() {
        assert_eq!(judged(None, Must::Take, 204, ""), None);
        assert_eq!(judged(None, Must::Take, 200, r#"{"code":"SUCCESS","message":"成功"}"#), None);
        for status in [201, 202, 302, 400, 403, 500] {
            assert_eq!(judged(None, Must::Take, status, ""), Some("wrong-status"), "{status}");
        }
    }

    #[test]
    fn a_body_that_is_not_meant_for_the_gateway_is_named() {
        for body in ["<xml>…</xml>", "success", "SUCCESS\n", "<!doctype html>", r#"{"code":"FAIL"}"#] {
            assert_eq!(judged(None, Must::Take, 200, body), Some("odd-body"), "{body}");
        }
    }

    #[test]
    fn an_empty_body_is_never_odd() {
        let body = Default::default();
        let answered = Answered { status: StatusCode::OK, location: None, is_html: true, body };
        assert_eq!(odd_body(&answered), None);
        assert!(odd_body(&Answered { body: "ok".into(), ..answered }).is_some());
    }

    #[test]
    fn a_forged_callback_is_refused_by_4xx_and_5xx_only() {
        let refused = |status, body| judged(Some(200), Must::Refuse, status, body);
        assert_eq!((refused(401, ""), refused(500, "")), (None, None));
        assert_eq!(refused(200, ""), Some("let-through"));
        assert_eq!(refused(202, ""), Some("let-through"));
        assert_eq!(refused(200, r#"{"code":"FAIL","message":"失败"}"#), Some("odd-refusal"));
        assert_eq!(refused(302, ""), Some("odd-refusal"));
    }

    #[test]
    fn a_refusal_of_everything_proves_nothing() {
        assert_eq!(judged(Some(403), Must::Refuse, 403, ""), Some("nothing"));
        assert_eq!(judged(Some(403), Must::Take, 401, ""), Some("nothing"));
        assert_eq!(judged(Some(403), Must::Take, 200, ""), None);
        assert_eq!(judged(Some(403), Must::Refuse, 200, ""), Some("let-through"));
    }

    #[test]
    fn a_wrong_status_of_success_is_found_once_and_refusals_still_count() {
        for status in [201, 302] {
            assert_eq!(judged(Some(status), Must::Take, status, ""), None);
            assert_eq!(judged(Some(status), Must::Take, 401, ""), Some("not-accepted"));
            assert_eq!(judged(Some(status), Must::Refuse, 401, ""), None);
            assert_eq!(judged(Some(status), Must::Refuse, status, ""), Some("let-through"));
        }
    }

    #[test]
    fn an_end_without_an_answer_is_wrong_whatever_must_be_done() {
        let judge = Judge { ordinary: Some(StatusCode::OK), limit: Duration::from_secs(5) };
        for must in [Must::Take, Must::Refuse, Must::Handle, Must::Answer] {
            let broken = Answer::Broken { reason: "reset".into() };
            let kind = |answer| match judge.judge(must, answer) {
                Judgement::Wrong(kind) => kind.name(),
                other => panic!("{other:?}"),
            };
            assert_eq!((kind(&broken), kind(&Answer::TimedOut)), ("no-answer", "slow"));
        }
    }

    #[test]
    fn answers_are_counted_in_one_line() {
        let answers = [answer(401, ""), answer(401, ""), answer(200, " \nok\u{1b}")];
        assert_eq!(did(&answers), "answered 401 2 times, then answered 200");
        assert_eq!(said(&answers).unwrap(), "ok\\u{1b}");
    }
}
