//! The strings of `format!`: what they name, and how the two languages of a text fit together.

use std::collections::BTreeSet;

use proc_macro2::{Literal, Span};
use quote::{ToTokens, TokenStreamExt};
use syn::{Error, LitStr};

use crate::catalogue;

/// A string of `format!`, and the place of the English text in the source.
pub(crate) struct Template {
    text: String,
    span: Span,
}

impl Template {
    /// The text in English and in Chinese, with the same values in both.
    pub(crate) fn both(english: &LitStr) -> syn::Result<(Self, Self)> {
        let span = english.span();
        let chinese = Self { text: catalogue::chinese(english)?, span };
        let english = Self { text: english.value(), span };
        let (expected, found) = (english.values()?, chinese.values()?);
        if expected == found {
            return Ok((english, chinese));
        }
        Err(Error::new(span, format!("expected the values {expected:?} in its Chinese, found {found:?}")))
    }

    /// The names of its values.
    fn values(&self) -> syn::Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        self.replace_names(|name| {
            names.insert(name.to_owned());
            name.to_owned()
        });
        if names.contains("") {
            return Err(Error::new(self.span, "expected a name for each value: {found}, found {}"));
        }
        Ok(names)
    }

    pub(crate) fn expect_no_values(&self) -> syn::Result<()> {
        let values = self.values()?;
        if values.is_empty() {
            return Ok(());
        }
        Err(Error::new(self.span, format!("expected no values, found {values:?}; use text!")))
    }

    /// The text that `format!` makes of a template without values.
    pub(crate) fn unescaped(&self) -> String {
        self.text.replace("{{", "{").replace("}}", "}")
    }

    /// The template with other names for its values.
    pub(crate) fn renamed(&self, rename: impl FnMut(&str) -> String) -> Self {
        Self { text: self.replace_names(rename), span: self.span }
    }

    fn replace_names(&self, mut rename: impl FnMut(&str) -> String) -> String {
        let mut replaced = String::with_capacity(self.text.len());
        let mut rest = self.text.as_str();
        while let Some(start) = rest.find('{') {
            let (before, from) = rest.split_at(start);
            replaced.push_str(before);
            if let Some(after) = from.strip_prefix("{{") {
                replaced.push_str("{{");
                rest = after;
                continue;
            }
            let end = from.find([':', '}']).unwrap_or(from.len());
            replaced.push('{');
            replaced.push_str(&rename(from[1..end].trim()));
            rest = &from[end..];
        }
        replaced + rest
    }
}

impl ToTokens for Template {
    fn to_tokens(&self, tokens: &mut proc_macro2::TokenStream) {
        let mut literal = Literal::string(&self.text);
        literal.set_span(self.span);
        tokens.append(literal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Template {
        Template { text: text.to_owned(), span: Span::call_site() }
    }

    #[test]
    fn the_names_of_values_are_found_beside_braces_and_formats() {
        let values = template("{{ {found:?} of {0} }} {most:>5}").values().unwrap();
        assert_eq!(values, ["0", "found", "most"].map(str::to_owned).into());
        assert!(template("{}").values().is_err());
        assert!(template("a {{b}}").values().unwrap().is_empty());
    }

    #[test]
    fn only_names_are_replaced() {
        let renamed = template("{{0}} {0:?} {found}").renamed(|name| format!("_{name}"));
        assert_eq!(renamed.text, "{{0}} {_0:?} {_found}");
    }
}
