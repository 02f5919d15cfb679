//! Edits of messages and their parts.

use super::super::payload::random_scalar;
use super::super::{RandomSpec, RandomStruct, RandomTail, RandomType};
use super::{Kind, field, kind};
use crate::rules::Class::{Compatible, Source, Wire};

pub(super) const KINDS: &[Kind] = &[
    kind("a message added", Compatible, |w| {
        let (name, first) = (w.type_name(), w.member());
        let id = Some(50_000 + w.names as u64);
        let fields = vec![field(first, RandomType::Scalar("u32"), None)];
        w.new.structs.push(RandomStruct { fields, ..empty(name.clone(), id) });
        Some(name)
    }),
    kind("a field appended with since", Compatible, |w| {
        let index = w.target(is_open)?;
        let (name, since) = (w.member(), Some(w.old.minor + 1));
        let ty = RandomType::Scalar(random_scalar(w.c));
        w.new.structs[index].fields.push(field(name, ty, since));
        Some(w.new.structs[index].name.clone())
    }),
    kind("a tail appended with since", Compatible, |w| {
        let index = w.target(is_open)?;
        let (name, since) = (w.member(), Some(w.old.minor + 1));
        let tail = RandomTail { name, element: None, is_text: false, since };
        w.new.structs[index].tail = Some(tail);
        Some(w.new.structs[index].name.clone())
    }),
    kind("a struct renamed", Source, |w| {
        let index = w.target(|_, _| true)?;
        let name = w.type_name();
        Some(std::mem::replace(&mut w.new.structs[index].name, name))
    }),
    kind("a field renamed", Source, |w| {
        let index = w.target(has_fields)?;
        let name = w.member();
        let at = w.c.number() as usize % w.new.structs[index].fields.len();
        w.new.structs[index].fields[at].name = name;
        Some(w.new.structs[index].name.clone())
    }),
    kind("an enum replaced by its integer", Source, |w| {
        let is_enum = |ty: &RandomType| matches!(ty, RandomType::Enum(_));
        let index = w.target(|spec, index| {
            spec.structs[index].fields.iter().any(|field| is_enum(&field.ty))
        })?;
        let enums = &w.new.enums;
        let mut fields = w.new.structs[index].fields.iter_mut();
        let field = fields.find(|field| is_enum(&field.ty))?;
        // The enum itself is left alone from now on.
        let RandomType::Enum(at) = field.ty else { return None };
        w.touched.insert(enums[at].name.clone()).then_some(())?;
        field.ty = RandomType::Scalar(enums[at].scalar);
        Some(w.new.structs[index].name.clone())
    }),
    kind("the last field removed and reserved, and the size stated", Source, |w| {
        // No edit of what it contains may ask for another size.
        let is_plain = |ty: &RandomType| {
            matches!(ty, RandomType::Scalar(_) | RandomType::Char(_) | RandomType::Bytes(_))
        };
        let index = w.target(|spec, index| {
            let item = &spec.structs[index];
            let is_alone = spec.users(index).next().is_none() && !item.has_grown();
            is_alone && item.fields.len() > 1 && item.fields.iter().all(|f| is_plain(&f.ty))
        })?;
        let (name, layout) = (w.new.structs[index].name.clone(), w.layout());
        let at = layout.structs.iter().find(|item| item.name == name)?;
        let item = &mut w.new.structs[index];
        (item.size, item.states_size) = (at.size, true);
        (item.align, item.states_align) = (at.align, true);
        let removed = item.fields.pop()?;
        w.new.reserved_names.push(format!("{name}.{}", removed.name));
        Some(name)
    }),
    kind("a message removed and reserved", Source, |w| {
        let index = w.target(is_lone_message)?;
        let item = w.new.structs[index].clone();
        w.new.remove_struct(index).then_some(())?;
        w.new.reserved_ids.push(item.id?);
        Some(item.name)
    }),
    kind("a message removed", Wire, |w| {
        let index = w.target(is_lone_message)?;
        let name = w.new.structs[index].name.clone();
        w.new.remove_struct(index).then_some(name)
    }),
    kind("another id", Wire, |w| {
        let index = w.target(|spec, index| spec.structs[index].id.is_some())?;
        w.names += 1;
        w.new.structs[index].id = Some(60_000 + w.names as u64);
        Some(w.new.structs[index].name.clone())
    }),
    kind("a field removed", Wire, |w| {
        let index = w.target(|spec, index| spec.structs[index].fields.len() > 1)?;
        let at = w.c.number() as usize % w.new.structs[index].fields.len();
        w.new.structs[index].fields.remove(at);
        Some(w.new.structs[index].name.clone())
    }),
    kind("a field inserted in front", Wire, |w| {
        let index = w.target(has_fields)?;
        let name = w.member();
        let ty = RandomType::Scalar(random_scalar(w.c));
        w.new.structs[index].fields.insert(0, field(name, ty, None));
        Some(w.new.structs[index].name.clone())
    }),
    kind("a field appended without since", Wire, |w| {
        let index = w.target(|spec, index| {
            let item = &spec.structs[index];
            item.tail.is_none() && !item.has_grown() && spec.users(index).next().is_none()
        })?;
        let name = w.member();
        let ty = RandomType::Scalar(random_scalar(w.c));
        w.new.structs[index].fields.push(field(name, ty, None));
        Some(w.new.structs[index].name.clone())
    }),
    kind("a part that grows", Wire, |w| {
        let index = w.target(|spec, index| spec.users(index).next().is_some())?;
        let name = w.member();
        let ty = RandomType::Bytes(16);
        w.new.structs[index].fields.push(field(name, ty, None));
        Some(w.new.structs[index].name.clone())
    }),
    kind("a field with another type", Wire, |w| {
        let is_scalar = |ty: &RandomType| matches!(ty, RandomType::Scalar(_));
        let index = w.target(|spec, index| {
            spec.structs[index].fields.iter().any(|field| is_scalar(&field.ty))
        })?;
        let ty = RandomType::Scalar(random_scalar(w.c));
        let mut fields = w.new.structs[index].fields.iter_mut();
        let field = fields.find(|field| is_scalar(&field.ty) && field.ty != ty)?;
        field.ty = ty;
        Some(w.new.structs[index].name.clone())
    }),
    kind("an array with another length", Wire, |w| {
        let is_long = |ty: &RandomType| {
            matches!(ty, RandomType::Char(_) | RandomType::Bytes(_) | RandomType::Array(..))
        };
        let index = w.target(|spec, index| {
            spec.structs[index].fields.iter().any(|field| is_long(&field.ty))
        })?;
        let mut fields = w.new.structs[index].fields.iter_mut();
        match &mut fields.find(|field| is_long(&field.ty))?.ty {
            RandomType::Char(count) | RandomType::Bytes(count) | RandomType::Array(_, count) => {
                *count += 1;
            }
            _ => return None,
        }
        Some(w.new.structs[index].name.clone())
    }),
    kind("two fields in another order", Wire, |w| {
        let pair = |spec: &RandomSpec, index: usize| {
            let fields = &spec.structs[index].fields;
            fields.windows(2).position(|pair| pair[0].since == pair[1].since)
        };
        let index = w.target(|spec, index| pair(spec, index).is_some())?;
        let at = pair(&w.new, index)?;
        w.new.structs[index].fields.swap(at, at + 1);
        Some(w.new.structs[index].name.clone())
    }),
    kind("a tail of another type", Wire, |w| {
        let index = w.target(|spec, index| {
            spec.structs[index].tail.as_ref().is_some_and(|tail| tail.element.is_none())
        })?;
        let tail = w.new.structs[index].tail.as_mut()?;
        tail.is_text = !tail.is_text;
        Some(w.new.structs[index].name.clone())
    }),
    kind("a tail removed", Wire, |w| {
        let index = w.target(|spec, index| spec.structs[index].tail.is_some())?;
        w.new.structs[index].tail = None;
        Some(w.new.structs[index].name.clone())
    }),
];

fn empty(name: String, id: Option<u64>) -> RandomStruct {
    RandomStruct {
        name,
        id,
        fields: Vec::new(),
        tail: None,
        size: 0,
        align: 1,
        states_size: false,
        states_align: false,
    }
}

/// A message that can grow.
fn is_open(spec: &RandomSpec, index: usize) -> bool {
    let item = &spec.structs[index];
    item.id.is_some() && item.tail.is_none() && spec.users(index).next().is_none()
}

fn has_fields(spec: &RandomSpec, index: usize) -> bool {
    !spec.structs[index].fields.is_empty()
}

fn is_lone_message(spec: &RandomSpec, index: usize) -> bool {
    spec.structs[index].id.is_some() && spec.users(index).next().is_none()
}
