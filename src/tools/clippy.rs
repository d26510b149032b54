//! clippy.

use super::adoption::{AdoptionFacts, CallFacts};
use super::cargo::{DROPPED, VALUED, classify_compilation, compile};
use super::catalogue::CatalogueTool;

/// Finds errors of the compiler and common mistakes in Rust code.
pub static CLIPPY: CatalogueTool = CatalogueTool {
    name: "clippy",
    about: "finds common mistakes in Rust code with clippy",
    notes: &[
        "It compiles the workspace, so it runs build scripts and procedural macros on a private copy.",
        "`args` go to `cargo clippy`; those after `--` go to the compiler, such as `-D warnings`.",
        "A warning does not fail the check unless it is denied.",
        "`--fix` makes the changes that clippy can make by itself.",
    ],
    is_rust: true,
    lock: "rust",
    runs_project: true,
    endings: &[".rs"],
    default_source: &["."],
    adoption: AdoptionFacts {
        hooks: &["clippy"],
        call: CallFacts {
            programs: &[&["cargo", "clippy"]],
            valued: VALUED,
            dropped: DROPPED,
            verbatim: true,
            ..CallFacts::NONE
        },
        ..AdoptionFacts::NONE
    },
    tried: ("1.70", "2"),
    check: |it| compile(it, &["cargo", "clippy"], &["--message-format=json"]),
    compile: Some(|it| compile(it, &["cargo", "clippy"], &["--message-format=json"])),
    fix: Some(|it| {
        let canonical = ["--fix", "--allow-dirty", "--allow-staged", "--allow-no-vcs"];
        compile(it, &["cargo", "clippy"], &canonical)
    }),
    classify: |output, sources| classify_compilation("clippy", output, sources),
    ..CatalogueTool::USUAL
};
