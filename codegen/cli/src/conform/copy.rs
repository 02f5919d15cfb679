//! A vendored copy, held against the spec by its text, its compiler and its bytes.

use std::path::Path;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::Args;
use crate::console::{Failure, complain, say};
use bitrpc_codegen::Loaded;
use bitrpc_codegen::backend::{Input, Origin};
use bitrpc_codegen::emit::Drift;
use bitrpc_conform::copy::{self, Copy};
use bitrpc_conform::toolchain::{Found, Program, Toolchain};
use bitrpc_conform::{Stage, driver};
use bitrpc_spec::names::Language;

/// One thing that was looked at.
struct Step {
    /// What: `text`, `layout on g++`, `rust -> cpp`.
    name: String,
    result: StepResult,
}

enum StepResult {
    Fine(String),
    /// What differs, a line each.
    Differs(Vec<String>),
    /// What is missing on this machine.
    Skipped(String),
}

/// Checks every copy in `folder` and reports; whether all conforms.
pub(super) fn run(args: &Args, loaded: &Loaded, folder: &Path) -> Result<bool, Failure> {
    let origin = Origin::new(args.spec.path(), &loaded.digest);
    let input = Input { layout: &loaded.layout, origin: &origin };
    let copies = Copy::find(folder, &input);
    if copies.is_empty() {
        let ids = Language::ALL.map(Language::id).join(", ");
        return Err(Failure::System(format!(
            "{} is no generated folder: expected bitrpc.manifest in it, or in one of {ids} below \
             it",
            folder.display()
        )));
    }
    let check = Check { args, input: &input, reference: None };
    let reports = check.all(&copies)?;
    let is_fine =
        |steps: &[Step]| !steps.iter().any(|step| matches!(step.result, StepResult::Differs(_)));
    let conforms = reports.iter().all(|steps| is_fine(steps));
    if args.json {
        let copies: Vec<_> =
            copies.iter().zip(&reports).map(|(copy, steps)| to_json(copy, steps)).collect();
        say(format_args!("{:#}", json!({ "conforms": conforms, "copies": copies })))?;
    } else {
        for (copy, steps) in copies.iter().zip(&reports) {
            report(copy, steps)?;
        }
    }
    Ok(conforms)
}

struct Check<'a> {
    args: &'a Args,
    input: &'a Input<'a>,
    /// The peer of the Rust runtime, or why there is none.
    reference: Option<Result<Program, String>>,
}

impl Check<'_> {
    fn all(mut self, copies: &[Copy]) -> Result<Vec<Vec<Step>>, Failure> {
        let folder = tempfile::Builder::new().prefix("bitrpc-conform-").tempdir();
        let folder = folder.map_err(Failure::system)?;
        if !self.args.text {
            complain(format_args!("building the reference\n"));
            self.reference = Some(self.build_reference(&folder.path().join("reference")));
        }
        let mut reports = Vec::new();
        for copy in copies {
            let mut steps = vec![self.text(copy)?];
            if !self.args.text {
                let place = folder.path().join(copy.language.id());
                self.compiled(copy, &place, &mut steps);
            }
            reports.push(steps);
        }
        Ok(reports)
    }

    fn build_reference(&self, folder: &Path) -> Result<Program, String> {
        let driver = driver::find(Language::RUST).ok_or("no driver builds Rust")?;
        let toolchain = driver.toolchains.first().ok_or("no toolchain builds Rust")?;
        let found = toolchain.find().map_err(|missing| missing.to_string())?;
        let stage = Stage::write(folder, self.input).map_err(|error| error.to_string())?;
        stage.build(*toolchain, &found).map_err(|error| error.to_string())
    }

    fn text(&self, copy: &Copy) -> Result<Step, Failure> {
        let drifts = copy.compare_text(self.input).map_err(Failure::system)?;
        let line = |drift: &Drift| format!("{}: {}", drift.path.display(), drift.difference.word());
        let result = if drifts.is_empty() {
            StepResult::Fine("as this version writes it".to_owned())
        } else {
            StepResult::Differs(drifts.iter().map(line).collect())
        };
        Ok(Step { name: "text".to_owned(), result })
    }

    /// The steps that need a program: on every toolchain of the language that is here.
    fn compiled(&self, copy: &Copy, folder: &Path, steps: &mut Vec<Step>) {
        let toolchains = driver::find(copy.language).map_or(&[][..], |driver| driver.toolchains);
        for toolchain in toolchains {
            match toolchain.find() {
                Err(missing) => steps.push(Step {
                    name: format!("{} compiles", toolchain.id()),
                    result: StepResult::Skipped(missing.to_string()),
                }),
                Ok(found) => self.on_toolchain(copy, *toolchain, &found, folder, steps),
            }
        }
    }

    fn on_toolchain(
        &self,
        copy: &Copy,
        toolchain: &dyn Toolchain,
        found: &Found,
        folder: &Path,
        steps: &mut Vec<Step>,
    ) {
        let (id, layout) = (toolchain.id(), self.input.layout);
        complain(format_args!("building {id}\n"));
        let peer = match copy.build(&folder.join(id), self.input, toolchain, found) {
            Ok(peer) => peer,
            Err(error) => {
                let result = StepResult::Differs(vec![error.to_string()]);
                return steps.push(Step { name: format!("{id} compiles"), result });
            }
        };
        let result = match copy::compare_layout(layout, &peer) {
            Ok(differences) if differences.is_empty() => {
                StepResult::Fine(format!("sizes, offsets and hashes on {}", found.version))
            }
            Ok(differences) => StepResult::Differs(differences),
            Err(error) => StepResult::Differs(vec![error.to_string()]),
        };
        steps.push(Step { name: format!("{id} layout"), result });
        let reference = match &self.reference {
            Some(Ok(program)) => program,
            Some(Err(reason)) => {
                let result = StepResult::Skipped(format!("no reference: {reason}"));
                return steps.push(Step { name: format!("{id} exchange"), result });
            }
            None => return,
        };
        let own = format!("{id} copy");
        for (from, to, names) in [
            (reference, &peer, format!("runtime -> {own}")),
            (&peer, reference, format!("{own} -> runtime")),
        ] {
            let result = match copy::exchange(layout, from, to, self.args.count) {
                Ok(outcome) => {
                    StepResult::Fine(format!("{} messages verified", outcome.consumer.messages))
                }
                Err(failure) => StepResult::Differs(vec![failure.to_string()]),
            };
            steps.push(Step { name: names, result });
        }
    }
}

fn to_json(copy: &Copy, steps: &[Step]) -> Value {
    let step = |step: &Step| match &step.result {
        StepResult::Fine(text) => json!({ "step": step.name, "state": "fine", "detail": text }),
        StepResult::Differs(lines) => {
            json!({ "step": step.name, "state": "differs", "differences": lines })
        }
        StepResult::Skipped(reason) => {
            json!({ "step": step.name, "state": "skipped", "detail": reason })
        }
    };
    json!({
        "language": copy.language.id(),
        "folder": copy.folder.display().to_string(),
        "steps": steps.iter().map(step).collect::<Vec<_>>(),
    })
}

fn report(copy: &Copy, steps: &[Step]) -> Result<(), Failure> {
    let bold = Style::new().bold();
    say(format_args!("{bold}{}{bold:#} ({})", copy.folder.display(), copy.language.title()))?;
    for Step { name, result } in steps {
        let (color, word, first) = match result {
            StepResult::Fine(text) => (AnsiColor::Green, "fine", text.clone()),
            StepResult::Differs(lines) => (AnsiColor::Red, "differs", lines.join("\n    ")),
            StepResult::Skipped(reason) => (AnsiColor::Yellow, "skipped", reason.clone()),
        };
        let style = Style::new().fg_color(Some(color.into()));
        say(format_args!("  {name}: {style}{word}{style:#}"))?;
        say(format_args!("    {first}"))?;
    }
    Ok(())
}
