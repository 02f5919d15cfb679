//! The C# engine from inside, on every runtime: messages, ends, broken rings, waiting, and that
//! sending and receiving allocates nothing.

use std::process::ExitCode;
use std::time::Duration;

use bitrpc_spec::names::Language;
use bitrpc_tests::matrix::{Member, members, subjects};
use bitrpc_tests::{harness, programs, repo};

/// A program of many tests that takes longer hangs.
const HANG: Duration = Duration::from_secs(600);

/// For the spec with every kind of array.
const ARRAYS: &str = r#"
using System;
using KitchenSink;
using KitchenSink.Messages;

static class Program
{
    static void Main()
    {
        var sent = default(Arrays);
        Inline.At(ref sent.Inners, 1).Number = 7;
        Inline.At(ref sent.U16s, 0) = 9;
        using (var producer = new SharedMemoryProducer("arrays"))
        using (var consumer = new SharedMemoryConsumer("arrays"))
        {
            producer.SendTyped(sent);
            consumer.ReceiveTyped(out Arrays found, 0);
            bool isThere = found.Inners[1].Number == 7 && found.U16s[0] == 9;
            if (!isThere || found.Inners[0].Number != 0 || found.U16s[1] != 0)
            {
                throw new InvalidOperationException(found.ToString());
            }
        }

        try
        {
            Inline.At(ref sent.Inners, 2).Number = 1;
        }
        catch (ArgumentOutOfRangeException)
        {
            return;
        }

        throw new InvalidOperationException("there is no third element");
    }
}
"#;

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for member in members() {
        if member.toolchain.language() != Language::CSHARP {
            continue;
        }
        let arrays = format!("an_array_inside_a_struct_is_written_in_place/{}", member.id());
        match &member.found {
            Err(missing) => {
                trials.push(harness::skipped(member.id(), missing));
                trials.push(harness::skipped(arrays, missing));
            }
            Ok(_) => {
                trials.push(harness::trial(member.id(), move || run(member)));
                trials.push(harness::trial(arrays, move || run_arrays(member)));
            }
        }
    }
    harness::run(trials)
}

fn run(member: &Member) -> Result<(), String> {
    let program = programs::build_folder(member, repo::root().join("tests/csharp_engine"))?;
    programs::run_within(HANG, &mut program.command()).map(drop)
}

fn run_arrays(member: &Member) -> Result<(), String> {
    let subject = subjects().iter().find(|subject| subject.name == "kitchen_sink");
    let library = subject.ok_or("there is no such spec")?.job(Language::CSHARP)?.library;
    let name = format!("arrays_{}", member.id());
    let program = programs::build_with(member, &name, ARRAYS, library)?;
    programs::run(&mut program.command()).map(drop)
}
