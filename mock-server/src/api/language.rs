//! The language of messages, which `Accept-Language` selects.

use http::{HeaderMap, HeaderValue, header::ACCEPT_LANGUAGE};

/// A language of the gateway's messages. (documented)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese: the gateway's own texts.
    #[default]
    ZhCn,
    /// English. The texts are the mock's own. (own choice)
    En,
    /// Traditional Chinese, Hong Kong. The texts are the mock's own. (own choice)
    ZhHk,
    /// Traditional Chinese, Taiwan. The texts are the mock's own. (own choice)
    ZhTw,
}

impl Language {
    /// The language that a request prefers, the default if it has no `Accept-Language`; `None` if it names none of
    /// these, as with `*`. (wild: 406)
    pub(crate) fn preferred(headers: &HeaderMap) -> Option<Self> {
        let values = || headers.get_all(ACCEPT_LANGUAGE).into_iter();
        if values().all(HeaderValue::is_empty) {
            return Some(Self::default());
        }
        let texts = values().filter_map(|value| value.to_str().ok());
        let preferences = texts.flat_map(|text| text.split(',')).filter_map(preference);
        let best = preferences.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map(|(language, _)| language)
    }

    /// The language that explanations are in now: English, or simplified Chinese.
    pub(crate) fn of_reader() -> Self {
        match wechatpay_texts::Language::current() {
            wechatpay_texts::Language::English => Self::En,
            wechatpay_texts::Language::Chinese => Self::ZhCn,
        }
    }

    /// The language tag, as `Content-Language` names it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
            Self::ZhHk => "zh-HK",
            Self::ZhTw => "zh-TW",
        }
    }
}

/// The language and the weight of `en-US;q=0.8`; `None` for an unknown language.
fn preference(text: &str) -> Option<(Language, f32)> {
    let (tag, rest) = text.split_once(';').unwrap_or((text, ""));
    let weight = match rest.trim().strip_prefix("q=") {
        Some(weight) => weight.parse().ok()?,
        None => 1.0,
    };
    let tag = tag.trim().to_ascii_lowercase();
    let language = match tag.split('-').next()? {
        "en" => Language::En,
        "zh" if tag == "zh-hk" => Language::ZhHk,
        "zh" if tag == "zh-tw" => Language::ZhTw,
        "zh" => Language::ZhCn,
        _ => return None,
    };
    (weight > 0.0).then_some((language, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preferred(header: &'static str) -> Option<Language> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(header));
        Language::preferred(&headers)
    }

    #[test]
    fn the_language_with_the_highest_weight_is_used() {
        assert_eq!(preferred("en"), Some(Language::En));
        assert_eq!(preferred("zh-HK"), Some(Language::ZhHk));
        assert_eq!(preferred("en;q=0.5, zh-TW;q=0.9"), Some(Language::ZhTw));
        assert_eq!(preferred("en-US,zh-CN"), Some(Language::En));
        assert_eq!(preferred("fr, zh-CN;q=0.5"), Some(Language::ZhCn));
    }

    #[test]
    fn a_header_without_a_known_language_is_refused() {
        for header in ["fr", "*", "en;q=0", "en;q=much", ";;,"] {
            assert_eq!(preferred(header), None, "{header}");
        }
    }

    #[test]
    fn no_header_and_an_empty_one_get_the_default() {
        assert_eq!(preferred(""), Some(Language::ZhCn));
        assert_eq!(Language::preferred(&HeaderMap::new()), Some(Language::ZhCn));
    }
}
