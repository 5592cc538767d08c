//! The tables in the documentation that are generated, in the current language: from the cases, the contract, and the
//! catalogue of faults.

use std::{collections::BTreeMap, fmt::Write};

use wechatpay_mock::{FAULTS, Fault, TRIGGER_FORMS};
use wechatpay_openapi::{CallbackEvent, Contract, Operation};
use wechatpay_texts::{Language, Phrase, phrase, text};

use crate::case::{Case, Expected, ExpectedBody, SignedBy};

/// The headings of the table of behaviours, by the folder of the cases.
const SECTIONS: [(&str, Phrase); 16] = [
    ("checks", phrase!("The order of checks")),
    ("signing-key", phrase!("Which key signs")),
    ("bodies", phrase!("Bodies")),
    ("fields", phrase!("Fields")),
    ("languages", phrase!("Languages")),
    ("rights", phrase!("Rights")),
    ("business", phrase!("Business rules")),
    ("member-card", phrase!("Member card")),
    ("payments", phrase!("Payments")),
    ("refunds", phrase!("Refunds")),
    ("bills", phrase!("Bills")),
    ("pay-score", phrase!("Pay score")),
    ("sharing", phrase!("Profit sharing")),
    ("transfers", phrase!("Transfers")),
    ("certificates", phrase!("Platform certificates")),
    ("echo", phrase!("Signing test")),
];

/// A row for each case: the behaviour, the response, its provenance and its source.
///
/// `cases_url` is the link from the document to the folder of the cases.
pub fn behaviour(cases: &[Case], cases_url: &str) -> String {
    let folder = |case: &Case| case.id.split('/').next().unwrap_or_default().to_owned();
    let known = SECTIONS.iter().map(|(folder, heading)| ((*folder).to_owned(), *heading));
    let unknown = cases.iter().map(folder).filter(|name| !SECTIONS.iter().any(|(known, _)| known == name));
    let mut sections: Vec<_> = known.collect();
    sections.extend(unknown.map(|name| (name, phrase!("Other"))));
    sections.dedup();

    let mut text = String::new();
    for (name, heading) in sections {
        let rows: Vec<_> = cases.iter().filter(|case| folder(case) == name).collect();
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n## {heading}");
        text += &head(&text!("| what is true | response | provenance | known from |"));
        for case in rows {
            let (title, response) = (capitalised(case.title.text()), response(case));
            let provenance = case.provenance.to_string();
            let provenance = word(&provenance);
            let _ = writeln!(
                text,
                "| [{title}]({cases_url}/{}.json) | {response} | {provenance} | {} |",
                case.id, case.source
            );
        }
    }
    text
}

/// A row for each fault: what happens, whether the request is applied, and its provenance.
pub fn faults() -> String {
    let mut text = head(&text!("| fault | what happens | applied | provenance |"));
    for fault in FAULTS {
        let (meaning, applied, provenance) = (cell(fault.meaning()), fault.applied(), fault.provenance());
        let _ = writeln!(text, "| `{fault}` | {meaning} | {applied} | {provenance} |");
    }
    text
}

/// A row for each fault of callbacks: what happens, and its provenance.
pub fn callback_faults() -> String {
    let mut text = head(&text!("| fault | what happens | provenance |"));
    for fault in Fault::of_callbacks() {
        let (meaning, provenance) = (fault.callback_meaning(), fault.provenance().to_string());
        let _ = writeln!(text, "| `{fault}` | {} | {} |", cell(&meaning), word(&provenance));
    }
    text
}

/// A row for each form of trigger number.
pub fn request_numbers() -> String {
    let mut text = head(&text!("| request number | what happens |"));
    for form in TRIGGER_FORMS {
        let _ = writeln!(text, "| `{}` | {} |", cell(form.number), cell(form.meaning.text()));
    }
    text
}

/// How many operations there are, and a row for each of them by family: its path, name, depth and provenance.
pub fn operations(contract: &Contract) -> String {
    let mut families: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for operation in contract.operations() {
        families.entry(operation.family()).or_default().push(operation);
    }
    let (all, groups) = (contract.operations().len(), families.len());
    let mut text = format!("\n{}\n", text!("{all} operations in {groups} families."));
    text += &head(&text!("| depth | operations |"));
    text += &counts(contract, |operation| operation.depth().as_str());
    text += &head(&text!("| provenance | operations |"));
    text += &counts(contract, |operation| operation.provenance().as_str());
    for (family, operations) in families {
        let _ = writeln!(text, "\n## {family}");
        text += &head(&text!("| operation | name | depth | provenance |"));
        for operation in operations {
            let (depth, provenance) = (operation.depth().as_str(), word(operation.provenance().as_str()));
            let _ =
                writeln!(text, "| `{operation}` | {} | {depth} | {provenance} |", cell(operation.summary()));
        }
    }
    text
}

/// A table of every event of callbacks, and one of the plans by which they are sent again.
pub fn events(contract: &Contract) -> String {
    let events = contract.events();
    let mut text = format!("\n{}\n", text!("{number} events.", number = events.len()));
    text += &head(&text!("| event | name | summary | type | again | provenance | assumed |"));
    let mut plans: BTreeMap<_, _> = BTreeMap::new();
    for event in events {
        let again = again(&event.retry);
        let CallbackEvent { event_type, title, summary, original_type, provenance, .. } = event;
        let _ = writeln!(
            text,
            "| `{event_type}` | {} | {} | `{original_type}` | {again} | {} | {} |",
            cell(title),
            cell(summary),
            word(provenance.as_str()),
            event.assumed().join(comma())
        );
        plans.insert(again, &event.retry);
    }
    text += &head(&text!("| again | after |"));
    for (again, plan) in plans {
        let pauses = plan.chunk_by(|one, other| one == other).map(|same| match same {
            [pause] => period(*pause),
            _ => format!("{} × {}", same.len(), period(same[0])),
        });
        let _ = writeln!(text, "| {again} | {} |", pauses.collect::<Vec<_>>().join(comma()));
    }
    text
}

/// How often a callback is sent again, and within which time.
fn again(plan: &[u32]) -> String {
    text!("{times} times in {period}", times = plan.len(), period = period(plan.iter().sum()))
}

/// A number of seconds for people: `24 h 4 min`.
fn period(seconds: u32) -> String {
    let parts =
        [(seconds / 3600, phrase!("h")), (seconds / 60 % 60, phrase!("min")), (seconds % 60, phrase!("s"))];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

/// A row for each value of a property, and how many operations have it.
fn counts(contract: &Contract, value: fn(&Operation) -> &str) -> String {
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for operation in contract.operations() {
        *counts.entry(value(operation)).or_default() += 1;
    }
    let rows = counts.into_iter().map(|(value, count)| format!("| `{value}` | {count} |\n"));
    rows.collect()
}

/// The response of the last exchange, which is what a case is about.
fn response(case: &Case) -> String {
    case.exchanges.last().map_or_else(String::new, |exchange| {
        let Expected { status, signed_by, body, .. } = &exchange.expect;
        let body = match body {
            ExpectedBody::Exact(body) | ExpectedBody::Partial(body) => body,
            ExpectedBody::Empty | ExpectedBody::Text(_) | ExpectedBody::Schema(_) => &serde_json::Value::Null,
        };
        let code = body["code"]
            .as_str()
            .filter(|_| *status >= 400)
            .map(|code| format!(" `{code}`"))
            .unwrap_or_default();
        let message =
            body["message"].as_str().map(|message| format!(" {}", escaped(message))).unwrap_or_default();
        let signed = if *signed_by == SignedBy::Nobody { String::new() } else { text!(", signed") };
        format!("{status}{code}{message}{signed}")
    })
}

/// The two lines at the top of a table.
fn head(columns: &str) -> String {
    let rules = "---|".repeat(columns.matches('|').count() - 1);
    format!("\n{columns}\n|{rules}\n")
}

/// A word that says how sure something is.
fn word(english: &str) -> &str {
    match english {
        "documented" => phrase!("documented").text(),
        "probed" => phrase!("probed").text(),
        "wild" => phrase!("wild").text(),
        "own choice" => phrase!("own choice").text(),
        other => other,
    }
}

/// What stands between the items of a list.
pub(crate) fn comma() -> &'static str {
    match Language::current() {
        Language::English => ", ",
        Language::Chinese => "、",
    }
}

fn escaped(text: &str) -> String {
    format!("`{}`", cell(text))
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// A sentence with a capital at its beginning, unless a name is there, such as `out_bill_no`, or it is Chinese. Asterisks
/// stay asterisks.
fn capitalised(text: &str) -> String {
    let text = cell(text).replace('*', "\\*");
    let begins_with_a_name = text.split(' ').next().is_some_and(|first| first.contains(['_', '.']));
    if begins_with_a_name || Language::current() == Language::Chinese {
        return text;
    }
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + characters.as_str())
}
