//! The commands of cargo, and how it ends without a diagnostic of the compiler.
//!
//! Every command is frozen: it changes no lock and needs no network. The packages of `Cargo.lock` are a
//! directory source.

use super::ToolInvocation;
use super::command::Command;
use super::exit_status::{accepted, crashed, failed, rejected, text};
use crate::finding::{Severity, SourceFiles};
use crate::outcome::{Classified, RawOutput, Reason, ReasonKind, ToolStatus};
use crate::tools::parse::{Parsed, rustc};

/// The exit status of cargo for everything but a wrong command line.
pub(super) const FAILED: i32 = 101;

/// The options with which cargo takes every package from the directory of downloaded ones.
const PACKAGES: [&str; 4] = [
    "--config",
    "source.crates-io.replace-with=\"vendored\"",
    "--config",
    "source.vendored.directory=\"/opt/crates\"",
];

/// The options of cargo that change neither what is found nor what is compiled, and those that a check
/// has itself.
pub(super) const DROPPED: &str = "--check --color --fix --frozen --jobs --locked --message-format \
                                  --no-deps --offline --open --quiet --target-dir --timings --verbose \
                                  --allow-dirty --allow-staged --allow-no-vcs -j -q -v -vv";

/// Those of them whose value can be the next word.
pub(super) const VALUED: &str = "--color --jobs --message-format --target-dir -j";

/// The most lines of an error that are shown.
const MAX_LINES: usize = 12;

/// The starts of lines that do not help without a terminal.
const ADVICE: [&str; 5] =
    ["note: run with `RUST_BACKTRACE", "For more information", "Usage: ", "tip: ", "As a reminder"];

/// A command that compiles. The `canonical` options follow the user's own ones for cargo, before those
/// for the program that cargo starts.
pub(super) fn compile(it: &ToolInvocation<'_>, program: &[&str], canonical: &[&str]) -> Command {
    exec(it, program, &[canonical, &["--frozen"], &PACKAGES].concat())
}

/// A command with these options.
pub(super) fn exec(it: &ToolInvocation<'_>, program: &[&str], canonical: &[&str]) -> Command {
    let is_end = |argument: &String| argument == "--";
    let end = it.args.iter().position(is_end).unwrap_or(it.args.len());
    let (own, passed_on) = it.args.split_at(end);
    // Cargo refuses a switch that is given twice.
    let own = own.iter().filter(|argument| !canonical.contains(&argument.as_str()));
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let mut argv = words(program);
    argv.extend(own.cloned());
    argv.extend(words(canonical));
    argv.extend_from_slice(passed_on);
    Command::Exec(argv)
}

/// Judges a command that compiles and does nothing else. The warnings of the compiler do not count; a
/// denied one is an error.
pub(super) fn classify_compilation(
    tool: &str,
    output: &RawOutput,
    sources: &dyn SourceFiles,
) -> Classified {
    let Parsed { findings, unread } = rustc::parse(&output.stdout, sources);
    if let Some(unread) = unread.first() {
        let message = format!("cannot parse the output of {tool}: {unread}");
        return failed(ReasonKind::Tool, message);
    }
    let has_error = findings.iter().any(|finding| finding.severity == Severity::Error);
    match output.code {
        0 => accepted(findings),
        FAILED if has_error => rejected(findings),
        _ => Classified { findings, ..cargo_error(tool, output) },
    }
}

/// Judges a run that failed without a diagnostic of the compiler.
pub(super) fn cargo_error(tool: &str, output: &RawOutput) -> Classified {
    let stderr = text(&output.stderr);
    let Some(error) = find_error(&stderr) else { return crashed(tool, output) };
    let first = error.lines().next().unwrap_or_default();
    let says = |words: &str| error.contains(words);
    let is_build_script = first.starts_with("failed to run custom build command");
    let kind = if is_build_script || first.starts_with("could not compile") {
        ReasonKind::Tool
    } else if says("no matching package named")
        || says("is not installed")
        || says("no such command")
    {
        ReasonKind::Environment
    } else {
        ReasonKind::Config
    };
    let message = if is_build_script { shorten_build_script(&error) } else { error.clone() };
    let is_shown = |line: &&str| {
        let line = line.trim();
        !line.is_empty()
            && !line.contains("/opt/")
            && line != "Caused by:"
            && !ADVICE.iter().any(|start| line.starts_with(start))
    };
    let lines: Vec<&str> =
        message.lines().filter(is_shown).take(MAX_LINES).map(str::trim).collect();
    let mut reason = Reason::new(kind, lines.join("\n"));
    if says("lock file") && says("--frozen") {
        reason = reason.with_hint("update the lock: `cargo generate-lockfile`".to_owned());
    }
    Classified { status: ToolStatus::Failed(reason), ..accepted(Vec::new()) }
}

/// The text of the first error, up to the next one.
fn find_error(stderr: &str) -> Option<String> {
    let is_error = |line: &&str| line.starts_with("error: ") || line.starts_with("error[");
    let mut lines = stderr.lines().skip_while(|line| !is_error(line));
    let first = lines.next()?;
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let is_next = |line: &&str| is_error(line) || line.starts_with("warning: ");
    let rest = lines.take_while(|line| !is_next(line));
    Some([first].into_iter().chain(rest).collect::<Vec<_>>().join("\n"))
}

/// The error about a build script without the instructions of the script for cargo.
fn shorten_build_script(error: &str) -> String {
    let (first, rest) = error.split_once('\n').unwrap_or((error, ""));
    let stderr = rest.split_once("--- stderr\n").map_or(rest, |(_, stderr)| stderr);
    format!("{first}\n{stderr}")
}
