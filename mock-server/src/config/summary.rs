//! What was understood of a configuration, in a few lines, for whoever wrote it.

use std::fmt;

use serde_json::Value;
use wechatpay_protocol::Certificate;

use crate::{config::Config, merchants::PlatformCertificates, policies::Policies};

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(listen) = self.listen {
            writeln!(f, "listens on   {listen}")?;
        }
        if let Some(listen) = self.tls_listen {
            writeln!(f, "         and  {listen}, TLS alone")?;
        }
        for host in &self.hosts {
            writeln!(f, "stands for   {host}")?;
        }
        for host in &self.proxy_passthrough {
            writeln!(f, "lets through {host}")?;
        }
        match &self.platform_certificates {
            PlatformCertificates::One(only) => writeln!(f, "signs with   {}", named(only.certificate()))?,
            PlatformCertificates::ChangeOver { old, new, signs_from } => {
                writeln!(f, "signs with   {}", named(old.certificate()))?;
                writeln!(
                    f,
                    "             {}, from {} on",
                    named(new.certificate()),
                    signs_from.to_rfc3339()
                )?;
            }
        }
        writeln!(f, "         or  public key {}", self.public_key.id())?;
        for merchant in &self.merchants {
            let certificate = named(merchant.certificate.certificate());
            let trust = merchant.trust.to_string().replace('-', " ");
            writeln!(f, "merchant     {}, {}, trusts {trust}, {certificate}", merchant.mchid, merchant.kind)?;
        }
        for (name, value) in changed(&self.policies) {
            writeln!(f, "policy       {name} = {value}")?;
        }
        writeln!(f, "diagnosis    {}", self.diagnosis)?;
        let asks = if self.admin_token.is_some() {
            "needs the admin token"
        } else {
            "open on loopback, off elsewhere"
        };
        writeln!(f, "/__mock/     {asks}")?;
        for rule in &self.faults {
            writeln!(f, "fault        {rule}")?;
        }
        let limits = &self.limits;
        writeln!(
            f,
            "limits       body {} B in {} s, head {} B in {} s, answer in {} s, {} connections, {} request numbers",
            limits.body,
            limits.body_timeout.as_secs(),
            limits.head,
            limits.head_timeout.as_secs(),
            limits.write_timeout.as_secs(),
            limits.connections,
            limits.request_numbers
        )?;
        match &self.seed {
            None => write!(f, "state        the documentation's sample card, for each merchant"),
            Some(seed) => {
                let cards = || seed.merchants.values().flat_map(|merchant| &merchant.cards);
                let members: usize = cards().map(|card| card.members.len()).sum();
                write!(f, "state        cards: {}, members: {members}", cards().count())
            }
        }
    }
}

fn named(certificate: &Certificate) -> String {
    format!("certificate {} until {}", certificate.serial_no(), certificate.not_after().to_rfc3339())
}

/// The policies that are not at their defaults.
fn changed(policies: &Policies) -> Vec<(String, Value)> {
    let values = |policies| serde_json::to_value(policies).unwrap_or_default();
    let (defaults, values) = (values(&Policies::default()), values(policies));
    let values = values.as_object().cloned().unwrap_or_default();
    values.into_iter().filter(|(name, value)| defaults[name] != *value).collect()
}
