//! The diagnosis of parameters and paySign as text.

use std::fmt;

use wechatpay_texts::{Language, phrase, text};

use crate::{Diagnosis, ProvedMistake, subject::Subject};

/// Why a client refuses what a front end hands to it. At least one of both is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaySignDiagnosis {
    /// What is wrong with the parameters, in the order in which it is noticed. All of it is certain.
    pub parameters: Vec<ParameterProblem>,
    /// Why the paySign does not match the right values, as far as it is explained.
    pub signature: Option<Diagnosis>,
}

/// A parameter that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterProblem {
    /// The mistake. Its variant is the parameter if it can be made with several.
    pub mistake: ProvedMistake,
    /// The parameter, as the client reads it.
    pub parameter: &'static str,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
    /// What the user sees, or what the call fails with.
    pub shown: String,
}

/// What the user sees if the signature is wrong. (in the wild)
pub(super) const SIGNATURE_FAILS: &str = "支付验证签名失败";

/// What the user sees if the signature is wrong. (documented)
const VIEW_SIGNATURE_FAILS: &str = "商户签名校验失败";

impl PaySignDiagnosis {
    /// The names of all mistakes, joined by `+`, and then those of hints: `pay-parameter-not-text(timeStamp)`,
    /// `pay-package-without-prefix+sha1`.
    pub fn name(&self) -> String {
        let parameters = self.parameters.iter().map(|problem| problem.mistake.to_string());
        parameters.chain(self.signature.as_ref().map(Diagnosis::name)).collect::<Vec<_>>().join("+")
    }

    /// What the user sees, or what the call fails with.
    pub fn shown(&self) -> &str {
        let fails = match &self.signature {
            Some(signature) if signature.subject == Subject::BusinessView => VIEW_SIGNATURE_FAILS,
            _ => SIGNATURE_FAILS,
        };
        self.parameters.first().map_or(fails, |problem| &problem.shown)
    }

    /// Its text in English, whatever the current language.
    pub fn english(&self) -> String {
        Language::English.within(|| self.to_string())
    }

    /// Its text in Chinese, whatever the current language.
    pub fn chinese(&self) -> String {
        Language::Chinese.within(|| self.to_string())
    }
}

/// One line.
impl fmt::Display for PaySignDiagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = self.parameters.iter().map(ToString::to_string);
        let all = parameters.chain(self.signature.as_ref().map(ToString::to_string)).collect::<Vec<_>>();
        f.write_str(&all.join(phrase!("; ").text()))
    }
}

/// One line.
impl fmt::Display for ParameterProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mistake, parameter, expected, found, .. } = self;
        let remedy = mistake.known.remedy();
        f.write_str(&text!("{mistake}: {parameter} should be `{expected}`, but is `{found}`; {remedy}"))
    }
}
