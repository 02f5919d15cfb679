//! Rust's names: the inherent methods, fields, variants and functions that `syn` finds in the
//! runtime, of what its root exports.

use std::collections::BTreeSet;
use std::fs;
use std::io;

use syn::{Attribute, Fields, ImplItem, Item, Type, UseTree, Visibility};

use super::{FUNCTIONS, Symbols, texts};
use crate::repo;

pub(super) fn symbols() -> io::Result<Symbols> {
    let folder = repo::root().join("runtime/src");
    let root = parse(&fs::read_to_string(folder.join("lib.rs"))?)?;
    let mut exported = BTreeSet::new();
    for item in &root.items {
        if let Item::Use(item) = item
            && is_public(&item.vis)
        {
            export(&mut exported, &item.tree);
        }
    }
    let mut symbols = Symbols::default();
    for text in texts(&folder, "rs")? {
        for item in &parse(&text)?.items {
            add(&mut symbols, &exported, item);
        }
    }
    Ok(symbols)
}

fn parse(text: &str) -> io::Result<syn::File> {
    syn::parse_file(text).map_err(io::Error::other)
}

fn export(exported: &mut BTreeSet<String>, tree: &UseTree) {
    match tree {
        UseTree::Path(path) => export(exported, &path.tree),
        UseTree::Group(group) => group.items.iter().for_each(|tree| export(exported, tree)),
        UseTree::Name(name) => {
            exported.insert(name.ident.to_string());
        }
        UseTree::Rename(_) | UseTree::Glob(_) => {}
    }
}

fn add(symbols: &mut Symbols, exported: &BTreeSet<String>, item: &Item) {
    let mut add = |ty: &str, member: &str| {
        if exported.contains(ty) {
            symbols.add(ty, member);
        }
    };
    match item {
        Item::Impl(block) if block.trait_.is_none() => {
            let Type::Path(path) = &*block.self_ty else { return };
            let Some(ty) = path.path.segments.last() else { return };
            for item in &block.items {
                if let ImplItem::Fn(f) = item
                    && is_public(&f.vis)
                    && !is_hidden(&f.attrs)
                {
                    add(&ty.ident.to_string(), &f.sig.ident.to_string());
                }
            }
        }
        Item::Struct(item) if is_public(&item.vis) => {
            if let Fields::Named(fields) = &item.fields {
                for field in fields.named.iter().filter(|field| is_public(&field.vis)) {
                    let name = field.ident.as_ref().expect("a named field has a name");
                    add(&item.ident.to_string(), &name.to_string());
                }
            }
        }
        Item::Enum(item) if is_public(&item.vis) => {
            for variant in &item.variants {
                add(&item.ident.to_string(), &variant.ident.to_string());
            }
        }
        Item::Fn(item)
            if is_public(&item.vis) && exported.contains(&item.sig.ident.to_string()) =>
        {
            symbols.add(FUNCTIONS, &item.sig.ident.to_string());
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Symbols, add, parse};

    #[test]
    fn public_members_of_exported_types_are_found() {
        let text = "
            pub struct Ring { pub name: String, size: u64 }
            impl Ring { pub fn open() {} fn check() {} #[doc(hidden)] pub fn bare() {} }
            impl Drop for Ring { fn drop(&mut self) {} }
            pub enum Mode { Open, Create }
            pub enum Inner { Ready }
            pub fn remove_ring() {}
            pub(crate) fn find() {}";
        let exported = ["Ring", "Mode", "remove_ring", "find"].map(str::to_owned);
        let exported = BTreeSet::from(exported);
        let mut symbols = Symbols::default();
        for item in &parse(text).expect("Rust").items {
            add(&mut symbols, &exported, item);
        }
        let expected =
            ["Mode.Create", "Mode.Open", "Ring.name", "Ring.open", "functions.remove_ring"];
        assert_eq!(symbols.listed(), expected);
    }
}
