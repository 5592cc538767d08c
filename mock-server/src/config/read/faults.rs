//! `[[fault]]`: misbehaviour to start with.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use wechatpay_openapi::Contract;

use crate::{
    config::{
        Config,
        complaint::{Complaint, Complaints},
        table::Table,
    },
    faults::{FaultRule, RuleError},
};

pub(super) const KEYS: [&str; 8] =
    ["match", "fault", "error", "latency", "milliseconds", "applied", "times", "ttl"];

pub(super) const MATCH_KEYS: [&str; 9] =
    ["merchant", "operation", "card_id", "code", "out_request_no", "nth", "every", "probability", "seed"];

const ADVICE: &str = "fixtures/config/example.toml shows every key of [[fault]]";

pub(super) fn faults(root: &Table<'_>, config: &Config, complaints: &mut Complaints) -> Vec<FaultRule> {
    let mut rules = Vec::new();
    for table in root.tables("fault", &KEYS, complaints) {
        let Some(rule) = rule(&table, complaints) else { continue };
        let checked = check(&rule, &rules, config).map_err(|error| complaint(&table, &error));
        rules.extend(complaints.keep(checked).map(|()| rule));
    }
    rules
}

/// The rule, if each of its keys is known and has the form it must have.
fn rule(table: &Table<'_>, complaints: &mut Complaints) -> Option<FaultRule> {
    let [when, others @ ..] = KEYS;
    let mut rule = values(table, &others, Value::Object, complaints);
    if let Some(named) = table.table(when, &MATCH_KEYS, complaints) {
        let good = values(&named, &MATCH_KEYS, |values| json!({ "match": values }), complaints);
        if good.len() == named.len() {
            rule.insert(when.into(), good.into());
        }
    }
    let is_whole = rule.len() == table.len();
    FaultRule::deserialize(Value::Object(rule)).ok().filter(|_| is_whole)
}

/// The values of those keys that have the form they must have. Each is tried as a rule by itself, so that a complaint
/// has its line.
fn values(
    table: &Table<'_>,
    keys: &[&str],
    as_rule: fn(Map<String, Value>) -> Value,
    complaints: &mut Complaints,
) -> Map<String, Value> {
    let mut values = Map::new();
    for key in keys {
        let value = table.read(key, complaints, |entry| {
            let alone = Map::from_iter([((*key).to_owned(), entry.to_json())]);
            FaultRule::deserialize(as_rule(alone)).map_err(|error| entry.problem(error, ADVICE))?;
            Ok(entry.to_json())
        });
        values.extend(value.map(|value| ((*key).to_owned(), value)));
    }
    values
}

/// Whether the rule makes sense, and there is room for it beside those before it.
fn check(rule: &FaultRule, others: &[FaultRule], config: &Config) -> Result<(), RuleError> {
    let is_merchant =
        |mchid: &str| config.merchants().iter().any(|merchant| merchant.mchid.as_str() == mchid);
    rule.check_against(Contract::current(), is_merchant)?;
    let most = config.limits.faults;
    let beside = others.iter().filter(|other| other.when.merchant == rule.when.merchant).count();
    if beside < most { Ok(()) } else { Err(RuleError::TooMany { most }) }
}

/// The complaint about a rule, in the line of the field that is meant.
fn complaint(table: &Table<'_>, error: &RuleError) -> Complaint {
    let entry = error.field().and_then(|field| match field.strip_prefix("match.") {
        Some(key) => table.table("match", &MATCH_KEYS, &mut Complaints::default())?.get(key),
        None => table.get(field.split('.').next()?),
    });
    let line = entry.map_or(table.line, |entry| entry.line);
    Complaint::at(&table.file.path, line, format!("[[fault]]: {error}"), ADVICE)
}
