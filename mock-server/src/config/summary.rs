//! A summary of the configuration in a few lines, as `check-config` prints it.

use std::fmt;

use serde_json::{Value, json};
use wechatpay_protocol::Certificate;

use crate::{config::Config, merchants::PlatformCertificates, policies::Policies, store::StorePlace};

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.lines().into_iter().map(|(name, value)| format!("{name:<15} {value}"));
        f.write_str(&lines.collect::<Vec<_>>().join("\n"))
    }
}

impl Config {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        lines.extend(self.listen.iter().map(|address| ("listens on", address.to_string())));
        lines.extend(self.tls_listen.map(|address| ("", format!("{address}, TLS only"))));
        lines.extend(self.hosts.iter().map(|host| ("answers for", host.to_string())));
        lines.extend(self.proxy_passthrough.iter().map(|host| ("passes through", host.to_string())));
        lines.extend(self.notify.maps.iter().map(|map| ("callbacks", map.to_string())));
        lines.extend(self.notify.hosts.iter().map(|host| ("callbacks to", host.to_string())));
        if self.store != StorePlace::Memory {
            let shared = if self.shared { ", shared with its clock, faults and merchants" } else { "" };
            lines.push(("keeps state in", format!("{}{shared}", self.store)));
        }
        match &self.platform_certificates {
            PlatformCertificates::One(only) => lines.push(("signs with", named(only.certificate()))),
            PlatformCertificates::ChangeOver { old, new, signs_from } => {
                lines.push(("signs with", named(old.certificate())));
                let new = named(new.certificate());
                lines.push(("", format!("{new}, from {} on", signs_from.to_rfc3339())));
            }
        }
        lines.push(("", format!("public key {}", self.public_key.id())));
        for merchant in &self.merchants {
            let certificate = named(merchant.certificate.certificate());
            let trust = merchant.trust.to_string().replace('-', " ");
            let merchant = format!("{}, {}, trusts {trust}, {certificate}", merchant.mchid, merchant.kind);
            lines.push(("merchant", merchant));
        }
        lines.extend(changed(&self.policies).map(|(name, value)| ("policy", format!("{name} = {value}"))));
        lines.push(("diagnosis", self.diagnosis.to_string()));
        let admin = if self.admin_token.is_some() {
            "requires the admin token"
        } else {
            "open on loopback, off elsewhere"
        };
        lines.push(("/__mock/", admin.into()));
        lines.extend(self.faults.iter().map(|rule| ("fault", rule.to_string())));
        lines.extend(self.contract_files.iter().map(|(path, count)| {
            let noun = if *count == 1 { "operation" } else { "operations" };
            ("contract", format!("{}, {count} {noun}", path.display()))
        }));
        let stubs = self.contract().operations().iter().filter(|operation| operation.is_stub());
        lines.extend(stubs.map(|stub| ("stub", stub.to_string())));
        let limits = &self.limits;
        let [body, head, response] =
            [limits.body_timeout, limits.head_timeout, limits.write_timeout].map(|timeout| timeout.as_secs());
        lines.push((
            "limits",
            format!(
                "body {} B in {body} s, head {} B in {head} s, response in {response} s, {} connections, \
                 {} request numbers",
                limits.body, limits.head, limits.connections, limits.request_numbers
            ),
        ));
        let state = self.seed.as_ref().map(|seed| {
            let cards = || seed.merchants.values().flat_map(|merchant| &merchant.cards);
            let members: usize = cards().map(|card| card.members.len()).sum();
            format!("cards: {}, members: {members}", cards().count())
        });
        lines.push(("state", state.unwrap_or("the documentation's sample card, for each merchant".into())));
        lines
    }
}

fn named(certificate: &Certificate) -> String {
    format!("certificate {} until {}", certificate.serial_no(), certificate.not_after().to_rfc3339())
}

/// The policies that differ from their defaults.
fn changed(policies: &Policies) -> impl Iterator<Item = (String, Value)> {
    let default = json!(Policies::default());
    let values = json!(policies).as_object().cloned().unwrap_or_default();
    values.into_iter().filter(move |(name, value)| default[name] != *value)
}
