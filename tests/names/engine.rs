//! Names of the engine as those of a spec: what a spec defines keeps them, and is exchanged.

use bitrpc_conform::runner::{Order, Task, run_pair};
use bitrpc_spec::names::Language;
use bitrpc_tests::harness;
use bitrpc_tests::matrix::{Member, members};
use libtest_mimic::Trial;

use crate::batch::Batch;
use crate::words;

/// Messages in which each struct comes often.
const COUNT: u64 = 8_000;

pub(crate) fn trials() -> Vec<Trial> {
    let of_language = |language: Language| {
        let name = format!("{}/engine_words", language.id());
        let member = member_of(language);
        match member.map(|member| &member.found) {
            Some(Err(missing)) => harness::skipped(name, missing),
            _ => harness::trial(name, move || exchange(language)),
        }
    };
    Language::ALL.into_iter().map(of_language).collect()
}

/// A toolchain of the language, one that is here before all others.
fn member_of(language: Language) -> Option<&'static Member> {
    let mut all = members().iter().filter(|member| member.toolchain.language() == language);
    all.clone().find(|member| member.found.is_ok()).or_else(|| all.next())
}

/// Every word as a struct that is a message, as a field, an enum's value and a constant.
fn exchange(language: Language) -> Result<(), String> {
    let names = words::of_engine();
    let mut batch = Batch::new("engine_words");
    batch.constants(&names.members);
    batch.enums(&Default::default(), &names.members);
    batch.structs(&names.types, &(0..names.types.len()), &names.members);
    let generated = batch.generate(&format!("engine_words_{}", language.id()))?;
    let member = member_of(language).ok_or("no toolchain")?;
    let found = member.found.as_ref().map_err(ToString::to_string)?;
    let peer = generated.stage.build(member.toolchain, found).map_err(|e| e.to_string())?;
    let task = Task { count: COUNT, seed: 21, order: Order::ConsumerFirst, ..Task::default() };
    run_pair(&generated.layout, &peer, &peer, &task, &mut |_| true)
        .map(drop)
        .map_err(|failure| failure.to_string())
}
