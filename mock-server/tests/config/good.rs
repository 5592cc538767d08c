//! Valid configurations.

use super::*;

fn example() -> PathBuf {
    fixtures().join("config/example.toml")
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
fn the_change_over_in_the_example_is_valid() {
    let shown = fs::read_to_string(example()).unwrap().replace("\n#", "\n").replace("\n ", "\n# ");
    let with_change_over = shown.replace("../credentials", "{credentials}");
    let folder = Folder::new(&with_change_over).with("seed.json", r#"{ "merchants": {} }"#);
    let config = folder.read().unwrap();
    assert!(matches!(config.platform_certificates, PlatformCertificates::ChangeOver { .. }));
}

#[test]
fn a_certificate_with_a_byte_order_mark_is_read_without_it() {
    let pem = Credentials::development().merchant_certificate;
    let folder = Folder::new("[[merchant]]\nmchid = \"1\"\ncertificate = \"c.pem\"");
    let config = folder.with("c.pem", &format!("\u{feff}{pem}")).read().unwrap();
    assert_eq!(config.merchants()[0].mchid.as_str(), "1");
}

#[test]
fn an_empty_file_is_the_default() {
    let config = Folder::new("").read().unwrap();
    assert_eq!(config.to_string(), Config::default().to_string());
}

#[test]
fn values_in_the_file_are_used() {
    let config = Folder::new(
        r#"
        listen = "127.0.0.1:9"
        sharing_delay = "after 5m"
        max_ratio = 2000
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
    assert_eq!(config.payments.sharing_delay.as_secs(), 300);
    assert_eq!(config.payments.max_ratio.get(), 2000);
    assert_eq!(config.policies.arithmetic, Arithmetic::Reject);
    assert_eq!(config.limits, Limits::default().with_body_timeout(5).unwrap());
    let [merchant] = config.merchants() else { panic!("{config}") };
    assert_eq!(merchant.kind, MerchantKind::ServiceProvider);
    assert_eq!(merchant.trust, TrustMode::PlatformCertificate);
    assert!(merchant.certificate.certificate().serial_no().as_str().starts_with("2A6D1E0C"));
    assert_eq!(merchant.apiv3_key.expose(), "0123456789abcdef0123456789ABCDEF");
}

#[test]
fn an_admin_token_is_used_and_never_shown() {
    let config = Folder::new("admin_token = \"SECRET-0123456789\"").read().unwrap();
    assert!(config.admin_token.is_some());
    assert!(config.to_string().contains("/__mock/        requires the admin token"), "{config}");
    assert!(!format!("{config} {config:?}").contains("SECRET"));
}

#[test]
fn fault_rules_are_read() {
    let config = Folder::new(
        r#"
        diagnosis = "journal"
        [[fault]]
        fault = "system-error-applied"
        times = 2
        [fault.match]
        operation = "set_rights"
        probability = 1
        [[fault]]
        latency = { normal = { mean = 200, deviation = 50 } }
        "#,
    );
    let config = config.read().unwrap();
    let mut first = FaultRule { times: Some(2), ..FaultRule::of(Fault::SystemErrorApplied) };
    first.when.operation = Some("set_rights".into());
    first.when.probability = Some(1.0);
    let late =
        FaultRule { latency: Some(Latency::Normal { mean: 200, deviation: 50 }), ..FaultRule::default() };
    assert_eq!((config.faults, config.diagnosis), (vec![first, late], DiagnosisMode::Journal));
}

#[test]
fn each_fault_rule_is_shown_in_a_line() {
    let folder = Folder::new(
        r#"
        [[fault]]
        fault = "no-answer"
        milliseconds = 5000
        applied = false
        times = 3
        ttl = 60
        match = { merchant = "1900000001", operation = "set_rights", code = "1", every = 2, probability = 0.5, seed = 7 }
        [[fault]]
        error = { status = 403, code = "NO_AUTH", message = "no" }
        latency = { fixed = 500 }
        [[fault]]
        latency = { uniform = { from = 100, to = 300 } }
        match = { out_request_no = "1", nth = 4 }
        [[fault]]
        latency = { normal = { mean = 200, deviation = 50 } }
        "#,
    );
    let shown = folder.read().unwrap().to_string();
    let faults: Vec<_> = shown.lines().filter_map(|line| line.strip_prefix("fault           ")).collect();
    assert_eq!(
        faults,
        [
            "no-answer, for 5000 ms, not applied, times: 3, within 60 s; where merchant = \"1900000001\", \
             operation = \"set_rights\", code = \"1\", every = 2, probability = 0.5, seed = 7",
            "403 NO_AUTH \"no\", delayed by 500 ms",
            "delayed by 100 to 300 ms; where out_request_no = \"1\", nth = 4",
            "delayed by 200 ± 50 ms",
        ]
    );
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

#[test]
fn what_happens_to_transfers_is_configured() {
    let config = Folder::new(
        r#"
        auto_confirm = "after 2s"
        transfer_delay = "after 5m"
        transfer_scenes = ["1000", "1009"]
        transfer_limit = 20000
        transfer_daily_limit = 100000
        policies = { short_balance = "refuse" }
        "#,
    )
    .read()
    .unwrap();
    assert_eq!(config.payments.auto_confirm, Some(Duration::from_secs(2)));
    let expected = Transfers {
        delay: Duration::from_secs(300),
        scenes: vec!["1000".into(), "1009".into()],
        limit: Some(20_000),
        daily_limit: Some(100_000),
    };
    assert_eq!(config.transfers, expected);
}

#[test]
fn a_wrong_time_of_a_transfer_names_its_key() {
    for key in ["auto_confirm", "transfer_delay"] {
        let errors = Folder::new(&format!("{key} = \"2s\"")).read().unwrap_err().to_string();
        assert!(errors.contains("expected a time, found \"2s\""), "{errors}");
    }
}
