//! Paths with parameters in them.

use std::{borrow::Cow, fmt, str::FromStr};
use wechatpay_texts::text;

use crate::error::ContractError;

/// A path whose segments may be parameters: `/v3/…/cards/{card_id}/rights`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathTemplate(Cow<'static, str>);

/// The text between two slashes of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment<'t> {
    Literal(&'t str),
    /// A parameter, by name. Its value is any text but the empty one.
    Parameter(&'t str),
}

impl PathTemplate {
    /// A template that was parsed when this crate was built.
    pub(crate) const fn built_in(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The text, as in the contract.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its segments; the first is the empty one before the leading slash.
    pub(crate) fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        self.0.split('/').map(|text| match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => Segment::Parameter(name),
            None => Segment::Literal(text),
        })
    }

    /// The parameters' names, from left to right.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.segments().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name),
            Segment::Literal(_) => None,
        })
    }

    /// The same path without the names of its parameters: two paths of one shape match the same requests.
    pub fn shape(&self) -> String {
        let segments = self.segments().map(|segment| match segment {
            Segment::Literal(text) => text,
            Segment::Parameter(_) => "{}",
        });
        segments.collect::<Vec<_>>().join("/")
    }

    /// The parameters' names and their values in `path`, still percent-encoded; `None` if the path is a different one.
    ///
    /// Segments are compared as sent, before decoding: `%2F` does not separate two of them.
    pub fn values<'a>(&'a self, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
        let mut sent = path.split('/');
        let mut values = Vec::new();
        for segment in self.segments() {
            match (segment, sent.next()?) {
                (Segment::Literal(text), found) if text == found => {}
                (Segment::Parameter(name), found) if !found.is_empty() => values.push((name, found)),
                _ => return None,
            }
        }
        sent.next().is_none().then_some(values)
    }

    /// The path with these values, percent-encoded, in the places of its parameters, from left to right.
    pub fn fill<'v>(&'v self, values: impl IntoIterator<Item = &'v str>) -> String {
        let mut values = values.into_iter();
        let segments = self.segments().map(|segment| match segment {
            Segment::Literal(text) => text,
            Segment::Parameter(name) => values.next().unwrap_or(name),
        });
        segments.collect::<Vec<_>>().join("/")
    }
}

impl FromStr for PathTemplate {
    type Err = ContractError;

    /// # Errors
    /// If the path does not begin with `/`, or a parameter is only part of a segment, unnamed or repeated.
    fn from_str(text: &str) -> Result<Self, ContractError> {
        let template = Self(text.to_owned().into());
        let is_faulty = template.segments().any(|segment| match segment {
            Segment::Literal(text) | Segment::Parameter(text) if text.contains(['{', '}']) => true,
            Segment::Parameter(name) => {
                name.is_empty() || template.names().filter(|it| *it == name).count() > 1
            }
            Segment::Literal(_) => false,
        });
        if is_faulty || !text.starts_with('/') {
            return Err(ContractError::new(text!("expected a path like /cards/{{card_id}}/codes/{{code}}")));
        }
        Ok(template)
    }
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::{collection::vec, option, prelude::*, sample::select};

    use super::*;

    fn template(text: &str) -> PathTemplate {
        text.parse().unwrap()
    }

    /// Templates whose parameters are called `p1`, `p2` and so on, by their place.
    pub(crate) fn templates() -> impl Strategy<Value = PathTemplate> {
        vec(option::of(select(vec!["a", "b", ""])), 1..5).prop_map(|segments| {
            let text = |(index, literal): (usize, Option<&str>)| match literal {
                Some(text) => format!("/{text}"),
                None => format!("/{{p{index}}}"),
            };
            template(&segments.into_iter().enumerate().map(text).collect::<String>())
        })
    }

    #[test]
    fn an_encoded_slash_stays_in_its_segment_and_an_empty_segment_has_no_value() {
        let rights = template("/v3/cards/{card_id}/codes/{code}");
        assert_eq!(rights.values("/v3/cards/c/codes/a%2Fb"), Some(vec![("card_id", "c"), ("code", "a%2Fb")]));
        for path in ["/v3/cards/c/codes/a/b", "/v3/cards/c/codes/", "/v3/cards/c/codes", "/v3/cards//codes/1"]
        {
            assert_eq!(rights.values(path), None, "{path}");
        }
    }

    #[test]
    fn an_invalid_template_is_refused() {
        for text in ["v3", "", "/a{b}", "/{b}c", "/{}", "/{a}/{a}", "/{a"] {
            assert!(text.parse::<PathTemplate>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_template_prints_as_it_is_read(template in templates()) {
            prop_assert_eq!(template.to_string().parse(), Ok(template));
        }

        #[test]
        fn a_filled_path_has_the_values_it_was_filled_with(template in templates(), values in vec("[^/]{1,4}", 4)) {
            let path = template.fill(values.iter().map(String::as_str));
            let expected = template.names().zip(values.iter().map(String::as_str)).collect();
            prop_assert_eq!(template.values(&path), Some(expected));
        }

        #[test]
        fn a_path_that_has_values_is_the_template_filled_with_them(
            template in templates(),
            path in "(/(a|b|c|)){1,4}",
        ) {
            if let Some(values) = template.values(&path) {
                prop_assert_eq!(template.fill(values.into_iter().map(|(_, value)| value)), path);
            }
        }
    }
}
