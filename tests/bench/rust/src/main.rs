//! One side of a measurement: `../README.md` says what both sides do.

mod args;
mod kernel;
mod mapped;
mod parts;
mod ring;
mod threads;

use std::process::ExitCode;

use args::Args;
use kernel::{Pipe, Socket};
use mapped::{Copies, Futex, Line};
use parts::{Result, Transport};
use ring::Ring;

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(reason) => {
            eprintln!("{reason}\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(&args) {
        Ok(Some(ns)) => println!("{{\"ok\":true,\"ns\":{ns:.3}}}"),
        Ok(None) => println!("{{\"ok\":true}}"),
        Err(error) => {
            println!("{{\"ok\":false,\"error\":{:?}}}", error.to_string());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Nanoseconds for each message, from the side that takes the time.
fn run(args: &Args) -> Result<Option<f64>> {
    // The size is a constant in every loop, as it is to a program that sends a struct.
    match args.size {
        8 => run_sized::<8>(args),
        64 => run_sized::<64>(args),
        1024 => run_sized::<1024>(args),
        65536 => run_sized::<65536>(args),
        size => Err(format!("size {size} is none of 8, 64, 1024, 65536").into()),
    }
}

fn run_sized<const N: usize>(args: &Args) -> Result<Option<f64>> {
    match args.transport.as_str() {
        "ring" => run_part::<N, Ring>(args),
        "line" => run_part::<N, Line>(args),
        "copies" => run_part::<N, Copies>(args),
        "futex" => run_part::<N, Futex>(args),
        "pipe" => run_part::<N, Pipe>(args),
        "socket" => run_part::<N, Socket>(args),
        "rtrb" => threads::run::<N>(args).map(Some),
        other => Err(format!("unknown transport {other}").into()),
    }
}

fn run_part<const N: usize, T: Transport<N>>(args: &Args) -> Result<Option<f64>> {
    let plan = &args.plan;
    match args.part.as_str() {
        "send" => parts::send(&mut T::sender("there", args)?, plan).map(|()| None),
        "receive" => parts::receive(&mut T::receiver("there", args)?, plan).map(Some),
        "ask" => {
            let mut sender = T::sender("there", args)?;
            parts::ask(&mut sender, &mut T::receiver("back", args)?, plan).map(Some)
        }
        "answer" => {
            let mut receiver = T::receiver("there", args)?;
            parts::answer(&mut T::sender("back", args)?, &mut receiver, plan).map(|()| None)
        }
        "wake" => parts::wake(&mut T::sender("there", args)?, args).map(|()| None),
        "sleep" => parts::sleep(&mut T::receiver("there", args)?, args).map(Some),
        other => Err(format!("unknown part {other}").into()),
    }
}
