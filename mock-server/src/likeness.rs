//! Which of the known names somebody may have meant.

/// Characters that are looked at: enough to tell names apart, and no more work for a text of 64 KiB.
const LOOKED_AT: usize = 128;

/// The known name that is most like the one that was found; `None` if none is known.
pub(crate) fn nearest<'k>(found: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let found = start(found);
    known.into_iter().max_by(|one, other| likeness(&found, one).total_cmp(&likeness(&found, other)))
}

/// The same, unless even that one is unlike it.
pub(crate) fn near<'k>(found: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    nearest(found, known).filter(|nearest| likeness(&start(found), nearest) > 0.5)
}

fn start(text: &str) -> String {
    text.chars().take(LOOKED_AT).collect()
}

fn likeness(found: &str, known: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(found, known)
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
