//! The parts of a request that rules look at, and the numbers in it that the merchant made.

use serde_json::Value;
use wechatpay_openapi::{Location, Operation};
use wechatpay_protocol::Mchid;

use crate::request::{
    body,
    place::{Place, text},
};

/// The parts of a request that rules look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestFields<'a> {
    pub(crate) mchid: &'a Mchid,
    pub(crate) operation: &'a Operation,
    /// The sent parameters by name, in the operation's order: path, query, headers.
    pub(crate) parameters: &'a [(&'a str, String)],
    /// The JSON of the body, with encrypted texts decrypted.
    pub(crate) body: &'a Value,
    /// Whether the response would be signed without a fault. A fault that corrupts a signature applies only then.
    pub(crate) is_signed: bool,
}

impl<'a> RequestFields<'a> {
    pub(super) fn out_request_no(&self) -> Option<&'a str> {
        self.body.get("out_request_no").and_then(Value::as_str)
    }

    /// The value of a parameter, the one in the path if the query has the same name.
    pub(super) fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the request has this value at this place; see [`Place`].
    pub(super) fn has(&self, place: &str, wanted: &Value) -> bool {
        match Place::of(place) {
            Some(Place::Path(name)) => self.is_sent(Location::Path, name, wanted),
            Some(Place::Query(name)) => self.is_sent(Location::Query, name, wanted),
            Some(Place::Body(pointer)) => {
                self.body.pointer(pointer).is_some_and(|found| body::matches(wanted, found))
            }
            None => false,
        }
    }

    /// The numbers that the merchant made: names and values. First those in the path, then those in the query, then
    /// those in the body, but not in its objects and lists.
    pub(super) fn merchant_numbers(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let sent = self.parameters.iter().map(|(name, value)| (*name, value.as_str()));
        let fields = self.body.as_object().into_iter().flatten();
        let texts = fields.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
        sent.chain(texts).filter(|(name, _)| is_merchant_number(name))
    }

    fn is_sent(&self, location: Location, name: &str, wanted: &Value) -> bool {
        let described = self.operation.parameters().iter().filter(|parameter| parameter.name == name);
        // A parameter of the path is always sent, so it is the first of those with the same name.
        let mut locations = described.map(|parameter| parameter.location);
        let (first, second) = (locations.next(), locations.next());
        let mut sent = self.parameters.iter().filter(|(known, _)| *known == name);
        let found = match location {
            _ if first == Some(location) => sent.next(),
            _ if second == Some(location) => sent.nth(1),
            _ => None,
        };
        found.is_some_and(|(_, found)| text(wanted).is_some_and(|wanted| wanted == *found))
    }
}

/// The last words of names of numbers.
const NUMBERS: [&str; 4] = ["no", "code", "number", "id"];

/// Whether merchants make the number in a field of this name. The gateway calls them `out_…`: `out_trade_no`,
/// `combine_out_trade_no`, `out_contract_code`.
fn is_merchant_number(name: &str) -> bool {
    let mut words = name.split('_');
    let last = words.next_back().unwrap_or_default();
    NUMBERS.contains(&last) && words.any(|word| word == "out")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wechatpay_openapi::Contract;

    use super::*;

    #[test]
    fn a_merchant_number_is_known_by_its_name() {
        for name in
            ["out_trade_no", "combine_out_trade_no", "out_contract_code", "out_serial_number", "out_id"]
        {
            assert!(is_merchant_number(name), "{name}");
        }
        for name in ["transaction_id", "out_account_type", "cut_out_result", "layout_no", "no", "out", ""] {
            assert!(!is_merchant_number(name), "{name}");
        }
    }

    #[test]
    fn the_contract_has_merchant_numbers_in_path_and_query() {
        let contract = Contract::current();
        let in_path = |id: &str| contract.operation(id).unwrap().path().names().any(is_merchant_number);
        assert!(contract.operation_ids().filter(|id| in_path(id)).count() > 100);
    }

    #[test]
    fn a_name_in_path_and_query_is_two_places() {
        let operation = Contract::current().operation("get_bank_transfer_batches_out_batch_no").unwrap();
        let mchid = "1900000001".parse().unwrap();
        let parameters = [("out_batch_no", "1".to_owned()), ("out_batch_no", "2".to_owned())];
        let fields = |parameters| RequestFields {
            mchid: &mchid,
            operation,
            parameters,
            body: &Value::Null,
            is_signed: true,
        };
        let both = fields(&parameters);
        assert!(both.has("path.out_batch_no", &json!("1")) && both.has("query.out_batch_no", &json!("2")));
        assert!(!both.has("path.out_batch_no", &json!("2")) && !both.has("query.out_batch_no", &json!("1")));
        let only_path = fields(&parameters[..1]);
        assert!(only_path.has("path.out_batch_no", &json!(1)));
        assert!(!only_path.has("query.out_batch_no", &json!("1")));
        assert!(!only_path.has("query.limit", &json!("1")) && !only_path.has("body./a", &json!("1")));
    }
}
