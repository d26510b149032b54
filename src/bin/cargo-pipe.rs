//! The program `cargo-pipe`, which cargo starts for `cargo pipe`.

use std::process::ExitCode;

/// A replay makes and drops many small things on several threads, for which the system's own asks the
/// kernel again and again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cargo_pipe::cli::main(std::env::args_os())
}
