//! From bytes to values.

use super::{Path, Value, ValueError};
use crate::layout::{Layout, Scalar, StructLayout, TailKind, TailLayout, Type};

/// Makes a value of a payload.
///
/// A payload of an older version is taken, and what it does not have is zero, or no tail. One of a
/// newer version is longer than the struct: it is read as far as the struct is known.
///
/// # Errors
///
/// The payload has a length that no version of the struct has.
///
/// # Panics
///
/// When `item` is of another layout.
pub fn decode(layout: &Layout, item: &StructLayout, payload: &[u8]) -> Result<Value, ValueError> {
    let length = payload.len() as u64;
    if length < item.size && !item.older_sizes.contains(&length) {
        return Err(wrong_length(item, length));
    }
    let mut fixed = vec![0; item.size as usize];
    let shared = fixed.len().min(payload.len());
    fixed[..shared].copy_from_slice(&payload[..shared]);
    let mut fields = fields(layout, item, &fixed);
    if let Some(tail) = &item.tail {
        fields.push((tail.name.clone(), read_tail(layout, tail, &payload[shared..])?));
    }
    Ok(Value::Struct(fields))
}

fn wrong_length(item: &StructLayout, length: u64) -> ValueError {
    let mut sizes: Vec<_> = item.older_sizes.iter().map(u64::to_string).collect();
    sizes.push(format!("{} or more", item.size));
    ValueError::new(
        &Path::Payload,
        format!("a payload of `{}`: {} bytes", item.name, sizes.join(", ")),
        format!("{length} bytes"),
    )
}

fn fields(layout: &Layout, item: &StructLayout, bytes: &[u8]) -> Vec<(String, Value)> {
    let of = |offset: u64, size: u64| &bytes[offset as usize..(offset + size) as usize];
    let value = |ty, offset, size| read(layout, ty, of(offset, size));
    item.fields
        .iter()
        .map(|field| (field.name.clone(), value(&field.ty, field.offset, field.size)))
        .collect()
}

fn read_tail(layout: &Layout, tail: &TailLayout, bytes: &[u8]) -> Result<Value, ValueError> {
    let ty = match &tail.kind {
        TailKind::String => return Ok(text(bytes)),
        TailKind::Bytes => return Ok(Value::Bytes(bytes.to_vec())),
        TailKind::Elements(ty) => ty,
    };
    let size = tail.element_size as usize;
    if !bytes.len().is_multiple_of(size) {
        let path = Path::Payload;
        let expected = format!("a multiple of {size} bytes");
        return Err(ValueError::new(&path.field(&tail.name), expected, bytes.len().to_string()));
    }
    Ok(elements(layout, ty, bytes, size))
}

/// The value of a type in exactly as many bytes as it has.
fn read(layout: &Layout, ty: &Type, bytes: &[u8]) -> Value {
    match ty {
        Type::Scalar(scalar) => read_scalar(*scalar, bytes),
        Type::Char(_) => {
            let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            text(&bytes[..end])
        }
        Type::Bytes(_) => Value::Bytes(bytes.to_vec()),
        Type::Enum(index) => {
            let item = &layout.enums[*index];
            Value::of_enum(item, integer(item.scalar, bytes))
        }
        Type::Struct(index) => Value::Struct(fields(layout, &layout.structs[*index], bytes)),
        Type::Array(element, count) => {
            elements(layout, element, bytes, bytes.len() / *count as usize)
        }
    }
}

fn elements(layout: &Layout, ty: &Type, bytes: &[u8], size: usize) -> Value {
    Value::List(bytes.chunks_exact(size).map(|bytes| read(layout, ty, bytes)).collect())
}

fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::Text(text.to_owned()),
        Err(_) => Value::Bytes(bytes.to_vec()),
    }
}

fn read_scalar(scalar: Scalar, bytes: &[u8]) -> Value {
    match scalar {
        Scalar::Bool => Value::Bool(bytes[0] != 0),
        Scalar::F32 => Value::F32(f32::from_bits(bits(bytes) as u32)),
        Scalar::F64 => Value::F64(f64::from_bits(bits(bytes))),
        integer_type => Value::Int(integer(integer_type, bytes)),
    }
}

/// The bytes as one number, the least first.
fn bits(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn integer(scalar: Scalar, bytes: &[u8]) -> i128 {
    let unused = 64 - 8 * bytes.len() as u32;
    let number = bits(bytes);
    if scalar.is_signed() {
        // Up to the sign's place and back again, which copies the sign.
        return i128::from((number << unused) as i64 >> unused);
    }
    i128::from(number)
}
