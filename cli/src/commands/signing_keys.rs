//! Which of the gateway's keys signed the responses, and why: for a client that rejects the signature of a response
//! although nothing is wrong with its request.

use std::collections::BTreeMap;

use wechatpay_mock::Exchange;
use wechatpay_protocol::{KeyId, PublicKeyId, WECHATPAY_SERIAL, display::quoted};
use wechatpay_texts::{phrase, text};

/// The most responses that are named for one key.
const MOST_NAMED: usize = 10;

/// Lines that say which key signed each response and why, and how to get the other one; `public_key` is that of the
/// merchant, if it has one. Responses that a fault changed are left out.
pub(crate) fn lines<'e>(
    exchanges: impl IntoIterator<Item = &'e Exchange>,
    public_key: Option<&PublicKeyId>,
) -> Vec<String> {
    let mut groups: BTreeMap<(String, String), Vec<u64>> = BTreeMap::new();
    let mut is_advice_needed = false;
    let untouched = |exchange: &&Exchange| exchange.is_response_signed && exchange.fault.is_none();
    for exchange in exchanges.into_iter().filter(untouched) {
        let Some(signer) = exchange.response_headers.text(&WECHATPAY_SERIAL) else { continue };
        let wanted = exchange.request.headers.text(&WECHATPAY_SERIAL).unwrap_or_default().trim();
        let is_public_key = matches!(signer.parse::<KeyId>(), Ok(KeyId::PublicKey(_)));
        is_advice_needed |= !is_public_key;
        let key = if is_public_key {
            text!("the public key {signer}")
        } else {
            text!("the platform certificate {signer}")
        };
        let reason = reason(is_public_key, signer, wanted);
        groups.entry((key, reason)).or_default().push(exchange.number);
    }
    let mut lines: Vec<_> =
        groups.iter().map(|((key, reason), numbers)| line(key, reason, numbers)).collect();
    if let Some(id) = public_key.filter(|_| is_advice_needed) {
        lines.push(text!(
            "a client that verifies with the public key must send Wechatpay-Serial: {id} with every request; \
             otherwise it rejects these responses"
        ));
    }
    lines
}

/// Why this key signed the response to a request with `wanted` in its `Wechatpay-Serial`.
fn reason(is_public_key: bool, signer: &str, wanted: &str) -> String {
    let is_wanted_public_key = matches!(wanted.parse::<KeyId>(), Ok(KeyId::PublicKey(_)));
    match wanted {
        _ if wanted.eq_ignore_ascii_case(signer) => text!("which Wechatpay-Serial names"),
        _ if is_public_key && is_wanted_public_key => {
            text!(
                "since Wechatpay-Serial is {wanted}, and any PUB_KEY_ID_ selects it",
                wanted = quoted(wanted)
            )
        }
        _ if is_public_key => text!("the only kind of key that the merchant has"),
        "" => text!("since the request has no Wechatpay-Serial"),
        _ if is_wanted_public_key => text!("since the merchant has no public key"),
        _ => text!(
            "since Wechatpay-Serial is {wanted}, which is no valid key of the gateway's",
            wanted = quoted(wanted)
        ),
    }
}

/// `responses #1, #2: signed with the platform certificate 5E1F…, since the request has no Wechatpay-Serial`
fn line(key: &str, reason: &str, numbers: &[u64]) -> String {
    let mut named: Vec<_> = numbers.iter().take(MOST_NAMED).map(|number| format!("#{number}")).collect();
    if numbers.len() > MOST_NAMED {
        named.push(text!("{more} more", more = numbers.len() - MOST_NAMED));
    }
    let named = named.join(phrase!(", ").text());
    if numbers.len() == 1 {
        text!("response {named}: signed with {key}, {reason}")
    } else {
        text!("responses {named}: signed with {key}, {reason}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = "6B02E4A5";
    const PUBLIC_KEY: &str = "PUB_KEY_ID_0119";

    #[test]
    fn the_reason_is_in_the_headers_of_request_and_response() {
        let cases = [
            (CERTIFICATE, "", "since the request has no Wechatpay-Serial"),
            (CERTIFICATE, "6b02e4a5", "which Wechatpay-Serial names"),
            (CERTIFICATE, PUBLIC_KEY, "since the merchant has no public key"),
            (CERTIFICATE, "0", "since Wechatpay-Serial is \"0\", which is no valid key of the gateway's"),
            (PUBLIC_KEY, "", "the only kind of key that the merchant has"),
            (PUBLIC_KEY, CERTIFICATE, "the only kind of key that the merchant has"),
            (PUBLIC_KEY, PUBLIC_KEY, "which Wechatpay-Serial names"),
            (
                PUBLIC_KEY,
                "PUB_KEY_ID_2",
                "since Wechatpay-Serial is \"PUB_KEY_ID_2\", and any PUB_KEY_ID_ selects it",
            ),
        ];
        for (signer, wanted, expected) in cases {
            let is_public_key = signer == PUBLIC_KEY;
            assert_eq!(reason(is_public_key, signer, wanted), expected, "{signer} {wanted}");
        }
    }

    #[test]
    fn many_responses_are_counted() {
        let numbers: Vec<_> = (1..=12).collect();
        let line = line("the public key P", "which …", &numbers);
        assert!(
            line.starts_with("responses #1, #2, ") && line.contains(", #10, 2 more: signed with"),
            "{line}"
        );
    }
}
