//! Values as JSON.
//!
//! Integers, truth values, texts, lists and structs are what they are in JSON. An enum is its name
//! or, without one, its number; flags are a list of names and, for bits without a name, a number.
//! Bytes are `{"hex": "00ff"}`, so that they are told from a text. What JSON has no numbers for is
//! a text: `"NaN"`, `"inf"`, `"-inf"`; which NaN it was is lost.

use serde_json::{Map, Value as Json, json};

use super::{Path, Value, ValueError};
use crate::layout::{EnumLayout, Layout, Scalar, StructLayout, TailKind, Type};

/// The key of bytes.
const HEX: &str = "hex";

/// Floats that are no numbers of JSON.
const NO_NUMBERS: [(&str, f64); 3] =
    [("NaN", f64::NAN), ("inf", f64::INFINITY), ("-inf", f64::NEG_INFINITY)];

impl Value {
    /// The value as JSON.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Int(value) => integer(*value),
            Self::F32(value) => of_f32(*value),
            Self::F64(value) => of_f64(*value),
            Self::Bool(value) => json!(value),
            Self::Text(text) | Self::Name(text) => json!(text),
            Self::Bytes(bytes) => {
                json!({ HEX: bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() })
            }
            Self::Flags { names, rest } => {
                let rest = (*rest != 0).then(|| json!(rest));
                names.iter().map(|name| json!(name)).chain(rest).collect()
            }
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Struct(members) => {
                let members = members.iter().map(|(name, value)| (name.clone(), value.to_json()));
                Json::Object(members.collect::<Map<_, _>>())
            }
        }
    }
}

/// All integers of the language fit `i64` or `u64`.
fn integer(value: i128) -> Json {
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(value), _) => json!(value),
        (_, Ok(value)) => json!(value),
        _ => Json::Null,
    }
}

fn of_f64(value: f64) -> Json {
    if value.is_finite() {
        return json!(value);
    }
    let same = |other: f64| other == value || (other.is_nan() && value.is_nan());
    let (text, _) = NO_NUMBERS.iter().find(|(_, other)| same(*other)).unwrap_or(&NO_NUMBERS[0]);
    json!(text)
}

/// The number with the fewest digits that is the same `f32`.
fn of_f32(value: f32) -> Json {
    let short = value.to_string().parse().unwrap_or(f64::from(value));
    of_f64(if short as f32 == value { short } else { f64::from(value) })
}

/// Reads a payload's value from JSON. A field that is not there is zero, a tail empty.
///
/// # Errors
///
/// Something has another form than its type, or a field is none of the struct's. Ranges, lengths
/// and names are checked by [`encode`](super::encode()).
///
/// # Panics
///
/// When `item` is of another layout.
pub fn from_json(layout: &Layout, item: &StructLayout, json: &Json) -> Result<Value, ValueError> {
    structure(layout, item, json, &Path::Payload)
}

fn structure(
    layout: &Layout,
    item: &StructLayout,
    json: &Json,
    path: &Path,
) -> Result<Value, ValueError> {
    let Json::Object(object) = json else {
        return Err(refused(path, &format!("an object, a `{}`", item.name), json));
    };
    let member = |(name, json): (&String, &Json)| {
        let path = path.field(name);
        let field = item.fields.iter().find(|field| field.name == *name);
        let tail = item.tail.as_ref().filter(|tail| tail.name == *name);
        let value = match (field, tail) {
            (Some(field), _) => read(layout, &field.ty, json, &path),
            (None, Some(tail)) => read_tail(layout, &tail.kind, json, &path),
            (None, None) => {
                let expected = format!("a field of `{}`", item.name);
                Err(ValueError::new(&path, expected, "no field"))
            }
        };
        Ok((name.clone(), value?))
    };
    object.iter().map(member).collect::<Result<_, _>>().map(Value::Struct)
}

fn read_tail(
    layout: &Layout,
    kind: &TailKind,
    json: &Json,
    path: &Path,
) -> Result<Value, ValueError> {
    match kind {
        TailKind::String => text(json, path),
        TailKind::Bytes => bytes(json, path),
        TailKind::Elements(ty) => elements(layout, ty, json, path),
    }
}

fn read(layout: &Layout, ty: &Type, json: &Json, path: &Path) -> Result<Value, ValueError> {
    match ty {
        Type::Scalar(scalar) => read_scalar(*scalar, json, path),
        Type::Char(_) => text(json, path),
        Type::Bytes(_) => bytes(json, path),
        Type::Enum(index) => read_enum(&layout.enums[*index], json, path),
        Type::Struct(index) => structure(layout, &layout.structs[*index], json, path),
        Type::Array(element, _) => elements(layout, element, json, path),
    }
}

fn read_scalar(scalar: Scalar, json: &Json, path: &Path) -> Result<Value, ValueError> {
    let value = match scalar {
        Scalar::Bool => json.as_bool().map(Value::Bool),
        Scalar::F32 => float(json).map(|value| Value::F32(value as f32)),
        Scalar::F64 => float(json).map(Value::F64),
        _ => int(json).map(Value::Int),
    };
    value.ok_or_else(|| refused(path, scalar.name(), json))
}

fn int(json: &Json) -> Option<i128> {
    json.as_i64().map(i128::from).or(json.as_u64().map(i128::from))
}

fn float(json: &Json) -> Option<f64> {
    let no_number = || NO_NUMBERS.iter().find(|(text, _)| json == text).map(|(_, value)| *value);
    json.as_f64().or_else(no_number)
}

fn read_enum(item: &EnumLayout, json: &Json, path: &Path) -> Result<Value, ValueError> {
    match json {
        Json::String(name) if !item.is_flags => Ok(Value::Name(name.clone())),
        Json::Array(items) if item.is_flags => read_flags(item, items, path),
        json => int(json).map(Value::Int).ok_or_else(|| {
            let form = if item.is_flags { "a list of names" } else { "a name" };
            refused(path, &format!("{form} of `{}` or a number", item.name), json)
        }),
    }
}

fn read_flags(item: &EnumLayout, items: &[Json], path: &Path) -> Result<Value, ValueError> {
    let (mut names, mut rest) = (Vec::new(), 0);
    for (index, json) in items.iter().enumerate() {
        match (json, json.as_u64()) {
            (Json::String(name), _) => names.push(name.clone()),
            (_, Some(bits)) => rest |= bits,
            _ => {
                let expected = format!("a name of `{}` or bits", item.name);
                return Err(refused(&path.element(index), &expected, json));
            }
        }
    }
    Ok(Value::Flags { names, rest })
}

fn elements(layout: &Layout, ty: &Type, json: &Json, path: &Path) -> Result<Value, ValueError> {
    let Json::Array(items) = json else { return Err(refused(path, "a list", json)) };
    let read = |(index, json)| read(layout, ty, json, &path.element(index));
    items.iter().enumerate().map(read).collect::<Result<_, _>>().map(Value::List)
}

/// A text, or the bytes of one that is no UTF-8.
fn text(json: &Json, path: &Path) -> Result<Value, ValueError> {
    match json {
        Json::String(text) => Ok(Value::Text(text.clone())),
        Json::Object(_) => bytes(json, path),
        _ => Err(refused(path, "a text", json)),
    }
}

fn bytes(json: &Json, path: &Path) -> Result<Value, ValueError> {
    let digits = json.as_object().filter(|object| object.len() == 1).and_then(|o| o.get(HEX));
    let bytes = digits.and_then(Json::as_str).and_then(from_hex);
    bytes.map(Value::Bytes).ok_or_else(|| refused(path, "{\"hex\": \"00ff...\"}", json))
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = digits.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    let whole = pairs.remainder().is_empty();
    whole.then(|| pairs.map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
}

fn refused(path: &Path, expected: &str, json: &Json) -> ValueError {
    let found = match json {
        Json::Null => "null".to_owned(),
        Json::Bool(_) | Json::Number(_) => json.to_string(),
        Json::String(text) if text.chars().count() <= 40 => format!("{text:?}"),
        Json::String(text) => format!("a text of {} bytes", text.len()),
        Json::Array(items) => format!("a list of {}", items.len()),
        Json::Object(_) => "an object".to_owned(),
    };
    ValueError::new(path, expected, found)
}
