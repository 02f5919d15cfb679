//! Python's names: the methods, fields and constants of the classes that the generated package
//! exports, with those that they inherit, and its functions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

use bitrpc_spec::names::Language;

use super::{FUNCTIONS, Symbols, texts};
use crate::repo;

/// Under this name the exported errors are members like others.
const ERRORS: &str = "errors";
const ERROR: &str = "RingError";

/// A class of the package: what it is made of, and what it says itself.
#[derive(Debug, Default)]
struct Class {
    bases: Vec<String>,
    members: Vec<String>,
}

#[derive(Debug, Default)]
struct Package {
    classes: BTreeMap<String, Class>,
    functions: BTreeSet<String>,
    exported: BTreeSet<String>,
}

pub(super) fn symbols() -> io::Result<Symbols> {
    let folder = repo::generated(Language::PYTHON);
    let mut package = Package::default();
    for text in texts(&folder, "py")? {
        package.parse(&text);
    }
    package.exported = exports(&fs::read_to_string(folder.join("shared_memory_api/__init__.py"))?);
    Ok(package.symbols())
}

/// What `__all__` lists.
fn exports(text: &str) -> BTreeSet<String> {
    let list = text.split_once("__all__ = [").map_or("", |(_, rest)| rest);
    let list = list.split(']').next().unwrap_or_default();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

impl Package {
    fn parse(&mut self, text: &str) {
        let mut open: Option<String> = None;
        let (mut is_prose, mut is_slots) = (false, false);
        for line in text.lines() {
            if line.matches("\"\"\"").count() == 1 {
                is_prose = !is_prose;
            } else if is_prose {
                continue;
            } else if line == "    __slots__ = (" {
                is_slots = true;
            } else if is_slots && let Some(slot) = line.strip_prefix("        \"") {
                let slot = slot.trim_end_matches(['"', ',']);
                let class = open.as_ref().and_then(|name| self.classes.get_mut(name));
                if let (Some(class), false) = (class, slot.starts_with('_')) {
                    class.members.push(slot.to_owned());
                }
            } else if let Some(head) = line.strip_prefix("class ") {
                let (name, rest) = head.split_once(['(', ':']).unwrap_or((head, ""));
                let bases = rest.trim_end_matches(['(', ')', ':']).split([',', '[']);
                let bases = bases.map(|base| base.trim().to_owned()).collect();
                self.classes.insert(name.to_owned(), Class { bases, members: Vec::new() });
                open = Some(name.to_owned());
            } else if let Some(head) = line.strip_prefix("def ") {
                self.functions.extend(head.split('(').next().map(str::to_owned));
                open = None;
            } else if line.starts_with(|c: char| !c.is_whitespace()) {
                open = None;
            } else if line == "    )" {
                is_slots = false;
            } else if let Some(class) = open.as_ref().and_then(|name| self.classes.get_mut(name)) {
                class.members.extend(members(line).into_iter().map(str::to_owned));
            }
        }
    }

    fn symbols(&self) -> Symbols {
        let mut symbols = Symbols::default();
        for name in &self.exported {
            if self.functions.contains(name) {
                symbols.add(FUNCTIONS, name);
            } else if self.is_a(name, ERROR) {
                symbols.add(ERRORS, name);
            } else {
                self.add(&mut symbols, name, name);
            }
        }
        symbols
    }

    fn is_a(&self, name: &str, base: &str) -> bool {
        name == base
            || self
                .classes
                .get(name)
                .is_some_and(|class| class.bases.iter().any(|parent| self.is_a(parent, base)))
    }

    fn add(&self, symbols: &mut Symbols, ty: &str, from: &str) {
        let Some(class) = self.classes.get(from) else { return };
        for member in &class.members {
            symbols.add(ty, member);
        }
        for base in &class.bases {
            self.add(symbols, ty, base);
        }
    }
}

/// The names that this line declares in a class: one in its body, or those of its `__slots__`.
fn members(line: &str) -> Vec<&str> {
    let Some(line) = line.strip_prefix("    ") else { return Vec::new() };
    let names = match line.strip_prefix("__slots__ = (") {
        Some(slots) => slots.split('"').skip(1).step_by(2).collect(),
        None => member(line).into_iter().collect::<Vec<_>>(),
    };
    names.into_iter().filter(|name| !name.starts_with('_')).collect()
}

fn member(line: &str) -> Option<&str> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    let name = match line.strip_prefix("def ") {
        Some(rest) => rest.split('(').next()?,
        None => line.split([':', '=']).next().filter(|name| name.len() < line.len())?.trim_end(),
    };
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::{Package, exports};

    #[test]
    fn members_of_exported_classes_are_found_with_those_that_they_inherit() {
        let text = "\
class RingError(Exception):
    pass
class Closed(RingError):
    pass
class Endpoint:
    def name(self) -> str:
        text = self._name
        return text
class Message:
    __slots__ = (
        \"_link\",
        \"payload\",
    )
class Ring(Endpoint):
    \"\"\"A ring.

    Attributes:
        hidden: Prose.
    \"\"\"

    __slots__ = (\"_link\", \"flags\")
    size: int = 0
    async def send_async(self) -> bool:
        return True
    def _check(self) -> None:
        pass
class Mode(Enum):
    CREATE = 0
def remove_ring(name: str) -> bool:
    return False
def find(name: str) -> bool:
    return False
";
        let mut package = Package::default();
        package.parse(text);
        package.exported =
            exports("__all__ = [\"Closed\", \"Message\", \"Mode\", \"Ring\", \"remove_ring\"]\n");
        let expected = [
            "Message.payload",
            "Mode.CREATE",
            "Ring.flags",
            "Ring.name",
            "Ring.send_async",
            "Ring.size",
            "errors.Closed",
            "functions.remove_ring",
        ];
        assert_eq!(package.symbols().listed(), expected);
    }
}
