//! The direction in which the library's modules may use each other.
//!
//! Owns the table of layers, `cli → pipeline → run → edges → pure`, and reads `crate::` paths
//! against it. Must not know why a module is where it is: the code map in `src/lib.rs` says that,
//! and must name each module. Complaints go to [`super`].

use super::File;

/// From the highest to the lowest: each may use itself and what stands below.
const LAYERS: &[(&str, &[&str])] = &[
    ("cli", &["xtask", "cli"]),
    ("pipeline", &["build_script", "pipeline"]),
    ("run", &["update", "run", "doctor"]),
    ("edges", EDGES),
    (
        "pure",
        &[
            "tools",
            "config",
            "dependencies",
            "plan",
            "fingerprint",
            "lock",
            "guide",
            "gate",
            "template",
            "report",
            "trust",
            "hash",
            "project",
            "requirement",
            "check",
            "container",
            "engine_info",
            "network",
            "finding",
            "outcome",
            "explanation",
            "program",
            "event",
            "error",
        ],
    ),
];

/// They touch the world. Some live below the pure module or the value that they read.
const EDGES: &[&str] = &[
    "project::discover",
    "config::load",
    "git",
    "dependencies::read",
    "trust::collect",
    "trust::store",
    "snapshot",
    "environment",
    "process",
    "engine",
    "cache",
    "scaffold",
];

/// Paths that go up, and modules without a place in the map.
pub(super) fn check(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files {
        let Some(module) = module(&file.path) else {
            continue;
        };
        let Some(from) = layer(&module) else {
            complaints.push(format!(
                "{}: `{module}` is in no layer of `xtask/src/tidy/layers.rs`",
                file.path
            ));
            continue;
        };
        for (line, used) in uses(file.without_tests()) {
            let Some(to) = layer(&used) else { continue };
            if to < from && !is_data(&module, &used) {
                complaints.push(format!(
                    "{}:{line}: `{used}` ({}) stands above `{module}` ({})",
                    file.path, LAYERS[to].0, LAYERS[from].0
                ));
            }
        }
    }
    complaints.extend(files.iter().filter(|file| file.path == "src/lib.rs").flat_map(unnamed));
    complaints
}

/// `src/config/load.rs` is `config::load`; the root, the program and tests are none.
fn module(path: &str) -> Option<String> {
    let path = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let is_own_program = path == "build" || path.starts_with("bin/");
    (path != "lib" && !is_own_program && !path.ends_with("/tests")).then(|| path.replace('/', "::"))
}

/// The place of a module or path in the table; an edge inside another layer wins.
fn layer(path: &str) -> Option<usize> {
    let is_below = |module: &&str| path == *module || path.starts_with(&format!("{module}::"));
    LAYERS
        .iter()
        .enumerate()
        .filter_map(|(at, (_, modules))| {
            modules.iter().filter(|module| is_below(module)).map(|module| (module.len(), at)).max()
        })
        .max()
        .map(|(_, at)| at)
}

fn is_data(module: &str, used: &str) -> bool {
    let root = module.split("::").next().unwrap_or(module);
    // That module joins the errors of every boundary, wherever it is.
    root == "error" && used.ends_with("Error")
}

/// Every `crate::` path outside of comments, and the line it begins in. A group counts once per
/// member; tests may use whatever they like.
fn uses(text: &str) -> Vec<(usize, String)> {
    let lines: Vec<&str> =
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = lines.join("\n");
    let mut uses = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_') {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        uses.extend(members(&code[at + "crate::".len()..]).into_iter().map(|path| (line, path)));
    }
    uses
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

/// Modules that the code map says nothing of.
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
        let complaints = found("src/plan.rs", "//! Owns plans.\nuse crate::run::Cancel;\n");
        assert_eq!(complaints, ["src/plan.rs:2: `run::Cancel` (run) stands above `plan` (pure)"]);
    }

    #[test]
    fn an_edge_inside_a_pure_module_is_an_edge() {
        assert_eq!(found("src/config/load.rs", "use crate::process::run;\n"), [""; 0]);
        assert_eq!(found("src/config/merge.rs", "use crate::process::run;\n").len(), 1);
        assert_eq!(found("src/plan.rs", "fn f(e: &crate::config::load::EnvVars) {}\n").len(), 1);
        assert_eq!(found("src/plan.rs", "use crate::config::Config;\n"), [""; 0]);
    }

    #[test]
    fn groups_are_taken_apart() {
        let text = "use crate::{\n    plan::{Plan, self},\n    run::Cancel,\n};\n";
        assert_eq!(found("src/plan.rs", text).len(), 1);
        assert_eq!(members("a::{b, c::{d, e}, self};"), ["a::b", "a::c::d", "a::c::e", "a"]);
    }

    #[test]
    fn comments_and_tests_may_speak_of_everything() {
        let text = "/// See [`crate::run`].\nfn f() {}\n\n#[cfg(test)]\nmod tests { use crate::run::Cancel; }\n";
        assert_eq!(found("src/plan.rs", text), [""; 0]);
    }

    #[test]
    fn a_module_without_a_place_is_named() {
        assert!(found("src/novelty.rs", "//! New.\n")[0].contains("in no layer"));
        let map = "//! - [`plan`] plans, [`project::discover`] looks.\npub mod plan;\nmod project;\nmod run;\n";
        assert_eq!(found("src/lib.rs", map), ["src/lib.rs: the code map does not name `run`"]);
    }
}
