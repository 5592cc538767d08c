//! Selects the cases to run.

use std::str::FromStr;
use wechatpay_texts::{Text, phrase};

use crate::case::Case;

/// A selection of cases.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Texts, one of which a case's id must contain. If empty, all cases are selected.
    pub filters: Vec<String>,
    /// The part of these cases that is selected; `None` for all.
    pub shard: Option<Shard>,
}

/// One of several disjoint parts of about the same size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    index: usize,
    of: usize,
}

/// Text is not a [`Shard`].
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text("expected i/n with i from 1 to n, such as 1/4, found {found:?}")]
pub struct ShardError {
    found: String,
}

/// No case matches the filters. A run without any case would pass, so this is an error.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text("expected a case with {filters} in its id, found none among {cases}; --list shows the ids", filters = filters.join(phrase!(" or ").text()))]
pub struct SelectionError {
    filters: Vec<String>,
    cases: usize,
}

impl Selection {
    /// The selected cases, in order. A shard may be empty.
    ///
    /// # Errors
    /// [`SelectionError`] if no case matches the filters.
    pub fn of(&self, cases: Vec<Case>) -> Result<Vec<Case>, SelectionError> {
        let total = cases.len();
        let is_selected = |case: &Case| {
            self.filters.is_empty() || self.filters.iter().any(|filter| case.id.contains(filter))
        };
        let selected: Vec<_> = cases.into_iter().filter(is_selected).collect();
        if selected.is_empty() {
            return Err(SelectionError { filters: self.filters.clone(), cases: total });
        }
        let Some(Shard { index, of }) = self.shard else { return Ok(selected) };
        Ok(selected.into_iter().skip(index).step_by(of).collect())
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let numbers: Option<(usize, usize)> =
            text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match numbers {
            Some((i, n)) if 1 <= i && i <= n => Ok(Self { index: i - 1, of: n }),
            _ => Err(ShardError { found: text.into() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::case;

    #[test]
    fn shards_have_every_case_once() {
        let cases = case::embedded().unwrap();
        for of in [1, 2, 3, 7, 500] {
            let mut seen = BTreeMap::new();
            for index in 0..of {
                let selection = Selection { filters: Vec::new(), shard: Some(Shard { index, of }) };
                for case in selection.of(cases.clone()).unwrap() {
                    *seen.entry(case.id).or_insert(0) += 1;
                }
            }
            assert!(seen.len() == cases.len() && seen.values().all(|times| *times == 1), "{of} shards");
        }
    }

    #[test]
    fn a_shard_has_the_form_i_of_n() {
        assert_eq!("2/3".parse(), Ok(Shard { index: 1, of: 3 }));
        for text in ["", "1", "0/3", "4/3", "1/0", "a/b", "-1/2", "1/2/3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_filter_that_matches_no_case_is_an_error() {
        let selection = Selection { filters: vec!["no/such".into()], shard: None };
        let error = selection.of(case::embedded().unwrap()).unwrap_err();
        assert!(error.to_string().starts_with("expected a case with no/such in its id"), "{error}");
    }

    #[test]
    fn filters_are_combined_with_or() {
        let selection = Selection { filters: vec!["rights/sample".into(), "echo/".into()], shard: None };
        let ids: Vec<_> =
            selection.of(case::embedded().unwrap()).unwrap().into_iter().map(|it| it.id).collect();
        assert!(ids.contains(&"rights/sample".into()) && ids.contains(&"echo/plain".into()), "{ids:?}");
        assert!(!ids.contains(&"rights/repeated".into()));
    }
}
