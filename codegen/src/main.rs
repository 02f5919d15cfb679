//! The command `bitrpc`: maps what the library did to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    bitrpc_codegen::cli::main()
}
