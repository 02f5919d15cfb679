//! The rules that a finding can name. Their ids are stable.

/// One rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable id, e.g. `L110`: `L` rules are also lint rules, `E` rules are about the text itself.
    pub id: &'static str,
    /// What the rule asks for, in one sentence.
    pub summary: &'static str,
}

macro_rules! rules {
    ($($name:ident $id:literal $summary:literal,)*) => {
        $(#[doc = $summary] pub const $name: &Rule = &Rule { id: $id, summary: $summary };)*

        /// All rules, by id.
        pub const ALL: &[&Rule] = &[$($name,)*];
    };
}

rules! {
    UNREADABLE "E001"
        "A spec file can be read: it exists, is a regular UTF-8 text, and is not too large.",
    YAML_SYNTAX "E002" "A spec file is YAML.",
    YAML_FEATURE "E003"
        "Tags, merge keys, several documents and keys that are not words are not part of the \
         language.",
    YAML_SIZE "E004"
        "YAML is not nested too deeply and does not have too many nodes, aliases included.",
    EMPTY "E005" "A spec file is a mapping.",
    UNKNOWN_KEY "E006" "Every key is one that the language knows at this place.",
    MISSING_KEY "E007" "Keys that have no default are there.",
    WRONG_FORM "E008" "Every value has the form that its key asks for.",
    MISPLACED_KEY "E009" "An imported file holds shared parts only, and a section is given once.",
    IMPORT_CYCLE "E010" "A file does not import itself, directly or through others.",
    LANGUAGE_VERSION "E011" "`bitrpc` names a version of the spec language that this tool knows.",
    ENDIANNESS "E012" "Rings are little-endian.",
    BAD_IDENTIFIER "E020"
        "Types are written in PascalCase, everything else in snake_case: ASCII, at most 64 \
         characters.",
    DEFINED_TWICE "E021" "A name is defined once.",
    UNKNOWN_TYPE "E022" "A type is built in or defined in the spec or its imports.",
    BAD_TYPE "E023" "A type is `T`, `T[N]`, `T[]`, `char[N]`, `bytes[N]`, `string` or `bytes`.",
    BAD_VERSION "E024"
        "Versions are quoted \"major.minor\"; `since` never falls from field to field and is \
         not newer than the spec.",
    BAD_TEXT "E025"
        "Texts hold no control characters or direction marks, which would break comments.",
    BAD_TARGET "E026" "Crate, namespace, header and module names are usable in their language.",
    UNKNOWN_ROLE "E027" "A role is one that the engine knows for this header.",
    ROLE_TYPE "E028" "A field with a role has the role's type.",
    HEADER_FIELD "E029" "Header fields have types that every engine can read and set.",
    OVERLAP "E030" "Fields do not overlap.",
    ENGINE_NAME "E031" "The message types and flags that the engine uses are there.",
    RESERVED_NAME "E032" "A name that `reserved` lists is not used again.",
    EMPTY_TYPE "E033"
        "A type that takes no bytes stands alone as a message, never inside another type.",
    BAD_GROWTH "E034"
        "Fields that are added with `since` do not move what older payloads hold: neither a \
         tail, nor what follows a nested struct.",
    TOO_DEEP "E035" "Structs nest at most 32 levels deep.",
    TOO_MANY "E036" "A protocol has at most 255 messages.",
    MISALIGNED "L101" "A stated offset is a multiple of the field's alignment.",
    STATED "L105" "A stated size, offset or alignment is possible and correct.",
    UNSUPPORTED_SCALAR "L106" "Types have the same size everywhere: i32, not int or long.",
    NO_EFFECT "L107" "An attribute has an effect where it stands.",
    TAIL_NOT_LAST "L108" "A variable tail is the last field of a message and is not nested.",
    RECURSIVE "L110" "A struct does not contain itself.",
    TOO_LARGE "L111" "A payload fits into a ring of the default capacity.",
    LARGE_VALUE "L112" "A message of more than 64 KiB is used in place or boxed, not by value.",
    SHARED_LINE "L201" "Producer and consumer do not write into the same cache line.",
    NOT_ATOMIC "L204" "Fields that both sides look at are atomic.",
    CAPACITY "L206" "The capacity is a power of two from 1 KiB to 1 TiB.",
    RECORD_SIZE "L207" "The message header is a multiple of 8 bytes, 256 at most.",
    DATA_AREA "L208" "The ring header is a multiple of 4096 bytes and its lines are powers of two.",
    PADDING_VALUE "L209" "The value 0 stays free: it marks padding records and unpublished words.",
    ROLE_COUNT "L211" "Each role of a header is given to one field.",
    PUBLICATION_WORD "L212" "frame_length and message_type fill the first 8 bytes of a record.",
    DUPLICATE_VALUE "L302" "Values of an enum, message types and ids differ.",
    OUT_OF_RANGE "L303" "A number fits its type.",
    FLAGS_OVERLAP "L304" "Flags share no bits.",
    MULTI_BIT "L305" "A flag of several bits is written as `mask`.",
    ID_CLASH "L307" "A message id is free: not taken, not reserved, not below custom_min.",
    SAME_NAME "L401" "Names stay different in the case of every language.",
    ESCAPED "L402" "A name that a language keeps for itself is spelled with `_` at its end.",
    TAKEN "L403" "A package whose name something else has is named with `_messages` at its end.",
    HELPER_CLASH "L405" "A name does not meet one that the generated code needs.",
    RESERVED_UNDERSCORE "L406" "Names have no leading, trailing or double underscore.",
    YAML_TRAP "L408"
        "Nothing in the text means one thing to one YAML reader and another to the next.",
}

/// The rule with this id, in any letter case.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id.eq_ignore_ascii_case(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_found() {
        for (i, rule) in ALL.iter().enumerate() {
            assert!(ALL[..i].iter().all(|other| other.id != rule.id), "{} twice", rule.id);
            assert_eq!(find(&rule.id.to_lowercase()), Some(*rule));
        }
        assert_eq!(find("L000"), None);
    }
}
