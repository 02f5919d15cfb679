//! Bytes become values and bytes again.

use bitrpc_spec::layout::{Layout, StructLayout};
use bitrpc_spec::model::Spec;
use bitrpc_spec::source::Memory;
use bitrpc_spec::testing::{Choices, RandomSpec};
use bitrpc_spec::value::{Value, decode, encode, from_json};
use proptest::prelude::*;
use serde_json::json;

fn layout(text: &str) -> Layout {
    let files = Memory::new().with("a.yaml", text);
    Layout::of(
        &Spec::load("a.yaml", &files).unwrap_or_else(|findings| panic!("{findings}\n{text}")),
    )
}

fn find<'a>(layout: &'a Layout, name: &str) -> &'a StructLayout {
    layout.structs.iter().find(|item| item.name == name).unwrap()
}

/// JSON says the same as the value, but for which NaN a float was.
fn check_json(layout: &Layout, item: &StructLayout, value: &Value) {
    let json = value.to_json();
    let text = json.to_string();
    let again = from_json(layout, item, &serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(again.to_json(), json);
    if !text.contains("NaN") {
        let (again, bytes) = (encode(layout, item, &again), encode(layout, item, value));
        assert_eq!(again.unwrap(), bytes.unwrap(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn random_bytes_are_values(seed: u64, size in 1_usize..10) {
        let layout = layout(&RandomSpec::new(seed, size).yaml());
        let mut c = Choices::new(seed);
        for item in &layout.structs {
            let elements = item.tail.as_ref().map_or(0, |tail| tail.element_size * c.below(4));
            let mut bytes: Vec<_> =
                (0..item.size + elements).map(|_| c.number() as u8).collect();
            // Text more often than not.
            if c.once_in(2) {
                bytes.iter_mut().for_each(|byte| *byte &= 0x7F);
            }
            let value = decode(&layout, item, &bytes).unwrap();
            let written = encode(&layout, item, &value).unwrap();
            prop_assert_eq!(written.len(), bytes.len());
            let again = decode(&layout, item, &written).unwrap();
            prop_assert_eq!(encode(&layout, item, &again).unwrap(), written);
            prop_assert_eq!(again.to_json(), value.to_json());
            check_json(&layout, item, &value);
        }
    }

    #[test]
    fn any_length_is_a_value_or_an_error(seed: u64, size in 1_usize..6, length in 0_usize..200) {
        let layout = layout(&RandomSpec::new(seed, size).yaml());
        for item in &layout.structs {
            let bytes = length as u64;
            let accepted = bytes >= item.size || item.older_sizes.contains(&bytes);
            let is_value = decode(&layout, item, &vec![0xA5; length]).is_ok();
            prop_assert!(accepted || !is_value, "{} of {length} bytes", item.name);
            prop_assert!(is_value || !accepted || item.tail.is_some());
        }
    }
}

const TEXT: &str = r#"
bitrpc: 1
name: values
version: "1.1"
enums:
  - { name: Side, type: u8, values: [{ name: buy, value: 1 }] }
  - { name: Traits, type: u16, bits: [{ name: hot, value: 1 }, { name: lane, mask: 0xF0 }] }
structs:
  - name: Leg
    fields:
      - { name: price, type: u32 }
      - { name: side, type: Side }
  - name: Order
    id: 1001
    fields:
      - { name: legs, type: "Leg[3]" }
      - { name: traits, type: Traits }
      - { name: symbol, type: "char[4]" }
      - { name: raw, type: "bytes[2]" }
      - { name: ratio, type: f32 }
      - { name: active, type: bool }
      - { name: number, type: i64, since: "1.1" }
      - { name: note, type: string, since: "1.1" }
"#;

#[test]
fn json_reads_as_a_person_would_write_it() {
    let layout = layout(TEXT);
    let order = find(&layout, "Order");
    let json = json!({
        "legs": [
            { "price": 7, "side": "buy" },
            { "price": 0, "side": 9 },
            { "price": 1, "side": 0 },
        ],
        "traits": ["hot", 0x20],
        "symbol": "ACM",
        "raw": { "hex": "00ff" },
        "ratio": 0.1,
        "active": true,
        "number": -5,
        "note": "é",
    });
    let bytes = encode(&layout, order, &from_json(&layout, order, &json).unwrap()).unwrap();
    assert_eq!(decode(&layout, order, &bytes).unwrap().to_json(), json);
}

#[test]
fn older_payloads_have_no_newer_fields_and_newer_ones_are_cut() {
    let layout = layout(TEXT);
    let order = find(&layout, "Order");
    let [older] = order.older_sizes[..] else { panic!("one older size") };
    let value = decode(&layout, order, &vec![1; older as usize]).unwrap().to_json();
    assert_eq!(
        (&value["active"], &value["number"], &value["note"]),
        (&json!(true), &json!(0), &json!(""))
    );
    let leg = find(&layout, "Leg");
    assert_eq!(decode(&layout, leg, &[0; 8]), decode(&layout, leg, &[0; 11]));
    let error = decode(&layout, order, &[0; 3]).unwrap_err().to_string();
    let sizes = format!("{older}, {} or more bytes", order.size);
    assert_eq!(error, format!("expected a payload of `Order`: {sizes}, found 3 bytes"));
}

#[test]
fn what_is_missing_is_zero() {
    let layout = layout(TEXT);
    let order = find(&layout, "Order");
    let empty = from_json(&layout, order, &json!({})).unwrap();
    assert_eq!(encode(&layout, order, &empty).unwrap(), vec![0; order.size as usize]);
}

#[test]
fn errors_name_the_path() {
    let layout = layout(TEXT);
    let order = find(&layout, "Order");
    let leg = |price| json!({ "price": price });
    for (json, error) in [
        (json!(3), "expected an object, a `Order`, found 3"),
        (json!({ "side": 1 }), "side: expected a field of `Order`, found no field"),
        (json!({ "active": 1 }), "active: expected bool, found 1"),
        (json!({ "number": 1.5 }), "number: expected i64, found 1.5"),
        (json!({ "number": "1" }), "number: expected i64, found \"1\""),
        (json!({ "note": [] }), "note: expected a text, found a list of 0"),
        (
            json!({ "legs": [{ "prise": 1 }] }),
            "legs[0].prise: expected a field of `Leg`, found no field",
        ),
        (json!({ "legs": [leg(1)] }), "legs: expected 3 elements, found 1"),
        (
            json!({ "legs": [leg(1), leg(2), leg(-1)] }),
            "legs[2].price: expected u32 0..=4294967295, found -1",
        ),
        (
            json!({ "legs": [{ "side": "sell" }, {}, {}] }),
            "legs[0].side: expected a value of `Side`, found `sell`",
        ),
        (json!({ "traits": ["cold"] }), "traits: expected a flag of `Traits`, found `cold`"),
        (
            json!({ "traits": ["hot", true] }),
            "traits[1]: expected a name of `Traits` or bits, found true",
        ),
        (json!({ "traits": 65536 }), "traits: expected u16 0..=65535, found 65536"),
        (json!({ "symbol": "ACMES" }), "symbol: expected at most 4 bytes, found 5"),
        (json!({ "raw": { "hex": "00" } }), "raw: expected bytes[2], found 1 bytes"),
        (json!({ "raw": { "hex": "0" } }), "raw: expected {\"hex\": \"00ff...\"}, found an object"),
    ] {
        let value = from_json(&layout, order, &json);
        let result = value.and_then(|value| encode(&layout, order, &value));
        assert_eq!(result.unwrap_err().to_string(), error, "{json}");
    }
}

#[test]
fn text_that_is_no_utf8_is_kept() {
    let layout = layout(TEXT);
    let order = find(&layout, "Order");
    let mut bytes = vec![0; order.size as usize];
    let symbol = order.fields.iter().find(|field| field.name == "symbol").unwrap();
    bytes[symbol.offset as usize] = 0xFF;
    bytes.push(0x80);
    let value = decode(&layout, order, &bytes).unwrap();
    assert_eq!(encode(&layout, order, &value).unwrap(), bytes);
    let json = value.to_json();
    assert_eq!(
        (&json["symbol"], &json["note"]),
        (&json!({ "hex": "ff" }), &json!({ "hex": "80" }))
    );
    check_json(&layout, order, &value);
}
