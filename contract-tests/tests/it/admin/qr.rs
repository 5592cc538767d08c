//! QR codes.

use serde_json::json;

use super::Admin;

/// The modules of a finder pattern, of which a code has three.
const FINDER: [&str; 7] = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"];

#[tokio::test]
async fn a_text_becomes_a_square_of_modules_with_its_finder_patterns() {
    let admin = Admin::new().await;
    for (text, size) in [("a", 21), ("weixin://wxpay/bizpayurl?pr=IcXgoEAzz", 29), (&*"x".repeat(512), 89)] {
        let code = admin.get(&format!("/qr?text={text}")).await;
        assert_eq!((code.status, &code.body["size"]), (200, &json!(size)), "{text}");
        let rows: Vec<_> =
            code.body["rows"].as_array().unwrap().iter().map(|row| row.as_str().unwrap()).collect();
        assert_eq!(rows.len(), size);
        assert!(
            rows.iter().all(|row| row.len() == size && row.bytes().all(|module| b"01".contains(&module)))
        );
        for (at, expected) in FINDER.iter().enumerate() {
            assert_eq!([&rows[at][..7], &rows[at][size - 7..], &rows[size - 7 + at][..7]], [*expected; 3]);
        }
    }
}

#[tokio::test]
async fn another_length_is_refused() {
    let admin = Admin::new().await;
    admin.get(&format!("/qr?text={}", "%E4%BB%98".repeat(56))).await;
    for query in
        ["", "?text=", &format!("?text={}", "x".repeat(513)), &format!("?text={}", "%E4%BB%98".repeat(171))]
    {
        admin.get(&format!("/qr{query}")).await.assert_refused(400, "text: expected 1 to 512 bytes, found");
    }
}
