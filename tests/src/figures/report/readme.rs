//! The block of figures in the README.

use super::super::aims::Aim;
use super::super::{Figures, Machine};
use super::{Row, headings};

/// Where the drawing lies that the block shows.
pub const DRAWING: &str = "tests/bench/figures.svg";

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench --readme` -->\n";
const END: &str = "<!-- end of figures -->\n";

/// The block, markers included.
pub fn block(figures: &Figures, machine: &Machine, aims: &[Aim]) -> String {
    let runs = figures.series.iter().map(|(_, runs)| runs.len()).max().unwrap_or(0);
    let mut text = format!(
        "{BEGIN}\nMeasured on {}: {} ({} cores), {}. Medians of {runs} runs.\n\n",
        machine.date, machine.processor, machine.cores, machine.kernel
    );
    let headings = headings();
    text += &row(&headings);
    text += &format!("| --- |{}\n", " ---: |".repeat(headings.len() - 1));
    for measured in Row::all(figures) {
        text += &row(&measured.cells(figures));
    }
    text += &format!("\n![The same as bars]({DRAWING})\n");
    text += "\n| aim | wanted | found | |\n| --- | --- | ---: | --- |\n";
    for aim in aims {
        let found = aim.found.clone().unwrap_or_default();
        text += &row(&[aim.what.clone(), aim.wanted.clone(), found, aim.verdict()]);
    }
    text + "\n" + END
}

fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// What the block lies between.
pub const MARKERS: [&str; 2] = [BEGIN, END];

/// `readme` with the block between `markers` replaced, which contains them.
///
/// # Errors
///
/// When the markers are not there.
pub fn replace_block(readme: &str, block: &str, [begin, end]: [&str; 2]) -> Result<String, String> {
    let start = readme.find(begin).ok_or_else(|| format!("no line {:?}", begin.trim_end()))?;
    let rest = &readme[start..];
    let stop = rest.find(end).ok_or_else(|| format!("no line {:?}", end.trim_end()))?;
    Ok([&readme[..start], block, &rest[stop + end.len()..]].concat())
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, MARKERS, replace_block};

    #[test]
    fn only_the_block_is_replaced() {
        let readme = format!("before\n{BEGIN}old\n{END}after\n");
        let new = replace_block(&readme, &format!("{BEGIN}new\n{END}"), MARKERS);
        assert_eq!(new.expect("markers"), format!("before\n{BEGIN}new\n{END}after\n"));
        assert!(replace_block("no markers", "new", MARKERS).is_err());
    }
}
