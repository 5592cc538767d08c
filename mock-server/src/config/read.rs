//! The configuration file, section by section: what may stand in it, and what each thing must be.

mod certificate;
mod faults;
mod merchants;
mod platform;

use std::{net::SocketAddr, path::Path};

use serde_json::{Map, Value};
use wechatpay_protocol::Timestamp;

use crate::{
    config::{
        Config,
        complaint::{Complaint, Complaints, ConfigError},
        seed_file,
        table::{Entry, Table, TextFile},
    },
    limits::{LimitError, Limits},
    merchants::PublicKeyPair,
    net::host::Host,
    operations::seed::Seed,
    policies::{POLICIES, Policies, PolicyValue},
    request::diagnose::DiagnosisMode,
};

/// Keys that are no tables.
const SINGLE: [&str; 8] =
    ["listen", "tls_listen", "hosts", "proxy_passthrough", "ca_dir", "seed", "diagnosis", "admin_token"];

const TABLES: [&str; 6] = ["limits", "policies", "platform_certificate", "public_key", "merchant", "fault"];

type SetLimit = fn(Limits, u64) -> Result<Limits, LimitError>;
const LIMITS: [(&str, SetLimit); 13] = [
    ("body", Limits::with_body),
    ("head", Limits::with_head),
    ("head_timeout", Limits::with_head_timeout),
    ("body_timeout", Limits::with_body_timeout),
    ("write_timeout", Limits::with_write_timeout),
    ("connections", Limits::with_connections),
    ("request_numbers", Limits::with_request_numbers),
    ("journal_exchanges", Limits::with_journal_exchanges),
    ("journal_bytes", Limits::with_journal_bytes),
    ("journal_body", Limits::with_journal_body),
    ("merchants", Limits::with_merchants),
    ("faults", Limits::with_faults),
    ("shutdown", Limits::with_shutdown),
];

/// Reads the file and every file that it names. Goes on after a mistake, so that all of them are found at once.
pub(super) fn config(path: &Path, now: Timestamp) -> Result<Config, ConfigError> {
    let file = TextFile::read(path)?;
    let document = file.parse()?;
    let complaints = &mut Complaints::default();
    let root = Table::root(&file, &document, &[&SINGLE[..], &TABLES].concat(), complaints);

    let platform_certificates = platform::certificates(&root, now, complaints);
    let merchants = merchants::merchants(&root, &platform_certificates, now, complaints);
    let config = Config {
        listen: root.read("listen", complaints, address),
        tls_listen: root.read("tls_listen", complaints, address),
        hosts: root.read("hosts", complaints, hosts).unwrap_or_default(),
        proxy_passthrough: root.read("proxy_passthrough", complaints, hosts).unwrap_or_default(),
        ca_dir: root.read("ca_dir", complaints, |entry| entry.path()),
        diagnosis: root
            .read("diagnosis", complaints, |entry| entry.choice(&DiagnosisMode::ALL))
            .unwrap_or_default(),
        admin_token: root.read("admin_token", complaints, |entry| {
            let token = entry.text()?.parse();
            token.map_err(|error| entry.problem(error, "openssl rand -hex 32 makes one"))
        }),
        limits: limits(&root, complaints),
        policies: policies(&root, complaints),
        public_key: platform::public_key(&root, complaints).unwrap_or_else(PublicKeyPair::development),
        platform_certificates,
        ..Config::default()
    };
    let config = config.with_merchants(merchants);
    let config = Config { faults: faults::faults(&root, &config, complaints), ..config };
    let seed = seed(&root, &config, complaints);
    complaints.none_about(Config { seed, ..config })
}

fn address(entry: Entry<'_>) -> Result<SocketAddr, Complaint> {
    entry.parsed_as("an IP address and a port", "for example 127.0.0.1:8080; port 0 picks a free one")
}

fn hosts(entry: Entry<'_>) -> Result<Vec<Host>, Complaint> {
    let advice = "write them in brackets, such as [\"mock\", \"192.0.2.7\"], without scheme and port";
    entry.list_of("host names and IP addresses", advice)
}

fn limits(root: &Table<'_>, complaints: &mut Complaints) -> Limits {
    let mut limits = Limits::default();
    let Some(table) = root.table("limits", &LIMITS.map(|(name, _)| name), complaints) else { return limits };
    for (name, with) in LIMITS {
        let others = limits;
        table.set(name, &mut limits, complaints, |entry| {
            let advice = "take a number of that range, or leave the key out for the default";
            with(others, entry.number()?).map_err(|error| entry.problem(error, advice))
        });
    }
    limits
}

fn policies(root: &Table<'_>, complaints: &mut Complaints) -> Policies {
    let names: Vec<_> = POLICIES.iter().map(|policy| policy.name).collect();
    let Some(table) = root.table("policies", &names, complaints) else { return Policies::default() };
    let mut values = Map::new();
    for policy in POLICIES {
        let choices: Vec<_> = policy.values.iter().map(PolicyValue::name).collect();
        let value = table.read(policy.name, complaints, |entry| entry.choice(&choices));
        values.extend(value.map(|value| (policy.name.into(), Value::String(value))));
    }
    serde_json::from_value(values.into()).expect("each policy takes every value that is listed for it")
}

fn seed(root: &Table<'_>, config: &Config, complaints: &mut Complaints) -> Option<Seed> {
    let are_merchants_sure = complaints.are_none();
    root.read("seed", complaints, |entry| {
        let (path, text) = (entry.path()?, entry.content()?);
        let seed = seed_file::parse(&path, &text)?;
        if are_merchants_sure {
            seed_file::check(&seed, config, &path, &text)?;
        }
        Ok(seed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../fixtures/config/example.toml");

    /// Whether the example sets the key, or shows it in a comment.
    fn shows(key: &str) -> bool {
        let assignment = format!("{key} = ");
        EXAMPLE.lines().any(|line| line.trim_start_matches(['#', ' ']).starts_with(&assignment))
    }

    #[test]
    fn the_example_shows_every_key() {
        let policies = POLICIES.iter().map(|policy| policy.name);
        let limits = LIMITS.map(|(name, _)| name);
        let of_tables = [
            &platform::CERTIFICATE_KEYS[..],
            &platform::PUBLIC_KEY_KEYS,
            &merchants::KEYS,
            // `match` is shown as a table, and in line.
            &faults::KEYS,
            &faults::MATCH_KEYS,
        ]
        .concat();
        for key in of_tables.into_iter().chain(limits).chain(policies).chain(SINGLE) {
            assert!(shows(key), "{key}");
        }
        for table in TABLES {
            assert!(EXAMPLE.contains(&format!("[{table}]")), "{table}");
        }
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
