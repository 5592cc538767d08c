//! What the mock sends equals what the real gateway was seen to send.

use std::{collections::BTreeSet, fs, path::Path};

use wechatpay_contract::{case::json_files, real};

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_equals_every_real_sample_but_those_with_a_reason() {
    let results = real::run(real::embedded().unwrap()).await;
    let mut tree = Vec::new();
    real::tree::write(&mut anstream::StripStream::new(&mut tree), &results).unwrap();
    assert!(results.iter().all(real::SampleResult::is_expected), "{}", String::from_utf8(tree).unwrap());
}

#[test]
fn the_embedded_samples_are_those_of_the_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/real");
    let files = json_files(&folder).unwrap();
    let names: BTreeSet<_> =
        files.iter().map(|file| file.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let embedded: BTreeSet<_> = real::embedded().unwrap().into_iter().map(|sample| sample.name).collect();
    assert!(names == embedded && !names.is_empty());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert!(real::parse("x", &text.replace("\"title\"", "\"titel\"")).is_err(), "{}", file.display());
    }
}

#[test]
fn a_form_that_a_sample_itself_does_not_have_is_an_error() {
    let sample = |differs: &str| {
        let sent = r#"{"response":{"status":200,"body":"{\"id\":\"12\"}"}}"#;
        real::parse("x", &format!(r#"{{"title":"t","standing":"wild","source":"s","when":[],"sent":{sent},"differs":{differs}}}"#))
            .map(|sample| sample.name)
            .map_err(|error| error.to_string())
    };
    assert_eq!(sample(r#"{"/id":"^[0-9]{2}$"}"#), Ok("x".into()));
    assert_eq!(
        sample(r#"{"/id":"^[0-9]{3}$"}"#),
        Err("fixtures/real/x.json: expected /id to match ^[0-9]{3}$, found 12".into())
    );
    assert!(sample(r#"{"/no":"^$"}"#).unwrap_err().contains("expected a value at /no"));
}
