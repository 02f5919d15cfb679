//! C#'s names: the public members of the public types in the generated sources, in which types
//! are indented by four blanks and their members by eight.

use std::io;

use bitrpc_spec::names::Language;

use super::{Symbols, last_word, texts};
use crate::repo;

pub(super) fn symbols() -> io::Result<Symbols> {
    let mut symbols = Symbols::default();
    for text in texts(&repo::generated(Language::CSHARP), "cs")? {
        parse(&mut symbols, &text);
    }
    Ok(symbols)
}

fn parse(symbols: &mut Symbols, text: &str) {
    let mut open: Option<(String, bool)> = None;
    let mut is_split = false;
    for line in text.lines() {
        if line == "    }" {
            open = None;
        } else if let Some(declaration) = line.strip_prefix("    public ") {
            open = opening(declaration);
        } else if let (Some((ty, _)), true, Some(declaration)) =
            (&open, is_split, line.strip_prefix("            "))
        {
            // The type in between depends on the framework.
            if let Some((head, _)) = declaration.split_once('(')
                && let Some(member) = name(head)
            {
                symbols.add(ty, member);
                is_split = false;
            }
        } else if line == "        public" {
            is_split = true;
        } else if let (Some((ty, is_enum)), Some(declaration)) =
            (&open, line.strip_prefix("        "))
        {
            let member = if *is_enum { value(declaration) } else { member(declaration) };
            if let Some(member) = member.filter(|member| member != ty) {
                symbols.add(ty, member);
            }
        }
    }
}

/// The type that `declaration` opens, and whether it is an enum.
fn opening(declaration: &str) -> Option<(String, bool)> {
    let mut words = declaration.split_whitespace();
    let kind = words.find(|word| ["class", "struct", "enum"].contains(word))?;
    let name = words.next()?.split(['<', ':', '(']).next()?;
    Some((name.to_owned(), kind == "enum"))
}

fn value(line: &str) -> Option<&str> {
    let name = line.split([' ', ',', '=']).next()?;
    name.starts_with(|c: char| c.is_ascii_uppercase()).then_some(name)
}

fn member(line: &str) -> Option<&str> {
    let declaration = line.strip_prefix("public ")?;
    if declaration.contains("operator ") || declaration.starts_with("override ") {
        return None;
    }
    name(declaration.split(['(', '{', '=', ';']).next()?.trim_end())
}

/// The name at the end of a declaration.
fn name(head: &str) -> Option<&str> {
    // `SendTyped<T>` takes a type; in `Action<Error> OnError` the type of the member does.
    let head = match head.rfind('<') {
        Some(at) if head.ends_with('>') => &head[..at],
        _ => head,
    };
    last_word(head)
}

#[cfg(test)]
mod tests {
    use super::{Symbols, parse};

    #[test]
    fn public_members_of_public_types_are_found() {
        let text = "\
namespace A
{
    public enum Mode : byte
    {
        /// <summary>Make it.</summary>
        Create = 0,
        Open,
    }
    public sealed unsafe partial class Ring : IDisposable
    {
        private readonly int _size;
        public Ring(string name)
        public Action<Exception> ErrorHandler { get; set; }
        public int Size => _size;
        public Status SendTyped<T>(in T value)
        public override string ToString() => null;
        public
#if NEW
            ValueTask<T?>
#endif
            ReceiveTypedAsync<T>(int time)
        internal void Drop()
    }
    internal struct Inner
    {
        public int Hidden;
    }
}
";
        let mut symbols = Symbols::default();
        parse(&mut symbols, text);
        let expected = [
            "Mode.Create",
            "Mode.Open",
            "Ring.ErrorHandler",
            "Ring.ReceiveTypedAsync",
            "Ring.SendTyped",
            "Ring.Size",
        ];
        assert_eq!(symbols.listed(), expected);
    }
}
