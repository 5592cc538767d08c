//! The order that a probe's callbacks are about.

use std::{fs, io, path::Path, str::FromStr};

use serde_json::{Map, Value};
use wechatpay_texts::Text;

/// An order that the receiver knows, with the members of a transaction by which it recognizes it: `out_trade_no`, and where
/// they differ from the sample `amount`, `mchid`, `appid`, `payer`, `attach`.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownOrder(Map<String, Value>);

/// Why there is no [`KnownOrder`].
#[derive(Debug, Text, thiserror::Error)]
pub enum KnownOrderError {
    /// The file cannot be read.
    #[text("cannot read the order {path}")]
    File {
        /// The file.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// It is not JSON.
    #[text("the order: expected a JSON object, found something else")]
    Json(#[from] serde_json::Error),
    /// It does not say which order it is.
    #[text("the order: expected its out_trade_no as a text, found none")]
    NoNumber,
}

impl FromStr for KnownOrder {
    type Err = KnownOrderError;

    fn from_str(text: &str) -> Result<Self, KnownOrderError> {
        let members: Map<String, Value> = serde_json::from_str(text)?;
        match members.get("out_trade_no") {
            Some(Value::String(number)) if !number.is_empty() => Ok(Self(members)),
            _ => Err(KnownOrderError::NoNumber),
        }
    }
}

impl KnownOrder {
    /// Reads a file with the members of the transaction in JSON.
    ///
    /// # Errors
    /// [`KnownOrderError`] if it cannot be read, or is not such a file.
    pub fn read(path: &Path) -> Result<Self, KnownOrderError> {
        let text = fs::read_to_string(path)
            .map_err(|source| KnownOrderError::File { path: path.display().to_string(), source })?;
        text.parse()
    }

    /// A text among the members.
    fn text(&self, name: &str) -> Option<String> {
        Some(self.0.get(name)?.as_str()?.to_owned())
    }
}

/// The order that a probe's callbacks are about.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) mchid: String,
    pub(super) out_trade_no: String,
    pub(super) transaction_id: String,
    pub(super) out_refund_no: String,
    pub(super) refund_id: String,
    /// What is known of the order; nothing of one that is made up.
    pub(super) known: Map<String, Value>,
}

impl Order {
    /// An order with numbers that have never been used, except those that are known.
    pub(super) fn new(mchid: &str, known: Option<&KnownOrder>) -> Self {
        let text = |name| known.and_then(|known| known.text(name));
        Self {
            mchid: text("mchid").unwrap_or_else(|| mchid.into()),
            out_trade_no: text("out_trade_no").unwrap_or_else(|| format!("PROVE{}", digits(20))),
            transaction_id: text("transaction_id").unwrap_or_else(|| format!("42000{}", digits(23))),
            out_refund_no: format!("PROVER{}", digits(20)),
            refund_id: format!("50300{}", digits(24)),
            known: known.map(|known| known.0.clone()).unwrap_or_default(),
        }
    }
}

/// Random bytes.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
    bytes
}

/// So many random digits, at most 32.
fn digits(count: usize) -> String {
    random::<32>().iter().take(count).map(|byte| char::from(b'0' + byte % 10)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_its_number() {
        assert!(r#"{"out_trade_no": "A1"}"#.parse::<KnownOrder>().is_ok());
        for text in ["", "[]", "{}", r#"{"out_trade_no": 1}"#, r#"{"out_trade_no": ""}"#] {
            assert!(text.parse::<KnownOrder>().is_err(), "{text}");
        }
    }

    #[test]
    fn made_up_numbers_are_new_every_time() {
        let [one, other] = [(); 2].map(|()| Order::new("1900000001", None));
        assert_ne!(one.out_trade_no, other.out_trade_no);
        assert_eq!((one.transaction_id.len(), one.out_trade_no.len()), (28, 25));
    }
}
