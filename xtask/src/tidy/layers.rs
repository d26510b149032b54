//! Checks the direction in which the library's modules use each other.
//!
//! Each module at the root of the crate has one layer: `cli → pipeline → run → edges → pure`. A
//! module may use its own layer and those behind it. The pure layer does no I/O. The code map in
//! `src/lib.rs` describes the modules, and must name each one.

use super::File;
use super::lexer;

/// The modules of each layer, from the highest to the lowest.
const LAYERS: &[(&str, &[&str])] = &[
    ("cli", &["cli", "xtask"]),
    ("pipeline", &["build_script", "pipeline"]),
    ("run", &["doctor", "error", "run", "update"]),
    (
        "edges",
        &[
            "cache",
            "checkout",
            "configure",
            "dependencies",
            "discover",
            "engine",
            "env_vars",
            "environment",
            "git",
            "hook",
            "process",
            "read",
            "scaffold",
            "snapshot",
            "trust",
        ],
    ),
    (
        PURE,
        &[
            "check",
            "config",
            "container",
            "engine_info",
            "event",
            "explanation",
            "finding",
            "fingerprint",
            "gate",
            "guide",
            "hash",
            "limits",
            "lock",
            "network",
            "outcome",
            "plan",
            "program",
            "project",
            "report",
            "requirement",
            "secrets",
            "template",
            "tools",
            "version",
        ],
    ),
];

/// The layer that does no I/O.
const PURE: &str = "pure";

/// Modules of the standard library for I/O.
const IO: &[&str] = &["std::env", "std::fs", "std::net", "std::os", "std::process", "std::thread"];

/// Complains about paths that go up, I/O in the pure layer, and modules that are not in the tables.
pub(super) fn check(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files {
        let Some(module) = root_module(&file.path) else {
            continue;
        };
        let Some(from) = layer(module) else {
            complaints.push(format!(
                "{}: `{module}` is in no layer of `xtask/src/tidy/layers.rs`",
                file.path
            ));
            continue;
        };
        let code = lexer::blank_all_but_code(&file.path, file.without_tests());
        for (line, path) in paths(&code, "crate::") {
            let used = path.split("::").next().unwrap_or(&path);
            if let Some(to) = layer(used)
                && to < from
            {
                complaints.push(format!(
                    "{}:{line}: `{path}` ({}) stands above `{module}` ({})",
                    file.path, LAYERS[to].0, LAYERS[from].0
                ));
            }
        }
        if LAYERS[from].0 == PURE {
            complaints.extend(check_pure(&file.path, &code));
        }
    }
    complaints.extend(files.iter().filter(|file| file.path == "src/lib.rs").flat_map(unnamed));
    complaints
}

/// Complains about I/O.
fn check_pure(file: &str, code: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (line, path) in paths(code, "std::") {
        let path = format!("std::{path}");
        if IO.iter().any(|module| path == *module || path.starts_with(&format!("{module}::"))) {
            complaints.push(format!("{file}:{line}: `{path}` is I/O in the layer `{PURE}`"));
        }
    }
    complaints
}

/// The first module of the path of a file. The library's root, its build script, the program and
/// tests have none.
fn root_module(path: &str) -> Option<&str> {
    let path = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let module = path.split('/').next()?;
    let is_free = ["lib", "build", "bin"].contains(&module) || path.ends_with("/tests");
    (!is_free).then_some(module)
}

/// The index of a module's layer.
fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|(_, modules)| modules.contains(&module))
}

/// Every path behind this prefix, and the line that it begins in. A group counts once per member.
fn paths(code: &str, prefix: &str) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        if code[..at].ends_with(lexer::is_word) {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let members = members(&code[at + prefix.len()..]);
        paths.extend(members.into_iter().map(|path| (line, path)));
    }
    paths
}

/// `a::{b, c::{d}}` is `a::b` and `a::c::d`.
fn members(path: &str) -> Vec<String> {
    let is_path = |letter: char| letter.is_alphanumeric() || "_:".contains(letter);
    let end = path.find(|letter| !is_path(letter)).unwrap_or(path.len());
    let (stem, rest) = path.split_at(end);
    let Some(group) = rest.strip_prefix('{').filter(|_| stem.is_empty() || stem.ends_with("::"))
    else {
        return vec![stem.trim_end_matches("::self").trim_end_matches(':').to_owned()];
    };
    parts(group)
        .into_iter()
        .flat_map(members)
        .map(|member| format!("{stem}{member}").trim_end_matches("::self").to_owned())
        .collect()
}

/// The parts of a group between its commas, up to the brace that closes it.
fn parts(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                parts.push(group[start..at].trim());
                start = at + 1;
                if letter == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Complains about modules that the code map does not name.
fn unnamed(library: &File) -> Vec<String> {
    let named = |module: &str| {
        let link = |line: &str| {
            line.contains(&format!("[`{module}`]")) || line.contains(&format!("`{module}::"))
        };
        library.text.lines().any(|line| line.starts_with("//!") && link(line))
    };
    library
        .text
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .filter(|module| !named(module))
        .map(|module| format!("src/lib.rs: the code map does not name `{module}`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&[File { path: path.to_owned(), text: text.to_owned() }])
    }

    #[test]
    fn a_path_may_go_down_and_not_up() {
        assert_eq!(found("src/run.rs", "use crate::plan::Plan;\n"), [""; 0]);
        let complaints = found("src/plan.rs", "//! Plans.\nuse crate::run::Cancel;\n");
        assert_eq!(complaints, ["src/plan.rs:2: `run::Cancel` (run) stands above `plan` (pure)"]);
    }

    #[test]
    fn every_module_below_a_root_has_its_layer() {
        assert_eq!(found("src/config/merge.rs", "use crate::process::run;\n").len(), 1);
        assert_eq!(found("src/engine/docker.rs", "use crate::process::run;\n"), [""; 0]);
        assert_eq!(found("src/plan/a/b.rs", "fn f(e: &crate::env_vars::EnvVars) {}\n").len(), 1);
        assert_eq!(found("src/plan.rs", "use crate::config::Config;\n"), [""; 0]);
    }

    #[test]
    fn the_pure_layer_does_no_io() {
        let text = "use std::{fmt, fs};\nfn f() { std::process::id(); std::path::Path::new(\"std::fs\") }\n";
        let complaints = [
            "src/plan.rs:1: `std::fs` is I/O in the layer `pure`",
            "src/plan.rs:2: `std::process::id` is I/O in the layer `pure`",
        ];
        assert_eq!(found("src/plan.rs", text), complaints);
        assert_eq!(found("src/snapshot.rs", text), [""; 0]);
    }

    #[test]
    fn groups_are_taken_apart() {
        let text = "use crate::{\n    plan::{Plan, self},\n    run::Cancel,\n};\n";
        assert_eq!(found("src/plan.rs", text).len(), 1);
        assert_eq!(members("a::{b, c::{d, e}, self};"), ["a::b", "a::c::d", "a::c::e", "a"]);
    }

    #[test]
    fn comments_and_tests_may_use_everything() {
        let text = "/// See [`crate::run`].\nfn f() {}\n\n#[cfg(test)]\nmod tests { use crate::run::Cancel; }\n";
        assert_eq!(found("src/plan.rs", text), [""; 0]);
    }

    #[test]
    fn a_module_that_is_in_no_table_is_named() {
        assert!(found("src/novelty.rs", "//! New.\n")[0].contains("in no layer"));
        let map =
            "//! - [`plan`] plans, [`project`] names.\npub mod plan;\nmod project;\nmod run;\n";
        assert_eq!(found("src/lib.rs", map), ["src/lib.rs: the code map does not name `run`"]);
    }
}
