//! The language of messages, which `Accept-Language` selects.

use http::{HeaderMap, header::ACCEPT_LANGUAGE};

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
    /// The language that a request prefers; the default if it names none of these.
    pub(crate) fn preferred(headers: &HeaderMap) -> Self {
        let values = headers.get_all(ACCEPT_LANGUAGE).into_iter().filter_map(|value| value.to_str().ok());
        let preferences = values.flat_map(|value| value.split(',')).filter_map(preference);
        let best = preferences.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map_or(Self::default(), |(language, _)| language)
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

    fn preferred(header: &'static str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, http::HeaderValue::from_static(header));
        Language::preferred(&headers)
    }

    #[test]
    fn the_language_with_the_highest_weight_is_used() {
        assert_eq!(preferred("en"), Language::En);
        assert_eq!(preferred("zh-HK"), Language::ZhHk);
        assert_eq!(preferred("en;q=0.5, zh-TW;q=0.9"), Language::ZhTw);
        assert_eq!(preferred("en-US,zh-CN"), Language::En);
    }

    #[test]
    fn an_unknown_language_gets_the_default() {
        for header in ["fr", "*", "", "en;q=0", "en;q=much", ";;,"] {
            assert_eq!(preferred(header), Language::ZhCn, "{header}");
        }
    }
}
