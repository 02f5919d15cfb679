//! C++'s names: what stands in the public parts of the classes of the generated header, which
//! clang-format has laid out: types and functions begin in the first column, members in the fifth.

use std::fs;
use std::io;

use bitrpc_spec::names::Language;

use super::{FUNCTIONS, Symbols, last_word};
use crate::repo;

pub(super) fn symbols() -> io::Result<Symbols> {
    let header = repo::generated(Language::CPP).join("shared_memory_api.h");
    Ok(parse(&fs::read_to_string(header)?))
}

/// The type in which the lines stand.
struct Open {
    name: String,
    is_enum: bool,
    is_public: bool,
}

fn parse(text: &str) -> Symbols {
    let mut symbols = Symbols::default();
    let mut open: Option<Open> = None;
    let mut before = "";
    let mut is_detail = false;
    for line in text.lines() {
        if line.starts_with("namespace ") || line.starts_with("}  // namespace ") {
            // The one namespace inside of the other that is not for users.
            is_detail = line == "namespace detail {";
        } else if is_detail {
            continue;
        } else if let Some(opened) = opening(line) {
            open = Some(opened);
        } else if line.starts_with("};") {
            open = None;
        } else if let Some(open) = &mut open {
            if ["public:", "protected:", "private:"].iter().any(|it| line.starts_with(it)) {
                open.is_public = line.starts_with("public:");
            } else if open.is_public
                && (open.is_enum || !before.ends_with([',', '(', '=']))
                && let Some(member) = member(line).filter(|member| *member != open.name)
            {
                symbols.add(&open.name, member);
            }
        } else if let Some(function) = function(line) {
            symbols.add(FUNCTIONS, function);
        }
        before = line;
    }
    symbols
}

/// The type that begins in this line.
fn opening(line: &str) -> Option<Open> {
    let (word, rest) = line.split_once(' ')?;
    if !["class", "struct", "enum"].contains(&word) || line.ends_with(['}', ';']) {
        return None;
    }
    let mut words = rest.split([' ', '{']).filter(|word| !word.is_empty());
    let name = words.find(|word| !word.starts_with(['[', 'a']) && *word != "class")?;
    let is_enum = word == "enum";
    Some(Open { name: name.to_owned(), is_enum, is_public: word != "class" })
}

/// The name that this line declares in a class.
fn member(line: &str) -> Option<&str> {
    let declaration = line.strip_prefix("    ")?;
    if declaration.starts_with([' ', '/', '~', '}', ':', ')', '#']) {
        return None;
    }
    let code = declaration.split("//").next()?.trim_end();
    let first = code.split(' ').next()?;
    let is_other = ["friend", "template", "using", "static_assert"].contains(&first);
    if is_other || code.contains("operator") || code.ends_with("= delete;") {
        return None;
    }
    let head = match code.find('(') {
        Some(at) if !code[..at].contains('=') => &code[..at],
        // The name of a function may stand in the next line.
        _ if !code.ends_with([';', ',', '{', '}']) => return None,
        _ => code.split([';', '=', '{', ',']).next()?.trim_end(),
    };
    last_word(head)
}

/// The name of the function of the namespace that begins in this line.
fn function(line: &str) -> Option<&str> {
    let rest = ["[[nodiscard]] ", "inline ", "constexpr "]
        .iter()
        .find_map(|first| line.strip_prefix(first))?;
    let head = rest.split('(').next().filter(|head| head.len() < rest.len())?;
    let name = last_word(head)?;
    let before = &head[..head.len() - name.len()];
    let is_function = !before.contains("operator") && !before.contains('=');
    (is_function && !before.ends_with([':', '~'])).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn public_members_outside_of_detail_are_found() {
        let text = "\
namespace bitrpc::shared_memory {
enum class Mode : std::uint8_t {
    /// Make it.
    kCreate,
    kOpen,
};
namespace detail {
struct Inner {
    int hidden = 0;
};
}  // namespace detail
class [[nodiscard]] Ring {
public:
    Ring(const Ring&) = delete;
    using Handler = std::function<void(int)>;
    /// Its name.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    template <class T>
    Status send_typed(const T& value,
                      Flags flags = Flags{}) noexcept {
        return send(value, flags);
    }
    [[nodiscard]] BITRPC_DETAIL_INLINE Status
    try_send(ByteView payload) noexcept {
        return Errc::kFull;
    }
    void close() noexcept;

private:
    std::string name_;
};
struct Options {
    Timeout spin = std::chrono::microseconds(20);
    Capacity capacity{};
};
inline void Ring::close() noexcept {
}
[[nodiscard]] inline Error remove_ring(std::string_view name) {
    return {};
}
";
        let expected = [
            "Mode.kCreate",
            "Mode.kOpen",
            "Options.capacity",
            "Options.spin",
            "Ring.close",
            "Ring.name",
            "Ring.send_typed",
            "Ring.try_send",
            "functions.remove_ring",
        ];
        assert_eq!(parse(text).listed(), expected);
    }
}
