//! The configuration file: its keys, and their conversion into the types of the other modules.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use wechatpay_protocol::Timestamp;
use wechatpay_texts::{phrase, text};

use crate::{
    config::{
        Config,
        error::ConfigErrors,
        explain::{SHOWN_OF_FAULTS, unknown_key},
        keys::{self, MerchantTable, PlatformCertificateTable, PublicKeyTable},
        own::{self, StubTable},
        seed,
        source::{Source, Table},
    },
    faults::{FaultRule, RuleError},
    limits::{LIMITS, Limits},
    notify::NotifyHosts,
    operations::{
        payment::{MaxRatio, Payments},
        transfer::Transfers,
    },
    policies::Policies,
    request::diagnose::DiagnosisMode,
    store::StorePlace,
};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    listen: Option<String>,
    tls_listen: Option<String>,
    hosts: Vec<String>,
    proxy_passthrough: Vec<String>,
    notify_maps: Vec<String>,
    notify_hosts: Vec<String>,
    notify_ca: Option<String>,
    ca_dir: Option<String>,
    store: Option<String>,
    #[serde(default)]
    shared: bool,
    advertise: Option<String>,
    seed: Option<String>,
    auto_pay: Option<String>,
    refund_delay: Option<String>,
    sharing_delay: Option<String>,
    max_ratio: Option<u64>,
    auto_confirm: Option<String>,
    transfer_delay: Option<String>,
    transfer_scenes: Vec<String>,
    transfer_limit: Option<u64>,
    transfer_daily_limit: Option<u64>,
    service_limit: Option<u64>,
    diagnosis: DiagnosisMode,
    admin_token: Option<String>,
    limits: BTreeMap<String, u64>,
    policies: Policies,
    platform_certificate: Vec<PlatformCertificateTable>,
    public_key: Option<PublicKeyTable>,
    merchant: Vec<MerchantTable>,
    contracts: Vec<String>,
    stub: Vec<StubTable>,
    fault: Vec<FaultRule>,
}

/// Reads `text`, the content of the configuration file at `path`, and the files that it names; after its own contract files
/// also these.
pub(super) fn config(
    path: &Path,
    text: &str,
    contracts: &[PathBuf],
    now: Timestamp,
) -> Result<Config, ConfigErrors> {
    let mut source = Source::parse(path, text)?;
    let file: File = source.deserialize();
    let root = source.root();

    let address = |key, text: Option<String>| {
        let advice = phrase!("for example 127.0.0.1:8080; port 0 picks a free one");
        root.parse(key, &text?, phrase!("an IP address and a port"), advice)
    };
    let hosts = |key, hosts: Vec<String>| {
        let advice = phrase!("write them without scheme and port, such as [\"mock\", \"192.0.2.7\"]");
        let hosts =
            hosts.iter().map(|host| root.parse(key, host, phrase!("host names and IP addresses"), advice));
        hosts.collect::<Option<_>>().unwrap_or_default()
    };
    let notify_map = |text: &String| {
        let advice = phrase!("for example [\"https://shop.example.com=http://127.0.0.1:3000\"]");
        root.parse("notify_maps", text, phrase!("addresses to map"), advice)
    };
    let after = |key, text: &str| {
        let advice = phrase!("for example \"after 2s\", \"after 5m\" or \"after 1h\", at most a week");
        let time = Payments::after(text).ok_or_else(|| text!("expected a time, found {text:?}"));
        root.keep(key, time, advice)
    };
    let max_ratio = |ratio| {
        let advice = phrase!("it is in hundredths of a percent: 3000 for 30 %");
        let problem = || text!("expected a number from 0 to 10000, found {ratio}");
        root.keep("max_ratio", MaxRatio::new(ratio).ok_or_else(problem), advice)
    };
    let mut notify = NotifyHosts {
        maps: file.notify_maps.iter().map(notify_map).collect::<Option<_>>().unwrap_or_default(),
        hosts: hosts("notify_hosts", file.notify_hosts),
        ..NotifyHosts::default()
    };
    if let Some(pem) = file.notify_ca.and_then(|name| root.content("notify_ca", &name, fs::read_to_string)) {
        root.keep(
            "notify_ca",
            notify.trust(&pem),
            phrase!("name a file with the certificates of authorities, in PEM"),
        );
    }
    let admin_token = file
        .admin_token
        .and_then(|token| root.keep("admin_token", token.parse(), phrase!("openssl rand -hex 32 makes one")));
    let default = Config::default();
    let platform_certificates = keys::platform_certificates(&source, &file.platform_certificate, now);
    let merchants = keys::merchants(&source, file.merchant, &platform_certificates, now);
    let public_key = file.public_key.and_then(|table| keys::public_key(&root.inner("public_key"), table));
    let config = Config {
        listen: address("listen", file.listen),
        tls_listen: address("tls_listen", file.tls_listen),
        hosts: hosts("hosts", file.hosts),
        proxy_passthrough: hosts("proxy_passthrough", file.proxy_passthrough),
        notify,
        ca_dir: file.ca_dir.and_then(|dir| root.path("ca_dir", &dir)),
        store: file.store.and_then(|text| store(&root, &text)).unwrap_or_default(),
        shared: file.shared,
        advertise: file.advertise.and_then(|text| {
            root.keep("advertise", text.parse(), phrase!("write an address such as \"http://10.0.0.7:8080\""))
        }),
        payments: Payments {
            auto_pay: file.auto_pay.and_then(|text| after("auto_pay", &text)),
            refund_delay: file.refund_delay.and_then(|text| after("refund_delay", &text)).unwrap_or_default(),
            sharing_delay: file
                .sharing_delay
                .and_then(|text| after("sharing_delay", &text))
                .unwrap_or_default(),
            max_ratio: file.max_ratio.and_then(max_ratio).unwrap_or_default(),
            auto_confirm: file.auto_confirm.and_then(|text| after("auto_confirm", &text)),
            service_limit: file.service_limit,
        },
        transfers: Transfers {
            delay: file.transfer_delay.and_then(|text| after("transfer_delay", &text)).unwrap_or_default(),
            scenes: file.transfer_scenes,
            limit: file.transfer_limit,
            daily_limit: file.transfer_daily_limit,
        },
        diagnosis: file.diagnosis,
        admin_token,
        limits: limits(&root.inner("limits"), &file.limits),
        policies: file.policies,
        platform_certificates,
        public_key: public_key.unwrap_or(default.public_key),
        ..Config::default()
    };
    let config = config.with_merchants(merchants);
    let named = file.contracts.iter().filter_map(|name| {
        root.content("contracts", name, fs::metadata)?;
        root.path("contracts", name)
    });
    let (mut config, mut are_all_known) = (config, true);
    for file in named.chain(contracts.iter().cloned()) {
        are_all_known &= source.keep(config.add_contract_file(file)).is_some();
    }
    config.operations = own::with_stubs(&source, config.operations, file.stub);
    let seed = file.seed.and_then(|name| {
        let (path, text) = (root.path("seed", &name)?, root.content("seed", &name, fs::read_to_string)?);
        let seed = source.keep(seed::parse(&path, &text))?;
        // If the configuration has mistakes, its merchants may be incomplete.
        if !source.has_errors() {
            source.keep(seed::check(&seed, &config, &path, &text))?;
        }
        Some(seed)
    });
    let faults = faults(&source, file.fault, &config, are_all_known);
    source.finish(Config { seed, faults, ..config })
}

/// A file of SQLite is relative to the folder of the configuration, as all files are.
fn store(root: &Table<'_>, text: &str) -> Option<StorePlace> {
    let advice = phrase!("write \"memory\", \"sqlite:FILE\" or \"redis://HOST:PORT\"");
    match root.keep("store", text.parse(), advice)? {
        StorePlace::Sqlite(file) => root.path("store", file.to_str()?).map(StorePlace::Sqlite),
        place => Some(place),
    }
}

fn limits(table: &Table<'_>, values: &BTreeMap<String, u64>) -> Limits {
    values.iter().fold(Limits::default(), |limits, (key, &value)| {
        let Some((_, set)) = LIMITS.iter().find(|(name, _)| name == key) else {
            let (problem, advice) = unknown_key(key, &LIMITS.map(|(name, _)| name));
            table.report_line(key, problem, advice);
            return limits;
        };
        let advice = phrase!("use a number in that range, or leave the key out for the default");
        table.keep(key, set(limits, value), advice).unwrap_or(limits)
    })
}

/// The valid rules. An unknown operation is a mistake if all contract files are good.
fn faults(
    source: &Source<'_>,
    rules: Vec<FaultRule>,
    config: &Config,
    are_all_known: bool,
) -> Vec<FaultRule> {
    let mchids: HashSet<_> = config.merchants().iter().map(|merchant| merchant.mchid.as_str()).collect();
    let mut count: HashMap<Option<String>, usize> = HashMap::new();
    let mut faults = Vec::new();
    for (index, rule) in rules.into_iter().enumerate() {
        let table = source.element("fault", index);
        if table.is_mistaken() {
            continue;
        }
        if let Err(error) = check_fault(&rule, &mchids, &mut count, config) {
            if !are_all_known && matches!(error, RuleError::UnknownOperation { .. }) {
                continue;
            }
            let problem = format!("[[fault]]: {error}");
            let advice = SHOWN_OF_FAULTS;
            let field = error.field().unwrap_or_default();
            match field.split_once('.') {
                // The key of a place has a dot of its own.
                Some(("match", key)) => table.inner("match").report_line(key, problem, advice),
                Some((key, _)) => table.report_line(key, problem, advice),
                None => table.report_line(&field, problem, advice),
            }
            continue;
        }
        faults.push(rule);
    }
    faults
}

/// Checks that the rule is valid, and that there is room for it after the rules before it, by merchant.
fn check_fault(
    rule: &FaultRule,
    mchids: &HashSet<&str>,
    count: &mut HashMap<Option<String>, usize>,
    config: &Config,
) -> Result<(), RuleError> {
    rule.check_against(&config.operations.contract, |mchid| mchids.contains(mchid))?;
    let most = config.limits.faults;
    let same_merchant = count.entry(rule.when.merchant.clone()).or_default();
    if *same_merchant >= most {
        return Err(RuleError::TooMany { most });
    }
    *same_merchant += 1;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policies::POLICIES;

    const EXAMPLE: &str = include_str!("../../../fixtures/config/example.toml");

    #[test]
    fn the_example_shows_every_key() {
        for table in [
            "",
            "[limits]",
            "[policies]",
            "[[platform_certificate]]",
            "[public_key]",
            "[[merchant]]",
            "[[stub]]",
            "[[fault]]",
            "[[fault]]\n[fault.match]",
        ] {
            let text = format!("{table}\nx = 1");
            let errors = config(Path::new(""), &text, &[], Timestamp::from_unix(0)).unwrap_err();
            let keys = errors
                .errors()
                .iter()
                .find_map(|error| error.problem.strip_prefix("expected one of the keys "));
            for key in keys.unwrap().strip_suffix(", found x").unwrap().split(", ") {
                let shown =
                    [format!("{key} ="), format!("[{key}]"), format!("[fault.{key}]"), format!("[[{key}]]")];
                let mut lines = EXAMPLE.lines().map(|line| line.trim_start_matches(['#', ' ']));
                assert!(lines.any(|line| shown.iter().any(|start| line.starts_with(start))), "{table} {key}");
            }
        }
    }

    #[test]
    fn only_a_number_with_quotes_is_to_be_written_without() {
        let advice = |value: &str| {
            let text = format!("[limits]\nbody = {value}");
            let errors = config(Path::new(""), &text, &[], Timestamp::from_unix(0)).unwrap_err();
            errors.errors()[0].advice.clone()
        };
        assert_eq!(advice("\"1\""), "write it without quotes");
        assert_eq!(advice("-1"), "fixtures/config/example.toml shows every key");
    }

    #[test]
    fn the_example_sets_each_policy_to_its_default_and_names_its_values() {
        for policy in POLICIES {
            let line = EXAMPLE.lines().find(|line| line.starts_with(policy.name)).unwrap();
            let default = policy.values[0].name();
            assert!(line.starts_with(&format!("{} = \"{default}\"", policy.name)), "{line}");
            for value in policy.values {
                assert!(line.contains(&value.name()), "{line}: {}", value.name());
            }
        }
    }
}
