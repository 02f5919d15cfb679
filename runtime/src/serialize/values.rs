//! What the macros write, and what generated structs are made of.

use core::fmt;
use core::marker::PhantomData;

use serde::de::{self, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::payload::{Bool, Text};

/// Lets `serde` know a generated struct; an array's field stands in brackets.
#[doc(hidden)]
#[macro_export]
macro_rules! serde_struct {
    ($name:ident { $($field:tt),* $(,)? }) => {
        $crate::serde_struct! { @impl ['de] $name [] { $($field),* } }
    };
    ($name:ident<$life:lifetime> { $($field:tt),* $(,)? }) => {
        $crate::serde_struct! { @impl ['de, $life] $name [<$life>] { $($field),* } }
    };
    (@impl [$($lives:lifetime),*] $name:ident [$($life:tt)*] { $($field:tt),* }) => {
        // Names are in full, and those of its own are odd: the struct may have any name.
        const _: () = {
            const FIELDS_OF_IT: &[&str] = &[$($crate::serde_field!(name $field)),*];

            impl<$($lives),*> $crate::serde::Serialize for $name $($life)* {
                fn serialize<S: $crate::serde::Serializer>(
                    &self,
                    serializer: S,
                ) -> Result<S::Ok, S::Error> {
                    use $crate::serde::ser::SerializeStruct as _;
                    let (name, count) = (stringify!($name), FIELDS_OF_IT.len());
                    let mut fields = serializer.serialize_struct(name, count)?;
                    $($crate::serde_field!(write fields self $field);)*
                    fields.end()
                }
            }

            struct VisitorOfIt<T>(core::marker::PhantomData<fn() -> T>);

            impl<$($lives),*> $crate::serde::de::Visitor<'de> for VisitorOfIt<$name $($life)*> {
                type Value = $name $($life)*;

                fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                    f.write_str(concat!("struct ", stringify!($name)))
                }

                #[allow(unused_mut, unused_variables)] // a struct may have no fields
                fn visit_seq<A: $crate::serde::de::SeqAccess<'de>>(
                    self,
                    mut elements: A,
                ) -> Result<Self::Value, A::Error> {
                    use $crate::serde::de::Error as _;
                    let mut value = Self::Value::default();
                    $(match elements.next_element()? {
                        Some(found) => $crate::serde_field!(set value found $field),
                        None => {
                            let name = $crate::serde_field!(name $field);
                            return Err(A::Error::missing_field(name));
                        }
                    })*
                    Ok(value)
                }

                #[allow(unused_mut)]
                fn visit_map<A: $crate::serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Self::Value, A::Error> {
                    use $crate::serde::de::Error as _;
                    let mut value = Self::Value::default();
                    let mut missing = FIELDS_OF_IT.to_vec();
                    while let Some(key) = map.next_key::<std::string::String>()? {
                        missing.retain(|name| *name != key);
                        $(if key == $crate::serde_field!(name $field) {
                            let found = map.next_value()?;
                            $crate::serde_field!(set value found $field);
                            continue;
                        })*
                        map.next_value::<$crate::serde::de::IgnoredAny>()?;
                    }
                    match missing.first() {
                        Some(name) => Err(A::Error::missing_field(name)),
                        None => Ok(value),
                    }
                }
            }

            impl<$($lives),*> $crate::serde::Deserialize<'de> for $name $($life)* {
                fn deserialize<D: $crate::serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> Result<Self, D::Error> {
                    let visitor = VisitorOfIt(core::marker::PhantomData);
                    deserializer.deserialize_struct(stringify!($name), FIELDS_OF_IT, visitor)
                }
            }
        };
    };
}

/// What [`serde_struct`] does with one field, which is an array if it stands in brackets.
#[doc(hidden)]
#[macro_export]
macro_rules! serde_field {
    (name [$field:ident]) => {
        stringify!($field)
    };
    (name $field:ident) => {
        stringify!($field)
    };
    (write $out:ident $from:ident [$field:ident]) => {
        $out.serialize_field(stringify!($field), &$crate::SerdeArray(&$from.$field))?
    };
    (write $out:ident $from:ident $field:ident) => {
        $out.serialize_field(stringify!($field), &$from.$field)?
    };
    (set $to:ident $found:ident [$field:ident]) => {{
        let $crate::SerdeArray(found) = $found;
        $to.$field = found;
    }};
    (set $to:ident $found:ident $field:ident) => {
        $to.$field = $found
    };
}

/// Lets `serde` know a generated enum or flag set.
#[doc(hidden)]
#[macro_export]
macro_rules! serde_number {
    ($name:ident) => {
        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(
                &self,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                $crate::serde::Serialize::serialize(&self.0, serializer)
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                $crate::serde::Deserialize::deserialize(deserializer).map(Self)
            }
        }
    };
}

impl<const N: usize> Serialize for Text<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text().map_err(serde::ser::Error::custom)?)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Text<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::try_from(text.as_str()).map_err(de::Error::custom)
    }
}

impl Serialize for Bool {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(self.get())
    }
}

impl<'de> Deserialize<'de> for Bool {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bool::deserialize(deserializer).map(Self::from)
    }
}

/// An array, which `serde` itself knows up to 32 elements only.
#[doc(hidden)]
#[derive(Debug)]
pub struct Array<A>(pub A);

impl<T: Serialize, const N: usize> Serialize for Array<&[T; N]> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut elements = serializer.serialize_tuple(N)?;
        for element in self.0 {
            elements.serialize_element(element)?;
        }
        elements.end()
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for Array<[T; N]> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(N, Elements(PhantomData)).map(Self)
    }
}

struct Elements<T, const N: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for Elements<T, N> {
    type Value = [T; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of {N} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<[T; N], A::Error> {
        let mut read = Vec::new();
        while let Some(element) = elements.next_element()? {
            read.push(element);
            if read.len() > N {
                break;
            }
        }
        let found = read.len();
        read.try_into().map_err(|_| de::Error::invalid_length(found, &self))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    struct Side(u8);

    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Parts {
        name: Text<8>,
        is_on: Bool,
        side: Side,
        samples: [u16; 40],
    }

    impl Default for Parts {
        fn default() -> Self {
            let (name, is_on, side) = Default::default();
            Self { name, is_on, side, samples: [0; 40] }
        }
    }

    #[derive(Clone, Debug, Default, PartialEq)]
    struct Note<'a> {
        fixed: Parts,
        remark: Cow<'a, str>,
    }

    crate::serde_number!(Side);
    crate::serde_struct! {
        Parts {
            name,
            is_on,
            side,
            [samples],
        }
    }
    crate::serde_struct! {
        Note<'a> {
            fixed,
            remark,
        }
    }

    #[test]
    fn structs_go_to_json_and_back() {
        let mut note = Note { remark: "tail".into(), ..Note::default() };
        note.fixed.name = "grüße".try_into().unwrap();
        (note.fixed.is_on, note.fixed.side, note.fixed.samples[39]) = (true.into(), Side(9), 7);
        let json = serde_json::to_string(&note).unwrap();
        let start = r#"{"fixed":{"name":"grüße","is_on":true,"side":9,"samples":[0,"#;
        assert!(json.starts_with(start) && json.ends_with(r#",7]},"remark":"tail"}"#), "{json}");
        assert_eq!(serde_json::from_str::<Note>(&json).unwrap(), note);
        let more = json.replace(r#""side""#, r#""unknown":[1],"side""#);
        assert_eq!(serde_json::from_str::<Note>(&more).unwrap(), note);
        for wrong in [
            json.replace("grüße", "much too long"),
            json.replace(",7]", "]"),
            json.replace(",7]", ",7,8]"),
            json.replace(r#""side":9,"#, ""),
            json.replace("true", "1"),
        ] {
            assert!(serde_json::from_str::<Note>(&wrong).is_err(), "{wrong}");
        }
    }
}
