//! The program `cargo-pipe`, which cargo starts for `cargo pipe`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_pipe::cli::main(std::env::args_os())
}
