//! The gateway's own numbers and addresses, in the shape of real ones. Nothing can be read out of them.

use wechatpay_protocol::Timestamp;

use crate::{random::Randomness, store::Fingerprint};

/// A `prepay_id`: `wx1016345501300111d6ae05c06ccf790000`; of a combined order after `up_`. (wild)
pub(super) fn prepay_id(now: Timestamp, randomness: &Randomness, is_combined: bool) -> String {
    let time = digits_of_time(now);
    let (random, prefix) = (randomness.bytes(), if is_combined { "up_wx" } else { "wx" });
    let hex = base16ct::lower::encode_string(&random[..11]);
    format!("{prefix}{}{}{}0000", &time[6..], decimal(random, 3), &hex[..19])
}

/// A `transaction_id`: `4200002346202407227299244938`; of a combined order, it begins with `4325`. (wild)
pub(super) fn transaction_id(now: Timestamp, randomness: &Randomness, is_combined: bool) -> String {
    let prefix = if is_combined { "4325" } else { "4200" };
    dated(prefix, (6, 10), now, randomness)
}

/// Whether a text can be a `transaction_id`.
pub(super) fn is_transaction_id(text: &str) -> bool {
    text.len() == 28 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A `refund_id`: `50303400132024073135461150169`. (wild)
pub(super) fn refund_id(now: Timestamp, randomness: &Randomness) -> String {
    dated("50", (8, 11), now, randomness)
}

/// A number with the date of today in it, and so many digits before and after that.
pub(in crate::operations) fn dated(
    prefix: &str,
    (before, after): (usize, usize),
    now: Timestamp,
    randomness: &Randomness,
) -> String {
    let (first, second) = (randomness.bytes(), randomness.bytes());
    format!("{prefix}{}{}{}", decimal(first, before), &digits_of_time(now)[..8], decimal(second, after))
}

/// A `code_url`: `weixin://wxpay/bizpayurl?pr=IcXgoEAzz`. (wild)
pub(super) fn code_url(randomness: &Randomness, is_combined: bool) -> String {
    let random = randomness.bytes();
    if is_combined {
        return format!("weixin://wxpay/bizpayurl/up?pr={}&groupid=00", letters(&random[..7]));
    }
    format!("weixin://wxpay/bizpayurl?pr={}", letters(&random[..9]))
}

/// The path and query of an `h5_url`. (wild)
pub(super) fn h5_target(prepay_id: &str, randomness: &Randomness) -> String {
    let package = decimal(randomness.bytes(), 9);
    format!("{H5_PATH}?prepay_id={prepay_id}&package=1{package}")
}

/// The path of the page that an `h5_url` leads to. (wild)
pub(crate) const H5_PATH: &str = "/cgi-bin/mmpayweb-bin/checkmweb";

/// The user that pays if nothing says who.
pub(in crate::operations) fn openid(randomness: &Randomness) -> String {
    let (first, second) = (randomness.bytes(), randomness.bytes());
    format!("oUpF8u{}", letters(&[&first[..], &second[..6]].concat()))
}

/// The `order_id` of a service order: `0000300001201908301055157220022`. (documented)
pub(in crate::operations) fn service_order_id(now: Timestamp, randomness: &Randomness) -> String {
    format!("0000300001{}{}", digits_of_time(now), decimal(randomness.bytes(), 7))
}

/// What a front end opens a page of pay score with, in the shape of the documented example
/// `DJIOSQPYWDxsjdldeuwhdodwxasd_dDiodnwjh9we`. It may stand in a query as it is, and is another one for another purpose.
pub(in crate::operations) fn package(purpose: &str, randomness: &Randomness) -> String {
    let (first, second) = (randomness.bytes(), randomness.bytes());
    let purpose = Fingerprint::of(&purpose).to_hex();
    format!("DJIO{}_{}", letters(&[&first[..], &second[..5]].concat()), &purpose[..16])
}

/// `yyyyMMddHHmmss` in Beijing.
pub(in crate::operations) fn digits_of_time(now: Timestamp) -> String {
    now.to_rfc3339().bytes().take(19).filter(u8::is_ascii_digit).map(char::from).collect()
}

/// The last digits of a random number, at most 16.
pub(in crate::operations) fn decimal(random: [u8; 16], digits: usize) -> String {
    let number = u64::try_from(u128::from_be_bytes(random) >> 64).unwrap_or_default();
    let number = number % 10_u64.pow(digits.try_into().unwrap_or(1));
    format!("{number:0digits$}")
}

pub(in crate::operations) fn letters(random: &[u8]) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    random.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_shape_of_real_ones() {
        let now = Timestamp::from_unix(1_756_951_532);
        for random in [Randomness::fixed([0; 16]), Randomness::fixed([0xff; 16]), Randomness::system()] {
            let prepay_id = prepay_id(now, &random, false);
            assert_eq!(prepay_id.len(), "wx1016345501300111d6ae05c06ccf790000".len());
            assert!(prepay_id.starts_with("wx04100532") && prepay_id.ends_with("0000"), "{prepay_id}");
            let transaction_id = transaction_id(now, &random, false);
            assert!(is_transaction_id(&transaction_id), "{transaction_id}");
            assert_eq!((&transaction_id[..4], &transaction_id[10..18]), ("4200", "20250904"));
            let refund_id = refund_id(now, &random);
            assert_eq!((refund_id.len(), &refund_id[..2], &refund_id[10..18]), (29, "50", "20250904"));
            assert_eq!(code_url(&random, false).len(), "weixin://wxpay/bizpayurl?pr=IcXgoEAzz".len());
        }
    }
}
