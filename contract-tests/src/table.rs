//! The tables in the documentation that are generated: from the cases, and from the catalogue of faults.

use std::{collections::BTreeMap, fmt::Write};

use wechatpay_mock::{FAULTS, Fault, TRIGGER_FORMS};
use wechatpay_openapi::{CallbackEvent, Contract, Operation};

use crate::case::{Case, Expected, ExpectedBody, SignedBy};

/// The headings of the table of behaviours, by the folder of the cases.
const SECTIONS: [(&str, &str); 13] = [
    ("checks", "The order of checks"),
    ("signing-key", "Which key signs"),
    ("bodies", "Bodies"),
    ("fields", "Fields"),
    ("languages", "Languages"),
    ("rights", "Rights"),
    ("business", "Business rules"),
    ("member-card", "Member card"),
    ("payments", "Payments"),
    ("refunds", "Refunds"),
    ("bills", "Bills"),
    ("certificates", "Platform certificates"),
    ("echo", "Signing test"),
];

/// A row for each case: the behaviour, the response, its provenance and its source.
///
/// `cases_url` is the link from the document to the folder of the cases.
pub fn behaviour(cases: &[Case], cases_url: &str) -> String {
    let folder = |case: &Case| case.id.split('/').next().unwrap_or_default().to_owned();
    let known = SECTIONS.iter().map(|(folder, heading)| ((*folder).to_owned(), *heading));
    let unknown = cases.iter().map(folder).filter(|name| !SECTIONS.iter().any(|(known, _)| known == name));
    let mut sections: Vec<_> = known.collect();
    sections.extend(unknown.map(|name| (name, "Other")));
    sections.dedup();

    let mut text = String::new();
    for (name, heading) in sections {
        let rows: Vec<_> = cases.iter().filter(|case| folder(case) == name).collect();
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(
            text,
            "\n## {heading}\n\n| what is true | response | provenance | known from |\n|---|---|---|---|"
        );
        for case in rows {
            let (title, response, provenance) = (capitalised(&case.title), response(case), case.provenance);
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
    let mut text = String::from("\n| fault | what happens | applied | provenance |\n|---|---|---|---|\n");
    for fault in FAULTS {
        let (meaning, applied, provenance) = (cell(fault.meaning()), fault.applied(), fault.provenance());
        let _ = writeln!(text, "| `{fault}` | {meaning} | {applied} | {provenance} |");
    }
    text
}

/// A row for each fault of callbacks: what happens, and its provenance.
pub fn callback_faults() -> String {
    let mut text = String::from("\n| fault | what happens | provenance |\n|---|---|---|\n");
    for fault in Fault::of_callbacks() {
        let meaning = fault.callback_meaning();
        let _ = writeln!(text, "| `{fault}` | {} | {} |", cell(&meaning), fault.provenance());
    }
    text
}

/// A row for each form of trigger number.
pub fn request_numbers() -> String {
    let mut text = String::from("\n| request number | what happens |\n|---|---|\n");
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
    let mut text = format!("\n{} operations in {} families.\n", contract.operations().len(), families.len());
    text += &counts("depth", contract, |operation| operation.depth().as_str());
    text += &counts("provenance", contract, |operation| operation.provenance().as_str());
    for (family, operations) in families {
        let _ =
            writeln!(text, "\n## {family}\n\n| operation | name | depth | provenance |\n|---|---|---|---|");
        for operation in operations {
            let (depth, provenance) = (operation.depth().as_str(), operation.provenance().as_str());
            let _ =
                writeln!(text, "| `{operation}` | {} | {depth} | {provenance} |", cell(operation.summary()));
        }
    }
    text
}

/// A table of every event of callbacks, and one of the plans by which they are sent again.
pub fn events(contract: &Contract) -> String {
    let events = contract.events();
    let mut text = format!(
        "\n{} events.\n\n| event | name | summary | type | again | provenance | assumed |\n|---|---|---|---|---|---|---|\n",
        events.len()
    );
    let mut plans: BTreeMap<_, _> = BTreeMap::new();
    for event in events {
        let again = again(&event.retry);
        let CallbackEvent { event_type, title, summary, original_type, provenance, .. } = event;
        let _ = writeln!(
            text,
            "| `{event_type}` | {} | {} | `{original_type}` | {again} | {} | {} |",
            cell(title),
            cell(summary),
            provenance.as_str(),
            event.assumed().join(", ")
        );
        plans.insert(again, &event.retry);
    }
    text += "\n| again | after |\n|---|---|\n";
    for (again, plan) in plans {
        let pauses = plan.chunk_by(|one, other| one == other).map(|same| match same {
            [pause] => period(*pause),
            _ => format!("{} × {}", same.len(), period(same[0])),
        });
        let _ = writeln!(text, "| {again} | {} |", pauses.collect::<Vec<_>>().join(", "));
    }
    text
}

/// How often a callback is sent again, and within which time.
fn again(plan: &[u32]) -> String {
    format!("{} times in {}", plan.len(), period(plan.iter().sum()))
}

/// A number of seconds for people: `24 h 4 min`.
fn period(seconds: u32) -> String {
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

/// A row for each value of a property, and how many operations have it.
fn counts(property: &str, contract: &Contract, value: fn(&Operation) -> &str) -> String {
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for operation in contract.operations() {
        *counts.entry(value(operation)).or_default() += 1;
    }
    let mut text = format!("\n| {property} | operations |\n|---|---|\n");
    for (value, count) in counts {
        let _ = writeln!(text, "| `{value}` | {count} |");
    }
    text
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
        let signed = if *signed_by == SignedBy::Nobody { "" } else { ", signed" };
        format!("{status}{code}{message}{signed}")
    })
}

fn escaped(text: &str) -> String {
    format!("`{}`", cell(text))
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn capitalised(text: &str) -> String {
    let text = cell(text);
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + characters.as_str())
}
