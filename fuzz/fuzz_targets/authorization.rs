//! Any bytes as an Authorization header: parsing never panics, and what was parsed prints back to itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wechatpay_protocol::Authorization;

fuzz_target!(|header: &[u8]| {
    if let Ok(parsed) = Authorization::parse(header) {
        let printed = parsed.to_string();
        assert_eq!(Authorization::parse(printed.as_bytes()), Ok(parsed));
    }
});
