//! Real samples: responses, callbacks and files of the gateway that somebody published. The mock is brought into the same
//! case, and what it sends must equal them.
//!
//! A sample is a file in `fixtures/real/`. Equal means the same fields in the same order, of the same types, and nothing
//! else; the same headers, spelled alike; the same values. Only what the sample lists under `differs`, such as numbers,
//! times and people, may have another value of the same form.

mod compare;
mod leaves;
mod listener;
mod run;
mod sample;
pub mod tree;

use wechatpay_texts::text;

pub use run::{SampleResult, run};
pub use sample::{Sample, SampleError, embedded, parse};

/// How many samples there are, and how many of them the mock equals: `real samples: 2, equal: 1`.
pub fn count(results: &[SampleResult]) -> String {
    let equal = results.iter().filter(|result| result.differences.is_empty()).count();
    text!("real samples: {all}, equal: {equal}", all = results.len())
}
