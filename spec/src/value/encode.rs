//! From values to bytes.

use super::{Path, Value, ValueError};
use crate::layout::{EnumLayout, Layout, Scalar, StructLayout, TailKind, Type};

/// Makes the payload of a value: the whole struct of this layout's version.
///
/// A field that the value does not have is zero, a tail empty.
///
/// # Errors
///
/// The value has a field that the struct does not have, or one of another type, out of the type's
/// range, or longer than there is room.
///
/// # Panics
///
/// When `item` is of another layout.
pub fn encode(layout: &Layout, item: &StructLayout, value: &Value) -> Result<Vec<u8>, ValueError> {
    let path = Path::Payload;
    let mut bytes = vec![0; item.size as usize];
    let members = members(item, value, &path)?;
    write_fields(layout, item, members, &mut bytes, &path)?;
    let Some(tail) = &item.tail else { return Ok(bytes) };
    let Some((_, value)) = members.iter().find(|(name, _)| *name == tail.name) else {
        return Ok(bytes);
    };
    let path = path.field(&tail.name);
    match (&tail.kind, value) {
        (TailKind::String, Value::Text(text)) => bytes.extend(text.as_bytes()),
        (TailKind::String | TailKind::Bytes, Value::Bytes(more)) => bytes.extend(more),
        (TailKind::Elements(ty), Value::List(items)) => {
            for (index, value) in items.iter().enumerate() {
                let start = bytes.len();
                bytes.resize(start + tail.element_size as usize, 0);
                write(layout, ty, value, &mut bytes[start..], &path.element(index))?;
            }
        }
        (_, value) => {
            return Err(ValueError::new(&path, layout.tail_name(&tail.kind), value.describe()));
        }
    }
    Ok(bytes)
}

/// The fields of a struct's value, each of which the struct has.
fn members<'a>(
    item: &StructLayout,
    value: &'a Value,
    path: &Path,
) -> Result<&'a [(String, Value)], ValueError> {
    let Value::Struct(members) = value else {
        return Err(ValueError::new(path, format!("a `{}`", item.name), value.describe()));
    };
    for (i, (name, _)) in members.iter().enumerate() {
        let is_field = item.fields.iter().any(|field| field.name == *name);
        let is_tail = item.tail.as_ref().is_some_and(|tail| tail.name == *name);
        let path = path.field(name);
        if !is_field && !is_tail {
            return Err(ValueError::new(&path, format!("a field of `{}`", item.name), "no field"));
        }
        if members[..i].iter().any(|(other, _)| other == name) {
            return Err(ValueError::new(&path, "each field once", "a second value"));
        }
    }
    Ok(members)
}

fn write_fields(
    layout: &Layout,
    item: &StructLayout,
    members: &[(String, Value)],
    bytes: &mut [u8],
    path: &Path,
) -> Result<(), ValueError> {
    for field in &item.fields {
        let Some((_, value)) = members.iter().find(|(name, _)| *name == field.name) else {
            continue;
        };
        let bytes = &mut bytes[field.offset as usize..(field.offset + field.size) as usize];
        write(layout, &field.ty, value, bytes, &path.field(&field.name))?;
    }
    Ok(())
}

/// Writes the value of a type into exactly as many bytes as it has, which are zero.
fn write(
    layout: &Layout,
    ty: &Type,
    value: &Value,
    bytes: &mut [u8],
    path: &Path,
) -> Result<(), ValueError> {
    let refused = || ValueError::new(path, layout.type_name(ty), value.describe());
    match (ty, value) {
        (Type::Scalar(scalar), value) => return write_scalar(*scalar, value, bytes, path),
        (Type::Char(_), Value::Text(text)) => fill(text.as_bytes(), bytes, path)?,
        (Type::Char(_), Value::Bytes(raw)) => fill(raw, bytes, path)?,
        (Type::Bytes(length), Value::Bytes(raw)) => {
            if raw.len() as u64 != *length {
                return Err(refused());
            }
            bytes.copy_from_slice(raw);
        }
        (Type::Enum(index), value) => {
            let item = &layout.enums[*index];
            let number = enum_number(item, value, path)?;
            return write_integer(item.scalar, number, bytes, path);
        }
        (Type::Struct(index), value) => {
            let item = &layout.structs[*index];
            let members = members(item, value, path)?;
            write_fields(layout, item, members, bytes, path)?;
        }
        (Type::Array(element, count), Value::List(items)) => {
            if items.len() as u64 != *count {
                let expected = format!("{count} elements");
                return Err(ValueError::new(path, expected, items.len().to_string()));
            }
            let size = bytes.len() / items.len();
            for (index, (value, bytes)) in items.iter().zip(bytes.chunks_mut(size)).enumerate() {
                write(layout, element, value, bytes, &path.element(index))?;
            }
        }
        _ => return Err(refused()),
    }
    Ok(())
}

/// Writes a text of at most as many bytes as there are.
fn fill(text: &[u8], bytes: &mut [u8], path: &Path) -> Result<(), ValueError> {
    if text.len() > bytes.len() {
        let expected = format!("at most {} bytes", bytes.len());
        return Err(ValueError::new(path, expected, text.len().to_string()));
    }
    bytes[..text.len()].copy_from_slice(text);
    Ok(())
}

fn enum_number(item: &EnumLayout, value: &Value, path: &Path) -> Result<i128, ValueError> {
    let number = |name: &str| {
        let known = item.values.iter().find(|named| named.name == name);
        known.map(|named| named.value).ok_or_else(|| {
            let what = if item.is_flags { "flag" } else { "value" };
            ValueError::new(path, format!("a {what} of `{}`", item.name), format!("`{name}`"))
        })
    };
    match value {
        Value::Int(number) => Ok(*number),
        Value::Name(name) if !item.is_flags => number(name),
        Value::Flags { names, rest } if item.is_flags => {
            names.iter().try_fold(i128::from(*rest), |bits, name| Ok(bits | number(name)?))
        }
        _ => Err(ValueError::new(path, format!("a `{}`", item.name), value.describe())),
    }
}

fn write_scalar(
    scalar: Scalar,
    value: &Value,
    bytes: &mut [u8],
    path: &Path,
) -> Result<(), ValueError> {
    match (scalar, value) {
        (Scalar::Bool, Value::Bool(value)) => bytes[0] = u8::from(*value),
        (Scalar::F32, Value::F32(value)) => bytes.copy_from_slice(&value.to_le_bytes()),
        (Scalar::F64, Value::F64(value)) => bytes.copy_from_slice(&value.to_le_bytes()),
        (scalar, Value::Int(value)) if scalar.range().is_some() => {
            return write_integer(scalar, *value, bytes, path);
        }
        _ => return Err(ValueError::new(path, scalar.name(), value.describe())),
    }
    Ok(())
}

fn write_integer(
    scalar: Scalar,
    value: i128,
    bytes: &mut [u8],
    path: &Path,
) -> Result<(), ValueError> {
    let (least, most) = scalar.range().unwrap_or((0, 0));
    if !(least..=most).contains(&value) {
        let expected = format!("{} {least}..={most}", scalar.name());
        return Err(ValueError::new(path, expected, value.to_string()));
    }
    bytes.copy_from_slice(&value.to_le_bytes()[..bytes.len()]);
    Ok(())
}
