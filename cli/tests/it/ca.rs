//! `wechatpay-mock ca`, and processes that share one certificate authority.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    thread,
};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, GeneralSubtree, IsCa, KeyPair,
    NameConstraints, date_time_ymd,
};
use tempfile::TempDir;
use wechatpay_mock::Authority;

use crate::support::command;

const CERTIFICATE: &str = "wechatpay-mock-ca.pem";
const KEY: &str = "wechatpay-mock-ca-key.pem";

/// A folder for an authority, which does not exist yet.
struct Home {
    _around: TempDir,
    dir: PathBuf,
}

impl Home {
    fn new() -> Self {
        let around = tempfile::tempdir().unwrap();
        let dir = around.path().join("data").join("ca");
        Self { _around: around, dir }
    }

    fn ca(&self, arguments: &[&str]) -> Output {
        command().arg("ca").arg("--ca-dir").arg(&self.dir).args(arguments).output().unwrap()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.join(name)).unwrap()
    }

    fn is_there(&self, name: &str) -> bool {
        self.dir.join(name).exists()
    }
}

#[track_caller]
fn printed(output: Output) -> String {
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &*stderr), (Some(0), ""));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(output: Output) -> String {
    assert_eq!((output.status.code(), output.stdout), (Some(2), vec![]));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_authority_is_created_on_first_use_and_reused_afterwards() {
    let home = Home::new();
    let path = printed(home.ca(&[]));
    assert_eq!(Path::new(path.trim_end()), home.dir.join(CERTIFICATE));
    let pem = printed(home.ca(&["--pem"]));
    assert_eq!(pem, home.read(CERTIFICATE));
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n") && !pem.contains("PRIVATE"));
    assert_eq!(printed(home.ca(&["--pem"])), pem);
}

#[test]
#[cfg(unix)]
fn only_the_owner_can_read_its_files_and_folders() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    printed(home.ca(&[]));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for name in [CERTIFICATE, KEY] {
        assert_eq!(mode(&home.dir.join(name)), 0o600, "{name}");
    }
    assert_eq!(mode(&home.dir), 0o700);
    assert_eq!(fs::read_dir(&home.dir).unwrap().count(), 2, "nothing else is left");
}

#[test]
#[cfg(unix)]
fn a_key_that_others_can_use_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    printed(home.ca(&[]));
    for mode in [0o644, 0o640, 0o602] {
        fs::set_permissions(home.dir.join(KEY), fs::Permissions::from_mode(mode)).unwrap();
        let output = home.ca(&["--pem"]);
        assert_eq!((output.status.code(), output.stdout), (Some(0), home.read(CERTIFICATE).into_bytes()));
        let warning = String::from_utf8(output.stderr).unwrap();
        assert!(warning.contains(" WARN ") && warning.contains(&format!("found mode {mode:o}")), "{warning}");
        assert!(warning.contains("chmod 600"), "{warning}");
    }
    fs::set_permissions(home.dir.join(KEY), fs::Permissions::from_mode(0o400)).unwrap();
    printed(home.ca(&[]));
}

#[test]
fn the_default_folder_is_in_the_users_data_folder() {
    let home = tempfile::tempdir().unwrap();
    let mut command = command();
    let output =
        command.arg("ca").env("HOME", home.path()).env("XDG_DATA_HOME", home.path()).output().unwrap();
    let path = printed(output);
    #[cfg(target_os = "linux")]
    assert_eq!(Path::new(path.trim_end()), home.path().join("wechatpay-mock").join("ca").join(CERTIFICATE));
    assert!(path.ends_with("wechatpay-mock-ca.pem\n"));
}

#[test]
fn after_a_delete_the_next_authority_is_a_new_one() {
    let home = Home::new();
    let first = printed(home.ca(&["--pem"]));
    assert!(printed(home.ca(&["--delete"])).starts_with("deleted "));
    assert!(!home.dir.exists());
    assert!(printed(home.ca(&["--delete"])).starts_with("nothing to delete: "));
    assert_ne!(printed(home.ca(&["--pem"])), first);
}

#[test]
fn delete_keeps_other_files_in_the_folder() {
    let home = Home::new();
    printed(home.ca(&[]));
    fs::write(home.dir.join("mine.txt"), "mine").unwrap();
    printed(home.ca(&["--delete"]));
    assert_eq!(home.read("mine.txt"), "mine");
    assert!(!home.is_there(CERTIFICATE) && !home.is_there(KEY));
}

#[test]
fn processes_that_create_it_at_once_agree_with_or_without_an_existing_folder() {
    for with in [None, Some("mine.txt")] {
        for _ in 0..5 {
            let home = Home::new();
            if let Some(name) = with {
                fs::create_dir_all(&home.dir).unwrap();
                fs::write(home.dir.join(name), "").unwrap();
            }
            let start = || {
                let mut command = command();
                command.arg("ca").arg("--pem").arg("--ca-dir").arg(&home.dir);
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            };
            let started: Vec<_> = (0..8).map(|_| start()).collect();
            let pems: Vec<_> =
                started.into_iter().map(|one| printed(one.wait_with_output().unwrap())).collect();
            assert!(pems.iter().all(|pem| *pem == home.read(CERTIFICATE)));
            // This would fail if the key did not belong to the certificate.
            assert_eq!(printed(home.ca(&["--pem"])), pems[0]);
        }
    }
}

#[test]
fn threads_that_create_it_at_once_agree() {
    let home = Home::new();
    let pems: Vec<_> = thread::scope(|scope| {
        let open = || Authority::open(&home.dir, &[]).unwrap().pem().to_owned();
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(pems.iter().all(|pem| *pem == pems[0]));
}

#[test]
fn a_host_outside_its_constraints_is_refused_with_advice() {
    let home = Home::new();
    let made = printed(home.ca(&["--pem", "--host", "mock.test", "--host", "192.0.2.7"]));
    assert_eq!(printed(home.ca(&["--pem", "--host", "192.0.2.7"])), made);
    assert_eq!(printed(home.ca(&["--pem"])), made);
    let stderr = refused(home.ca(&["--host", "other.test"]));
    assert_eq!(
        stderr,
        format!(
            "error: the authority in {} was made for api.mch.weixin.qq.com, api2.mch.weixin.qq.com, wx.tenpay.com, \
             localhost, 127.0.0.1, ::1, mock.test, 192.0.2.7, not for other.test; run `wechatpay-mock ca --delete`: the next use \
             creates a new authority, which clients must then trust instead of the old one\n",
            home.dir.display()
        )
    );
    printed(home.ca(&["--delete"]));
    assert_ne!(printed(home.ca(&["--pem", "--host", "other.test"])), made);
}

/// An authority's certificate that expired in 2001.
fn ended(key: &KeyPair) -> String {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "old");
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(2001, 1, 1);
    let permitted_subtrees = vec![GeneralSubtree::DnsName("localhost".into())];
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    params.self_signed(key).unwrap().pem()
}

#[test]
fn an_expired_authority_is_replaced_and_processes_that_do_so_at_once_agree() {
    let home = Home::new();
    printed(home.ca(&[]));
    let key = KeyPair::from_pem(&home.read(KEY)).unwrap();
    let old = ended(&key);
    fs::write(home.dir.join(CERTIFICATE), &old).unwrap();
    thread::scope(|scope| {
        (0..4).for_each(|_| drop(scope.spawn(|| assert_eq!(home.ca(&[]).status.code(), Some(0)))));
    });
    let made = printed(home.ca(&["--pem"]));
    assert_ne!(made, old);
    assert_eq!(made, home.read(CERTIFICATE));
    // The new one permits all hosts, unlike the old one.
    assert_eq!(Authority::open(&home.dir, &[]).unwrap().pem(), made);
}

#[test]
fn invalid_files_are_refused_with_advice() {
    let advice = "run `wechatpay-mock ca --delete`; the next use creates a new authority";
    let other_key = KeyPair::generate().unwrap();
    for (name, content, expected) in [
        (KEY, "nonsense".to_owned(), "the authority's private key"),
        (CERTIFICATE, "nonsense".into(), "the authority's certificate, made with the key in the same folder"),
        (KEY, other_key.serialize_pem(), "the authority's certificate, made with the key in the same folder"),
    ] {
        let home = Home::new();
        printed(home.ca(&[]));
        fs::write(home.dir.join(name), content).unwrap();
        let stderr = refused(home.ca(&["--pem"]));
        assert!(
            stderr.contains(&format!(": expected {expected}, found something else; {advice}")),
            "{stderr}"
        );
        printed(home.ca(&["--delete"]));
        printed(home.ca(&["--pem"]));
    }
}

#[test]
fn a_missing_certificate_is_made_again_from_the_key() {
    let home = Home::new();
    printed(home.ca(&[]));
    let key = home.read(KEY);
    fs::remove_file(home.dir.join(CERTIFICATE)).unwrap();
    printed(home.ca(&[]));
    assert_eq!(home.read(KEY), key);
}

#[test]
fn a_folder_that_cannot_be_created_is_an_error() {
    let around = tempfile::tempdir().unwrap();
    let file = around.path().join("file");
    fs::write(&file, "").unwrap();
    let output = command().arg("ca").arg("--ca-dir").arg(file.join("ca")).output().unwrap();
    let stderr = refused(output);
    assert!(stderr.starts_with("error: cannot ") && stderr.contains("\n  because: "), "{stderr}");
}
