//! The rules that a spec is held against: what each asks for, why, and an example of both kinds.
//!
//! A rule is a line of the table below and a file beside it, named by its id:
//!
//! ```text
//! # What the rule asks for, in one sentence.
//!
//! Why: what goes wrong in a running system without the rule, and what to do about it.
//!
//! (three backticks) yaml bad
//! a whole spec, as short as can be, that breaks this rule and no other
//! (three backticks)
//!
//! (three backticks) yaml good
//! the same spec, mended
//! (three backticks)
//! ```
//!
//! A rule about the edits of a spec (`B`) has a pair of specs, `yaml old` and `yaml new`, in place
//! of the bad one, and its `yaml good` is a compatible way to make the change. What is compatible
//! itself has the pair alone.
//!
//! A rule that no short text can break has no example, and says why in its last paragraph. What
//! breaks a rule is found by the parser or by the rule's check in `checks`, as the table says; both
//! make a [`Finding`](crate::diagnostic::Finding) of it. `tests/rules.rs` proves the examples and
//! prints `RULES.md`.

pub(crate) mod checks;
mod levels;

pub use levels::{Level, Levels};

use crate::diagnostic::{Severity, closest};

/// Who finds what breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The parser, because a text that breaks the rule is no [model](crate::model).
    Parser,
    /// A check of its own, over what was understood.
    Check,
    /// The parser what cannot be understood, a check the rest.
    Both,
    /// Nobody before it is known what the others found.
    Levels,
    /// The [comparison](crate::diff) of two versions of a spec; what breaks it is of this class.
    Diff(Class),
}

/// What an edit of a spec breaks, from nothing to everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Old and new programs understand each other, and programs compile as before.
    Compatible,
    /// Names alone: the bytes mean what they meant, but programs have to be adapted.
    Source,
    /// Payloads are misread by programs of the other version.
    Wire,
    /// Programs of the two versions cannot share a ring.
    Attach,
}

impl Class {
    /// All classes, the gravest first.
    pub const ALL: [Self; 4] = [Self::Attach, Self::Wire, Self::Source, Self::Compatible];

    /// The word for output and options, e.g. `wire`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Attach => "attach",
            Self::Wire => "wire",
            Self::Source => "source",
            Self::Compatible => "compatible",
        }
    }

    /// What it means, as half a sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Attach => "old and new programs cannot share a ring",
            Self::Wire => "old and new programs misread each other's payloads",
            Self::Source => "the bytes are the same, but programs have to be adapted",
            Self::Compatible => "old and new programs understand each other",
        }
    }
}

/// One rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable id, e.g. `L110`: `L` rules are also lint rules, `E` rules are about the text itself,
    /// and `B` rules about what an edit breaks.
    pub id: &'static str,
    /// How much it matters when the rule is not kept.
    pub severity: Severity,
    /// Whether it is only checked when a run asks for it.
    pub is_pedantic: bool,
    /// Who finds what breaks it.
    pub found: Found,
    /// The file of the rule, in Markdown.
    text: &'static str,
}

impl Rule {
    /// What the rule asks for, in one sentence.
    pub fn summary(&self) -> &'static str {
        self.prose().0
    }

    /// What goes wrong in a running system without the rule, and what to do: paragraphs of
    /// Markdown.
    pub fn why(&self) -> &'static str {
        self.prose().1
    }

    /// A whole spec that breaks this rule and no other; rules that no short text can break have
    /// none.
    pub fn bad(&self) -> Option<&'static str> {
        self.example("bad")
    }

    /// The bad example, mended.
    pub fn good(&self) -> Option<&'static str> {
        self.example("good")
    }

    /// The spec before and after an edit that breaks this rule and no other; only rules about edits
    /// have such a pair.
    pub fn pair(&self) -> Option<(&'static str, &'static str)> {
        self.example("old").zip(self.example("new"))
    }

    /// The examples that there are, each with its title: `Bad`, `Old`, `New`, `Good`.
    pub fn examples(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let titles = ["Bad", "Old", "New", "Good"].into_iter();
        titles.filter_map(|title| Some((title, self.example(&title.to_lowercase())?)))
    }

    /// What an edit breaks that breaks the rule; `None` for rules that are not about edits.
    pub fn class(&self) -> Option<Class> {
        match self.found {
            Found::Diff(class) => Some(class),
            Found::Parser | Found::Check | Found::Both | Found::Levels => None,
        }
    }

    /// Title and paragraphs, which stand before the first example.
    fn prose(&self) -> (&'static str, &'static str) {
        let prose = self.text.split("```").next().unwrap_or_default();
        let (title, why) = prose.split_once('\n').unwrap_or((prose, ""));
        (title.trim_start_matches("# "), why.trim())
    }

    fn example(&self, kind: &str) -> Option<&'static str> {
        let (_, rest) = self.text.split_once(&format!("```yaml {kind}\n"))?;
        rest.split("```").next()
    }
}

/// The rule with this id, in any letter case.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id.eq_ignore_ascii_case(id))
}

/// The rule whose id is most like what was written, if any is like it at all.
pub fn nearest(written: &str) -> Option<&'static Rule> {
    closest(written, ALL.iter().map(|rule| rule.id)).and_then(find)
}

macro_rules! rules {
    (@pedantic) => { false };
    (@pedantic pedantic) => { true };
    ($(
        $name:ident $id:literal $severity:ident $found:ident $(($class:ident))? $($pedantic:ident)?,
    )*) => {
        $(
            #[doc = include_str!(concat!($id, ".md"))]
            pub const $name: &Rule = &Rule {
                id: $id,
                severity: Severity::$severity,
                is_pedantic: rules!(@pedantic $($pedantic)?),
                found: Found::$found $((Class::$class))?,
                text: include_str!(concat!($id, ".md")),
            };
        )*

        /// All rules, by id.
        pub const ALL: &[&Rule] = &[$($name,)*];
    };
}

rules! {
    HEADER_FIELD_MOVED "B101" Error Diff(Attach),
    HEADER_FIELD_RETYPED "B102" Error Diff(Attach),
    HEADER_RESIZED "B103" Error Diff(Attach),
    HEADER_FIELD_ALIGNED "B104" Error Diff(Attach),
    MAGIC_CHANGED "B105" Error Diff(Attach),
    LINE_CHANGED "B106" Error Diff(Attach),
    ROLE_CHANGED "B107" Error Diff(Attach),
    FRAMING_CHANGED "B108" Error Diff(Attach),
    NUMBER_CHANGED "B109" Error Diff(Wire),
    REMOVED "B110" Error Diff(Wire),
    REUSED "B111" Error Diff(Wire),
    FLAG_MOVED "B112" Error Diff(Wire),
    RESERVATION_BROKEN "B113" Error Diff(Wire),
    FIELD_MOVED "B114" Error Diff(Wire),
    FIELD_RETYPED "B115" Error Diff(Wire),
    FIELD_ADDED "B116" Error Diff(Wire),
    TAIL_CHANGED "B117" Error Diff(Wire),
    TYPE_RENAMED "B201" Warning Diff(Source),
    MEMBER_RENAMED "B202" Warning Diff(Source),
    CONSTANT_CHANGED "B203" Warning Diff(Source),
    ADDED "B301" Info Diff(Compatible),
    FILLS_PADDING "B302" Info Diff(Compatible),
    HARMLESS "B303" Info Diff(Compatible),
    VERSION_REFUSES "B401" Error Diff(Attach),
    VERSION_LETS_IN "B402" Error Diff(Wire),
    UNREADABLE "E001" Error Parser,
    YAML_SYNTAX "E002" Error Parser,
    YAML_FEATURE "E003" Error Parser,
    YAML_SIZE "E004" Error Parser,
    EMPTY "E005" Error Parser,
    UNKNOWN_KEY "E006" Error Parser,
    MISSING_KEY "E007" Error Parser,
    WRONG_FORM "E008" Error Parser,
    MISPLACED_KEY "E009" Error Parser,
    IMPORT_CYCLE "E010" Error Parser,
    LANGUAGE_VERSION "E011" Error Check,
    ENDIANNESS "E012" Error Parser,
    BAD_IDENTIFIER "E020" Error Parser,
    DEFINED_TWICE "E021" Error Parser,
    UNKNOWN_TYPE "E022" Error Parser,
    BAD_TYPE "E023" Error Parser,
    BAD_VERSION "E024" Error Both,
    BAD_TEXT "E025" Error Parser,
    BAD_TARGET "E026" Error Parser,
    UNKNOWN_ROLE "E027" Error Parser,
    ROLE_TYPE "E028" Error Both,
    HEADER_FIELD "E029" Error Parser,
    OVERLAP "E030" Error Check,
    ENGINE_NAME "E031" Error Parser,
    RESERVED_NAME "E032" Error Check,
    EMPTY_TYPE "E033" Error Check,
    BAD_GROWTH "E034" Error Check,
    TOO_DEEP "E035" Error Check,
    BAD_ALLOW "E036" Error Parser,
    MISALIGNED "L101" Error Check,
    IMPLICIT_PADDING "L102" Warning Check,
    TAIL_PADDING "L103" Info Check,
    STATED "L105" Error Check,
    UNSUPPORTED_SCALAR "L106" Error Parser,
    NO_EFFECT "L107" Error Both,
    TAIL_NOT_LAST "L108" Error Both,
    NARROW_LENGTH "L109" Warning Check,
    RECURSIVE "L110" Error Parser,
    TOO_LARGE "L111" Error Check,
    LARGE_VALUE "L112" Warning Check,
    FIELD_ORDER "L113" Info Check,
    EXTRA_LINES "L114" Info Check,
    NO_ENDIANNESS "L115" Info Check pedantic,
    SHARED_LINE "L201" Error Check,
    CONSTANT_ON_LINE "L202" Warning Check,
    SMALL_LINE "L203" Warning Check,
    NOT_ATOMIC "L204" Error Check,
    NARROW_CURSOR "L205" Error Parser,
    CAPACITY "L206" Error Check,
    RECORD_SIZE "L207" Error Check,
    DATA_AREA "L208" Error Check,
    PADDING_VALUE "L209" Error Check,
    ROLE_COUNT "L211" Error Parser,
    PUBLICATION_WORD "L212" Error Check,
    NO_ZERO "L301" Warning Check,
    DUPLICATE_VALUE "L302" Error Check,
    OUT_OF_RANGE "L303" Error Both,
    FLAGS_OVERLAP "L304" Error Check,
    MULTI_BIT "L305" Error Parser,
    ID_CLASH "L307" Error Check,
    NO_GROWTH "L308" Info Check,
    SAME_NAME "L401" Error Check,
    ESCAPED "L402" Info Check,
    TAKEN "L403" Info Parser,
    ENCLOSING_TYPE "L404" Info Check,
    HELPER_CLASH "L405" Error Check,
    RESERVED_UNDERSCORE "L406" Error Parser,
    SHADOWS "L407" Info Check,
    YAML_TRAP "L408" Error Parser,
    MACRO "L409" Info Check,
    NO_MAGIC "L501" Info Check pedantic,
    NO_VERSION "L502" Warning Check,
    NO_HASH "L503" Error Parser,
    PALINDROME "L504" Warning Check,
    NO_ROOM "L505" Info Check,
    UNDOCUMENTED "L506" Info Check pedantic,
    SINCE_FIRST "L507" Warning Check,
    UNUSED_ALLOW "L601" Warning Levels,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_order_and_found() {
        assert!(ALL.is_sorted_by(|a, b| a.id < b.id), "an id stands twice or out of order");
        for rule in ALL {
            assert_eq!(find(&rule.id.to_lowercase()), Some(*rule));
        }
        assert_eq!(find("L000"), None);
    }

    #[test]
    fn a_slip_of_the_fingers_finds_its_rule() {
        assert_eq!(nearest("l1100"), Some(RECURSIVE));
        assert_eq!(nearest("E35"), Some(TOO_DEEP));
        assert_eq!(nearest("cache"), None);
    }
}
