//! The tasks of this workspace: `cargo xtask TASK`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("pipe") => cargo_pipe::xtask::pipe(std::env::args_os().skip(2)),
        _ => {
            eprintln!("usage: cargo xtask pipe COMMAND");
            ExitCode::FAILURE
        }
    }
}
