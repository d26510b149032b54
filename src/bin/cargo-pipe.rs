//! The program `cargo-pipe`, which cargo starts for `cargo pipe`.

use std::process::ExitCode;

/// Several threads decode thousands of cached findings at once, which the system's allocator slows down.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cargo_pipe::cli::main(std::env::args_os())
}
