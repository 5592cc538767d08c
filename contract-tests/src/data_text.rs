//! The texts of cases, samples and probes in the language of their reader.

use std::{collections::HashMap, fmt, sync::LazyLock};

use serde::{Deserialize, Serialize, Serializer};
use wechatpay_texts::{Language, pad};

/// The Chinese of the built-in data, by its English.
const CATALOGUES: [&str; 2] =
    [include_str!("../../fixtures/cases.zh.toml"), include_str!("prove/probes.zh.toml")];

static CHINESE: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let read = |text| toml::from_str::<HashMap<_, _>>(text).expect("a test reads the catalogues");
    CATALOGUES.into_iter().flat_map(read).collect()
});

/// A text in a case, a sample or a probe. Shown, it is in the [current](Language::current) language; one of a user's own
/// case, for which there is no Chinese, stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
pub struct DataText(String);

impl DataText {
    /// In the current language.
    pub fn text(&self) -> &str {
        match Language::current() {
            Language::English => &self.0,
            Language::Chinese => CHINESE.get(&self.0).unwrap_or(&self.0),
        }
    }
}

impl fmt::Display for DataText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        pad(f, self.text())
    }
}

impl Serialize for DataText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{
        case,
        prove::{About, PROBES, receiver},
        real,
    };

    fn texts() -> HashSet<String> {
        let cases =
            case::embedded().unwrap().into_iter().flat_map(|case| [case.title, case.why, case.source]);
        let samples = real::embedded().unwrap().into_iter();
        let samples =
            samples.flat_map(|sample| [sample.title, sample.source].into_iter().chain(sample.unequal));
        let abouts = PROBES.iter().map(|probe| &probe.about);
        let abouts = abouts.chain(receiver::PROBES.iter().map(|probe| &probe.about));
        let probes =
            abouts.flat_map(|About { title, why, fix, .. }| [title.clone(), why.clone(), fix.clone()]);
        cases.chain(samples).chain(probes).map(|DataText(english)| english).collect()
    }

    #[test]
    fn every_text_of_the_built_in_data_has_chinese_and_no_other_text_has() {
        let texts = texts();
        let mut missing: Vec<_> = texts.iter().filter(|text| !CHINESE.contains_key(*text)).collect();
        missing.sort();
        assert!(missing.is_empty(), "expected the Chinese of {missing:#?}");
        let unused: Vec<_> = CHINESE.keys().filter(|text| !texts.contains(*text)).collect();
        assert!(unused.is_empty(), "expected no Chinese without its text, found {unused:#?}");
    }

    #[test]
    fn the_chinese_is_chinese_and_says_ni() {
        for (english, chinese) in CHINESE.iter() {
            assert!(chinese.contains(|c| matches!(c, '\u{4e00}'..='\u{9fff}')), "{english:?} = {chinese:?}");
            assert!(!chinese.contains('您'), "{chinese:?}");
        }
    }

    #[test]
    fn a_text_without_chinese_stays_as_it_is() {
        let own = DataText("our own case".into());
        assert_eq!(Language::Chinese.within(|| own.to_string()), "our own case");
    }
}
