//! A path with parameters in it.

use std::fmt;

/// A path with its parameters in braces: `/v3/…/cards/{card_id}/rights`. A parameter is a whole segment.
#[derive(Debug)]
pub(crate) struct PathTemplate {
    text: String,
    /// What stands before the first parameter.
    beginning: String,
    /// What stands behind each parameter, up to the next.
    behind: Vec<String>,
}

impl PathTemplate {
    pub(crate) fn new(text: &str) -> Self {
        let (mut beginning, mut behind) = (String::new(), Vec::<String>::new());
        for (index, segment) in text.split('/').enumerate() {
            let literal = behind.last_mut().unwrap_or(&mut beginning);
            literal.push_str(if index == 0 { "" } else { "/" });
            if segment.starts_with('{') {
                behind.push(String::new());
            } else {
                literal.push_str(segment);
            }
        }
        Self { text: text.into(), beginning, behind }
    }

    /// What stands in `path` in the places of the parameters, in their order and still percent-encoded; `None` if the
    /// path is another. A segment is what stands between two slashes as sent: `%2F` does not end one.
    pub(crate) fn values<'a>(&self, path: &'a str) -> Option<Vec<&'a str>> {
        let mut rest = path.strip_prefix(self.beginning.as_str())?;
        let mut values = Vec::with_capacity(self.behind.len());
        for literal in &self.behind {
            let end = rest.find('/').unwrap_or(rest.len());
            let (value, behind) = rest.split_at(end);
            if value.is_empty() {
                return None;
            }
            values.push(value);
            rest = behind.strip_prefix(literal.as_str())?;
        }
        rest.is_empty().then_some(values)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RIGHTS: &str = "/v3/cards/{card_id}/codes/{code}/rights";

    #[test]
    fn a_percent_encoded_slash_stays_within_its_segment() {
        let values = |path| PathTemplate::new(RIGHTS).values(path);
        assert_eq!(values("/v3/cards/c/codes/a%2Fb/rights"), Some(vec!["c", "a%2Fb"]));
        assert_eq!(values("/v3/cards/c/codes/a/b/rights"), None);
    }

    #[test]
    fn an_empty_segment_is_no_value() {
        let values = |path| PathTemplate::new(RIGHTS).values(path);
        assert_eq!(values("/v3/cards//codes/1/rights"), None);
        assert_eq!(values("/v3/cards/c/codes/1/rights/"), None);
        assert_eq!(PathTemplate::new("/v3/cards/{card_id}").values("/v3/cards/"), None);
    }

    #[test]
    fn a_path_is_the_same_from_beginning_to_end() {
        assert_eq!(PathTemplate::new("/v3/certificates").values("/v3/certificates"), Some(vec![]));
        assert_eq!(PathTemplate::new("/v3/certificates").values("/v3/certificates2"), None);
        assert_eq!(PathTemplate::new("/{a}").values("/1"), Some(vec!["1"]));
    }

    proptest! {
        /// Segment by segment, as it is defined.
        #[test]
        fn what_fits_fits_by_segments(template in "(/(a|b|\\{x\\}|)){1,4}", path in "(/(a|b|c|)){1,4}") {
            let wanted: Vec<_> = template.split('/').collect();
            let sent: Vec<_> = path.split('/').collect();
            let fits = |(wanted, sent): (&&str, &&str)| {
                if wanted.starts_with('{') { !sent.is_empty() } else { wanted == sent }
            };
            let is_like = wanted.len() == sent.len() && wanted.iter().zip(&sent).all(fits);
            let parameters = wanted.iter().zip(&sent).filter(|(wanted, _)| wanted.starts_with('{'));
            let values = is_like.then(|| parameters.map(|(_, sent)| *sent).collect::<Vec<_>>());
            prop_assert_eq!(PathTemplate::new(&template).values(&path), values);
        }
    }
}
