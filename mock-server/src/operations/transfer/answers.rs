//! The answers and callbacks of transfers.

use serde_json::{Value, json};
use wechatpay_protocol::Timestamp;

use super::bill::{State, Transfer};
use crate::{
    api::Warning,
    merchants::Merchant,
    operations::{encrypted, magic},
};

pub(super) fn time(unix: u64) -> Value {
    Timestamp::from_unix(unix).to_rfc3339().into()
}

/// Where a callback goes: to the URL of the order, or else to that of the merchant.
pub(super) fn notify_url<'u>(fields: &'u Value, merchant: &'u Merchant) -> Option<&'u str> {
    fields["notify_url"].as_str().filter(|url| !url.is_empty()).or(merchant.notify_url.as_deref())
}

/// What is said of an order whose callback goes nowhere.
pub(super) fn no_notify_url(fields: &Value, merchant: &Merchant, event_type: &str) -> Option<Warning> {
    let goes_nowhere = notify_url(fields, merchant).is_none();
    goes_nowhere.then(|| Warning::NoNotifyUrl { event_type: event_type.into() })
}

/// The reason that a number names, of those that a schema lists at a pointer such as `/fail_reason`.
pub(super) fn reason_in(schema: &Value, pointer: &str, number: &str) -> Option<String> {
    let pointer = pointer.replace('/', "/properties/");
    let known = schema.pointer(&format!("{pointer}/enum"))?.as_array()?;
    magic::bare_in(number, known.iter().filter_map(Value::as_str)).map(String::from)
}

impl Transfer {
    /// What the order answers. (wild)
    pub(super) fn placed(&self) -> Value {
        let mut answer = json!({
            "out_bill_no": self.out_bill_no,
            "transfer_bill_no": self.transfer_bill_no,
            "create_time": time(self.created),
            "state": self.state,
        });
        self.add_optional(&mut answer);
        let authorization = &self.fields["authorization_info"];
        for name in ["user_display_name", "out_authorization_no"] {
            if let Some(text) = authorization[name].as_str() {
                answer[name] = text.into();
            }
        }
        answer
    }

    /// What a query answers, and the order of a transfer that needs no confirmation. (documented)
    pub(super) fn shown(&self, merchant: &Merchant) -> Value {
        let mut answer = json!({
            "mch_id": merchant.mchid.as_str(),
            "out_bill_no": self.out_bill_no,
            "transfer_bill_no": self.transfer_bill_no,
            "appid": self.text("appid"),
            "state": self.state,
            "transfer_amount": self.amount(),
            "transfer_remark": self.text("transfer_remark"),
            "openid": self.openid,
            "create_time": time(self.created),
            "update_time": time(self.updated),
        });
        self.add_optional(&mut answer);
        let name = self.text("user_name").filter(|name| !name.is_empty());
        if let Some(name) = name.and_then(|name| encrypted::for_merchant(merchant, name).ok()) {
            answer["user_name"] = name.into();
        }
        answer
    }

    /// What a cancellation answers.
    pub(super) fn cancelled(&self) -> Value {
        json!({
            "out_bill_no": self.out_bill_no,
            "transfer_bill_no": self.transfer_bill_no,
            "state": self.state,
            "update_time": time(self.updated),
        })
    }

    /// The data of the callback that tells of its end. (wild)
    pub(super) fn told(&self, merchant: &Merchant) -> Value {
        let mut data = json!({
            "out_bill_no": self.out_bill_no,
            "transfer_bill_no": self.transfer_bill_no,
            "state": self.state,
            "mch_id": merchant.mchid.as_str(),
            "transfer_amount": self.amount(),
            "openid": self.openid,
            "create_time": time(self.created),
            "update_time": time(self.updated),
        });
        if let Some(reason) = &self.fail_reason {
            data["fail_reason"] = reason.as_str().into();
        }
        data
    }

    /// What only some states have: `package_info` as long as it can be confirmed (documented), and why it failed.
    fn add_optional(&self, answer: &mut Value) {
        if let Some(package_info) =
            self.package_info.as_deref().filter(|_| self.state == State::WaitUserConfirm)
        {
            answer["package_info"] = package_info.into();
        }
        if let Some(reason) = &self.fail_reason {
            answer["fail_reason"] = reason.as_str().into();
        }
    }
}
