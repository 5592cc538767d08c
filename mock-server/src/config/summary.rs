//! A summary of the configuration in a few lines, as `check-config` prints it.

use std::fmt;

use serde_json::{Value, json};
use wechatpay_protocol::Certificate;
use wechatpay_texts::{Phrase, phrase, text};

use crate::{config::Config, merchants::PlatformCertificates, policies::Policies, store::StorePlace};

/// Where mapped callbacks go.
const CALLBACKS: Phrase = Phrase { english: "callbacks", chinese: "回调映射" };

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |name: Option<Phrase>| name.unwrap_or(Phrase::name(""));
        let lines = self.lines().into_iter().map(|(of, value)| format!("{:<15} {value}", name(of)));
        f.write_str(&lines.collect::<Vec<_>>().join("\n"))
    }
}

impl Config {
    fn lines(&self) -> Vec<(Option<Phrase>, String)> {
        let mut lines = Vec::new();
        lines.extend(self.listen.iter().map(|address| (Some(phrase!("listens on")), address.to_string())));
        lines.extend(self.tls_listen.map(|address| (None, text!("{address}, TLS only"))));
        lines.extend(self.hosts.iter().map(|host| (Some(phrase!("answers for")), host.to_string())));
        lines.extend(
            self.proxy_passthrough.iter().map(|host| (Some(phrase!("passes through")), host.to_string())),
        );
        lines.extend(self.notify.maps.iter().map(|map| (Some(CALLBACKS), map.to_string())));
        lines.extend(self.notify.hosts.iter().map(|host| (Some(phrase!("callbacks to")), host.to_string())));
        if self.store != StorePlace::Memory {
            let store = &self.store;
            let place = match self.shared {
                true => text!("{store}, shared with its clock, faults and merchants"),
                false => store.to_string(),
            };
            lines.push((Some(phrase!("keeps state in")), place));
        }
        match &self.platform_certificates {
            PlatformCertificates::One(only) => {
                lines.push((Some(phrase!("signs with")), named(only.certificate())));
            }
            PlatformCertificates::ChangeOver { old, new, signs_from } => {
                lines.push((Some(phrase!("signs with")), named(old.certificate())));
                let new = named(new.certificate());
                lines.push((None, text!("{new}, from {time} on", time = signs_from.to_rfc3339())));
            }
        }
        lines.push((None, text!("public key {id}", id = self.public_key.id())));
        for merchant in &self.merchants {
            let certificate = named(merchant.certificate.certificate());
            let trust = merchant.trust.to_string().replace('-', " ");
            let (mchid, kind) = (&merchant.mchid, merchant.kind);
            let merchant = text!("{mchid}, {kind}, trusts {trust}, {certificate}");
            lines.push((Some(phrase!("merchant")), merchant));
        }
        lines.extend(
            changed(&self.policies)
                .map(|(name, value)| (Some(phrase!("policy")), format!("{name} = {value}"))),
        );
        lines.push((Some(phrase!("diagnosis")), self.diagnosis.to_string()));
        let admin = if self.admin_token.is_some() {
            phrase!("requires the admin token")
        } else {
            phrase!("open on loopback, off elsewhere")
        };
        lines.push((Some(Phrase::name("/__mock/")), admin.to_string()));
        lines.extend(self.faults.iter().map(|rule| (Some(phrase!("fault")), rule.to_string())));
        lines.extend(self.contract_files.iter().map(|(path, count)| {
            let path = path.display();
            let contract = match count {
                1 => text!("{path}, 1 operation"),
                _ => text!("{path}, {count} operations"),
            };
            (Some(phrase!("contract")), contract)
        }));
        let stubs = self.contract().operations().iter().filter(|operation| operation.is_stub());
        lines.extend(stubs.map(|stub| (Some(phrase!("stub")), stub.to_string())));
        let limits = &self.limits;
        let [body, head, response] =
            [limits.body_timeout, limits.head_timeout, limits.write_timeout].map(|timeout| timeout.as_secs());
        lines.push((
            Some(phrase!("limits")),
            text!(
                "body {body_bytes} B in {body} s, head {head_bytes} B in {head} s, response in {response} s, \
                 {connections} connections, {request_numbers} request numbers",
                body_bytes = limits.body,
                head_bytes = limits.head,
                connections = limits.connections,
                request_numbers = limits.request_numbers,
            ),
        ));
        let state = self.seed.as_ref().map(|seed| {
            let cards = || seed.merchants.values().flat_map(|merchant| &merchant.cards);
            let members: usize = cards().map(|card| card.members.len()).sum();
            text!("cards: {cards}, members: {members}", cards = cards().count())
        });
        lines.push((
            Some(phrase!("state")),
            state.unwrap_or_else(|| text!("the documentation's sample card, for each merchant")),
        ));
        lines
    }
}

fn named(certificate: &Certificate) -> String {
    let (serial_no, time) = (certificate.serial_no(), certificate.not_after().to_rfc3339());
    text!("certificate {serial_no} until {time}")
}

/// The policies that differ from their defaults.
fn changed(policies: &Policies) -> impl Iterator<Item = (String, Value)> {
    let default = json!(Policies::default());
    let values = json!(policies).as_object().cloned().unwrap_or_default();
    values.into_iter().filter(move |(name, value)| default[name] != *value)
}
