//! Tables go into the documentation between two comments that name them.

use std::{fs, path::Path};

use crate::failure::{During, Failure};

/// Puts each text between `<!-- begin: NAME -->` and `<!-- end: NAME -->`, in place of what is there.
///
/// # Errors
/// If the file can't be read or written, or has no such place.
pub(crate) fn fill(file: &Path, sections: &[(&str, String)]) -> Result<(), Failure> {
    let what = || file.display().to_string();
    let mut document = fs::read_to_string(file).during(what)?;
    for (name, text) in sections {
        document = filled(&document, name, text).ok_or_else(|| {
            let expected = format!("<!-- begin: {name} --> and behind it <!-- end: {name} -->");
            Failure::unexpected(&what(), &expected, "no such lines")
        })?;
    }
    fs::write(file, document).during(what)
}

fn filled(document: &str, name: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- begin: {name} -->\n"), format!("<!-- end: {name} -->"));
    let from = document.find(&begin)? + begin.len();
    let to = from + document[from..].find(&end)?;
    let (before, after) = (&document[..from], &document[to..]);
    let text = text.trim_end();
    Some(if text.is_empty() { format!("{before}{after}") } else { format!("{before}\n{text}\n\n{after}") })
}

#[cfg(test)]
mod tests {
    use super::filled;

    const DOCUMENT: &str = "a\n<!-- begin: x -->\nold\n<!-- end: x -->\nb\n";

    #[test]
    fn what_stands_between_the_comments_is_replaced_and_nothing_else() {
        let once = filled(DOCUMENT, "x", "new\n").unwrap();
        assert_eq!(once, "a\n<!-- begin: x -->\n\nnew\n\n<!-- end: x -->\nb\n");
        assert_eq!(filled(&once, "x", "new").unwrap(), once);
        assert_eq!(filled(&once, "x", "").unwrap(), "a\n<!-- begin: x -->\n<!-- end: x -->\nb\n");
    }

    #[test]
    fn a_place_that_is_not_there_is_told_of() {
        assert_eq!(filled(DOCUMENT, "y", "new"), None);
    }
}
