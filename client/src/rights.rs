//! The rights of a member's card: points, texts on the card, and a personal contact.

use serde::{Deserialize, Serialize};

use crate::{TargetError, encode_path};

/// A change of a member's card, as the body of the request.
///
/// Fields that are `None` are omitted. Nothing is validated here: the gateway names any field that it refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RightsChange {
    /// Points before the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_bonus_value: Option<i64>,
    /// Points after the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bonus_value: Option<i64>,
    /// The difference: after − before. Negative takes points away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add_bonus_value: Option<i64>,
    /// The merchant's own number for this change. The gateway carries out a number once, so a change whose outcome is
    /// unknown can be sent again.
    pub out_request_no: String,
    /// Whether to notify the member. The gateway's default is yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need_inform_bonus: Option<bool>,
    /// The text about the member's price, such as 钻石会员尊享8折; at most 8 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_price_word: Option<String>,
    /// The text of the link to invoices, such as 3张发票可开; at most 6 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fapiao_jump_word: Option<String>,
    /// The member's personal contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guide: Option<Guide>,
}

/// A member's personal contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the documentation has no more than the names")]
pub struct Guide {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_image_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_information_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_information_value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
}

impl RightsChange {
    /// The card template in the documentation's sample.
    pub const SAMPLE_CARD_ID: &str = "pbLatjvWOibDc5-TBnbUk1pD12o0";
    /// The member's card in the documentation's sample.
    pub const SAMPLE_CODE: &str = "478515832665";

    /// An empty change with this number.
    pub fn new(out_request_no: impl Into<String>) -> Self {
        Self {
            before_bonus_value: None,
            bonus_value: None,
            add_bonus_value: None,
            out_request_no: out_request_no.into(),
            need_inform_bonus: None,
            member_price_word: None,
            fapiao_jump_word: None,
            guide: None,
        }
    }

    /// The documentation's sample: adds 100 points to 500.
    pub fn sample() -> Self {
        Self {
            before_bonus_value: Some(500),
            bonus_value: Some(600),
            add_bonus_value: Some(100),
            ..Self::new("100002322019090134234sfdf")
        }
    }

    pub(crate) fn path(card_id: &str, code: &str) -> Result<String, TargetError> {
        encode_path(["v3", "marketing", "membercard-open", "cards", card_id, "codes", code, "rights"])
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("numbers, text and booleans under fixed names are JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_becomes_the_documented_bytes() {
        assert_eq!(
            String::from_utf8(RightsChange::sample().to_json()).unwrap(),
            "{\"before_bonus_value\":500,\"bonus_value\":600,\"add_bonus_value\":100,\
             \"out_request_no\":\"100002322019090134234sfdf\"}"
        );
        assert_eq!(
            RightsChange::path(RightsChange::SAMPLE_CARD_ID, RightsChange::SAMPLE_CODE).unwrap(),
            "/v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665/rights"
        );
    }

    #[test]
    fn a_change_with_every_field_reads_back_the_same() {
        let change = RightsChange {
            need_inform_bonus: Some(false),
            member_price_word: Some("钻石会员尊享8折".into()),
            fapiao_jump_word: Some("3张发票可开".into()),
            guide: Some(Guide { staff_name: Some("小微".into()), ..Guide::default() }),
            ..RightsChange::sample()
        };
        assert_eq!(serde_json::from_slice::<RightsChange>(&change.to_json()).unwrap(), change);
    }
}
