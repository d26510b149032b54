//! Fuzzes the readers of our own documents: reports and baselines.
#![no_main]

use cargo_pipe::gate::baseline::Baseline;
use cargo_pipe::report::json;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = json::from_json(text);
    let _ = Baseline::parse(text);
});
