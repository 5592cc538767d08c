//! What clients said to front ends that asked them to let their user pay or confirm: `requestPayment` and its like.

use wechatpay_protocol::{Mchid, Timestamp, display::truncate};

use super::ring::{Entry, Ring};

/// How many are kept, and how many bytes of them. (own choice)
const MOST: usize = 100;
const MOST_BYTES: usize = 256 << 10;

/// The most characters of an order's number and of an errMsg. A message has been cut already. (own choice)
const LONGEST_ORDER: usize = 128;
const LONGEST_ERR_MSG: usize = 512;

/// What a client said to a front end.
#[derive(Clone, Debug)]
pub(crate) struct PaymentRequest {
    /// Counts those of a mock from 1.
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    /// What the front end called: `requestPayment`.
    pub(crate) call: &'static str,
    /// The merchant whose order it is, if there is one.
    pub(crate) merchant: Option<Mchid>,
    /// The merchant's number of that order.
    pub(crate) order: Option<String>,
    pub(crate) err_msg: String,
    /// What is wrong, and the same in Chinese.
    pub(crate) message: Option<String>,
    pub(crate) chinese: Option<String>,
}

/// The last ones of all merchants.
pub(crate) type PaymentRequests = Ring<PaymentRequest>;

impl PaymentRequests {
    pub(super) fn empty() -> Self {
        Self::new(MOST, MOST_BYTES)
    }

    /// Numbers and keeps it.
    pub(crate) fn keep(&self, request: PaymentRequest) {
        self.record(|number| PaymentRequest {
            number,
            order: request.order.map(|order| truncate(&order, LONGEST_ORDER).into_owned()),
            err_msg: truncate(&request.err_msg, LONGEST_ERR_MSG).into_owned(),
            ..request
        });
    }
}

impl Entry for PaymentRequest {
    fn number(&self) -> u64 {
        self.number
    }

    fn merchant(&self) -> Option<&str> {
        self.merchant.as_ref().map(Mchid::as_str)
    }

    fn size(&self) -> usize {
        let texts = [&self.order, &self.message, &self.chinese].into_iter().flatten();
        self.err_msg.len() + texts.map(String::len).sum::<usize>()
    }
}
