//! `bitrpc view`: what the templates of a language are given.

use super::{SpecArg, language};
use crate::console::{Failure, Outcome, say};
use bitrpc_codegen::backend::{self, Input, Origin};
use bitrpc_spec::names::Language;

/// Print the view of a language: the final names, types and literals that its templates place.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    spec: SpecArg,
    /// The language.
    #[arg(long, value_parser = language)]
    lang: Language,
    /// Print JSON instead of YAML.
    #[arg(long)]
    pub(super) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  bitrpc view --lang cpp
  bitrpc view my.yaml --lang rust --json | jq .structs[0]";

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let loaded = args.spec.load()?;
    let missing = || Failure::system(format!("no backend writes {} yet", args.lang.title()));
    let backend = backend::find(args.lang).ok_or_else(missing)?;
    let origin = Origin::new(args.spec.path(), &loaded.digest);
    let view = backend.view(&Input { layout: &loaded.layout, origin: &origin });
    if args.json {
        say(format_args!("{view:#}"))?;
    } else {
        // The one use of serde_yaml in the product: writing. The crate is no longer maintained, so
        // it reads no spec; see `source::yaml` of bitrpc-spec for what does.
        say(serde_yaml::to_string(&view).map_err(Failure::system)?)?;
    }
    Ok(Outcome::Fine)
}
