//! `bitrpc layout`: where every byte is.

use clap::ValueEnum;

use super::SpecArg;
use crate::console::{Failure, Outcome, Output};
use bitrpc_spec::diagnostic::closest;
use bitrpc_spec::layout::Layout;
use bitrpc_spec::layout::render::{self, Shown};

/// Show the layout: offset, size and padding of every field, and who writes which line of the ring.
///
/// The JSON form is stable: "ring_header", "message_header" and each of "structs" have "name",
/// "size", "align" and "fields" (each with "name", "type", "offset", "size", "padding_before");
/// beside them stand "layout_hash" and "schema_hash" as hexadecimal strings. The HTML form is one
/// file that needs no network.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    spec: SpecArg,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Short for --format json.
    #[arg(long, conflicts_with = "format")]
    pub(super) json: bool,
    /// Only these structs; `ring_header` and `message_header` are names of the headers.
    #[arg(long = "struct", value_name = "NAME,...", value_delimiter = ',')]
    structs: Vec<String>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables and pictures for a terminal.
    Table,
    /// For machines.
    Json,
    /// For a wiki or a repository.
    Markdown,
    /// A picture.
    Svg,
    /// A page with search, for a browser.
    Html,
}

const EXAMPLES: &str = "\
Examples:
  bitrpc layout                                   tables and byte diagrams
  bitrpc layout my.yaml --json | jq .layout_hash
  bitrpc layout my.yaml --format html -o layout.html
  bitrpc layout --struct TestData --format svg -o test_data.svg
  bitrpc layout --struct ring_header,message_header --format markdown";

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let loaded = args.spec.load()?;
    let layout = &loaded.layout;
    let shown = shown(args, layout)?;
    let text = match args.format {
        _ if args.json => format!("{:#}", render::to_json(layout, &shown)),
        Format::Table => render::to_text(layout, &shown),
        Format::Json => format!("{:#}", render::to_json(layout, &shown)),
        Format::Markdown => render::to_markdown(layout, &shown),
        Format::Svg => render::to_svg(layout, &shown),
        Format::Html => render::to_html(layout, &shown),
    };
    args.output.write(&text)?;
    Ok(Outcome::Fine)
}

fn shown(args: &Args, layout: &Layout) -> Result<Shown, Failure> {
    if args.structs.is_empty() {
        return Ok(Shown::all());
    }
    Shown::only(layout, args.structs.iter().map(String::as_str)).map_err(|unknown| {
        let hint = match closest(unknown, Shown::choices(layout)) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "`bitrpc layout` without --struct shows all".to_owned(),
        };
        let (spec, unknown) = (args.spec.path().display(), unknown.escape_debug());
        Failure::system(format_args!("{spec} has no struct `{unknown}`; {hint}"))
    })
}
