//! The body of an error response.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `{"code": …, "detail": …, "message": …}`, with the keys in the order in which the gateway sends them. (wild)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// `PARAM_ERROR`, `SIGN_ERROR` and so on.
    pub code: String,
    /// Details, in a form that depends on the error; absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
    /// The message, a sentence for a reader.
    pub message: String,
}
