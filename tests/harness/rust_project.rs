//! A project with Python and Rust code, and what the tools of the Rust toolchain say about it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::project::{Project, Report};
use crate::start;

/// Findings of each tool: a denied lint, formatting, a failing test, and a broken link.
const CODE: &str = r#"//! Counts.

/// Shows a number, see [`Nothing`].
pub fn show(number: u8) -> String {
    return itoa::Buffer::new().format(number).to_owned();
}

#[cfg(test)]
mod tests {
    #[test]
    fn shows( ) {
        assert_eq!(super::show(1), "2");
    }
}
"#;

const MANIFEST: &str = "[package]\nname = \"counts\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n\
                        [dependencies]\nitoa = \"=1.0.15\"\n";

const LOCK: &str = r#"version = 4

[[package]]
name = "counts"
version = "0.1.0"
dependencies = [
 "itoa",
]

[[package]]
name = "itoa"
version = "1.0.15"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "4a5f13b858c8d314ee3e8f639011f7ccefe71f97f96e50151fb991f267928e2c"
"#;

/// The checks, with the release of the toolchain of this machine.
const SETTINGS: &str = r#"source = ["src"]
[rust]
toolchain = "RELEASE"
[checks.lint]
enabled = false
[checks.format]
enabled = false
[checks.mypy]
enabled = false
[checks.ruff]
[checks.rustfmt]
[checks.clippy]
args = ["--all-targets", "--", "-D", "warnings"]
[checks.cargo-test]
[checks.rustdoc]
env = { RUSTDOCFLAGS = "-D warnings" }
"#;

/// The checks of Rust code.
pub(crate) const CHECKS: [&str; 4] = ["rustfmt", "clippy", "cargo-test", "rustdoc"];

/// Writes the project, which finds the toolchains of this machine.
pub(crate) fn write_project(project: Project) -> Project {
    let sysroot = ask(&["--print", "sysroot"]);
    let toolchains = Path::new(&sysroot).parent().and_then(Path::parent);
    let project = project.with("RUSTUP_HOME", toolchains.unwrap().to_str().unwrap());
    let about = ask(&["--version", "--verbose"]);
    let release = about.lines().find_map(|line| line.strip_prefix("release: ")).unwrap();
    project.write("pipe.toml", SETTINGS.replace("RELEASE", release));
    project.write("Cargo.toml", MANIFEST);
    project.write("Cargo.lock", LOCK);
    project.write("src/lib.rs", CODE);
    // All of these tests share the results in one cache.
    project.write("src/id.rs", format!("//! {}.\n", project.id()));
    project.write("src/app.py", "\"\"\"Nothing.\"\"\"\n");
    project
}

fn ask(args: &[&str]) -> String {
    let output = start::command("rustc").args(args).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The place and the code of each finding of a check.
fn findings(report: &Report, check: &str) -> BTreeSet<(String, u64, String)> {
    let findings = report.check(check)["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let place = |it: &Value| (text(&it["path"]), it["line"].as_u64().unwrap(), text(&it["code"]));
    findings.map(place).collect()
}

fn expected(found: &[(u64, &str)]) -> BTreeSet<(String, u64, String)> {
    let place = |(line, code): &(u64, &str)| ("src/lib.rs".to_owned(), *line, (*code).to_owned());
    found.iter().map(place).collect()
}

/// Checks that each tool reports what it says by hand, and that only Rust code makes them run again.
pub(crate) fn assert_reported(project: &Project, engine: &[&str]) {
    let all = [engine, &["run-all"]].concat();
    let report = project.report(&all);
    assert_eq!(findings(&report, "rustfmt"), expected(&[(11, "format")]), "{report:#?}");
    assert_eq!(findings(&report, "clippy"), expected(&[(5, "clippy::needless_return")]));
    assert_eq!(findings(&report, "cargo-test"), expected(&[(12, "test-failed")]));
    let link = "rustdoc::broken_intra_doc_links";
    assert_eq!(findings(&report, "rustdoc"), expected(&[(3, link)]));
    let crates = &report.check("clippy")["parts"]["environment"]["crates"];
    assert_eq!(crates["itoa"], "1.0.15", "{report:#?}");

    project.write("src/app.py", "\"\"\"Something.\"\"\"\n");
    let report = project.report(&all);
    assert_eq!(report.check("ruff")["cache"], "miss");
    for check in CHECKS {
        assert_eq!(report.check(check)["cache"], "hit", "{check}: {report:#?}");
    }

    // What is compiled of other packages has no state of the code in it.
    let edited = CODE.replace("return itoa", "itoa").replace(".to_owned();", ".to_owned()");
    project.write("src/lib.rs", edited.replace("\"2\"", "\"1\"").replace("shows( )", "shows()"));
    let ended = project.pipe(&[engine, &["run", "rustfmt", "clippy", "cargo-test"]].concat());
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(!ended.stderr.contains("building"), "{ended:?}");
    project.write("src/lib.rs", edited.replace("\"2\"", "1"));
    let report = project.report(&[engine, &["run", "clippy"]].concat());
    assert_eq!(findings(&report, "clippy"), expected(&[(12, "E0277")]), "{report:#?}");
}
