//! What an operation of depth `resource` does with the documents that the mock keeps: its `x-mock`.

use serde_json::{Map, Value};
use wechatpay_texts::{phrase, text};

use crate::error::ContractError;

/// What an operation does with documents of one kind.
///
/// A document is found by any of its keys, and may have a state.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// The kind of the documents, such as `favor_stock`.
    pub document: String,
    /// What happens to them.
    pub action: Action,
    /// The names of the fields that a document is found by: the first that the request has. The others that the request
    /// or the answer has are further names of the document.
    pub keys: Vec<Key>,
    /// Whether documents exist without a creation, such as contracts that users sign elsewhere: any key names one.
    pub exists: bool,
    /// The state that the action needs and leaves.
    pub state: Option<State>,
    /// Fields that the action sets: to a constant, or to what is at a JSON pointer of the request's body.
    pub set: Map<String, Value>,
    /// Where the answer has the document, or the list of documents, as a JSON pointer. Empty for all of it.
    pub at: String,
    /// For a read: where the document has a list, as a JSON pointer, of which the answer shows one item: the first whose
    /// fields have the values of the parameters of their names.
    pub item: Option<String>,
    /// For a list: where the answer has the number of all documents, as a JSON pointer.
    pub total: Option<String>,
    /// For a list: how it is divided into pages.
    pub paging: Option<Paging>,
    /// For a creation: the code of the error if the key was used before for other content.
    pub repeat: Option<String>,
}

/// What happens to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is made.
    Create,
    /// It is shown.
    Read,
    /// All of its kind are shown.
    List,
    /// It gets the fields of the request, and another state.
    Change,
    /// It is removed.
    Delete,
}

/// A field that documents are found by, or some together: `service_id+out_order_no`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

/// The states of a document, in a field of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The field of the document that has it.
    pub field: String,
    /// For a creation: the state in its answer.
    pub first: Option<String>,
    /// For others: the states in which the action is allowed; any if there are none.
    pub from: Vec<String>,
    /// The state after the action, for a creation after its answer; as before if there is none.
    pub to: Option<String>,
    /// The code of the error in any other state.
    pub otherwise: Option<String>,
}

/// How a list is divided into pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    /// The name in the request of the most documents that are shown.
    pub size: Option<String>,
    /// Where a page begins.
    pub start: PageStart,
}

/// Where a page of a list begins: the name in the request, and what it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageStart {
    /// The number of documents before it.
    Offset(String),
    /// The number of the page. The first one has this number.
    Page(String, u64),
    /// What the answer before had at this JSON pointer; there is nothing at the end.
    Token(String, String),
}

impl Action {
    const ALL: [(&'static str, Self); 5] = [
        ("create", Self::Create),
        ("read", Self::Read),
        ("list", Self::List),
        ("change", Self::Change),
        ("delete", Self::Delete),
    ];
}

impl Key {
    /// Its name: `service_id+out_order_no`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names of its fields.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('+')
    }
}

/// The keywords of `x-mock` that this reads, and those that belong to every depth.
const KEYWORDS: [&str; 16] = [
    "depth",
    "needs_wechatpay_serial",
    "signed",
    "complete_query",
    "document",
    "action",
    "key",
    "exists",
    "state",
    "set",
    "in",
    "item",
    "total",
    "paging",
    "repeat",
    "sends",
];

impl Resource {
    /// Reads the `x-mock` of an operation; `None` if it has another depth.
    ///
    /// # Errors
    /// If a keyword is missing, unknown, or has another form.
    pub(crate) fn read(mock: &Value) -> Result<Option<Self>, ContractError> {
        if mock["depth"] != "resource" {
            return Ok(None);
        }
        Self::of(mock).map(Some).map_err(|error| error.within("x-mock"))
    }

    fn of(mock: &Value) -> Result<Self, ContractError> {
        known(mock, &KEYWORDS)?;
        let (document, name) = (text(mock, "document")?, text(mock, "action")?);
        let document =
            document.ok_or_else(|| ContractError::new(text!("expected a document, found none")))?;
        let action = Action::ALL.into_iter().find(|(known, _)| Some(*known) == name.as_deref());
        let (_, action) = action.ok_or_else(|| {
            ContractError::new(text!("expected an action: create, read, list, change or delete"))
        })?;
        let keys: Vec<_> = texts(mock, "key")?.into_iter().map(Key).collect();
        if keys.is_empty() && action != Action::List {
            return Err(ContractError::new(text!("expected a list of names as key, found none")));
        }
        Ok(Self {
            document,
            action,
            keys,
            exists: mock["exists"] == true,
            state: mock.get("state").map(State::read).transpose()?,
            set: match mock.get("set") {
                None => Map::new(),
                Some(Value::Object(fields)) => fields.clone(),
                Some(_) => return Err(ContractError::new(text!("expected an object as set"))),
            },
            at: pointer(mock, "in")?.unwrap_or_default(),
            item: pointer(mock, "item")?,
            total: pointer(mock, "total")?,
            paging: mock.get("paging").map(Paging::read).transpose()?,
            repeat: text(mock, "repeat")?,
        })
    }
}

impl State {
    fn read(state: &Value) -> Result<Self, ContractError> {
        known(state, &["field", "first", "from", "to", "else"])?;
        Ok(Self {
            field: text(state, "field")?
                .ok_or_else(|| ContractError::new(text!("expected a state with the name of its field")))?,
            first: text(state, "first")?,
            from: texts(state, "from")?,
            to: text(state, "to")?,
            otherwise: text(state, "else")?,
        })
    }

    /// The states that the action names.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        self.first.iter().chain(&self.from).chain(&self.to).map(String::as_str)
    }
}

impl Paging {
    fn read(paging: &Value) -> Result<Self, ContractError> {
        known(paging, &["size", "offset", "page", "first", "token", "next"])?;
        let start = match (text(paging, "offset")?, text(paging, "page")?, text(paging, "token")?) {
            (Some(name), None, None) => PageStart::Offset(name),
            (None, Some(name), None) => PageStart::Page(name, paging["first"].as_u64().unwrap_or_default()),
            (None, None, Some(name)) => match pointer(paging, "next")? {
                Some(next) => PageStart::Token(name, next),
                None => {
                    return Err(ContractError::new(text!(
                        "expected paging with next, where the next token is"
                    )));
                }
            },
            _ => return Err(ContractError::new(text!("expected paging with one of offset, page and token"))),
        };
        Ok(Self { size: text(paging, "size")?, start })
    }
}

impl PageStart {
    /// Its name in the request.
    pub fn name(&self) -> &str {
        match self {
            Self::Offset(name) | Self::Page(name, _) | Self::Token(name, _) => name,
        }
    }
}

/// Checks that an object has these keywords only.
fn known(object: &Value, keywords: &[&str]) -> Result<(), ContractError> {
    let fields = object.as_object().ok_or_else(|| ContractError::new(text!("expected an object")))?;
    match fields.keys().find(|name| !keywords.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(ContractError::new(text!(
            "expected {names}, found {name}",
            names = keywords.join(phrase!(", ").text())
        ))),
    }
}

fn text(object: &Value, name: &str) -> Result<Option<String>, ContractError> {
    match object.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(ContractError::new(text!("expected a text as {name}"))),
    }
}

fn texts(object: &Value, name: &str) -> Result<Vec<String>, ContractError> {
    let error = || ContractError::new(text!("expected a list of texts as {name}"));
    match object.get(name) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(String::from).ok_or_else(error)).collect()
        }
        Some(_) => Err(error()),
    }
}

fn pointer(object: &Value, name: &str) -> Result<Option<String>, ContractError> {
    match text(object, name)? {
        Some(pointer) if !pointer.starts_with('/') => {
            Err(ContractError::new(text!("expected a JSON pointer as {name}, found {pointer}")))
        }
        pointer => Ok(pointer),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn error(change: impl FnOnce(&mut Value)) -> String {
        let mut mock = json!({ "depth": "resource", "document": "order", "action": "read", "key": ["id"] });
        assert!(Resource::read(&mock).unwrap().is_some());
        change(&mut mock);
        Resource::read(&mock).unwrap_err().to_string()
    }

    #[test]
    fn every_keyword_is_read() {
        let mock = json!({
            "depth": "resource", "document": "order", "action": "list", "key": ["service_id+out_order_no"],
            "state": { "field": "state", "first": "NEW", "from": ["PAID"], "to": "CLOSED", "else": "ORDER_CLOSED" },
            "exists": true, "set": { "is_closed": true }, "in": "/data", "item": "/details", "total": "/total_count", "repeat": "OUT_TRADE_NO_USED", "sends": "TRANSACTION.SUCCESS",
            "paging": { "size": "limit", "page": "offset", "first": 1 },
        });
        let resource = Resource::read(&mock).unwrap().unwrap();
        assert_eq!((resource.document.as_str(), resource.action), ("order", Action::List));
        assert_eq!(resource.keys[0].names().collect::<Vec<_>>(), ["service_id", "out_order_no"]);
        assert!(resource.exists && resource.item.as_deref() == Some("/details"));
        let state = resource.state.unwrap();
        assert_eq!(state.named().collect::<Vec<_>>(), ["NEW", "PAID", "CLOSED"]);
        assert_eq!((state.field.as_str(), state.otherwise.as_deref()), ("state", Some("ORDER_CLOSED")));
        assert_eq!((resource.at.as_str(), resource.total.as_deref()), ("/data", Some("/total_count")));
        let paging = resource.paging.unwrap();
        assert_eq!(
            (paging.size.as_deref(), &paging.start),
            (Some("limit"), &PageStart::Page("offset".into(), 1))
        );
        assert_eq!(
            (resource.set["is_closed"].clone(), resource.repeat.unwrap()),
            (json!(true), "OUT_TRADE_NO_USED".into())
        );
    }

    #[test]
    fn another_depth_has_no_resource() {
        assert_eq!(Resource::read(&json!({ "depth": "example", "action": 1 })).unwrap(), None);
        assert_eq!(Resource::read(&Value::Null).unwrap(), None);
    }

    #[test]
    fn a_mistake_is_named() {
        assert!(error(|mock| mock["key"] = json!([])).contains("a list of names as key"));
        assert!(error(|mock| mock["key"] = json!("id")).contains("a list of texts as key"));
        assert!(error(|mock| mock["action"] = json!("drop")).contains("expected an action"));
        assert!(error(|mock| mock["document"] = json!("")).contains("a text as document"));
        assert!(error(|mock| mock["sort"] = json!(1)).contains("found sort"));
        assert!(error(|mock| mock["in"] = json!("data")).contains("a JSON pointer as in"));
        assert!(error(|mock| mock["state"] = json!({ "from": [] })).contains("the name of its field"));
        assert!(
            error(|mock| mock["paging"] = json!({ "size": "limit" }))
                .contains("one of offset, page and token")
        );
        assert!(error(|mock| mock["paging"] = json!({ "token": "cursor" })).contains("with next"));
    }
}
