//! Requests: every mistake in an archive and in the output of curl.

use std::fs;

use wechatpay_protocol::{Signature, SigningKey};

use super::{
    capture::{Shown, curl, har},
    credentials, explained,
};

const METHOD: &str = "PATCH";
const TARGET: &str = "/v3/marketing/membercard-open/cards/pbLat0/codes/478515832665/rights?b=1%2C2&a=x|y";
const TEMPLATE: &str = "/v3/marketing/membercard-open/cards/{card_id}/codes/{code}/rights";
const TIMESTAMP: &str = "1756951532";
const NONCE: &str = "593bec0c930bf1afeb40b4a08c8fb242";
const BODY: &str = "{\"out_request_no\":\"1\",\"bonus_value\":600,\"member_price_word\":\"钻石/8折\"}";
const SERIAL: &str = "5CC5AD420837ACD1DF638796A0EFF0D800F88D4E";

/// The five lines.
#[derive(Clone)]
struct Lines([String; 5]);

impl Lines {
    fn right() -> Self {
        Self([METHOD, TARGET, TIMESTAMP, NONCE, BODY].map(Into::into))
    }

    fn with(line: usize, value: &str) -> String {
        let mut lines = Self::right();
        lines.0[line] = value.into();
        lines.message()
    }

    fn message(&self) -> String {
        self.0.iter().map(|line| format!("{line}\n")).collect()
    }

    fn of<const N: usize>(order: [usize; N]) -> String {
        order.iter().map(|at| format!("{}\n", Self::right().0[*at])).collect()
    }
}

fn sign(key: &str, message: &str) -> Signature {
    let pem = fs::read_to_string(credentials(key)).unwrap();
    SigningKey::from_pem(&pem).unwrap().sign(message.as_bytes())
}

fn signed(message: &str) -> String {
    sign("apiclient_key.pem", message).to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name of each mistake, and the signature with it.
fn mistakes() -> Vec<(&'static str, String)> {
    let right = Lines::right().message();
    let path = TARGET.split('?').next().unwrap();
    let messages = [
        ("no-final-newline", right.trim_end().to_owned()),
        ("extra-final-newline", format!("{right}\n")),
        ("leading-newline", format!("\n{right}")),
        ("crlf", right.replace('\n', "\r\n")),
        ("literal-backslash-n", right.replace('\n', "\\n")),
        ("no-line-breaks", right.replace('\n', "")),
        ("nothing-signed", String::new()),
        ("method-lower-case", Lines::with(0, "patch")),
        ("other-method", Lines::with(0, "POST")),
        ("query-left-out", Lines::with(1, path)),
        ("query-decoded", Lines::with(1, &TARGET.replace("%2C", ","))),
        ("query-reordered", Lines::with(1, &format!("{path}?a=x|y&b=1%2C2"))),
        ("query-parameter-left-out", Lines::with(1, &format!("{path}?b=1%2C2"))),
        ("host-included", Lines::with(1, &format!("https://api.mch.weixin.qq.com{TARGET}"))),
        ("trailing-slash", Lines::with(1, &TARGET.replace('?', "/?"))),
        ("double-slash", Lines::with(1, &format!("/{TARGET}"))),
        ("path-shortened", Lines::with(1, TARGET.strip_prefix("/v3").unwrap())),
        ("path-prefixed", Lines::with(1, &format!("/wxpay{TARGET}"))),
        ("path-template-signed", Lines::with(1, TEMPLATE)),
        ("timestamp-in-milliseconds", Lines::with(2, "1756951532000")),
        ("timestamp-empty", Lines::with(2, "")),
        ("other-timestamp", Lines::with(2, "1756951533")),
        ("nonce-empty", Lines::with(3, "")),
        ("nonce-rewritten", Lines::with(3, &NONCE.to_uppercase())),
        ("nonce-confused", Lines::with(3, SERIAL)),
        ("body-left-out", Lines::with(4, "")),
        ("body-reserialized(spaced)", Lines::with(4, &BODY.replace("\":", "\": ").replace(",\"", ", \""))),
        ("body-reserialized(escaped)", Lines::with(4, &BODY.replace('/', "\\/"))),
        ("body-with-bom", Lines::with(4, &format!("\u{feff}{BODY}"))),
        ("timestamp-nonce-swapped", Lines::of([0, 1, 3, 2, 4])),
        ("response-style-three-lines", Lines::of([2, 3, 4])),
        ("body-alone-signed", Lines::of([4])),
        ("fields-reordered", Lines::of([4, 3, 2, 1, 0])),
    ];
    let right_signature = sign("apiclient_key.pem", &right);
    let text = right_signature.to_string();
    let written = [
        ("signature-url-safe", text.replace('+', "-").replace('/', "_")),
        ("signature-hex", hex(right_signature.as_bytes())),
        ("signature-percent-encoded", text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")),
        ("platform-key", sign("platform_key.pem", &right).to_string()),
        ("strangers-key", sign("other_key.pem", &right).to_string()),
    ];
    messages.into_iter().map(|(name, message)| (name, signed(&message))).chain(written).collect()
}

fn request(signature: &str, serial: &str) -> Shown {
    let authorization = format!(
        "WECHATPAY2-SHA256-RSA2048 mchid=\"1900000001\",nonce_str=\"{NONCE}\",signature=\"{signature}\",\
         timestamp=\"{TIMESTAMP}\",serial_no=\"{serial}\""
    );
    let headers = [
        ("Host", "api.mch.weixin.qq.com"),
        ("Authorization", &authorization),
        ("Content-Type", "application/json"),
        ("Cookie", "session=very-secret"),
    ];
    let headers = headers.map(|(name, value)| (name.into(), value.into()));
    Shown { first_line: format!("{METHOD} {TARGET} HTTP/1.1"), headers: headers.into(), body: BODY.into() }
}

fn refusal() -> Shown {
    let headers = vec![("Content-Type".into(), "application/json".into())];
    let body = "{\"code\":\"SIGN_ERROR\",\"message\":\"错误的签名，验签失败\"}".into();
    Shown { first_line: "HTTP/1.1 401 Unauthorized".into(), headers, body }
}

/// The first message's signature: its state and its name.
fn verdict(capture: &[u8]) -> (String, String) {
    let report = explained(capture, &[]);
    let message = &report["messages"][0];
    assert_eq!(message["kind"], "request", "{report:#}");
    let text = |field: &str| message["signature"][field].as_str().unwrap_or_default().to_owned();
    (text("state"), text("name"))
}

#[test]
fn each_mistake_is_named_in_an_archive_and_in_curls_output() {
    let mut failures = Vec::new();
    let mut count = 0;
    for (name, signature) in mistakes() {
        let (request, refusal) = (request(&signature, SERIAL), refusal());
        for (form, capture) in
            [("HAR", har(&[(&request, Some(&refusal))])), ("curl -v", curl(&request, &refusal))]
        {
            let found = verdict(&capture);
            if found != ("does-not-hold".into(), name.into()) {
                failures.push(format!("{name} as {form}: {found:?}"));
            }
            count += 1;
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count >= 40, "{count}");
}

#[test]
fn a_right_request_and_its_unsigned_refusal_hold_in_every_form() {
    let request = request(&signed(&Lines::right().message()), SERIAL);
    let (refusal, raw) = (refusal(), request.raw());
    for capture in [
        har(&[(&request, Some(&refusal))]),
        curl(&request, &refusal),
        [&raw[..], b"\n\n", &refusal.raw()].concat(),
        raw.clone(),
        [&raw[..], b"\r\n"].concat(),
    ] {
        let report = explained(&capture, &[]);
        assert_eq!(report["holds"], true, "{report:#}");
        assert_eq!(report["messages"][0]["signature"]["state"], "holds");
    }
}

#[test]
fn what_nothing_explains_is_no_proof() {
    let noise = Signature::from_bytes(vec![7; 256]).to_string();
    for (signature, name) in [
        (noise, "no-known-mistake-fits"),
        (signed("another message"), "other-message"),
        (signed(&Lines::with(4, "{\"bonus_value\":601}")), "other-message"),
        (signed(&Lines::right().message())[..300].into(), "no-known-mistake-fits"),
    ] {
        let report = explained(&har(&[(&request(&signature, SERIAL), None)]), &[]);
        let signature = &report["messages"][0]["signature"];
        assert_eq!(signature["name"], name, "{report:#}");
        assert_ne!(signature["diagnosis"]["verdict"], "proven");
        assert_eq!(signature["diagnosis"]["mistakes"].as_array().unwrap().len(), 0);
    }
}

#[test]
fn a_serial_number_of_another_certificate_is_told_apart_from_a_wrong_signature() {
    let right = signed(&Lines::right().message());
    let other = har(&[(&request(&right, "6B02"), None)]);
    assert_eq!(verdict(&other), ("does-not-hold".into(), "wrong-serial".into()));
    let unknown = har(&[(&request(&Signature::from_bytes(vec![7; 256]).to_string(), "6B02"), None)]);
    assert_eq!(verdict(&unknown), ("not-verified".into(), "no-key".into()));
    let certificate = credentials("other_cert.pem");
    let report = explained(&har(&[(&request(&right, SERIAL), None)]), &["--certificate", &certificate]);
    assert_eq!(report["messages"][0]["signature"]["name"], "no-key", "{report:#}");
}

#[test]
fn of_several_certificates_the_one_that_signed_is_named() {
    let signature = sign("other_key.pem", &Lines::right().message()).to_string();
    let (right, other) = (credentials("apiclient_cert.pem"), credentials("other_cert.pem"));
    let options = ["--certificate", &right, "--certificate", &other];
    let report = explained(&har(&[(&request(&signature, SERIAL), None)]), &options);
    assert_eq!(report["messages"][0]["signature"]["name"], "other-given-key", "{report:#}");
}

#[test]
fn a_malformed_header_is_named_without_quoting_another_scheme() {
    let mut bearer = request("", SERIAL);
    bearer.headers[1].1 = "Bearer very-secret-token".into();
    let report = explained(&har(&[(&bearer, None)]), &[]);
    assert_eq!(report["messages"][0]["signature"]["name"], "malformed", "{report:#}");
    assert!(!report.to_string().contains("very-secret"), "{report:#}");
}

#[test]
fn an_upload_is_verified_by_its_part_meta() {
    let meta = "{\"filename\":\"a.png\",\"sha256\":\"00\"}";
    let target = "/v3/merchant/media/upload";
    let message = format!("POST\n{target}\n{TIMESTAMP}\n{NONCE}\n{meta}\n");
    let mut upload = request(&signed(&message), SERIAL);
    upload.first_line = format!("POST {target} HTTP/1.1");
    upload.headers[2].1 = "multipart/form-data; boundary=b".into();
    upload.body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"meta\"\r\n\r\n{meta}\r\n--b\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\nPNG\r\n--b--\r\n"
    )
    .into();
    for capture in [har(&[(&upload, None)]), upload.raw()] {
        assert_eq!(verdict(&capture).0, "holds");
    }
}
