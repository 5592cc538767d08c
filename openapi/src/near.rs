//! Finds the operation that a misspelt path is meant for.

use crate::Operation;

/// The longest path that may be misspelt, in bytes. (own choice)
const LONGEST_MISSPELT: usize = 512;

/// The most characters that are wrong in a misspelt path: enough for a missing `/v3`, and less than between two real
/// operations. (own choice)
const MOST_SLIPS: usize = 3;

/// The operation that an unknown path is meant for, if the path is only slightly misspelt.
pub(crate) fn near<'o>(operations: &'o [Operation], path: &str) -> Option<&'o Operation> {
    if path.len() > LONGEST_MISSPELT {
        return None;
    }
    let sent: Vec<_> = path.split('/').map(str::to_lowercase).collect();
    let slips = |operation: &'o Operation| Some((slips(operation.path().as_str(), &sent)?, operation));
    let (_, nearest) = operations.iter().filter_map(slips).min_by_key(|(slips, _)| *slips)?;
    Some(nearest)
}

/// The number of wrong characters in a path if it is meant for the other; `None` if it is another one.
fn slips(known: &str, sent: &[String]) -> Option<usize> {
    let count = known.split('/').count();
    if sent.len().abs_diff(count) > MOST_SLIPS {
        return None;
    }
    let has_same_count = sent.len() == count;
    // Any value is right in the place of a parameter, even none.
    let sent = || {
        let mut segments = known.split('/');
        sent.iter().map(move |sent| segments.next().filter(|known| known.starts_with('{')).unwrap_or(sent))
    };
    let length = sent().map(|segment| segment.len() + 1).sum::<usize>() - 1;
    if length.abs_diff(known.len()) > MOST_SLIPS {
        return None;
    }
    let is_like =
        |(sent, known): (&str, &str)| sent == known || strsim::normalized_levenshtein(sent, known) > 0.5;
    if has_same_count && !sent().zip(known.split('/')).all(is_like) {
        return None;
    }
    let sent = sent().collect::<Vec<_>>().join("/");
    let may_be_close = has_part_of(&sent, known);
    may_be_close.then(|| strsim::levenshtein(&sent, known)).filter(|slips| *slips <= MOST_SLIPS)
}

/// Whether the text has one of the parts of another that can't all have a slip: cheaper than to count slips.
fn has_part_of(text: &str, other: &str) -> bool {
    let length = other.len() / (MOST_SLIPS + 1);
    // Within a character, there is no knowing.
    let part = |index: usize| other.get(index * length..(index + 1) * length);
    (0..=MOST_SLIPS).any(|index| part(index).is_none_or(|part| text.contains(part)))
}

#[cfg(test)]
mod tests {
    use crate::{Contract, Operation, contract::tests::contract};

    #[test]
    fn a_misspelt_path_is_near_its_operation() {
        let near = |path: &str| Contract::current().near(path).map(Operation::id);
        for path in [
            "/v3/certificate",
            "/certificates",
            "/v3/Certificates/",
            "//v3/certificates",
            "/v3/v3/certificates",
        ] {
            assert_eq!(near(path), Some("list_certificates"), "{path}");
        }
        let cards = "/v3/marketing/membercard-open/cards";
        for path in ["1/codes/2/right", "1/code/2/rights", "/codes/2/rights", "a%2Fb/codes/2/rights/"] {
            assert_eq!(near(&format!("{cards}/{path}")), Some("set_rights"), "{path}");
        }
    }

    #[test]
    fn no_operation_is_near_an_unrelated_path() {
        let contract =
            contract(&[("post", "/v3/pay/transactions/app"), ("get", "/v3/certificates")]).unwrap();
        for path in [
            "/v3/none",
            "/v3/pay/transactions/h5",
            "/v3/pay/transactions/jsapi",
            "/v3/bill/tradebill",
            "/",
            "",
        ] {
            assert_eq!(contract.near(path).map(Operation::id), None, "{path}");
        }
        assert!(contract.near(&"/v3".repeat(20_000)).is_none());
        assert!(Contract::current().near("/v3/marketing/membercard-open/stars/1").is_none());
    }
}
