//! The compiler plugin of the chapter `editors`, in a real Vim.

use std::fs;

use crate::start;

tests!(vim, [vim_lists_each_finding_that_counts]);

/// The sample report in `--message-format short`.
const SAMPLE: &str = include_str!("../fixtures/reports/sample-short.txt");

fn vim_lists_each_finding_that_counts() {
    let chapter = include_str!("../../src/guide/editors.md");
    let (_, plugin) = chapter.split_once("```vim\n").unwrap();
    let (plugin, _) = plugin.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("compiler")).unwrap();
    fs::write(path("compiler/cargo_pipe.vim"), plugin).unwrap();
    // A terminal shows progress and a verdict as well.
    let output = format!("building ruff …\n\n{SAMPLE}\nfindings: 3 findings\n");
    fs::write(path("sample"), &output).unwrap();
    let list = "call writefile(map(getqflist(), \
        'join([bufname(v:val.bufnr), v:val.lnum, v:val.col, v:val.type, v:val.text], \"|\")'), \"list\")";
    let status = start::command("vim")
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .args(["-N", "-u", "NONE", "-i", "NONE", "-e", "-s"])
        .args(["-c", "set runtimepath+=.", "-c", "compiler cargo_pipe", "-c", "cgetfile sample"])
        .args(["-c", list, "-c", "call writefile([&makeprg], \"make\")", "-c", "qall!"])
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    let listed = fs::read_to_string(path("list")).unwrap();
    let message =
        "return-value Incompatible return value type (got \"int\", expected \"str\") [mypy]";
    let expected = [
        "src/main.py|2|1|w|W0611 Unused import os [pylint]",
        "src/main.py|4|0|i|R0801 Similar lines in 2 files [pylint]",
        &format!("src/main.py|7|15|e|{message}"),
    ];
    assert_eq!(listed.lines().collect::<Vec<_>>(), expected);
    let make = fs::read_to_string(path("make")).unwrap();
    assert_eq!(make, "cargo pipe run-all --message-format short\n");
}
