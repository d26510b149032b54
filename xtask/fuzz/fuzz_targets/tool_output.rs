//! Fuzzes the parsers of what tools print.
#![no_main]

use cargo_pipe::check::{FindingsFormat, JsonFields};
use cargo_pipe::finding::SourceFiles;
use cargo_pipe::tools::parse::{junit, mypy_json, pylint_json2, report, ruff_json, unified_diff};
use libfuzzer_sys::fuzz_target;

/// One source, whatever its name.
struct OneFile;

impl SourceFiles for OneFile {
    fn read(&self, _: &str) -> Option<Vec<u8>> {
        Some("name = '\u{e9}'\nimport os\n".into())
    }

    fn paths(&self) -> Vec<String> {
        vec!["src/main.py".to_owned()]
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((first, stream)) = data.split_first() else {
        return;
    };
    let command = |format| drop(report::parse(&format, stream, &OneFile));
    match first % 11 {
        0 => drop(junit::parse(stream, &OneFile)),
        1 => drop(mypy_json::parse(stream, &OneFile)),
        2 => drop(pylint_json2::parse(stream, &OneFile)),
        3 => drop(ruff_json::parse(stream)),
        4 => drop(unified_diff::parse(stream)),
        5 => command(FindingsFormat::Sarif),
        6 => command(FindingsFormat::Junit),
        7 => command(FindingsFormat::Checkstyle),
        8 => command(FindingsFormat::Gcc),
        9 => command(FindingsFormat::JsonLines(JsonFields::default())),
        _ => command(FindingsFormat::Regex(r"(?<path>[^:]+):(?<line>\d+): (?<message>.*)".into())),
    }
});
