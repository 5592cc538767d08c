//! What the fields may hold: check 11.

use serde_json::{Value, json};

use super::{
    Fault::{Config, Contract, Reads, Refuses},
    Mutant, mutant,
};
use crate::{
    field_fault::{FieldFault, Location, Rule},
    policies::UnknownField,
    rejection::Rejection,
};

/// Where the contract describes the body of the rights operation.
const CHANGE: &str = "/components/schemas/rights_change";

pub(super) const MUTANTS: &[Mutant] = &[
    mutant(
        "card-id-of-33-characters",
        "a card_id may be too long",
        Contract(|c| path(c, 0)["maxLength"] = json!(33)),
    ),
    mutant(
        "card-id-of-31-characters",
        "the longest card_id is refused",
        Contract(|c| path(c, 0)["maxLength"] = json!(31)),
    ),
    mutant(
        "code-of-33-characters",
        "a code may be too long",
        Contract(|c| path(c, 1)["maxLength"] = json!(33)),
    ),
    mutant(
        "code-of-31-characters",
        "the longest code is refused",
        Contract(|c| path(c, 1)["maxLength"] = json!(31)),
    ),
    mutant(
        "algorithm-unchecked",
        "algorithm_type may be anything",
        Contract(|c| {
            c["paths"]["/v3/certificates"]["get"]["parameters"][0]["schema"]["enum"] = json!(null);
            c["paths"]["/v3/certificates"]["get"]["parameters"][0]["schema"] = json!({ "type": "string" });
        }),
    ),
    mutant(
        "number-not-required",
        "out_request_no may be left out",
        Contract(|c| at(c, "")["required"] = json!([])),
    ),
    mutant(
        "number-may-be-empty",
        "an empty out_request_no is told as one that breaks the pattern",
        Contract(|c| {
            at(c, "/properties/out_request_no")["minLength"] = json!(0);
        }),
    ),
    mutant(
        "number-of-129-characters",
        "an out_request_no may be too long",
        Contract(|c| {
            at(c, "/properties/out_request_no")["maxLength"] = json!(129);
        }),
    ),
    mutant(
        "number-of-127-characters",
        "the longest out_request_no is refused",
        Contract(|c| {
            at(c, "/properties/out_request_no")["maxLength"] = json!(127);
        }),
    ),
    mutant(
        "number-without-pattern",
        "out_request_no may have any characters",
        Contract(|c| {
            at(c, "/properties/out_request_no")["pattern"] = json!("");
        }),
    ),
    mutant(
        "number-without-bar",
        "an out_request_no with | or * is refused",
        Contract(|c| {
            at(c, "/properties/out_request_no")["pattern"] = json!("^[0-9a-zA-Z_\\-]{1,}$");
        }),
    ),
    mutant(
        "integers-beyond-64-bits",
        "2^63 and 100.0 are integers",
        Contract(|c| {
            for name in ["before_bonus_value", "bonus_value", "add_bonus_value"] {
                at(c, &format!("/properties/{name}"))["format"] = json!("any");
            }
        }),
    ),
    mutant(
        "integers-of-32-bits",
        "an integer of more than 32 bits is refused",
        Contract(|c| {
            for name in ["before_bonus_value", "bonus_value", "add_bonus_value"] {
                at(c, &format!("/properties/{name}"))["maximum"] = json!(i32::MAX);
            }
        }),
    ),
    mutant(
        "integers-without-sign",
        "a negative integer is refused",
        Contract(|c| {
            for name in ["before_bonus_value", "bonus_value", "add_bonus_value"] {
                at(c, &format!("/properties/{name}"))["minimum"] = json!(0);
            }
        }),
    ),
    mutant(
        "price-word-of-9-characters",
        "a member_price_word may be too long",
        Contract(|c| {
            at(c, "/properties/member_price_word")["maxLength"] = json!(9);
        }),
    ),
    mutant(
        "price-word-of-7-characters",
        "the longest member_price_word is refused",
        Contract(|c| {
            at(c, "/properties/member_price_word")["maxLength"] = json!(7);
        }),
    ),
    mutant(
        "invoice-word-of-7-characters",
        "a fapiao_jump_word may be too long",
        Contract(|c| {
            at(c, "/properties/fapiao_jump_word")["maxLength"] = json!(7);
        }),
    ),
    mutant(
        "invoice-word-of-5-characters",
        "the longest fapiao_jump_word is refused",
        Contract(|c| {
            at(c, "/properties/fapiao_jump_word")["maxLength"] = json!(5);
        }),
    ),
    mutant(
        "guide-of-1025-characters",
        "a text of a guide may be too long",
        Contract(|c| {
            at(c, "/properties/guide/properties/staff_name")["maxLength"] = json!(1025);
        }),
    ),
    mutant(
        "guide-of-1023-characters",
        "the longest text of a guide is refused",
        Contract(|c| {
            at(c, "/properties/guide/properties/staff_name")["maxLength"] = json!(1023);
        }),
    ),
    mutant(
        "guide-with-unknown-fields",
        "a guide may have fields that are not documented",
        Contract(|c| {
            at(c, "/properties/guide")["additionalProperties"] = json!(true);
        }),
    ),
    mutant(
        "guide-of-any-type",
        "a guide may be something else than an object",
        Contract(|c| {
            at(c, "/properties/guide")["type"] = json!(["object", "string"]);
        }),
    ),
    mutant(
        "flag-as-text",
        "need_inform_bonus may be a text",
        Contract(|c| {
            at(c, "/properties/need_inform_bonus")["type"] = json!(["boolean", "string"]);
        }),
    ),
    mutant(
        "field-misnamed",
        "a message calls a field by another name",
        Contract(|c| {
            at(c, "/properties/out_request_no")["title"] = json!("请求单号");
        }),
    ),
    mutant(
        "unknown-field-ignored",
        "a field that is not documented is taken",
        Config(|c| {
            c.policies.unknown_field = UnknownField::Warn;
        }),
    ),
    mutant(
        "words-counted-in-bytes",
        "the lengths of wordings are counted in bytes",
        Refuses(|r| {
            let body: Value = serde_json::from_slice(&r.received.body).ok()?;
            let length = body["member_price_word"].as_str()?.len();
            (length > 8).then(|| too_long("/member_price_word", 8, length))
        }),
    ),
    mutant(
        "path-counted-in-bytes",
        "the length of a code is counted in percent-encoded bytes",
        Refuses(|r| {
            let length = r.received.path().split('/').nth(7)?.len();
            (length > 32).then(|| too_long("/code", 32, length))
        }),
    ),
    mutant(
        "null-is-absent",
        "null is taken for a field that is not there",
        Reads(|body| {
            read_json(body, |value| {
                if let Some(fields) = value.as_object_mut() {
                    fields.retain(|_, field| !field.is_null());
                }
            })
        }),
    ),
    mutant(
        "numbers-as-text",
        "a number in quotes is taken for an integer",
        Reads(|body| {
            read_json(body, |value| {
                each_number(value, |field| field.as_str().and_then(|text| text.parse().ok()));
            })
        }),
    ),
    mutant(
        "fractions-cut",
        "the fraction of a number is cut off",
        Reads(|body| {
            read_json(body, |value| {
                each_number(value, |field| {
                    field.as_f64().filter(|_| field.is_f64()).map(|number| number as i64)
                });
            })
        }),
    ),
    mutant(
        "integers-saturate",
        "an integer beyond 64 bits is taken for the largest one",
        Reads(|body| {
            read_json(body, |value| {
                each_number(value, |field| (field.is_u64() && !field.is_i64()).then_some(i64::MAX));
            })
        }),
    ),
    mutant(
        "number-as-text",
        "an out_request_no may be a number",
        Reads(|body| {
            read_json(body, |value| {
                if let Some(number) = value["out_request_no"].as_i64() {
                    value["out_request_no"] = number.to_string().into();
                }
            })
        }),
    ),
    mutant(
        "emoji-taken",
        "a character of four bytes passes",
        Reads(|body| String::from_utf8_lossy(body).replace(|it: char| it.len_utf8() > 3, "?").into_bytes()),
    ),
    mutant(
        "byte-order-mark-taken",
        "a byte order mark before the JSON is skipped",
        Reads(|body| body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body).into()),
    ),
    mutant(
        "invalid-text-taken",
        "bytes that are not UTF-8 pass",
        Reads(|body| String::from_utf8_lossy(body).into_owned().into_bytes()),
    ),
    mutant(
        "text-after-json-taken",
        "what comes after the JSON is skipped",
        Reads(|body| {
            let end = body.iter().rposition(|byte| *byte == b'}').map_or(body.len(), |at| at + 1);
            body[..end].into()
        }),
    ),
    mutant(
        "array-taken",
        "an array of one change is taken for that change",
        Reads(|body| {
            read_json(body, |value| {
                if let Some(first) = value.get(0) {
                    *value = first.clone();
                }
            })
        }),
    ),
    mutant(
        "empty-body-taken",
        "no body is taken for {}",
        Reads(|body| if body.is_empty() { b"{}".into() } else { body.into() }),
    ),
];

/// The schema of the rights operation's n-th parameter.
fn path(contract: &mut Value, parameter: usize) -> &mut Value {
    let operation = "/v3/marketing/membercard-open/cards/{card_id}/codes/{code}/rights";
    &mut contract["paths"][operation]["patch"]["parameters"][parameter]["schema"]
}

/// A part of the schema of the rights operation's body.
fn at<'a>(contract: &'a mut Value, pointer: &str) -> &'a mut Value {
    contract.pointer_mut(&format!("{CHANGE}{pointer}")).expect("the contract has these fields")
}

fn too_long(pointer: &str, limit: u64, length: usize) -> Rejection {
    Rejection::Field(Box::new(FieldFault {
        location: Location::Body,
        pointer: pointer.into(),
        title: String::new(),
        title_traditional: String::new(),
        rule: Rule::MaxLength { limit, length },
    }))
}

/// Puts an integer in the place of each number of points that `integer` makes one of.
fn each_number(change: &mut Value, integer: fn(&Value) -> Option<i64>) {
    for name in ["before_bonus_value", "bonus_value", "add_bonus_value"] {
        if let Some(field) = change.get_mut(name)
            && let Some(number) = integer(field)
        {
            *field = number.into();
        }
    }
}

/// The body with something else in its JSON; one that is not JSON stays as it is.
fn read_json(body: &[u8], alter: impl Fn(&mut Value)) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice(body) else { return body.into() };
    alter(&mut value);
    value.to_string().into_bytes()
}
