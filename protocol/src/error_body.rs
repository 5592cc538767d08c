//! The body of a refusal.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `{"code": …, "detail": …, "message": …}`, with the keys in the order in which the gateway has been seen to send
/// them. (wild)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// `PARAM_ERROR`, `SIGN_ERROR` and the like.
    pub code: String,
    /// More about the error, in a form that differs from one error to the next. Absent where it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
    /// A sentence for people.
    pub message: String,
}
