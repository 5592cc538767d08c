//! Suggestions for misspelt names.

use strsim::normalized_damerau_levenshtein;
use wechatpay_texts::text;

/// Compares this many characters: enough to tell names apart, and little work for a long text.
const COMPARED: usize = 128;

/// Names that are less similar have nothing to do with each other. (own choice)
const SIMILAR: f64 = 0.5;

/// The known name most similar to `found`; `None` if no name is similar.
pub(crate) fn near<'k>(found: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let found: String = found.chars().take(COMPARED).collect();
    let known = known.into_iter().map(|name| (name, similarity(&found, name)));
    let similar = known.filter(|(_, similarity)| *similarity >= SIMILAR);
    similar.max_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(name, _)| name)
}

/// The end of a message about an unknown name: `; did you mean NEAR? MORE`, without the question if nothing is near.
pub(crate) fn advice(near: &str, more: &str) -> String {
    match (near, more) {
        ("", "") => String::new(),
        ("", more) => text!("; {more}"),
        (near, "") => text!("; did you mean {near}?"),
        (near, more) => text!("; did you mean {near}? {more}"),
    }
}

/// How similar two names are, from 0 to 1: as texts, or as sets of words.
fn similarity(found: &str, known: &str) -> f64 {
    normalized_damerau_levenshtein(found, known).max(similarity_of_words(found, known))
}

/// The share of words that both names have, each as far as it is similar: `jsapi_prepay` is like
/// `post_pay_transactions_jsapi`, though their letters are not.
fn similarity_of_words(found: &str, known: &str) -> f64 {
    let count = u16::try_from(words(found).count() + words(known).count()).unwrap_or(u16::MAX);
    (words_of_one_in_the_other(found, known) + words_of_one_in_the_other(known, found))
        / f64::from(count.max(1))
}

/// How many words of one name the other has, each as far as it is similar.
fn words_of_one_in_the_other(one: &str, other: &str) -> f64 {
    let of_word = |word: &str| {
        let all = words(other).filter(|other| may_be_similar(word, other));
        all.map(|other| normalized_damerau_levenshtein(word, other)).fold(0.0, f64::max)
    };
    words(one).map(of_word).filter(|similarity| *similarity >= SIMILAR).sum()
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|one: char| !one.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Words of very different lengths are never similar, which needs no comparison.
fn may_be_similar(one: &str, other: &str) -> bool {
    one.len().min(other.len()) * 2 >= one.len().max(other.len()) || !one.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_similar_name_is_near_and_another_is_not() {
        let known = ["limits", "policies"];
        assert_eq!(
            (near("limit", known), near("xyz", known), near("limit", [])),
            (Some("limits"), None, None)
        );
    }

    #[test]
    fn a_name_with_the_same_words_is_near() {
        let known =
            ["post_vehicle_etc_preopen", "post_pay_transactions_jsapi", "post_pay_transactions_native"];
        for (found, wanted) in [("jsapi_prepay", known[1]), ("native_pay", known[2])] {
            assert_eq!(near(found, known), Some(wanted), "{found}");
        }
        assert_eq!(near("a_b_c_d", ["", "-", "会员"]), None);
    }

    #[test]
    fn advice_has_only_what_there_is() {
        assert_eq!(advice("a", "GET lists them"), "; did you mean a? GET lists them");
        assert_eq!(
            (advice("a", ""), advice("", "b"), advice("", "")),
            ("; did you mean a?".into(), "; b".into(), String::new())
        );
    }
}
