//! The events that callbacks tell of: the webhooks of a document.

use std::slice;

use serde_json::{Map, Value, json};
use wechatpay_texts::{phrase, text};

use crate::{
    ContractError, Provenance, Schema,
    inline::resolve,
    shape::{branches, child},
};

/// The most attempts after the first. (own choice)
const MOST_RETRIES: usize = 200;

/// The longest time from the first attempt to the last, in seconds: a week. (own choice)
const LONGEST_PLAN: u64 = 7 * 24 * 60 * 60;

/// The plan of an event that names none. Most events have it. (own choice)
const USUAL_PLAN: &str = "payment";

/// An event that callbacks tell of.
///
/// What no source states is assumed: [`assumed`](Self::assumed) names it.
#[derive(Debug)]
pub struct CallbackEvent {
    /// What happened, as a callback's `event_type` says it: `TRANSACTION.SUCCESS`.
    pub event_type: String,
    /// Its name in the official documentation: `支付成功通知`.
    pub title: String,
    /// What a callback says for people: `支付成功`. Else the title without 事件 and 回调.
    pub summary: String,
    /// What a callback says is encrypted: `transaction`. Else the first part of the event, in lower case.
    pub original_type: String,
    /// What is authenticated together with the encrypted data. Else `original_type`.
    pub associated_data: String,
    /// The seconds before each attempt after the first, from the attempt before it.
    pub retry: Vec<u32>,
    /// How sure it is that the gateway sends it.
    pub provenance: Provenance,
    /// Names it had before, which the gateway no longer sends.
    pub former: Vec<String>,
    assumed: Vec<&'static str>,
    resource: Schema,
    variants: Vec<Schema>,
}

impl CallbackEvent {
    /// The schema of the decrypted resource.
    pub fn resource(&self) -> &Schema {
        &self.resource
    }

    /// What the resource can be like, most usual first: that of a direct merchant, of a service provider, and so on.
    /// Their `title` is what they are called. One without alternatives is the only variant.
    pub fn variants(&self) -> &[Schema] {
        if self.variants.is_empty() { slice::from_ref(&self.resource) } else { &self.variants }
    }

    /// The variant that tells of a document with these fields: the one that requires most of them, the first of equals.
    pub fn variant_of(&self, document: &Value) -> &Schema {
        let is_known = |name: &&str| document.get(name).is_some();
        let shared = |schema: &Schema| required(schema.as_value()).filter(is_known).count();
        let most = |best, other| if shared(other) > shared(best) { other } else { best };
        self.variants.iter().reduce(most).unwrap_or(&self.resource)
    }

    /// A resource of the first variant as examples have it, the same at each call. To make one with other values, take a
    /// [sample](Schema::sample) of a variant.
    pub fn example(&self) -> Value {
        self.resource.sample(&mut |_| None)
    }

    /// The text of a resource, to be encrypted: compact JSON, with members in the order of the gateway where that is
    /// known (`x-order`), any others after them by name.
    pub fn text(&self, resource: &Value) -> String {
        let mut text = String::new();
        write(self.resource.as_value(), resource, &mut text);
        text
    }

    /// The names of what no source states: some of `summary`, `original_type` and `retry`.
    pub fn assumed(&self) -> &[&'static str] {
        &self.assumed
    }

    /// Reads the webhook `event_type` of a document. Plans are the first of these with their name.
    pub(crate) fn read(
        document: &Value,
        event_type: &str,
        plans: [&Map<String, Value>; 2],
    ) -> Result<Self, ContractError> {
        let item = resolve(document, &document["webhooks"][event_type])?;
        let post = item.get("post").ok_or_else(|| ContractError::new(text!("expected post, found none")))?;
        let of_mock = |error: ContractError| error.within("x-mock").at(["post", "x-mock"]);
        let mock = Mock::read(&post["x-mock"], plans).map_err(of_mock)?;
        let schema = post.pointer("/requestBody/content/application~1json/schema");
        let schema = schema.filter(|schema| schema.is_object());
        let of_body = |error: ContractError| error.within("body").at(["post", "requestBody"]);
        let resource = schema
            .ok_or_else(|| ContractError::new(text!("expected application/json with a schema")))
            .and_then(|schema| Schema::read(document, schema))
            .map_err(of_body)?;
        let alternatives = resource.as_value()["anyOf"].as_array();
        let variants = alternatives.into_iter().flatten().map(|variant| Schema::read(&Value::Null, variant));
        let variants = variants.collect::<Result<Vec<_>, _>>().map_err(of_body)?;
        let title = post["summary"].as_str().unwrap_or(event_type).to_owned();
        let lower = || event_type.split('.').next().unwrap_or_default().to_lowercase();
        let original_type = mock.original_type.unwrap_or_else(lower);
        Ok(Self {
            event_type: event_type.into(),
            summary: mock.summary.unwrap_or_else(|| short(&title)),
            title,
            associated_data: mock.associated_data.unwrap_or_else(|| original_type.clone()),
            original_type,
            retry: mock.retry,
            provenance: Provenance::read(&post["x-provenance"])?,
            former: mock.former,
            assumed: mock.assumed,
            resource,
            variants,
        })
    }

    /// Compiles its schemas and makes an example of each variant, so that later uses can't fail.
    ///
    /// # Errors
    /// If a schema is not valid, or the example does not satisfy it.
    pub(crate) fn check(&self) -> Result<(), ContractError> {
        self.resource.compile()?;
        for variant in self.variants() {
            variant.compile()?;
            let example = variant.sample(&mut |_| None);
            if let Err(error) = variant.check(&example).and_then(|()| self.resource.check(&example)) {
                let problem = text!(
                    "expected an example of {pointer}, from which resources are made",
                    pointer = error.pointer
                );
                return Err(ContractError::new(problem));
            }
        }
        Ok(())
    }

    /// Its webhook in OpenAPI, with what is assumed.
    pub(crate) fn described(&self) -> Value {
        let mut post = json!({
            "summary": self.title,
            "x-mock": {
                "summary": self.summary,
                "original_type": self.original_type,
                "associated_data": self.associated_data,
                "retry": self.retry.iter().map(|seconds| [1, *seconds]).collect::<Vec<_>>(),
                "former": self.former,
            },
            "requestBody": { "required": true, "content": { "application/json": {
                "schema": self.resource.as_value(),
            } } },
        });
        if self.provenance != Provenance::Unstated {
            post["x-provenance"] = self.provenance.as_str().into();
        }
        json!({ "post": post })
    }
}

/// What `x-mock` says of an event.
struct Mock {
    summary: Option<String>,
    original_type: Option<String>,
    associated_data: Option<String>,
    retry: Vec<u32>,
    former: Vec<String>,
    assumed: Vec<&'static str>,
}

impl Mock {
    const KEYWORDS: [&str; 5] = ["summary", "original_type", "associated_data", "retry", "former"];

    fn read(mock: &Value, plans: [&Map<String, Value>; 2]) -> Result<Self, ContractError> {
        let is_unknown = |name: &&String| !Self::KEYWORDS.contains(&name.as_str());
        if let Some(name) = mock.as_object().and_then(|mock| mock.keys().find(is_unknown)) {
            return Err(ContractError::new(text!(
                "expected {names}, found {name}",
                names = Self::KEYWORDS.join(phrase!(", ").text())
            )));
        }
        let text = |name: &str| match mock.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(ContractError::new(text!("expected a text as {name}"))),
        };
        let former = mock["former"].as_array().into_iter().flatten();
        let assumed = ["summary", "original_type", "retry"].into_iter();
        Ok(Self {
            summary: text("summary")?,
            original_type: text("original_type")?,
            associated_data: text("associated_data")?,
            retry: plan(mock.get("retry").unwrap_or(&USUAL_PLAN.into()), plans)?,
            former: former.filter_map(Value::as_str).map(String::from).collect(),
            assumed: assumed.filter(|name| mock.get(name).is_none()).collect(),
        })
    }
}

/// A title as summaries have it: `会员卡激活事件通知` is `会员卡激活通知`. Those that are known differ in this. (own choice)
fn short(title: &str) -> String {
    match title.strip_suffix("通知") {
        Some(name) => format!("{}通知", name.trim_end_matches("回调").trim_end_matches("事件")),
        None => title.into(),
    }
}

/// The plan that this names, or that it is: pairs of how often, and after how many seconds.
fn plan(plan: &Value, plans: [&Map<String, Value>; 2]) -> Result<Vec<u32>, ContractError> {
    let named = |name: &str| {
        let found = plans.iter().find_map(|plans| plans.get(name));
        found.ok_or_else(|| ContractError::new(text!("expected the name of a plan as retry, found {name}")))
    };
    let pairs = plan.as_str().map_or(Ok(plan), named)?;
    let error = || {
        ContractError::new(text!(
            "expected a plan of pairs, how often and after how many seconds, of at most {times} times and {seconds} \
             seconds, found {pairs}",
            times = MOST_RETRIES,
            seconds = LONGEST_PLAN
        ))
    };
    let mut retry = Vec::new();
    for pair in pairs.as_array().ok_or_else(error)? {
        let [times, seconds] = [0, 1].map(|index| pair[index].as_u64().unwrap_or_default());
        let (times, seconds) = (usize::try_from(times), u32::try_from(seconds));
        let (Ok(times @ 1..=MOST_RETRIES), Ok(seconds @ 1..)) = (times, seconds) else { return Err(error()) };
        retry.extend((0..times).map(|_| seconds));
        if retry.len() > MOST_RETRIES {
            return Err(error());
        }
    }
    let total: u64 = retry.iter().copied().map(u64::from).sum();
    if total > LONGEST_PLAN { Err(error()) } else { Ok(retry) }
}

/// The names of the fields that a schema requires.
fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Adds the JSON of a value of this schema.
fn write(schema: &Value, value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let has_all = |variant: &&Value| required(variant).all(|name| fields.contains_key(name));
            let schema = branches(schema).find(has_all).unwrap_or(schema);
            let order: Vec<_> = schema["x-order"].as_array().into_iter().flatten().collect();
            let rank = |name: &str| order.iter().position(|known| **known == name).unwrap_or(order.len());
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| rank(name));
            let mut before = "{";
            for (name, value) in fields {
                text.push_str(before);
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(child(schema, name).unwrap_or(&Value::Null), value, text);
                before = ",";
            }
            text.push_str(if before == "{" { "{}" } else { "}" });
        }
        Value::Array(items) => {
            let schema = child(schema, "0").unwrap_or(&Value::Null);
            let mut before = "[";
            for item in items {
                text.push_str(before);
                write(schema, item, text);
                before = ",";
            }
            text.push_str(if before == "[" { "[]" } else { "]" });
        }
        _ => text.push_str(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Contract;

    fn document(post: &Value) -> Value {
        json!({ "webhooks": { "SHOP.OPENED": { "post": post } } })
    }

    fn shop() -> Value {
        let id = json!({ "type": "string", "title": "门店编号", "examples": ["1001"] });
        let schema = json!({ "type": "object", "required": ["id"], "properties": { "id": id } });
        json!({
            "summary": "门店开通事件回调通知",
            "requestBody": { "content": { "application/json": { "schema": schema } } },
        })
    }

    fn parse(post: &Value) -> Result<Contract, ContractError> {
        Contract::parse(&document(post).to_string())
    }

    #[test]
    fn what_a_webhook_does_not_say_is_assumed() {
        let contract = parse(&shop()).unwrap();
        let [event] = contract.events()[..] else { panic!("{contract:?}") };
        assert_eq!(
            (event.event_type.as_str(), event.title.as_str()),
            ("SHOP.OPENED", "门店开通事件回调通知")
        );
        assert_eq!((event.summary.as_str(), event.original_type.as_str()), ("门店开通通知", "shop"));
        assert_eq!((event.associated_data.as_str(), event.provenance), ("shop", Provenance::Unstated));
        assert_eq!(event.retry, Contract::current().event("TRANSACTION.SUCCESS").unwrap().retry);
        assert_eq!(event.assumed(), ["summary", "original_type", "retry"]);
        assert_eq!(event.example(), json!({ "id": "1001" }));
    }

    #[test]
    fn what_a_webhook_says_counts() {
        let mut post = shop();
        post["x-provenance"] = "documented".into();
        post["x-mock"] = json!({
            "summary": "开通", "original_type": "store", "associated_data": "", "retry": [[2, 15], [1, 60]],
            "former": ["STORE.OPENED"],
        });
        let contract = parse(&post).unwrap();
        let event = contract.event("SHOP.OPENED").unwrap();
        assert_eq!((event.summary.as_str(), event.original_type.as_str()), ("开通", "store"));
        assert_eq!((event.associated_data.as_str(), event.provenance), ("", Provenance::Documented));
        assert_eq!((&event.retry[..], event.assumed()), (&[15, 15, 60][..], &[][..]));
        assert_eq!(contract.near_event("store.opened").unwrap().event_type, "SHOP.OPENED");
        post["x-mock"]["retry"] = "own".into();
        let mut document = document(&post);
        document["x-mock"] = json!({ "retry": { "own": [[1, 7]] } });
        let contract = Contract::parse(&document.to_string()).unwrap();
        assert_eq!(contract.event("SHOP.OPENED").unwrap().retry, [7]);
    }

    #[test]
    fn an_event_replaces_the_built_in_one_of_its_name() {
        let added = parse(&shop()).unwrap();
        let merged = Contract::built_in().with(&added).unwrap();
        assert_eq!(merged.events().len(), Contract::current().events().len() + 1);
        assert!(merged.event("SHOP.OPENED").is_some() && Contract::current().event("SHOP.OPENED").is_none());
        let error = merged.with(&added).unwrap_err();
        assert_eq!(error.to_string(), "SHOP.OPENED: expected each event once, found it in another file too");
        assert_eq!(error.place(), ["webhooks", "SHOP.OPENED"]);

        let text = document(&shop()).to_string().replace("SHOP.OPENED", "REFUND.SUCCESS");
        let replaced = Contract::built_in().with(&Contract::parse(&text).unwrap()).unwrap();
        assert_eq!(replaced.events().len(), Contract::current().events().len());
        let stubs = replaced.with_stubs([]);
        assert_eq!(stubs.event("REFUND.SUCCESS").unwrap().summary, "门店开通通知");
    }

    #[test]
    fn what_is_no_event_is_an_error_with_its_place() {
        let error = |pointer: &str, value: Value| {
            let mut post = shop();
            post["x-mock"] = json!({});
            *post.pointer_mut(pointer).unwrap() = value;
            let error = parse(&post).unwrap_err();
            (error.to_string(), error.place().join("/"))
        };
        let schema = "/requestBody/content/application~1json/schema";
        let kind = "/requestBody/content/application~1json/schema/type";
        let many = json!({ "retry": [[201, 1]] });
        let long = json!({ "retry": [[100, 86_400]] });
        for (pointer, value, problem, place) in [
            ("/x-mock", json!({ "retry": "hourly" }), "x-mock: expected the name of a plan", "post/x-mock"),
            ("/x-mock", json!({ "retry": [[1, 0]] }), "x-mock: expected a plan of pairs", "post/x-mock"),
            ("/x-mock", json!({ "retry": [15] }), "x-mock: expected a plan of pairs", "post/x-mock"),
            ("/x-mock", many, "x-mock: expected a plan of pairs", "post/x-mock"),
            ("/x-mock", long, "x-mock: expected a plan of pairs", "post/x-mock"),
            ("/x-mock", json!({ "retries": 1 }), "x-mock: expected summary,", "post/x-mock"),
            ("/x-mock", json!({ "summary": 1 }), "x-mock: expected a text as summary", "post/x-mock"),
            (schema, Value::Null, "body: expected application/json with a schema", "post/requestBody"),
            (kind, json!("none"), "", "post"),
        ] {
            let (found, at) = error(pointer, value);
            assert!(found.starts_with(&format!("SHOP.OPENED: {problem}")), "{found}");
            assert_eq!(at, format!("webhooks/SHOP.OPENED/{place}"));
        }
        let error = |document: Value| Contract::parse(&document.to_string()).unwrap_err().to_string();
        assert_eq!(error(json!({ "webhooks": { "A": {} } })), "A: expected post, found none");
        assert_eq!(error(json!({ "webhooks": [] })), "expected an object as webhooks");
        let get = json!({ "operationId": "a", "x-mock": { "sends": "SHOP.CLOSED" } });
        let expected = "get /: expected x-mock.sends to be an event, found SHOP.CLOSED";
        assert_eq!(error(json!({ "paths": { "/": { "get": get } } })), expected);
    }

    #[test]
    fn a_text_has_the_order_of_the_gateway_where_that_is_known() {
        let event = Contract::current().event("TRANSACTION.SUCCESS").unwrap();
        let mut resource = event.example();
        resource["zero"] = json!({ "b": [], "a": [{}, "支付"] });
        let text = event.text(&resource);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), resource);
        assert!(
            text.starts_with("{\"mchid\":\"") && text.contains(",\"attach\":\"\",\"success_time\":\""),
            "{text}"
        );
        let amount = r#""amount":{"total":100,"payer_total":100,"currency":"CNY","payer_currency":"CNY"}"#;
        let end = format!(r#"{amount},"zero":{{"a":[{{}},"支付"],"b":[]}}}}"#);
        assert!(text.ends_with(&end), "{text}");
        let partner = event.text(&event.variants()[1].sample(&mut |_| None));
        assert!(partner.starts_with("{\"sp_mchid\":\""), "{partner}");
    }

    #[test]
    fn a_document_decides_the_variant() {
        let event = Contract::current().event("REFUND.SUCCESS").unwrap();
        let variant = |document: Value| event.variant_of(&document).as_value()["title"].clone();
        assert_eq!(variant(json!({ "out_refund_no": "1", "refund_id": "2" })), "直连");
        assert_eq!(variant(json!({ "out_refund_no": "1", "sub_mchid": "3" })), "服务商");
        assert_eq!(variant(Value::Null), "直连");
        let single = Contract::current().event("MEMBERCARD.ACTIVATE_CARD").unwrap();
        assert_eq!(single.variants().len(), 1);
    }

    #[test]
    fn a_misspelt_event_is_near_the_right_one() {
        let near = |name: &str| Contract::current().near_event(name).map(|event| event.event_type.as_str());
        assert_eq!(near("transaction.success"), Some("TRANSACTION.SUCCESS"));
        assert_eq!(near("REFUND_SUCCESS"), Some("REFUND.SUCCESS"));
        assert_eq!(near("MEMBERCARDSP.USER_CARD.CREATE"), Some("BRAND_MEMBER_CARD_SP.USER_CARD.CREATE"));
        assert_eq!(near("GOODS.SOLD"), None);
        assert_eq!(near(&"A".repeat(10_000)), None);
    }
}
