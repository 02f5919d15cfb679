//! A process that denies itself system calls, as a sandbox or an old file system would.

use std::io;

/// A system call that fails, and with which error.
pub(crate) struct Denial {
    pub(crate) call: i64,
    /// Only where this argument has one of these bits, if anything is said.
    pub(crate) bits: Option<(u32, u32)>,
    pub(crate) error: i32,
}

impl Denial {
    /// The call fails whatever it is asked.
    pub(crate) fn of(call: i64, error: i32) -> Self {
        Self { call, bits: None, error }
    }
}

/// Lets these calls fail from now on, in this thread and those that it starts.
pub(crate) fn enter(denials: &[Denial]) {
    let mut program = Vec::new();
    for denial in denials {
        program.extend(rule(denial));
    }
    program.push(statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW));
    let filter = libc::sock_fprog {
        len: u16::try_from(program.len()).expect("a short program"),
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the first call takes numbers only; the second reads `filter` and the program that it
    // points to, both of which outlive it (prctl(2)).
    let result = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            | libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter)
    };
    assert_eq!(result, 0, "seccomp: {}", io::Error::last_os_error());
}

/// Where the number of the call and the low halves of its arguments are (`struct seccomp_data`).
const NUMBER: u32 = 0;
const ARGUMENTS: u32 = 16;

fn rule(denial: &Denial) -> Vec<libc::sock_filter> {
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let (equal, set) = (libc::BPF_JMP | libc::BPF_JEQ, libc::BPF_JMP | libc::BPF_JSET);
    let fail = statement(
        libc::BPF_RET | libc::BPF_K,
        libc::SECCOMP_RET_ERRNO | u32::try_from(denial.error).expect("an error"),
    );
    let number = u32::try_from(denial.call).expect("a system call");
    match denial.bits {
        None => vec![statement(load, NUMBER), jump(equal, number, 1), fail],
        Some((argument, bits)) => vec![
            statement(load, NUMBER),
            jump(equal, number, 3),
            statement(load, ARGUMENTS + 8 * argument),
            jump(set, bits, 1),
            fail,
        ],
    }
}

fn statement(code: u32, k: u32) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

/// Goes on if the condition holds, else behind so many statements more.
fn jump(code: u32, k: u32, otherwise: u8) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt: 0, jf: otherwise, k }
}
