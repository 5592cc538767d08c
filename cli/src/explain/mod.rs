//! Explains captured messages offline: finds requests, answers and callbacks in a file, verifies their signatures, opens
//! encrypted data, and says what is wrong, as a mock does.

mod capture;
mod content;
mod examine;
pub(crate) mod har;
mod json;
mod keys;
mod outcome;
mod read;
mod report;
mod resource;
mod text;

pub(crate) use capture::{CaptureError, MAX_BYTES};
pub(crate) use examine::{Examination, Examiner};
pub(crate) use json::to_json;
pub(crate) use keys::{Given, Keys};
pub(crate) use read::read;
pub(crate) use report::write;
