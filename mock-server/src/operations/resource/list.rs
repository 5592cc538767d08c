//! Lists of documents.

use std::ops::ControlFlow::Continue;

use serde::Deserialize;
use serde_json::{Value, json};
use wechatpay_openapi::{PageStart, Paging};

use crate::{
    operations::example::{self, is_single},
    response::OperationResponse,
    store::Documents,
};

use super::{
    Call,
    document::Stored,
    named::{self, text},
};

/// How many documents a list has, unless the request or the contract says so. (own choice)
const USUAL: usize = 20;

/// The most documents that a list has. (own choice)
const MOST: usize = 1000;

/// How much memory the documents of a list take, in bytes; what comes after them is left out. (own choice)
const MOST_BYTES: usize = 4 << 20;

/// The part of a list that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::operations) struct Page {
    /// The number of documents before it.
    skip: usize,
    /// The most documents of it.
    size: usize,
}

/// A page of a list.
struct Listed {
    documents: Vec<Stored>,
    /// The number of documents on all pages.
    total: usize,
}

/// The documents of a kind, by the request's filters and page. If there are none, the documentation's sample is listed.
pub(super) fn list(call: &Call<'_>, documents: &mut Documents<'_>) -> OperationResponse {
    let page = Page::of(call);
    let listed = listed(call, documents, page);
    let items: Option<Vec<Value>> = call.request.operation().listed().map(|schema| {
        let item = |stored: &Stored| {
            let maker = call.maker_of(stored);
            schema.sample(&mut |field| maker.value(field))
        };
        listed.documents.iter().map(item).collect()
    });
    let around = Stored::sample(String::new(), call.now);
    let maker = call.maker_of(&around);
    example::respond(call.request.operation(), &mut |field| {
        if field.pointer == call.resource.at {
            return items.clone().map(Value::from);
        }
        if Some(field.pointer) == call.resource.total.as_deref() {
            return Some(listed.total.into());
        }
        page.shown(call.resource.paging.as_ref(), field.pointer, listed.total).or_else(|| maker.value(field))
    })
}

fn listed(call: &Call<'_>, documents: &Documents<'_>, page: Page) -> Listed {
    let filters = filters(call);
    let (mut found, mut total, mut bytes, mut is_any) = (Vec::new(), 0, 0, false);
    documents.list(call.kind(), |_, document| {
        let value = &document.to_value();
        is_any = true;
        if value["is_deleted"] != true && is_wanted(&filters, &value["fields"]) {
            if page.has(total) && bytes < MOST_BYTES {
                bytes += document.len();
                found.extend(Stored::deserialize(value));
            }
            total += 1;
        }
        Continue(())
    });
    if !is_any {
        total = 1;
        found.extend(page.has(0).then(|| Stored::sample(String::new(), call.now)));
    }
    Listed { documents: found, total }
}

/// The single values of the request that are not about pages, by name.
fn filters(call: &Call<'_>) -> Vec<(String, String)> {
    let mut fields = named::parameters(call.request);
    super::merge(&mut fields, call.request.plain());
    let paging = call.resource.paging.as_ref();
    let is_paging = |name: &str| {
        paging.is_some_and(|paging| paging.size.as_deref() == Some(name) || paging.start.name() == name)
    };
    let single = fields.as_object().into_iter().flatten().filter(|(_, value)| is_single(value));
    single.filter(|(name, _)| !is_paging(name)).map(|(name, value)| (name.clone(), text(value))).collect()
}

/// Whether a document has the values of all filters, as far as it has fields of their names.
fn is_wanted(filters: &[(String, String)], fields: &Value) -> bool {
    filters.iter().all(|(name, wanted)| {
        let field = fields.get(name).filter(|value| is_single(value));
        field.is_none_or(|value| wanted.is_empty() || text(value) == *wanted)
    })
}

impl Page {
    fn of(call: &Call<'_>) -> Self {
        let number =
            |name: &str| named::text_of(call.request, name).and_then(|text| text.parse::<usize>().ok());
        let paging = call.resource.paging.as_ref();
        let size = paging.and_then(|paging| paging.size.as_deref());
        let usual = size.and_then(|name| {
            let parameters = call.request.operation().parameters();
            let parameter = parameters.iter().find(|parameter| parameter.name == name)?;
            usize::try_from(parameter.schema.as_value()["default"].as_u64()?).ok()
        });
        let size = size.and_then(number).or(usual).unwrap_or(USUAL);
        match paging.map(|paging| &paging.start) {
            None => Self::after(0, size),
            Some(PageStart::Offset(name) | PageStart::Token(name, _)) => {
                Self::after(number(name).unwrap_or_default(), size)
            }
            Some(PageStart::Page(name, first)) => {
                let first = usize::try_from(*first).unwrap_or(0);
                Self::numbered(number(name).unwrap_or_default().saturating_sub(first), size)
            }
        }
    }

    /// The page after so many documents.
    fn after(skip: usize, size: usize) -> Self {
        // No list is longer than memory.
        Self { skip: skip.min(isize::MAX as usize), size: size.min(MOST) }
    }

    /// The page of this number, counted from 0.
    pub(in crate::operations) fn numbered(number: usize, size: usize) -> Self {
        Self::after(number.saturating_mul(size.min(MOST)), size)
    }

    /// Whether it has the document of this number, counted from 0.
    pub(in crate::operations) fn has(self, index: usize) -> bool {
        (self.skip..self.skip + self.size).contains(&index)
    }

    /// What the answer says of the page at this pointer, if anything.
    fn shown(self, paging: Option<&Paging>, pointer: &str, total: usize) -> Option<Value> {
        let paging = paging?;
        let name = pointer.strip_prefix('/')?;
        if let PageStart::Token(_, next) = &paging.start
            && pointer == next
        {
            let end = self.skip + self.size;
            return Some(if self.size > 0 && end < total { json!(end.to_string()) } else { json!("") });
        }
        if paging.size.as_deref() == Some(name) {
            return Some(self.size.into());
        }
        match &paging.start {
            PageStart::Offset(start) if start == name => Some(self.skip.into()),
            PageStart::Page(start, first) if start == name => Some(
                (self.skip / self.size.max(1)).saturating_add(usize::try_from(*first).unwrap_or(0)).into(),
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_wanted_if_no_field_of_a_filter_differs() {
        let fields = json!({ "state": "PAID", "total": 1, "payer": {} });
        let wanted = |name: &str, value: &str| is_wanted(&[(name.into(), value.into())], &fields);
        assert!(wanted("state", "PAID") && wanted("total", "1") && wanted("state", ""));
        assert!(wanted("payer", "x") && wanted("other", "x"));
        assert!(!wanted("state", "NEW") && !wanted("total", "2"));
    }

    #[test]
    fn a_page_has_the_documents_of_its_numbers_and_ends_whatever_is_asked_for() {
        let page = Page::numbered(2, 10);
        assert_eq!(page, Page::after(20, 10));
        assert!(!page.has(19) && page.has(20) && page.has(29) && !page.has(30));
        let end = Page::numbered(usize::MAX, usize::MAX);
        assert!(end.size == MOST && !end.has(0) && end.has(end.skip));
        assert!(!Page::after(0, 0).has(0));
    }

    #[test]
    fn an_answer_says_which_page_it_has() {
        let page = Page { skip: 20, size: 10 };
        let paging = |start| Paging { size: Some("limit".into()), start };
        let shown = |paging: &Paging, pointer, total| page.shown(Some(paging), pointer, total);
        let offset = paging(PageStart::Offset("offset".into()));
        assert_eq!(shown(&offset, "/limit", 30), Some(json!(10)));
        assert_eq!((shown(&offset, "/offset", 30), shown(&offset, "/data", 30)), (Some(json!(20)), None));
        let number = paging(PageStart::Page("page".into(), 1));
        assert_eq!(shown(&number, "/page", 30), Some(json!(3)));
        let token = paging(PageStart::Token("token".into(), "/next".into()));
        assert_eq!(
            (shown(&token, "/next", 31), shown(&token, "/next", 30)),
            (Some(json!("30")), Some(json!("")))
        );
    }
}
