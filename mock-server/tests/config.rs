//! The configuration: the example works, and each mistake is said with file, line and advice.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, SerialNumber, date_time_ymd};
use tempfile::TempDir;
use wechatpay_mock::{
    Config, ConfigError, Limits, MerchantKind, NoCredentials, PlatformCertificates, TrustMode,
    policies::{Arithmetic, Policies},
};
use wechatpay_protocol::{Credentials, Timestamp};

/// 2026-01-01 in Beijing, when every certificate in `fixtures/` is in force.
const NOW: Timestamp = Timestamp::from_unix(1_767_196_800);

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").canonicalize().unwrap()
}

/// A folder with a configuration in it, and what it names: `{credentials}/` is that of the fixtures.
struct Folder(TempDir);

impl Folder {
    fn new(config: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let credentials = fixtures().join("credentials");
        folder.with("mock.toml", &config.replace("{credentials}", credentials.to_str().unwrap()))
    }

    fn with(self, name: &str, content: &str) -> Self {
        fs::write(self.0.path().join(name), content).unwrap();
        self
    }

    /// A self-signed certificate for the key of a fixture, in force from the first day of one year to that of another.
    fn with_certificate(self, name: &str, key: &str, years: [i32; 2]) -> Self {
        let pem = fs::read_to_string(fixtures().join("credentials").join(key)).unwrap();
        let key = KeyPair::from_pem_and_sign_algo(&pem, &PKCS_RSA_SHA256).unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        [params.not_before, params.not_after] = years.map(|year| date_time_ymd(year, 1, 1));
        params.serial_number = Some(SerialNumber::from_slice(name.as_bytes()));
        self.with(name, &params.self_signed(&key).unwrap().pem())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("mock.toml")
    }

    fn read(&self) -> Result<Config, ConfigError> {
        Config::from_file_at(self.file(), NOW)
    }

    /// The one complaint about the configuration, as file and line, problem, advice.
    #[track_caller]
    fn complaint(&self) -> [String; 3] {
        let error = self.read().unwrap_err();
        let [complaint] = error.complaints() else { panic!("{error}") };
        let file = complaint.file().file_name().unwrap().to_str().unwrap();
        let place = complaint.line().map_or(file.into(), |line| format!("{file}:{line}"));
        [place, complaint.problem().into(), complaint.advice().into()]
    }
}

#[track_caller]
fn complaint(config: &str) -> [String; 3] {
    Folder::new(config).complaint()
}

fn mock_command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wechatpay-mock"));
    for name in ["LISTEN", "QUIET", "CONFIG", "SEED"] {
        command.env_remove(format!("WECHATPAY_MOCK_{name}"));
    }
    command.args(arguments);
    command
}

fn command(arguments: &[&str]) -> Output {
    mock_command(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

// What is good.

fn example() -> PathBuf {
    fixtures().join("config/example.toml")
}

#[test]
fn the_example_is_good() {
    let output = command(&["check-config", example().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(shown.contains("example.toml is good"), "{shown}");
    assert!(shown.contains("1900000002, service-provider, trusts public key"), "{shown}");
}

#[test]
fn the_example_sets_every_default() {
    let config = Config::from_file_at(example(), NOW).unwrap();
    assert_eq!((config.limits, &config.policies), (Limits::default(), &Policies::default()));
    assert!(matches!(config.platform_certificates, PlatformCertificates::One(_)));
    let [credentials, development] = [config.credentials(None, NOW).unwrap(), Credentials::development()]
        .map(|one| one.to_file().to_env());
    assert_eq!(credentials, development);
}

#[test]
fn the_change_over_that_the_example_shows_is_good() {
    let shown = fs::read_to_string(example()).unwrap().replace("\n#", "\n").replace("\n ", "\n# ");
    let with_change_over = shown.replace("../credentials", "{credentials}");
    let folder = Folder::new(&with_change_over).with("seed.json", r#"{ "merchants": {} }"#);
    let config = folder.read().unwrap();
    assert!(matches!(config.platform_certificates, PlatformCertificates::ChangeOver { .. }));
}

#[test]
fn an_empty_file_is_a_mock_that_is_told_nothing() {
    let config = Folder::new("").read().unwrap();
    assert_eq!(config.to_string(), Config::default().to_string());
}

#[test]
fn what_is_said_is_taken_over() {
    let config = Folder::new(
        r#"
        listen = "127.0.0.1:9"
        policies = { arithmetic = "reject" }
        limits.body_timeout = 5
        [[merchant]]
        mchid = "2"
        kind = "service-provider"
        trust = "platform-certificate"
        certificate = "{credentials}/other_cert.pem"
        apiv3_key = "0123456789abcdef0123456789ABCDEF"
        "#,
    )
    .read()
    .unwrap();
    assert_eq!(config.listen, Some("127.0.0.1:9".parse().unwrap()));
    assert_eq!(config.policies.arithmetic, Arithmetic::Reject);
    assert_eq!(config.limits, Limits::default().with_body_timeout(5).unwrap());
    let [merchant] = config.merchants() else { panic!("{config}") };
    assert_eq!(merchant.kind, MerchantKind::ServiceProvider);
    assert_eq!(merchant.trust, TrustMode::PlatformCertificate);
    assert!(merchant.certificate.certificate().serial_no().as_str().starts_with("2A6D1E0C"));
    assert_eq!(merchant.apiv3_key.expose(), "0123456789abcdef0123456789ABCDEF");
}

#[test]
fn a_merchants_credentials_hold_the_keys_of_its_trust_mode_only() {
    let config = Folder::new(
        "[[merchant]]\nmchid = \"1\"\ntrust = \"platform-certificate\"\n\
         [[merchant]]\nmchid = \"2\"\ntrust = \"public-key\"\n[[merchant]]\nmchid = \"3\"",
    );
    let config = config.read().unwrap();
    for (mchid, expected) in [("1", (true, false)), ("2", (false, true)), ("3", (true, true))] {
        let credentials = config.credentials(Some(mchid), NOW).unwrap();
        let found = (credentials.platform_certificate.is_some(), credentials.public_key.is_some());
        assert_eq!(found, expected, "{mchid}");
    }
}

#[test]
fn credentials_need_a_merchant_and_its_private_key() {
    let folder = Folder::new("[[merchant]]\nmchid = \"1\"\ncertificate = \"{credentials}/other_cert.pem\"");
    let config = folder.read().unwrap();
    assert!(matches!(config.credentials(None, NOW), Err(NoCredentials::NoPrivateKey { .. })));
    let error = config.credentials(Some("2"), NOW).unwrap_err();
    assert_eq!(error.to_string(), "expected the mchid of a merchant (1), found 2");
}

// What is refused: the file itself.

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::from_file("/nonexistent/mock.toml").unwrap_err();
    assert!(error.to_string().contains("/nonexistent/mock.toml: expected a configuration"), "{error}");
}

#[test]
fn what_is_not_toml_is_said_with_its_line_and_not_quoted() {
    let [place, problem, _] = complaint("\n[[merchant]]\napiv3_key = \"SECRET");
    assert_eq!(
        (&*place, &*problem),
        ("mock.toml:3", "this is not TOML: invalid basic string, expected `\"`")
    );
    let error = Folder::new("[[merchant]]\napiv3_key = SECRET").read().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("SECRET"), "{error}");
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_that_there_is() {
    let [place, problem, advice] = complaint("\nlisen = \"127.0.0.1:8080\"");
    assert_eq!(place, "mock.toml:2");
    assert!(problem.starts_with("expected one of the keys listen, seed, limits,"), "{problem}");
    assert_eq!(advice, "did you mean listen?");
    assert_eq!(complaint("[[merchant]]\nmchid = \"1\"\napi_v3_key = \"x\"")[2], "did you mean apiv3_key?");
    assert_eq!(complaint("[limits]\nxyz = 1")[2], "remove it");
}

#[test]
fn one_bracket_where_there_should_be_two_is_refused() {
    let [place, problem, advice] = complaint("[merchant]\nmchid = \"1\"");
    assert_eq!((&*place, &*problem), ("mock.toml:1", "merchant: expected [[merchant]], found a table"));
    assert!(advice.starts_with("write [[merchant]], with two brackets"), "{advice}");
    assert!(complaint("[[limits]]\nbody = 1")[2].starts_with("write [limits]"));
}

#[test]
fn all_mistakes_are_found_at_once_in_the_order_of_the_lines() {
    let folder = Folder::new("listen = \"8080\"\nx = 1\n[limits]\nbody = 0\n[[merchant]]\ntrust = \"none\"");
    let error = folder.read().unwrap_err();
    let lines: Vec<_> = error.complaints().iter().map(|complaint| complaint.line().unwrap()).collect();
    assert_eq!(lines, [1, 2, 4, 5, 6]);
    assert!(error.to_string().starts_with("the configuration has 5 mistakes\n/"), "{error}");
}

// What is refused: values.

#[test]
fn an_address_without_a_port_is_refused() {
    let [place, problem, advice] = complaint("listen = \"localhost\"");
    assert_eq!(place, "mock.toml:1");
    assert_eq!(problem, "listen: expected an IP address and a port, found \"localhost\"");
    assert!(advice.contains("127.0.0.1:8080"));
}

#[test]
fn a_limit_out_of_range_is_refused_with_the_range() {
    assert_eq!(complaint("[limits]\nhead = 1")[1], "head: expected 8192 to 16777216 bytes, found 1");
    assert_eq!(
        complaint("[limits]\nrequest_numbers = -1")[1],
        "request_numbers: expected a whole number from 0 on, found an integer"
    );
}

#[test]
fn an_unknown_value_of_a_policy_is_refused_with_those_that_there_are() {
    let [place, problem, _] = complaint("[policies]\n\nrepeat = \"refuse\"");
    assert_eq!(place, "mock.toml:3");
    assert_eq!(problem, "repeat: expected one of accept, reject, found \"refuse\"");
}

#[test]
fn an_unknown_kind_or_trust_mode_is_refused_with_those_that_there_are() {
    assert_eq!(
        complaint("[[merchant]]\nmchid = \"1\"\nkind = \"partner\"")[1],
        "kind: expected one of direct, service-provider, found \"partner\""
    );
    let [place, problem, advice] = complaint("[[merchant]]\nmchid = \"1\"\ntrust = \"public_key\"");
    assert_eq!(place, "mock.toml:3");
    assert_eq!(
        problem,
        "trust: expected one of platform-certificate, public-key, both, found \"public_key\""
    );
    assert_eq!(advice, "did you mean public-key?");
}

#[test]
fn an_mchid_that_is_not_one_is_refused() {
    let [place, problem, advice] = complaint("[[merchant]]\nmchid = \"19000x0002\"");
    assert_eq!(place, "mock.toml:2");
    assert_eq!(problem, "mchid: expected 1 to 32 decimal digits, found `x0002` at byte 5");
    assert!(advice.contains("1900000002"), "{advice}");
    assert_eq!(complaint("[[merchant]]\nmchid = 1900000002")[2], "put it in double quotes");
    assert_eq!(complaint("\n[[merchant]]")[..2], ["mock.toml:2", "expected the key mchid, found none"]);
}

#[test]
fn two_merchants_with_one_mchid_are_refused() {
    let [place, problem, advice] = complaint("[[merchant]]\nmchid = \"1\"\n[[merchant]]\nmchid = \"1\"");
    assert_eq!(place, "mock.toml:4");
    assert_eq!(problem, "mchid: expected each mchid once, found 1 again, which line 2 has");
    assert_eq!(advice, "remove one of the two merchants");
}

#[test]
fn an_apiv3_key_that_is_not_32_bytes_is_refused_and_never_shown() {
    for key in ["SECRET", "SECRET-with-a-space in-it-32-long", "SECRET-0123456789-0123456789-0123"] {
        let folder = Folder::new(&format!("[[merchant]]\nmchid = \"1\"\napiv3_key = \"{key}\""));
        let [place, problem, _] = folder.complaint();
        assert_eq!(place, "mock.toml:3");
        assert!(problem.starts_with("APIv3 key: expected 32 visible ASCII characters"), "{problem}");
        let error = folder.read().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("SECRET"), "{error}");
    }
}

#[test]
fn a_public_key_id_that_is_not_one_is_refused() {
    let [place, problem, _] =
        complaint("[public_key]\nid = \"PUB_1\"\nprivate_key = \"{credentials}/pub_key_private.pem\"");
    assert_eq!(place, "mock.toml:2");
    assert!(problem.contains("expected PUB_KEY_ID_ and 1 to 64 digits"), "{problem}");
    assert_eq!(
        complaint("[public_key]\nid = \"PUB_KEY_ID_1\"")[..2],
        ["mock.toml:1", "expected the key private_key, found none"]
    );
}

// What is refused: keys and certificates.

const MERCHANT: &str = "[[merchant]]\nmchid = \"1\"\ncertificate = \"";
const PLATFORM: &str =
    "[[platform_certificate]]\nprivate_key = \"{credentials}/platform_key.pem\"\ncertificate = \"";
const SECOND: &str =
    "[[platform_certificate]]\nprivate_key = \"{credentials}/other_key.pem\"\ncertificate = \"";

#[test]
fn a_file_that_is_missing_is_named_with_the_line_that_names_it() {
    let [place, problem, advice] = complaint(&format!("{MERCHANT}keys/cert.pem\""));
    assert_eq!(place, "mock.toml:3");
    assert!(problem.starts_with("certificate: expected a file, found none at /"), "{problem}");
    assert!(problem.contains("/keys/cert.pem: No such file"), "{problem}");
    assert_eq!(advice, "a path is relative to the folder of this configuration");
}

#[test]
fn a_key_in_place_of_a_certificate_is_refused() {
    let [place, problem, _] = complaint(&format!("{MERCHANT}{{credentials}}/apiclient_key.pem\""));
    assert_eq!(place, "mock.toml:3");
    assert_eq!(
        problem,
        "certificate: expected PEM with CERTIFICATE, found -----BEGIN PRIVATE KEY----- in line 1"
    );
}

#[test]
fn a_public_key_in_place_of_a_private_key_is_refused() {
    let [place, problem, advice] =
        complaint("[public_key]\nid = \"PUB_KEY_ID_1\"\nprivate_key = \"{credentials}/pub_key.pem\"");
    assert_eq!(place, "mock.toml:3");
    assert!(problem.contains("found -----BEGIN PUBLIC KEY----- in line 1"), "{problem}");
    assert!(advice.starts_with("openssl genpkey"), "{advice}");
}

#[test]
fn a_private_key_that_is_not_its_certificates_is_refused() {
    let merchant = "[[merchant]]\nmchid = \"1\"\ncertificate = \"{credentials}/apiclient_cert.pem\"";
    let platform = "[[platform_certificate]]\n\ncertificate = \"{credentials}/other_cert.pem\"";
    for (config, key) in [(merchant, "other_key.pem"), (platform, "platform_key.pem")] {
        let [place, problem, _] = complaint(&format!("{config}\nprivate_key = \"{{credentials}}/{key}\""));
        assert_eq!(place, "mock.toml:4");
        assert!(
            problem.starts_with("private_key: expected the private key of the certificate "),
            "{problem}"
        );
    }
}

#[test]
fn a_private_key_without_its_certificate_is_refused() {
    let [place, problem, _] =
        complaint("[[merchant]]\nmchid = \"1\"\nprivate_key = \"{credentials}/apiclient_key.pem\"");
    assert_eq!(
        (&*place, &*problem),
        ("mock.toml:3", "private_key: expected certificate beside it, found none")
    );
}

#[test]
fn a_certificate_that_is_not_in_force_at_the_start_is_refused() {
    for (table, key) in [(MERCHANT, "apiclient_key.pem"), (PLATFORM, "platform_key.pem")] {
        for years in [[2020, 2025], [2027, 2030]] {
            let folder = Folder::new(&format!("{table}c.pem\"")).with_certificate("c.pem", key, years);
            let [place, problem, advice] = folder.complaint();
            assert_eq!(place, "mock.toml:3");
            let [from, to] = years.map(|year| format!("{year}-01-01T08:00:00+08:00"));
            assert_eq!(
                problem,
                format!(
                    "certificate: expected a certificate in force at 2026-01-01T00:00:00+08:00, \
                     found one from {from} to {to}"
                )
            );
            assert!(advice.starts_with("name one in force"), "{advice}");
        }
    }
}

#[test]
fn a_merchant_with_the_platforms_certificate_is_refused() {
    let own = "wechatpay_6B02BF8E93D977998EC83F5E1A7E346B7265A191.pem";
    let [place, problem, _] = complaint(&format!("{MERCHANT}{{credentials}}/{own}\""));
    assert_eq!(place, "mock.toml:3");
    assert!(problem.starts_with("certificate: expected a serial number of its own"), "{problem}");
}

// What is refused: change-overs.

/// A change-over from one certificate to another, each with the years in which it is in force.
fn change_over(old: [i32; 2], new: [i32; 2], signs_from: &str) -> Folder {
    let signs_from = if signs_from.is_empty() { String::new() } else { format!("signs_from = {signs_from}") };
    Folder::new(&format!("{PLATFORM}old.pem\"\n{SECOND}new.pem\"\n{signs_from}"))
        .with_certificate("old.pem", "platform_key.pem", old)
        .with_certificate("new.pem", "other_key.pem", new)
}

const LONG: [i32; 2] = [2020, 2089];

#[test]
fn a_second_platform_certificate_signs_from_a_time_on() {
    for signs_from in ["\"2026-11-24T00:00:00+08:00\"", "2026-11-24T00:00:00+08:00"] {
        let config = change_over(LONG, [2026, 2031], signs_from).read().unwrap();
        let PlatformCertificates::ChangeOver { signs_from, .. } = config.platform_certificates else {
            panic!()
        };
        assert_eq!(signs_from.to_rfc3339(), "2026-11-24T00:00:00+08:00");
    }
}

#[test]
fn a_second_platform_certificate_without_a_time_is_refused() {
    let [place, problem, advice] = change_over(LONG, LONG, "").complaint();
    assert_eq!((&*place, &*problem), ("mock.toml:4", "expected the key signs_from, found none"));
    assert!(advice.contains("signs_from = \"2026-11-24T00:00:00+08:00\""), "{advice}");
}

#[test]
fn a_time_without_its_offset_is_refused() {
    for signs_from in ["\"2026-11-24 00:00\"", "2026-11-24T00:00:00", "2026-11-24"] {
        let [place, problem, _] = change_over(LONG, LONG, signs_from).complaint();
        assert_eq!(place, "mock.toml:7");
        assert!(problem.starts_with("signs_from: expected a time with its offset"), "{problem}");
    }
}

#[test]
fn a_first_platform_certificate_with_a_time_is_refused() {
    let folder = Folder::new(&format!("{PLATFORM}a.pem\"\nsigns_from = \"2026-11-24T00:00:00+08:00\""));
    let [place, problem, _] = folder.with_certificate("a.pem", "platform_key.pem", LONG).complaint();
    assert_eq!(place, "mock.toml:4");
    assert!(problem.contains("expected this in the second certificate only"), "{problem}");
}

#[test]
fn a_first_certificate_that_ends_before_the_second_signs_is_refused() {
    let [place, problem, _] = change_over([2020, 2027], LONG, "2027-02-01T00:00:00+08:00").complaint();
    assert_eq!(place, "mock.toml:3");
    assert!(problem.contains("expected a certificate in force at 2027-02-01T00:00:00+08:00"), "{problem}");
}

#[test]
fn a_second_certificate_that_begins_after_it_signs_is_refused() {
    let [place, problem, _] = change_over(LONG, [2028, 2030], "2027-02-01T00:00:00+08:00").complaint();
    assert_eq!(place, "mock.toml:6");
    assert!(problem.contains("found one from 2028-01-01T08:00:00+08:00"), "{problem}");
}

#[test]
fn one_certificate_twice_is_refused() {
    let twice = format!("{PLATFORM}a.pem\"\n{PLATFORM}a.pem\"\nsigns_from = 2027-02-01T00:00:00+08:00");
    let folder = Folder::new(&twice).with_certificate("a.pem", "platform_key.pem", LONG);
    assert!(folder.complaint()[1].starts_with("certificate: expected a serial number of its own"));
}

#[test]
fn a_third_platform_certificate_is_refused() {
    let three = format!("{PLATFORM}a.pem\"\n{PLATFORM}a.pem\"\n{PLATFORM}a.pem\"");
    let folder = Folder::new(&three).with_certificate("a.pem", "platform_key.pem", LONG);
    let [place, problem, _] = folder.complaint();
    assert_eq!(
        (&*place, &*problem),
        ("mock.toml:7", "expected at most two [[platform_certificate]], found 3 of them")
    );
}

// What is refused: the seed.

#[test]
fn a_seed_that_is_not_one_is_said_with_its_own_file_and_line() {
    let seed = "{\n  \"merchants\": {\n    \"1900000001\": { \"crads\": [] }\n  }\n}";
    let [place, problem, _] = Folder::new("seed = \"seed.json\"").with("seed.json", seed).complaint();
    assert_eq!(place, "seed.json:3");
    assert!(
        problem.contains("unknown field `crads`, expected `may_use_member_cards` or `cards`"),
        "{problem}"
    );
}

#[test]
fn a_seed_for_a_merchant_that_is_not_configured_is_refused() {
    let seed = "{ \"merchants\": {\n  \"1900000009\": {} } }";
    let [place, problem, _] = Folder::new("seed = \"seed.json\"").with("seed.json", seed).complaint();
    assert_eq!(place, "seed.json:2");
    assert_eq!(problem, "expected the mchid of a merchant (1900000001), found \"1900000009\"");
}

// The commands.

#[test]
fn with_a_mistake_nothing_starts_and_the_exit_code_is_2() {
    let folder = Folder::new("listen = \"127.0.0.1:0\"\nlimit = 1");
    let file = folder.file();
    let file = file.to_str().unwrap();
    for arguments in [&["check-config", file][..], &["--config", file], &["keys", "x", "--config", file]] {
        let output = command(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
        let message = text(&output.stderr);
        assert!(message.contains("mock.toml:2: expected one of the keys listen,"), "{message}");
        assert!(message.ends_with("did you mean limits?\n"), "{message}");
    }
}

#[test]
fn the_command_line_goes_before_the_file() {
    let folder = Folder::new("listen = \"127.0.0.1:0\"");
    assert!(first_line(&folder, &[]).starts_with("listening on http://127.0.0.1:"));
    assert!(first_line(&folder, &["--listen", "127.0.0.2:0"]).starts_with("listening on http://127.0.0.2:"));
}

/// The first line of output of a mock that is told of the configuration by its environment.
fn first_line(folder: &Folder, arguments: &[&str]) -> String {
    let mut command = mock_command(arguments);
    command.env("WECHATPAY_MOCK_CONFIG", folder.file()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    line
}

#[test]
fn a_seed_on_the_command_line_goes_before_that_of_the_file() {
    let folder = Folder::new("seed = \"good.json\"")
        .with("good.json", "{ \"merchants\": {} }")
        .with("bad.json", "{ \"merchant\": {} }");
    let (config, seed) = (folder.file(), folder.0.path().join("bad.json"));
    let output = command(&["--config", config.to_str().unwrap(), "--seed", seed.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("bad.json:1: expected the JSON of a seed"));
}

#[test]
fn the_credentials_of_the_merchant_that_is_asked_for_are_written() {
    let folder =
        Folder::new("[[merchant]]\nmchid = \"1\"\n[[merchant]]\nmchid = \"2\"\ntrust = \"public-key\"");
    let (config, target) = (folder.file(), folder.0.path().join("keys"));
    let arguments = ["keys", target.to_str().unwrap(), "--config", config.to_str().unwrap(), "--mchid"];
    assert!(command(&[&arguments[..], &["2"]].concat()).status.success());
    let written = fs::read_to_string(target.join("credentials.json")).unwrap();
    assert!(written.contains("\"mchid\": \"2\"") && !written.contains("platform_"), "{written}");

    let output = command(&[&arguments[..], &["3"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("expected the mchid of a merchant (1, 2), found 3"));
}
