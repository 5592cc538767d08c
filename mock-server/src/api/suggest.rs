//! Suggestions for misspelt names.

/// Compares this many characters: enough to tell names apart, and little work for a long text.
const COMPARED: usize = 128;

/// The known name most similar to `found`; `None` if no name is known.
pub(crate) fn nearest<'k>(found: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    most_similar(found, known).map(|(nearest, _)| nearest)
}

/// Like [`nearest`], but `None` if even that name is not similar.
pub(crate) fn near<'k>(found: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    most_similar(found, known).filter(|(_, similarity)| *similarity > 0.5).map(|(nearest, _)| nearest)
}

/// The nearest name and its similarity, from 0 to 1.
fn most_similar<'k>(found: &str, known: impl IntoIterator<Item = &'k str>) -> Option<(&'k str, f64)> {
    let found: String = found.chars().take(COMPARED).collect();
    let known = known.into_iter().map(|name| (name, strsim::normalized_damerau_levenshtein(&found, name)));
    known.max_by(|(_, one), (_, other)| one.total_cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_one_that_is_not_similar_is_not_near() {
        let known = ["limits", "policies"];
        assert_eq!(nearest("limit", known), Some("limits"));
        assert_eq!((near("limit", known), near("xyz", known)), (Some("limits"), None));
        assert_eq!(nearest("limit", []), None);
    }
}
