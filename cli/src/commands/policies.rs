//! `policies`: lists the behaviours that a configuration can change.

use serde_json::json;
use wechatpay_mock::policies::{POLICIES, Policy};
use wechatpay_texts::{Both, phrase, text};

use crate::{
    options::Json,
    output::{Failure, print, print_json},
};

pub(crate) fn run(options: Json) -> Result<(), Failure> {
    if options.json {
        return print_json(&POLICIES.iter().map(to_json).collect());
    }
    print(|out| {
        for policy in POLICIES {
            let title = text!("{name} ({provenance})", name = policy.name, provenance = Policy::PROVENANCE);
            writeln!(out, "{title}\n  {}", policy.question.text().trim())?;
            writeln!(out, "  {}", text!("Source: {source}.", source = policy.source))?;
            for (index, value) in policy.values.iter().enumerate() {
                let name = Both::of(|| {
                    let is_default = if index == 0 { phrase!(", the default").text() } else { "" };
                    value.name() + is_default
                });
                writeln!(out, "    {name:<21} {}", value.meaning)?;
            }
        }
        Ok(())
    })
}

fn to_json(policy: &Policy) -> serde_json::Value {
    let values =
        policy.values.iter().map(|value| json!({ "name": value.name(), "meaning": value.meaning.text() }));
    json!({
        "name": policy.name,
        "question": policy.question.text().trim(),
        "source": policy.source.text(),
        "provenance": Policy::PROVENANCE,
        "default": policy.values[0].name(),
        "values": values.collect::<Vec<_>>(),
    })
}
