//! Any bytes on a connection: no panic, no 5xx, no hang.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wechatpay_fuzz::responses;

fuzz_target!(|bytes: &[u8]| {
    responses(bytes);
});
