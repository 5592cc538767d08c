//! `#[derive(Text)]`: `Display` in the current language.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Data, DeriveInput, Error, Field, Fields};

use crate::Text;

/// The implementation of `Display`.
pub(crate) fn display(input: &DeriveInput) -> syn::Result<TokenStream> {
    let name = &input.ident;
    let arms = match &input.data {
        Data::Struct(data) => vec![arm(&quote!(Self), name, &input.attrs, &data.fields)?],
        Data::Enum(data) => {
            let arms = data.variants.iter().map(|variant| {
                let variant_name = &variant.ident;
                arm(&quote!(Self::#variant_name), variant_name, &variant.attrs, &variant.fields)
            });
            arms.collect::<syn::Result<_>>()?
        }
        Data::Union(_) => return Err(Error::new_spanned(name, "expected a struct or an enum")),
    };
    let (generics, of_type, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #generics ::core::fmt::Display for #name #of_type #bounds {
            #[expect(clippy::allow_attributes, reason = "not every text names every field")]
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                #[allow(unused_variables, reason = "not every text names every field")]
                match self { #(#arms)* }
            }
        }
    })
}

/// `Self::Host { found } => write!(f, "…{found}…"),`
fn arm(
    path: &TokenStream,
    name: &Ident,
    attributes: &[Attribute],
    fields: &Fields,
) -> syn::Result<TokenStream> {
    let text = attributes.iter().find(|attribute| attribute.path().is_ident("text"));
    let text = text.ok_or_else(|| Error::new_spanned(name, "expected #[text(\"…\")]"))?;
    let pattern = pattern(fields);
    let is_transparent = text.parse_args::<Ident>().is_ok_and(|word| word == "transparent");
    let body = if is_transparent {
        let names = names(fields);
        quote!(::core::fmt::Display::fmt(#(#names),*, f))
    } else {
        text.parse_args::<Text>()?.written(|template| {
            let template = template.renamed(field_name);
            quote!(::core::write!(f, #template))
        })?
    };
    Ok(quote!(#path #pattern => #body,))
}

/// Binds every field to a variable: a field of a tuple to `_0`, `_1`, …
fn pattern(fields: &Fields) -> TokenStream {
    let names = names(fields);
    match fields {
        Fields::Unit => TokenStream::new(),
        Fields::Named(_) => quote!({ #(#names),* }),
        Fields::Unnamed(_) => quote!((#(#names),*)),
    }
}

/// The variables of the fields.
fn names(fields: &Fields) -> Vec<Ident> {
    let name = |(index, field): (usize, &Field)| field.ident.clone().unwrap_or(format_ident!("_{index}"));
    fields.iter().enumerate().map(name).collect()
}

/// The variable of a field that a text names: `_0` for `0`.
fn field_name(name: &str) -> String {
    let is_index = name.bytes().all(|byte| byte.is_ascii_digit());
    if is_index { format!("_{name}") } else { name.to_owned() }
}
