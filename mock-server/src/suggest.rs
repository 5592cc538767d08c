//! Which of the known names somebody may have meant.

/// Characters that are looked at: enough to tell names apart, and no more work for a text of 64 KiB.
const LOOKED_AT: usize = 128;

/// The known name that is most like the one that was found; `None` if none is known.
pub(crate) fn nearest<'k>(found: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    most_like(found, known).map(|(nearest, _)| nearest)
}

/// The same, unless even that one is unlike it.
pub(crate) fn near<'k>(found: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    most_like(found, known).filter(|(_, likeness)| *likeness > 0.5).map(|(nearest, _)| nearest)
}

/// With how much it is like it, from 0 to 1.
fn most_like<'k>(found: &str, known: impl IntoIterator<Item = &'k str>) -> Option<(&'k str, f64)> {
    let found: String = found.chars().take(LOOKED_AT).collect();
    let likeness = |known| strsim::normalized_damerau_levenshtein(&found, known);
    let known = known.into_iter().map(|known| (known, likeness(known)));
    known.max_by(|(_, one), (_, other)| one.total_cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_one_that_is_unlike_is_not_near() {
        let known = ["limits", "policies"];
        assert_eq!(nearest("limit", known), Some("limits"));
        assert_eq!((near("limit", known), near("xyz", known)), (Some("limits"), None));
        assert_eq!(nearest("limit", []), None);
    }
}
