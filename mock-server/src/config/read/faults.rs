//! `[[fault]]`: misbehaviour to start with.

use serde::Deserialize;

use super::super::{Config, complaint::Complaints, table::Table};
use crate::{contract::Contract, faults::FaultRule};

pub(super) const KEYS: [&str; 8] =
    ["match", "fault", "error", "latency", "milliseconds", "applied", "times", "ttl"];

pub(super) fn faults(root: &Table<'_>, config: &Config, complaints: &mut Complaints) -> Vec<FaultRule> {
    let mut rules = Vec::new();
    for table in root.tables("fault", &KEYS, complaints) {
        let advice = "`wechatpay-mock faults` lists the faults; fixtures/config/example.toml shows every key";
        let refused = |problem: String| table.problem(format!("[[fault]]: {problem}"), advice);
        let rule = FaultRule::deserialize(table.to_json()).map_err(|error| refused(error.to_string()));
        let known = |rule: FaultRule| {
            rule.check_against(Contract::current(), |mchid| {
                config.merchants().iter().any(|merchant| merchant.mchid.as_str() == mchid)
            })
            .map(|()| rule)
            .map_err(|error| refused(error.to_string()))
        };
        rules.extend(complaints.keep(rule.and_then(known)));
    }
    rules
}
