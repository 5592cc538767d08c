//! `state`: exporting, importing and resetting what a running mock remembers.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use wechatpay_mock::{MockServer, NewMerchant};

use crate::support::{Ended, command, repository, run, run_beside};

async fn mock() -> MockServer {
    MockServer::builder().start().await.unwrap()
}

fn beside(mock: &MockServer, arguments: &[&str]) -> Command {
    let mut command = command();
    command.args(arguments).env("WECHATPAY_MOCK_URL", mock.url()).env("WECHATPAY_BASE_URL", mock.url());
    command
}

async fn ended(mock: &MockServer, arguments: &[&str]) -> Ended {
    run_beside(beside(mock, arguments)).await
}

/// The output of the command, run against the mock.
async fn printed(mock: &MockServer, arguments: &[&str]) -> String {
    let Ended { code, stdout, stderr } = ended(mock, arguments).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{arguments:?}");
    stdout
}

async fn patch(mock: &MockServer) {
    assert_eq!(ended(mock, &["call", "rights", "patch"]).await.code, Some(0));
}

/// The points of the sample card.
async fn points(mock: &MockServer) -> u64 {
    let shown = ended(mock, &["call", "rights", "show"]).await.stdout;
    serde_json::from_str::<serde_json::Value>(&shown).unwrap()["bonus_value"].as_u64().unwrap()
}

#[tokio::test]
async fn a_state_is_exported_and_imported_into_another_mock_and_reset() {
    let (mock, folder) = (mock().await, tempfile::tempdir().unwrap());
    let file = folder.path().join("state.json");
    let path = file.to_str().unwrap();
    let initial = points(&mock).await;
    patch(&mock).await;
    let changed = points(&mock).await;
    assert_ne!(changed, initial);
    let exported = printed(&mock, &["state", "export", path]).await;
    assert_eq!(exported, format!("exported 1 merchant, 3 documents, 0 callbacks to {path}\n"));
    assert_only_owner_can_read(&file);

    assert_eq!(printed(&mock, &["state", "reset"]).await, "reset everything\n");
    assert_eq!(points(&mock).await, initial);
    let other = MockServer::builder().start().await.unwrap();
    for mock in [&mock, &other] {
        let imported = printed(mock, &["state", "import", path]).await;
        assert_eq!(imported, "imported 1 merchant, 3 documents, 0 callbacks\n");
        assert_eq!(points(mock).await, changed);
    }
    assert_eq!(printed(&other, &["state", "reset", "--merchant", "1900000001"]).await, "reset 1900000001\n");
    assert_eq!(points(&other).await, initial);

    // Over a file that is there, of one merchant, and one that was created at run time.
    let made = mock.make_merchant(NewMerchant::default()).unwrap().mchid.to_string();
    printed(&mock, &["state", "export", path, "--merchant", &made]).await;
    let imported = printed(&other, &["state", "import", path]).await;
    assert_eq!(imported, "imported 1 merchant, 3 documents, 0 callbacks; created 1 merchant\n");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let seed = repository("fixtures/config/seed.json");
    let seeded = ended(&other, &["state", "import", seed.to_str().unwrap()]).await;
    assert!(seeded.code == Some(0) || seeded.stderr.contains("expected a merchant of this mock"));
}

#[cfg(unix)]
fn assert_only_owner_can_read(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[cfg(not(unix))]
fn assert_only_owner_can_read(_: &Path) {}

#[tokio::test]
async fn a_state_goes_through_a_pipe() {
    let (mock, other) = (mock().await, MockServer::builder().start().await.unwrap());
    patch(&mock).await;
    let exported = ended(&mock, &["state", "export", "-"]).await;
    assert_eq!(exported.stderr, "exported 1 merchant, 3 documents, 0 callbacks\n");
    let mut import = beside(&other, &["state", "import", "-"]);
    import.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let imported = tokio::task::spawn_blocking(move || {
        let mut child = import.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), exported.stdout.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    });
    assert!(imported.await.unwrap().status.success());
    assert_eq!(points(&other).await, points(&mock).await);
}

#[tokio::test]
async fn a_wrong_file_is_wrong_usage_and_a_mock_that_is_not_there_a_failed_call() {
    let (mock, folder) = (mock().await, tempfile::tempdir().unwrap());
    let file = folder.path().join("state.json");
    let path = file.to_str().unwrap();
    patch(&mock).await;
    let before = points(&mock).await;
    for (text, expected) in [
        (r#"{"version":9,"merchants":{}}"#, "version: expected 1, found 9"),
        (r#"{"merchants":{"7":{}}}"#, "merchants.7: expected a merchant of this mock, or its credentials"),
        ("", "the body: expected a JSON object, found none"),
    ] {
        fs::write(&file, text).unwrap();
        let refused = ended(&mock, &["state", "import", path]).await;
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""));
        assert!(refused.stderr.contains(expected), "{}", refused.stderr);
    }
    assert_eq!(points(&mock).await, before);
    fs::remove_file(&file).unwrap();
    let gone = ended(&mock, &["state", "import", path]).await;
    assert!(gone.code == Some(2) && gone.stderr.contains("cannot read"), "{}", gone.stderr);
    let unwritable = folder.path().join("none").join("state.json");
    let failed = ended(&mock, &["state", "export", unwritable.to_str().unwrap()]).await;
    assert!(failed.code == Some(2) && failed.stderr.contains("cannot write"), "{}", failed.stderr);
    for arguments in
        [&["state", "export", path, "--merchant", "7"][..], &["state", "reset", "--merchant", "7"]]
    {
        let refused = ended(&mock, arguments).await;
        assert!(refused.code == Some(1) && refused.stderr.contains("expected the mchid of a merchant"));
    }
    let nobody = run(&["state", "export", path, "--url", "http://127.0.0.1:1"]);
    assert!(
        nobody.code == Some(1) && nobody.stderr.contains("cannot connect to a mock"),
        "{}",
        nobody.stderr
    );
    assert_eq!((run(&["state"]).code, run(&["state", "export"]).code), (Some(2), Some(2)));
    assert!(!file.exists());
}
