//! Layouts as a JSON document, which any program can write about its own structs.

use serde_json::{Map, Value};

use super::{Error, Kind, Member, Record};
use bitrpc_spec::model::Scalar;

/// The records of `{struct: {"size": n, "fields": {name: [offset, size]}}}`.
///
/// A field may have a third element, the name of its scalar as a spec writes it (`i32`, also of an
/// array's elements). Keys that are not known, such as `align`, are the writer's own. Instead of a
/// map the fields can be a list of `[name, offset, size, scalar]`, for those without a name.
///
/// # Errors
///
/// [`Error::Malformed`] when the text is no such document; the error says where it departs from it.
pub fn document(text: &str) -> Result<Vec<Record>, Error> {
    let value: Value = serde_json::from_str(text).map_err(|error| malformed("the text", &error))?;
    let structs = value.as_object().ok_or_else(|| malformed("the text", &"is no JSON object"))?;
    structs.iter().map(|(name, item)| record(name, item)).collect()
}

fn record(name: &str, item: &Value) -> Result<Record, Error> {
    let size = item.get("size").and_then(Value::as_u64).ok_or_else(|| {
        malformed(&format!("`{name}`"), &"has no \"size\" that is a number of bytes")
    })?;
    let mut members = match item.get("fields") {
        Some(Value::Object(fields)) => named(name, fields)?,
        Some(Value::Array(fields)) => {
            let member = |field: &Value| match field.as_array().map(Vec::as_slice) {
                Some([Value::String(field), place @ ..]) => member(name, field, place),
                _ => Err(malformed(&format!("`{name}`"), &"has a field that is no list")),
            };
            fields.iter().map(member).collect::<Result<_, _>>()?
        }
        _ => return Err(malformed(&format!("`{name}`"), &"has no \"fields\"")),
    };
    members.sort_by_key(|member| member.offset);
    Ok(Record { name: name.to_owned(), size, members, is_own: true })
}

fn named(name: &str, fields: &Map<String, Value>) -> Result<Vec<Member>, Error> {
    let place = |(field, place): (&String, &Value)| {
        member(name, field, place.as_array().map_or(&[], Vec::as_slice))
    };
    fields.iter().map(place).collect()
}

fn member(record: &str, name: &str, place: &[Value]) -> Result<Member, Error> {
    let number = |index: usize| place.get(index).and_then(Value::as_u64);
    let (Some(offset), Some(size)) = (number(0), number(1)) else {
        let subject = format!("`{record}.{name}`");
        return Err(malformed(&subject, &"is not [offset, size], both in bytes"));
    };
    let scalar = place.get(2).and_then(Value::as_str);
    let scalar = scalar.and_then(|word| Scalar::ALL.into_iter().find(|s| s.name() == word));
    let kind = match scalar {
        None => Kind::Unknown,
        Some(scalar) if scalar.size() == size => Kind::Scalar(scalar),
        Some(scalar) => Kind::Array(Box::new(Kind::Scalar(scalar)), size / scalar.size()),
    };
    Ok(Member { name: name.to_owned(), offset, size, kind })
}

fn malformed(subject: &str, what: &dyn std::fmt::Display) -> Error {
    Error::Malformed(format!(
        "{subject} {what}; expected {{\"NAME\": {{\"size\": BYTES, \"fields\": {{\"NAME\": \
         [OFFSET, SIZE]}}}}}}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_in_the_order_of_their_offsets() {
        let text = r#"{"A": {"size": 8, "align": 4, "fields": {"a": [4, 4, "f32"], "z": [0, 2]}}}"#;
        let records = document(text).unwrap();
        let names: Vec<_> = records[0].members.iter().map(|member| &member.name).collect();
        assert_eq!(names, ["z", "a"]);
        assert_eq!(records[0].members[1].kind, Kind::Scalar(Scalar::F32));
    }

    #[test]
    fn a_wrong_document_says_where_it_departs() {
        for (text, place) in [
            ("[]", "no JSON object"),
            ("{", "the text"),
            (r#"{"A": {}}"#, "`A` has no \"size\""),
            (r#"{"A": {"size": -1}}"#, "`A` has no \"size\""),
            (r#"{"A": {"size": 1}}"#, "`A` has no \"fields\""),
            (r#"{"A": {"size": 1, "fields": {"b": 0}}}"#, "`A.b` is not [offset, size]"),
            (r#"{"A": {"size": 1, "fields": {"b": [0]}}}"#, "`A.b` is not [offset, size]"),
            (r#"{"A": {"size": 1, "fields": [0]}}"#, "`A` has a field"),
        ] {
            let error = document(text).unwrap_err().to_string();
            assert!(error.contains(place), "{text}: {error}");
        }
    }
}
