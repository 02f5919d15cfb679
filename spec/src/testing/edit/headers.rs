//! Edits of both headers.

use super::super::RandomHeader;
use super::super::header::RandomHeaderField;
use super::{Kind, Work, kind};
use crate::rules::Class::{Attach, Source};

pub(super) const KINDS: &[Kind] = &[
    kind("a longer message header", Attach, |w| {
        w.once("message header")?;
        let header = w.new.message_header.as_mut().filter(|header| header.size <= 248)?;
        header.size += 8;
        header.states_size = true;
        Some(String::new())
    }),
    kind("a longer ring header", Attach, |w| {
        w.once("ring header")?;
        let header = w.new.ring_header.as_mut()?;
        header.size += 4096;
        header.states_size = true;
        Some(String::new())
    }),
    kind("a field of the message header with another type", Attach, |w| {
        w.once("message header")?;
        retype(w.new.message_header.as_mut()?)
    }),
    kind("a field of the ring header with another type", Attach, |w| {
        w.once("ring header")?;
        retype(w.new.ring_header.as_mut()?)
    }),
    kind("a field of the message header renamed", Source, |w| {
        w.once("message header")?;
        rename(w, |w| w.new.message_header.as_mut())
    }),
    kind("a field of the ring header renamed", Source, |w| {
        w.once("ring header")?;
        rename(w, |w| w.new.ring_header.as_mut())
    }),
    kind("a field added to the message header", Attach, |w| {
        w.once("message header")?;
        let name = w.member();
        let header = w.new.message_header.as_mut().filter(|header| header.size <= 240)?;
        header.states_size = false;
        let (ty, role, line, offset, states_offset) = ("u8", None, None, 0, false);
        header.fields.push(RandomHeaderField { name, ty, role, line, offset, states_offset });
        Some(String::new())
    }),
    kind("two fields of the message header in another order", Attach, |w| {
        w.once("message header")?;
        let header = w.new.message_header.as_mut()?;
        // Those of the publication word may be in either order.
        header.fields.swap(0, 1);
        for field in &mut header.fields {
            field.states_offset = false;
        }
        for field in &mut w.old.message_header.as_mut()?.fields {
            field.states_offset = false;
        }
        Some(String::new())
    }),
];

/// Gives a field without a role another type of the same size.
fn retype(header: &mut RandomHeader) -> Option<String> {
    let other = |ty: &str| match ty {
        "u8" => Some("i8"),
        "u16" => Some("i16"),
        "u32" => Some("f32"),
        "i64" => Some("f64"),
        _ => None,
    };
    let fields = header.fields.iter_mut().filter(|field| field.role.is_none());
    let (field, ty) = fields.filter_map(|field| other(field.ty).map(|ty| (field, ty))).next()?;
    field.ty = ty;
    Some(String::new())
}

fn rename<'w>(
    w: &'w mut Work,
    header: impl FnOnce(&'w mut Work) -> Option<&'w mut RandomHeader>,
) -> Option<String> {
    let name = w.member();
    let count = w.c.number() as usize;
    let fields = &mut header(w)?.fields;
    let index = count % fields.len();
    fields[index].name = name;
    Some(String::new())
}
