//! Whether the number of the new version says what changed.
//!
//! Rings of another major version are refused, whatever is in them. Of one version, another schema
//! is refused; of another minor version, it is let in. So a minor version promises that payloads
//! are read, and only a major one may break that.

use super::identity::step;
use super::pair::Pair;
use super::{Change, Class, written};
use crate::model::Version;
use crate::rules::{self, Rule};

/// What has to be raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    Nothing,
    Minor,
    Major,
}

/// Whether a rule is about the version number.
pub(super) fn is_about_it(rule: &Rule) -> bool {
    rule == rules::VERSION_REFUSES || rule == rules::VERSION_LETS_IN
}

/// Says which version the new spec should have, and adds a change if it has another one.
pub(super) fn compare(pair: &Pair, out: &mut Vec<Change>) -> Version {
    let worst = out.iter().map(|change| change.class).max();
    let need = if worst >= Some(Class::Wire) {
        Need::Major
    } else if out.iter().any(|change| change.moves_schema) {
        Need::Minor
    } else {
        Need::Nothing
    };
    let (old, new) = (pair.old.spec.version.value, pair.new.spec.version.value);
    let next = next(pair, need);
    let Some((rule, message, label)) = misfit(old, new, need, worst) else {
        return if new > old { new } else { next };
    };
    let place = |span: Option<crate::source::Span>, name| span.unwrap_or(name);
    let (was, is) = (&pair.old.spec.version, &pair.new.spec.version);
    let change = Change::new(rule, "version", format!("version {}: {message}", step(pair)))
        .at(pair.in_new(place(is.span, pair.new.spec.name.span)), label)
        .also(place(was.span, pair.old.spec.name.span), "was this")
        .expected(format!("version: \"{}\"", written(next)));
    out.push(change);
    next
}

fn next(pair: &Pair, need: Need) -> Version {
    let (major, minor) = pair.old.spec.version.value;
    let wanted = match need {
        Need::Nothing => (major, minor),
        Need::Minor => (major, minor.saturating_add(1)),
        Need::Major => (major.saturating_add(1), 0),
    };
    let fields = pair.new.spec.structs.iter().flat_map(|item| {
        let fixed = item.fields.iter().filter_map(|field| field.since.as_ref());
        fixed.chain(item.tail.iter().filter_map(|tail| tail.since.as_ref()))
    });
    // A spec is never older than its fields.
    fields.map(|since| since.value).fold(wanted, Version::max)
}

/// The rule that a number breaks, what happens, and what to say at the number.
fn misfit(
    old: Version,
    new: Version,
    need: Need,
    worst: Option<Class>,
) -> Option<(&'static Rule, &'static str, &'static str)> {
    let refuses = rules::VERSION_REFUSES;
    if new < old {
        return Some((refuses, "the number goes back", "was in use before, with another meaning"));
    }
    if new.0 > old.0 {
        let message = "rings of the old one are refused, and nothing else asks for that";
        return (need < Need::Major).then_some((refuses, message, "a minor version would do"));
    }
    match need {
        Need::Nothing => None,
        Need::Minor if new > old => None,
        Need::Major if new > old && worst == Some(Class::Wire) => {
            let message = "it lets old and new programs share a ring, and misread what is in it";
            Some((
                rules::VERSION_LETS_IN,
                message,
                "a minor version promises that payloads are read",
            ))
        }
        Need::Major if new > old => {
            let message = "a minor version, though no ring can be shared";
            Some((refuses, message, "a minor version promises that rings are shared"))
        }
        Need::Minor | Need::Major => {
            let message = "the number is the same, so that rings of the other schema are refused";
            Some((refuses, message, "not raised"))
        }
    }
}
