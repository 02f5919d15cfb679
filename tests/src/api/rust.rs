//! Rust's names: the inherent methods, fields and variants that `syn` finds in the runtime.

use std::io;

use syn::{Attribute, Fields, ImplItem, Item, Type, Visibility};

use super::{Symbols, texts};
use crate::repo;

pub(super) fn symbols() -> io::Result<Symbols> {
    let mut symbols = Symbols::default();
    for text in texts(&repo::root().join("runtime/src"), "rs")? {
        let file = syn::parse_file(&text).map_err(io::Error::other)?;
        for item in &file.items {
            add(&mut symbols, item);
        }
    }
    Ok(symbols)
}

fn add(symbols: &mut Symbols, item: &Item) {
    match item {
        Item::Impl(block) if block.trait_.is_none() => {
            let Type::Path(path) = &*block.self_ty else { return };
            let Some(ty) = path.path.segments.last() else { return };
            for item in &block.items {
                if let ImplItem::Fn(f) = item
                    && is_public(&f.vis)
                    && !is_hidden(&f.attrs)
                {
                    symbols.add(&ty.ident.to_string(), &f.sig.ident.to_string());
                }
            }
        }
        Item::Struct(item) if is_public(&item.vis) => {
            if let Fields::Named(fields) = &item.fields {
                for field in fields.named.iter().filter(|field| is_public(&field.vis)) {
                    let name = field.ident.as_ref().expect("a named field has a name");
                    symbols.add(&item.ident.to_string(), &name.to_string());
                }
            }
        }
        Item::Enum(item) if is_public(&item.vis) => {
            for variant in &item.variants {
                symbols.add(&item.ident.to_string(), &variant.ident.to_string());
            }
        }
        _ => {}
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// For tests, or for generated code alone.
fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is = |name| attribute.path().is_ident(name);
        let says = |word: &str| {
            attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == word)
        };
        (is("cfg") && says("test")) || (is("doc") && says("hidden"))
    })
}
