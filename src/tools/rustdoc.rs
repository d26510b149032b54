//! rustdoc.

use super::adoption::{AdoptionFacts, CallFacts};
use super::cargo::{DROPPED, VALUED, classify_compilation, compile};
use super::catalogue::CatalogueTool;

/// Finds mistakes in the documentation of Rust code.
pub static RUSTDOC: CatalogueTool = CatalogueTool {
    name: "rustdoc",
    about: "finds mistakes in the documentation of Rust code with rustdoc",
    notes: &[
        "It compiles the workspace, so it runs build scripts and procedural macros on a private copy.",
        "`args` go to `cargo doc`.",
        "A warning does not fail the check unless it is denied, such as with `RUSTDOCFLAGS`.",
    ],
    is_rust: true,
    lock: "rust",
    runs_project: true,
    endings: &[".rs"],
    default_source: &["."],
    adoption: AdoptionFacts {
        call: CallFacts {
            programs: &[&["cargo", "doc"]],
            valued: VALUED,
            dropped: DROPPED,
            verbatim: true,
            ..CallFacts::NONE
        },
        ..AdoptionFacts::NONE
    },
    tried: ("1.70", "2"),
    check: |it| compile(it, &["cargo", "doc"], &["--no-deps", "--message-format=json"]),
    compile: Some(|it| compile(it, &["cargo", "doc"], &["--no-deps", "--message-format=json"])),
    classify: |output, sources| classify_compilation("rustdoc", output, sources),
    ..CatalogueTool::USUAL
};
