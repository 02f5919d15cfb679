//! The words of a spec's docs: paragraphs, with `code` in backticks.

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Inline {
    Text(String),
    Code(String),
    /// Code that leads to the section of that key.
    Link {
        key: String,
        text: String,
    },
}

/// A sentence or more.
pub(crate) type Words = Vec<Inline>;

pub(crate) fn plain(text: impl Into<String>) -> Words {
    vec![Inline::Text(text.into())]
}

pub(crate) fn code(text: impl Into<String>) -> Words {
    vec![Inline::Code(text.into())]
}

/// The paragraphs of a doc text; white space counts as one space.
pub(crate) fn paragraphs(doc: &str) -> Vec<Words> {
    let lines: Vec<_> = doc.lines().map(str::trim).collect();
    let paragraphs = lines.split(|line| line.is_empty()).filter(|lines| !lines.is_empty());
    paragraphs.map(|lines| words(&lines.join(" "))).collect()
}

/// The same as one run of words.
pub(crate) fn sentence(doc: &str) -> Words {
    words(&doc.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn words(text: &str) -> Words {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('`') {
        let Some((code, after)) = behind.split_once('`') else { break };
        if code.trim().is_empty() {
            // Two backticks with nothing between them are no code.
            add_text(&mut words, &rest[..rest.len() - after.len()]);
        } else {
            add_text(&mut words, before);
            words.push(Inline::Code(code.trim().to_owned()));
        }
        rest = after;
    }
    add_text(&mut words, rest);
    words
}

fn add_text(words: &mut Words, more: &str) {
    match words.last_mut() {
        _ if more.is_empty() => {}
        Some(Inline::Text(text)) => text.push_str(more),
        _ => words.push(Inline::Text(more.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docs_are_paragraphs_with_code() {
        let text = |text: &str| Inline::Text(text.to_owned());
        let code = |text: &str| Inline::Code(text.to_owned());
        let doc = "From `id`,\n  made.\n\n\nOne ` tick, `` two.\n";
        let expected = [
            vec![text("From "), code("id"), text(", made.")],
            vec![text("One "), code("tick,"), text("` two.")],
        ];
        assert_eq!(paragraphs(doc), expected);
        assert_eq!(paragraphs(" \n"), Vec::<Words>::new());
        assert_eq!(sentence("`` and ` alone"), [text("`` and ` alone")]);
    }
}
