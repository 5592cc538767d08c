//! Makes every known mistake once.

use sha2::{Digest, Sha256};
use wechatpay_mock::diagnosis::KeyHolder;

use super::scene::{
    HOST, MCHID, SERIAL_NO, Scene, TEMPLATE, base64, hex, openssl, openssl_sign, path, sign, sign_with,
};

/// A known mistake, and a function that makes it.
pub(super) struct Committed {
    /// The mistake's name.
    pub(super) name: &'static str,
    /// The request that is sent, and its signature as in the header.
    pub(super) commit: fn(Scene) -> (Scene, String),
}

/// A mistake in the message: the request that is sent, and the message that is signed.
macro_rules! signed {
    ($name:literal, $message:expr) => {
        signed!($name, |scene: Scene| scene, $message)
    };
    ($name:literal, $scene:expr, $message:expr) => {
        Committed {
            name: $name,
            commit: |scene| {
                let scene: Scene = ($scene)(scene);
                let message: fn(&Scene) -> Vec<u8> = |scene| Vec::from(($message)(scene));
                let signature = base64(&sign(&message(&scene)));
                (scene, signature)
            },
        }
    };
}

/// A body that is sent in UTF-8 and signed as other bytes.
macro_rules! signed_as {
    ($name:literal, $sent:literal, $signed:expr) => {
        signed!($name, |scene: Scene| scene.with_body($sent), |scene: &Scene| with_bytes(scene, $signed))
    };
}

/// A body that is signed in UTF-8 and sent as other bytes.
macro_rules! sent_as {
    ($name:literal, $signed:literal, $sent:expr) => {
        signed!(
            $name,
            |scene: Scene| Scene { sent: Some($sent.to_vec()), ..scene.with_body($signed) },
            |scene: &Scene| scene.message()
        )
    };
}

/// A mistake in how the right message is signed, or how its signature becomes text.
macro_rules! made {
    ($name:literal, $signature:expr) => {
        Committed {
            name: $name,
            commit: |scene| {
                let signature: fn(&[u8]) -> String = $signature;
                let signature = signature(scene.message().as_bytes());
                (scene, signature)
            },
        }
    };
}

fn with_target(scene: &Scene, change: impl Fn(&str) -> String) -> String {
    scene.with_target(&change(&scene.target)).message()
}

fn with_body(scene: &Scene, change: impl Fn(&str) -> String) -> String {
    scene.with_body(&change(&scene.body)).message()
}

/// The message with a body of bytes.
fn with_bytes(scene: &Scene, body: &[u8]) -> Vec<u8> {
    [scene.lines([0, 1, 2, 3]).as_bytes(), body, b"\n"].concat()
}

/// Mistakes that the `rsa` crate cannot make.
pub(super) const BY_OPENSSL: [&str; 8] =
    ["pss", "sha1", "sha512", "sha384", "sha224", "md5", "digest-info-left-out", "not-hashed"];

pub(super) const COMMITTED: &[Committed] = &[
    // The encoding of the signature.
    Committed {
        name: "signature-url-safe",
        commit: |scene| {
            let signature = base64(&sign(scene.message().as_bytes())).replace('+', "-").replace('/', "_");
            (scene, signature.trim_end_matches('=').into())
        },
    },
    made!("signature-without-padding", |message| base64(&sign(message)).trim_end_matches('=').into()),
    made!("signature-hex", |message| hex(&sign(message)).to_uppercase()),
    made!("signature-base64-twice", |message| base64(base64(&sign(message)).as_bytes())),
    made!("signature-hex-in-base64", |message| base64(hex(&sign(message)).as_bytes())),
    made!("signature-with-line-breaks", |message| {
        let signature = base64(&sign(message));
        format!("{}\\n{}\\n", &signature[..64], &signature[64..])
    }),
    made!("signature-spaces-for-plus", |message| {
        let signature = base64(&sign(message));
        assert!(signature.contains('+'), "{signature}");
        signature.replace('+', " ")
    }),
    made!("signature-percent-encoded", |message| {
        base64(&sign(message)).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
    }),
    made!("signature-with-stray-characters", |message| format!("{}%", base64(&sign(message)))),
    made!("signature-bytes-reversed", |message| base64(&sign(message).into_iter().rev().collect::<Vec<_>>())),
    // The key.
    made!("platform-key", |message| base64(&sign_with("platform_key.pem", message))),
    made!("other-merchants-key", |message| base64(&sign_with("pub_key_private.pem", message))),
    made!("strangers-key", |message| base64(&sign_with("other_key.pem", message))),
    Committed {
        name: "development-key",
        commit: |scene| {
            let other_keys = vec![(KeyHolder::Development, "apiclient_key.pem")];
            let scene = Scene { key: "pub_key_private.pem", other_keys, ..scene };
            let signature = base64(&sign(scene.message().as_bytes()));
            (scene, signature)
        },
    },
    Committed {
        name: "other-given-key",
        commit: |scene| {
            let other_keys = vec![(KeyHolder::Given(Some("5E1F".into())), "pub_key_private.pem")];
            let scene = Scene { other_keys, ..scene };
            let signature = base64(&sign_with("pub_key_private.pem", scene.message().as_bytes()));
            (scene, signature)
        },
    },
    // Hash and padding.
    made!("pss", |message| {
        let key = path("apiclient_key.pem");
        let options = [
            "-sigopt",
            "rsa_padding_mode:pss",
            "-sigopt",
            "rsa_pss_saltlen:max",
            "-sigopt",
            "rsa_mgf1_md:sha1",
        ];
        base64(&openssl(&[&["dgst", "-sha256", "-sign", &key], &options[..]].concat(), message))
    }),
    made!("sha1", |message| base64(&openssl_sign("sha1", message))),
    made!("sha512", |message| base64(&openssl_sign("sha512", message))),
    made!("sha384", |message| base64(&openssl_sign("sha384", message))),
    made!("sha224", |message| base64(&openssl_sign("sha224", message))),
    made!("md5", |message| base64(&openssl_sign("md5", message))),
    made!("hash-signed-as-message", |message| base64(&sign(&Sha256::digest(message)))),
    made!("digest-info-left-out", |message| {
        base64(&openssl(
            &["pkeyutl", "-sign", "-inkey", &path("apiclient_key.pem")],
            &Sha256::digest(message),
        ))
    }),
    Committed {
        name: "not-hashed",
        commit: |_| {
            let scene = Scene::get();
            let key = path("apiclient_key.pem");
            // pkeyutl signs nothing longer than a hash.
            let signature = openssl(&["rsautl", "-sign", "-inkey", &key], scene.message().as_bytes());
            (scene, base64(&signature))
        },
    },
    made!("hash-in-place-of-signature", |message| hex(&Sha256::digest(message))),
    // The values on the lines.
    signed!("method-lower-case", |scene: &Scene| scene.message().replacen("PATCH", "patch", 1)),
    signed!("other-method", |scene: &Scene| scene.message().replacen("PATCH", "POST", 1)),
    signed!("query-left-out", |scene: &Scene| with_target(scene, |target| target
        .split('?')
        .next()
        .unwrap()
        .into())),
    signed!("empty-query-added", |_| Scene::get(), |scene: &Scene| with_target(scene, |target| target
        .to_owned()
        + "?")),
    signed!("query-encoded-for-signing", |scene: &Scene| with_target(scene, |target| target
        .replace("x|y", "x%7Cy"))),
    signed!("query-decoded", |scene: &Scene| with_target(scene, |target| target.replace("1%2C2", "1,2"))),
    signed!("query-reordered", |scene: &Scene| {
        with_target(scene, |target| target.replace("b=1%2C2&a=x|y&c=", "a=x|y&b=1%2C2&c="))
    }),
    signed!("query-parameter-left-out", |scene: &Scene| with_target(scene, |target| target
        .replace("&a=x|y", ""))),
    signed!("host-included", |scene: &Scene| with_target(scene, |target| format!("http://{HOST}{target}"))),
    signed!("path-decoded", |scene: &Scene| with_target(scene, |target| target.replace("0%2Fj", "0/j"))),
    signed!("path-encoded-twice", |scene: &Scene| with_target(scene, |target| target
        .replace("0%2Fj", "0%252Fj"))),
    signed!("path-escaped-otherwise", |scene: &Scene| {
        with_target(scene, |target| target.replace("pbLat|0%2Fj", "pbLat%7c0%2fj"))
    }),
    signed!("trailing-slash", |scene: &Scene| with_target(scene, |target| target
        .replace("rights?", "rights/?"))),
    signed!("double-slash", |scene: &Scene| with_target(scene, |target| format!("/{target}"))),
    signed!("path-shortened", |scene: &Scene| with_target(scene, |target| target.replacen("/v3", "", 1))),
    signed!(
        "path-before-proxy",
        |scene: Scene| Scene { headers: vec![("x-forwarded-prefix", "/shop/")], ..scene },
        |scene: &Scene| with_target(scene, |target| format!("/shop{target}"))
    ),
    signed!("path-prefixed", |scene: &Scene| with_target(scene, |target| format!("/wxpay{target}"))),
    signed!("path-template-signed", |scene: &Scene| with_target(scene, |_| TEMPLATE.into())),
    // The header does not have the milliseconds.
    signed!("timestamp-in-milliseconds", |scene: &Scene| {
        scene.message().replace("\n1756951532\n", "\n1756951532999\n")
    }),
    signed!("timestamp-empty", |scene: &Scene| scene.message().replace("\n1756951532\n", "\n\n")),
    signed!("other-timestamp", |scene: &Scene| scene.message().replace("\n1756951532\n", "\n1756951832\n")),
    signed!("nonce-empty", |scene: &Scene| Scene { nonce: "null".into(), ..scene.clone() }.message()),
    signed!("nonce-rewritten", |scene: &Scene| {
        Scene { nonce: "593BEC0C-930B-F1AF-EB40-B4A08C8FB242".into(), ..scene.clone() }.message()
    }),
    signed!("nonce-confused", |scene: &Scene| Scene { nonce: SERIAL_NO.into(), ..scene.clone() }.message()),
    signed!("body-left-out", |scene: &Scene| with_body(scene, |_| String::new())),
    signed!("body-invented", |_| Scene::get(), |scene: &Scene| with_body(scene, |_| "{}".into())),
    signed!("body-trimmed", |scene: Scene| scene.with_body("{\"a\":1}\n"), |scene: &Scene| {
        with_body(scene, |body| body.trim_end().into())
    }),
    signed!("body-line-breaks", |scene: Scene| scene.with_body("{\"a\":1,\n\"b\":2}"), |scene: &Scene| {
        with_body(scene, |body| body.replace('\n', "\r\n"))
    }),
    signed!("body-with-bom", |scene: &Scene| with_body(scene, |body| format!("\u{feff}{body}"))),
    signed!("body-sent-with-bom", |scene: Scene| scene.with_body("\u{feff}{\"a\":1}"), |scene: &Scene| {
        with_body(scene, |body| body[3..].into())
    }),
    // Python's codecs wrote these bytes.
    signed_as!("body-in-gbk", "{\"word\":\"钻石8折\"}", b"{\"word\":\"\xd7\xea\xca\xaf8\xd5\xdb\"}"),
    sent_as!("body-sent-in-gbk", "{\"word\":\"钻石8折\"}", b"{\"word\":\"\xd7\xea\xca\xaf8\xd5\xdb\"}"),
    signed_as!("body-in-gb18030", "{\"word\":\"钻🎉\"}", b"{\"word\":\"\xd7\xea\x94\x39\xbd\x35\"}"),
    signed_as!("body-in-big5", "{\"word\":\"鑽石\"}", b"{\"word\":\"\xc6\x70\xa5\xdb\"}"),
    sent_as!("body-sent-in-big5", "{\"word\":\"鑽石\"}", b"{\"word\":\"\xc6\x70\xa5\xdb\"}"),
    signed_as!("body-in-latin-1", "{\"word\":\"é钻\"}", b"{\"word\":\"\xe9?\"}"),
    sent_as!("body-sent-in-latin-1", "{\"word\":\"é\"}", b"{\"word\":\"\xe9\"}"),
    signed_as!("body-in-ascii", "{\"word\":\"钻石8折\"}", b"{\"word\":\"??8?\"}"),
    signed_as!("body-read-as-gbk", "{\"word\":\"钻石\"}", "{\"word\":\"閽荤煶\"}".as_bytes()),
    signed_as!("body-read-as-big5", "{\"word\":\"微信\"}", "{\"word\":\"敺桐縑\"}".as_bytes()),
    sent_as!("body-read-as-utf-8", "{\"word\":\"\u{fffd}\u{fffd}\"}", b"{\"word\":\"\xd7\xea\"}"),
    signed_as!("body-utf8-twice", "{\"word\":\"é\"}", "{\"word\":\"Ã©\"}".as_bytes()),
    signed_as!("body-sent-utf8-twice", "{\"word\":\"閽荤煶\"}", "{\"word\":\"钻石\"}".as_bytes()),
    signed!("body-reserialized", |scene: &Scene| {
        // As PHP's json_encode writes it.
        with_body(scene, |body| {
            body.replace('钻', "\\u94bb").replace('石', "\\u77f3").replace("/8折", "\\/8\\u6298")
        })
    }),
    signed!("body-quoted", |scene: Scene| scene.with_body("{\"a\":\"b\"}"), |scene: &Scene| {
        with_body(scene, |_| r#""{\"a\":\"b\"}""#.into())
    }),
    signed!("body-as-form", |scene: Scene| scene.with_body("{\"b\":\"x\",\"a\":1}"), |scene: &Scene| {
        with_body(scene, |_| "a=1&b=x".into())
    }),
    // The lines and their endings.
    signed!("timestamp-nonce-swapped", |scene: &Scene| scene.lines([0, 1, 3, 2, 4])),
    signed!("body-line-left-out", |_| Scene::get(), |scene: &Scene| scene.lines([0, 1, 2, 3])),
    signed!("response-style-three-lines", |scene: &Scene| scene.lines([2, 3, 4])),
    signed!(
        "query-in-body",
        |_| Scene::get().with_target("/v3/certificates?algorithm_type=RSA"),
        |scene: &Scene| { scene.with_target("/v3/certificates").with_body("algorithm_type=RSA").message() }
    ),
    signed!("line-left-out", |scene: &Scene| scene.lines([1, 2, 3, 4])),
    signed!("extra-line", |scene: &Scene| format!("{MCHID}\n{}", scene.message())),
    signed!("body-alone-signed", |scene: &Scene| scene.body.clone() + "\n"),
    signed!("fields-reordered", |scene: &Scene| scene.lines([4, 3, 2, 1, 0])),
    signed!("nothing-signed", |_: &Scene| ""),
    signed!("no-final-newline", |scene: &Scene| scene.message().trim_end().to_owned()),
    signed!("extra-final-newline", |scene: &Scene| scene.message() + "\n"),
    signed!("crlf", |scene: &Scene| scene.message().replace('\n', "\r\n")),
    signed!("literal-backslash-n", |scene: &Scene| scene.message().replace('\n', "\\n")),
    signed!("leading-newline", |scene: &Scene| format!("\n{}", scene.message())),
    signed!("no-line-breaks", |scene: &Scene| scene.message().replace('\n', "")),
];
