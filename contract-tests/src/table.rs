//! The table of behaviours in the documentation, made of the cases themselves.

use std::fmt::Write;

use crate::case::{Case, Expected, ExpectedBody, SignedBy};

/// What the headings of the table are, by the folder of the cases.
const SECTIONS: [(&str, &str); 10] = [
    ("checks", "The order of checks"),
    ("signing-key", "Which key signs"),
    ("bodies", "Bodies"),
    ("fields", "Fields"),
    ("languages", "Languages"),
    ("rights", "Rights"),
    ("business", "Business rules"),
    ("member-card", "Member card"),
    ("certificates", "Platform certificates"),
    ("echo", "Signing test"),
];

/// Markdown with a row for each case: what holds, the answer, how sure it is, and where it is known from.
///
/// `cases_url` leads to the folder of the cases from where the table will stand.
pub fn markdown(cases: &[Case], cases_url: &str) -> String {
    let mut text = String::from(
        "# How the mock behaves\n\n\
         Each row is a case in `fixtures/cases/` and is held to by the tests. Provenance says how sure it is that the \
         real gateway does the same: *documented* by the official documentation; *probed*, seen in answers to requests \
         without valid credentials; *wild*, a real answer that somebody published; *SDK*, what SDKs send or insist on; \
         *own choice*, where nothing public decides.\n\n\
         This file is made by `cargo run -p wechatpay-contract -- behaviour > docs/behaviour.md`.\n",
    );
    let folder = |case: &Case| case.id.split('/').next().unwrap_or_default().to_owned();
    let known = SECTIONS.iter().map(|(folder, heading)| ((*folder).to_owned(), *heading));
    let unknown = cases.iter().map(folder).filter(|name| !SECTIONS.iter().any(|(known, _)| known == name));
    let mut sections: Vec<_> = known.collect();
    sections.extend(unknown.map(|name| (name, "Other")));
    sections.dedup();

    for (name, heading) in sections {
        let rows: Vec<_> = cases.iter().filter(|case| folder(case) == name).collect();
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(
            text,
            "\n## {heading}\n\n| what holds | answer | standing | known from |\n|---|---|---|---|"
        );
        for case in rows {
            let (title, answer, standing) = (capitalised(&case.title), answer(case), case.standing);
            let _ = writeln!(
                text,
                "| [{title}]({cases_url}/{}.json) | {answer} | {standing} | {} |",
                case.id, case.source
            );
        }
    }
    text
}

/// The answer to the last exchange, which is what a case is about.
fn answer(case: &Case) -> String {
    case.exchanges.last().map_or_else(String::new, |exchange| {
        let Expected { status, signed_by, body, .. } = &exchange.expect;
        let body = match body {
            ExpectedBody::Exact(body) | ExpectedBody::Partial(body) => body,
            ExpectedBody::Empty | ExpectedBody::Schema(_) => &serde_json::Value::Null,
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
    format!("`{}`", text.replace('|', "\\|"))
}

fn capitalised(text: &str) -> String {
    let text = text.replace('|', "\\|");
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + characters.as_str())
}
