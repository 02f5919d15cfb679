//! One side of a measurement: `../README.md` says what both sides do.

mod args;
mod clock;
mod kernel;
mod mapped;
mod pace;
mod parts;
mod ring;
mod threads;

use std::process::ExitCode;

use args::Args;
use kernel::{Pipe, Socket};
use mapped::{Copies, Futex, Line, TwoLines};
use parts::{Result, Timing, Transport};
use ring::{ClaimRing, LatencyRing, Ring};

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(reason) => {
            eprintln!("{reason}\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(&args) {
        Ok(Some(Timing { each, percentiles: None })) => {
            println!("{{\"ok\":true,\"ns\":{each:.3}}}");
        }
        Ok(Some(Timing { each, percentiles: Some([p50, p99]) })) => {
            println!("{{\"ok\":true,\"ns\":{each:.3},\"p50\":{p50:.1},\"p99\":{p99:.1}}}");
        }
        Ok(None) => println!("{{\"ok\":true}}"),
        Err(error) => {
            println!("{{\"ok\":false,\"error\":{:?}}}", error.to_string());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The times, from the side that takes them.
fn run(args: &Args) -> Result<Option<Timing>> {
    // The size is a constant in every loop, as it is to a program that sends a struct.
    match args.size {
        8 => run_sized::<8>(args),
        40 => run_sized::<40>(args),
        64 => run_sized::<64>(args),
        1024 => run_sized::<1024>(args),
        65536 => run_sized::<65536>(args),
        size => Err(format!("size {size} is none of 8, 40, 64, 1024, 65536").into()),
    }
}

fn run_sized<const N: usize>(args: &Args) -> Result<Option<Timing>> {
    match args.transport.as_str() {
        "ring" => run_part::<N, Ring>(args),
        "ring-latency" => run_part::<N, LatencyRing>(args),
        "ring-claim" => run_part::<N, ClaimRing>(args),
        "line" => run_part::<N, Line>(args),
        "two-lines" => run_part::<N, TwoLines>(args),
        "copies" => run_part::<N, Copies>(args),
        "futex" => run_part::<N, Futex>(args),
        "pipe" => run_part::<N, Pipe>(args),
        "socket" => run_part::<N, Socket>(args),
        "rtrb" => threads::run::<N>(args).map(Some),
        other => Err(format!("unknown transport {other}").into()),
    }
}

fn run_part<const N: usize, T: Transport<N>>(args: &Args) -> Result<Option<Timing>> {
    let plan = &args.plan;
    match args.part.as_str() {
        "send" => parts::send(&mut T::sender("there", args)?, plan).map(|()| None),
        "receive" => {
            parts::receive(&mut T::receiver("there", args)?, plan).map(|ns| Some(ns.into()))
        }
        "ask" => {
            let mut sender = T::sender("there", args)?;
            let mut receiver = T::receiver("back", args)?;
            parts::ask(&mut sender, &mut receiver, plan).map(|ns| Some(ns.into()))
        }
        "answer" => {
            let mut receiver = T::receiver("there", args)?;
            parts::answer(&mut T::sender("back", args)?, &mut receiver, plan).map(|()| None)
        }
        "wake" => parts::wake(&mut T::sender("there", args)?, args).map(|()| None),
        "sleep" => parts::sleep(&mut T::receiver("there", args)?, args).map(|ns| Some(ns.into())),
        "pace" => pace::pace(&mut T::sender("there", args)?, args).map(|()| None),
        "arrive" => pace::arrive(&mut T::receiver("there", args)?, args).map(Some),
        "turn" => {
            let mut sender = T::sender("there", args)?;
            pace::ask_in_turns(&mut sender, &mut T::receiver("back", args)?, args).map(Some)
        }
        "return" => {
            let mut receiver = T::receiver("there", args)?;
            pace::answer_in_turns(&mut T::sender("back", args)?, &mut receiver, args).map(|()| None)
        }
        other => Err(format!("unknown part {other}").into()),
    }
}
