//! The macros of `wechatpay-texts`: each text in English, with its Chinese from the catalogue of the crate that has it.
#![forbid(unsafe_code)]

mod catalogue;
mod derive;
mod template;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{
    Ident, LitStr, Token,
    parse::{Parse, ParseStream},
    parse_macro_input,
    punctuated::Punctuated,
};

use crate::template::Template;

/// A text, and the values that it names: `"expected {most}, found {found}", found = list.len()`.
struct Text {
    english: LitStr,
    values: Vec<Value>,
}

/// `found = list.len()`
struct Value {
    name: Ident,
    value: Tokens,
}

impl Parse for Text {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let english = input.parse()?;
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        let values = Punctuated::<Value, Token![,]>::parse_terminated(input)?;
        Ok(Self { english, values: values.into_iter().collect() })
    }
}

impl Parse for Value {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        let value = input.parse::<syn::Expr>()?;
        Ok(Self { name, value: quote!(#value) })
    }
}

impl Text {
    /// The code that does this with the template of the current language.
    fn written(&self, write: impl Fn(Template) -> Tokens) -> syn::Result<Tokens> {
        let (english, chinese) = Template::both(&self.english)?;
        let names = self.values.iter().map(|value| &value.name);
        let values = self.values.iter().map(|value| &value.value);
        let (english, chinese) = (write(english), write(chinese));
        Ok(quote! {
            match (#(&(#values),)*) {
                (#(#names,)*) => match ::wechatpay_texts::Language::current() {
                    ::wechatpay_texts::Language::English => #english,
                    ::wechatpay_texts::Language::Chinese => #chinese,
                },
            }
        })
    }
}

/// `format!` in the current language. Values other than variables are named: `text!("found {count}", count = list.len())`.
#[proc_macro]
pub fn text(input: TokenStream) -> TokenStream {
    let text = parse_macro_input!(input as Text);
    tokens(text.written(|template| quote!(::std::format!(#template))))
}

/// A text without values, as a constant `Phrase`.
#[proc_macro]
pub fn phrase(input: TokenStream) -> TokenStream {
    let english = parse_macro_input!(input as LitStr);
    tokens(Template::both(&english).and_then(|(english, chinese)| {
        english.expect_no_values()?;
        let (english, chinese) = (english.unescaped(), chinese.unescaped());
        Ok(quote!(::wechatpay_texts::Phrase { english: #english, chinese: #chinese }))
    }))
}

/// Implements `Display` in the current language: `#[text("expected {most}, found {found}")]` at a struct or at each variant
/// of an enum names its fields, `{0}` the first field of a tuple; `#[text("{port}", port = address.port())]` computes a value
/// of them; `#[text(transparent)]` shows the only field.
#[proc_macro_derive(Text, attributes(text))]
pub fn derive_text(input: TokenStream) -> TokenStream {
    tokens(derive::display(&parse_macro_input!(input)))
}

/// Compiles the crate again when its catalogue changes. Once in each crate that has texts.
#[proc_macro]
pub fn catalogue(_: TokenStream) -> TokenStream {
    tokens(catalogue::files().map(|files| {
        let files = files.iter().map(|file| file.to_string_lossy().into_owned());
        quote!(#(const _: &str = ::core::include_str!(#files);)*)
    }))
}

fn tokens(result: syn::Result<Tokens>) -> TokenStream {
    result.unwrap_or_else(syn::Error::into_compile_error).into()
}
