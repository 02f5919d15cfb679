//! Names for random specs: ordinary words, and many that one language or another keeps for itself.

use super::Choices;

/// No two of these are the same name in any language.
const WORDS: &[&str] = &[
    "and", "as", "assert", "async", "auto", "await", "base", "bid", "bool", "box", "buffer", "byte",
    "bytes", "case", "char", "checked", "class", "clear", "code", "concept", "const", "count",
    "crate", "data", "def", "default", "delete", "do", "dyn", "elif", "else", "end", "enum",
    "equals", "errno", "error", "event", "except", "extern", "false", "far", "field", "finalize",
    "finally", "float", "fn", "for", "format", "friend", "from", "gen", "get_type", "global", "goto",
    "hash", "id", "if", "impl", "import", "in", "init", "inline", "int", "int32_t", "interface", "is",
    "item", "kind", "lambda", "len", "length", "let", "level", "level_2", "linux", "list", "lock",
    "long", "loop", "major", "match", "max", "min", "minor", "mod", "move", "mut", "name",
    "namespace", "near", "new", "none", "nonlocal", "not", "null", "nullptr", "object", "offset",
    "operator", "or", "out", "override", "params", "partial", "pass", "payload", "price", "print",
    "priv", "property", "public", "raise", "range", "record", "ref", "register", "result", "return",
    "self", "set", "short", "signed", "size", "sizeof", "small", "static", "std", "stdin", "str",
    "string", "struct", "super", "switch", "template", "this", "throw", "to_string", "trait", "true",
    "try", "tuple", "type", "typeof", "union", "unix", "unsafe", "use", "using", "value", "var",
    "version", "virtual", "void", "volatile", "where", "while", "with", "x", "xor", "y", "yield", "z",
];

/// Hands out names, in an order of their own for each spec.
pub(super) struct Names {
    types: Vec<&'static str>,
}

impl Names {
    pub(super) fn new(c: &mut Choices) -> Self {
        let mut types = WORDS.to_vec();
        c.shuffle(&mut types);
        Self { types }
    }

    /// Different names in snake_case for one list.
    pub(super) fn take(&self, c: &mut Choices, count: usize) -> Vec<String> {
        let mut words = WORDS.to_vec();
        c.shuffle(&mut words);
        words.into_iter().take(count).map(str::to_owned).collect()
    }

    /// A name in PascalCase that was not handed out before.
    pub(super) fn take_type(&mut self, c: &mut Choices) -> String {
        let first = self.types.pop().unwrap_or("thing");
        let used = WORDS.len() - self.types.len();
        let mut name = crate::names::pascal(first);
        // One letter could be the name of a constant too.
        if name.len() == 1 || c.once_in(2) {
            name.push_str(&format!("Part{used}"));
        }
        name
    }
}
