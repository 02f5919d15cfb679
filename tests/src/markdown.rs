//! Fenced examples of Markdown files.

/// One fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The word after the fence, e.g. `cpp`.
    pub tag: String,
    /// Everything between the fences.
    pub text: String,
}

/// All fenced blocks of `markdown`, in their order.
pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in markdown.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(tag)) => {
                open = Some(Block { tag: tag.trim().to_owned(), text: String::new() });
            }
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::{Block, blocks};

    #[test]
    fn blocks_come_with_their_tags() {
        let text = "a\n```rust\nfn main() {}\n```\nb\n```\nplain\n```\n";
        let block = |tag: &str, text: &str| Block { tag: tag.into(), text: text.into() };
        assert_eq!(blocks(text), [block("rust", "fn main() {}\n"), block("", "plain\n")]);
    }
}
