//! Who is measured.

use super::case::{Case, Wait};

/// Something that carries messages.
#[derive(Debug)]
pub struct Contestant {
    /// The word for it in files and on the command line.
    pub id: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The toolchain of the side that sends first.
    pub from: &'static str,
    /// The toolchain of the other side.
    pub to: &'static str,
    /// What its programs call it.
    pub transport: &'static str,
    /// Whether it is one of this project's rings.
    pub is_ring: bool,
    /// Whether one process is both sides, by itself.
    pub is_one_process: bool,
    pub(super) waits: &'static [Wait],
    /// Only these cases, if it is good for no others.
    pub(super) only: Option<&'static [Case]>,
}

const BOTH: &[Wait] = &[Wait::Polling, Wait::Blocking];
const POLLING: &[Wait] = &[Wait::Polling];
const BLOCKING: &[Wait] = &[Wait::Blocking];

/// Where writing in place is held against sending.
const SMALL_STREAMS: Option<&[Case]> = Some(&[Case::Stream(8), Case::Stream(64)]);

/// All of them, in the order of the table.
pub const ALL: &[Contestant] = &[
    ring("rust", "Rust", ["rust", "rust"]),
    ring("cpp", "C++", ["cpp", "cpp"]),
    ring("dotnet", "C# on .NET", ["csharp-dotnet", "csharp-dotnet"]),
    ring("mono", "C# on Mono", ["csharp-mono", "csharp-mono"]),
    ring("python", "Python", ["python", "python"]),
    Contestant {
        transport: "batches",
        only: Some(&[Case::Stream(64)]),
        ..ring("python-batches", "Python, send_batch of 256 and drain", ["python", "python"])
    },
    ring("rust-to-python", "Rust to Python", ["rust", "python"]),
    ring("cpp-to-dotnet", "C++ to C# on .NET", ["cpp", "csharp-dotnet"]),
    claims("rust-claims", "Rust, claim and commit", "rust"),
    claims("cpp-claims", "C++, claim and commit", "cpp"),
    claims("dotnet-claims", "C# on .NET, claim and commit", "csharp-dotnet"),
    Contestant {
        only: Some(&[Case::RoundTrip(8)]),
        ..other("line", "bare cache line", "rust", POLLING)
    },
    Contestant {
        only: Some(&[Case::RoundTrip(64)]),
        ..other("two-lines", "bare two lines", "rust", POLLING)
    },
    other("copies", "bare copies, two cursors", "rust", POLLING),
    other("boost", "boost::lockfree::spsc_queue", "cpp", POLLING),
    Contestant { is_one_process: true, ..other("rtrb", "rtrb, two threads", "rust", POLLING) },
    other("pipe", "pipe", "rust", BLOCKING),
    other("socket", "Unix stream socket", "rust", BLOCKING),
    Contestant {
        is_one_process: true,
        ..other("mp-pipe", "Python's multiprocessing.Pipe", "python", BLOCKING)
    },
    other("named-pipe", ".NET's named pipe", "csharp-dotnet", BLOCKING),
    Contestant { only: Some(&[Case::WakeUp]), ..other("futex", "bare futex", "rust", BLOCKING) },
];

pub(super) const fn ring(
    id: &'static str,
    title: &'static str,
    [from, to]: [&'static str; 2],
) -> Contestant {
    Contestant {
        id,
        title,
        from,
        to,
        transport: "ring",
        is_ring: true,
        is_one_process: false,
        waits: BOTH,
        only: None,
    }
}

/// A ring into which each message is written in place.
const fn claims(id: &'static str, title: &'static str, toolchain: &'static str) -> Contestant {
    let ring = ring(id, title, [toolchain, toolchain]);
    Contestant { transport: "ring-claim", waits: POLLING, only: SMALL_STREAMS, ..ring }
}

pub(super) const fn other(
    id: &'static str,
    title: &'static str,
    toolchain: &'static str,
    waits: &'static [Wait],
) -> Contestant {
    let ring = ring(id, title, [toolchain, toolchain]);
    Contestant { transport: id, is_ring: false, waits, ..ring }
}

impl Contestant {
    /// How it is measured in `case`; nothing if it takes no part.
    pub fn waits(&self, case: Case) -> &'static [Wait] {
        match case {
            _ if self.only.is_some_and(|only| !only.contains(&case)) => &[],
            // Whoever polls never sleeps; two threads of one process are another matter.
            Case::WakeUp if self.is_one_process || !self.waits.contains(&Wait::Blocking) => &[],
            Case::WakeUp => BLOCKING,
            _ => self.waits,
        }
    }

    /// How many times longer it has to run before it is as fast as it gets.
    pub(super) fn warm_up_factor(&self) -> f64 {
        // .NET compiles what is hot once more in the background, some tenths of a second later.
        if self.from == "csharp-dotnet" || self.to == "csharp-dotnet" { 4.0 } else { 1.0 }
    }
}
