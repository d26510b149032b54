//! isort.
//!
//! isort exits 0 for a file that it cannot read, and 1 for unsorted imports and for its own failures
//! alike. [`Isort`] therefore runs it with `--verbose`, which names every file that it looked at, and
//! trusts a status only where the output supports it.

use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::{
    AllowList, ConfigLayout, ConfigSearch, Nesting, TomlFiles, ValueRule, anything, off,
};
use super::black::{UNREADABLE, unprocessed_file};
use super::exit_status::{
    abnormal, accepted, crashed, failed, nothing_to_check, rejected, text, unreadable,
};
use super::own_config::{OwnConfig, Refused};
use super::{SourceFiles, Tool, ToolInvocation};
use crate::container::{APP, CONFIG};
use crate::finding::{Finding, Fix, Place, Severity};
use crate::outcome::{Classified, RawOutput, ReasonKind};
use crate::tools::command::{Command, SCOPE_WORKER};
use crate::tools::parse::{Parsed, inside, unified_diff};

/// The code of every finding about the order of imports.
const CODE: &str = "unsorted-imports";

/// What isort writes to standard error about a file whose imports it would change.
const UNSORTED: &str = " Imports are incorrectly sorted and/or formatted.";

/// As in `CONFIG_SOURCES` and `CONFIG_SECTIONS` of `isort/settings.py` of the locked release.
const OWN_CONFIGS: &[OwnConfig] = &[
    OwnConfig::ini(".isort.cfg", ""),
    OwnConfig::toml("pyproject.toml", "tool.isort"),
    OwnConfig::ini("setup.cfg", "isort"),
    OwnConfig::ini("setup.cfg", "tool:isort"),
    OwnConfig::ini("tox.ini", "isort"),
    OwnConfig::ini("tox.ini", "tool:isort"),
    OwnConfig::ini(".editorconfig", "*"),
];

/// Tried with 9.0.2, which lists each among the settings that it does not support.
const REFUSED: &[Refused] = &[Refused {
    option: "not-skip",
    values: &[],
    fate: "isort 5.0 removed it",
    source: "https://isort.readthedocs.io/en/latest/upgrade_guides/5.0.0.html",
}];

/// The settings that are data, as in isort 9.0.2. A name with `*` has a section in it.
const SETTINGS: &str = "
    add-imports append-only atomic auto-identify-namespace-packages balanced-wrapping
    blocked-extensions case-sensitive classes color-output combine-as-imports combine-star
    combine-straight-imports comment-prefix constants dedup-headings default-section
    ensure-newline-before-comments extend-skip extend-skip-glob extra-standard-library filter-files
    float-to-top follow-links force-adds force-alphabetical-sort
    force-alphabetical-sort-within-sections force-grid-wrap force-single-line
    force-sort-within-sections force-to-top forced-separate from-first group-by-package
    honor-case-in-force-sorted-sections honor-noqa ignore-comments ignore-whitespace
    import-footer-* import-heading-* include-trailing-comma indent indented-import-headings known-*
    length-sort length-sort-sections length-sort-straight lexicographical line-ending line-length
    lines-after-imports lines-before-imports lines-between-sections lines-between-types
    multi-line-output namespace-packages no-inline-sort no-lines-before no-sections only-modified
    only-sections order-by-type overwrite-in-place py-version quiet remove-imports
    remove-redundant-aliases reverse-relative reverse-sort sections separate-packages
    single-line-exclusions skip skip-glob sort-reexports sort-relative-in-force-sorted-sections
    split-on-trailing-comma src-paths star-first supported-extensions
    treat-all-comments-as-code treat-comments-as-code use-parentheses variables verbose wrap-length
";

/// The settings of which some values load a plugin or start git in the project.
const RULES: &[(&str, ValueRule)] =
    &[("profile", own_profile), ("skip-gitignore", off), ("sort-order", own_order)];

/// The switches of the command line.
const SWITCHES: &str = "
    ac af append append-only atomic balanced ca case-sensitive check check-only color combine-as
    combine-star combine-straight-imports cs csi dedup-headings df diff dont-float-to-top
    dont-follow-links dont-order-by-type ds dt ensure-newline-before-comments fas fass ff
    filter-files float-to-top force-adds force-alphabetical-sort
    force-alphabetical-sort-within-sections force-single-line-imports force-sort-within-sections
    from-first fss hcss honor-case-in-force-sorted-sections honor-noqa ignore-whitespace
    length-sort length-sort-straight ls lss nis no-inline-sort no-sections om only-modified
    only-sections order-by-type os ot overwrite-in-place quiet remove-redundant-aliases
    reverse-relative reverse-sort rr sl sort-reexports sort-relative-in-force-sorted-sections
    split-on-trailing-comma srss srx star-first tc trailing-comma treat-all-comment-as-code up
    use-parentheses verbose ws -c -e -n -q -v
";

/// The arguments with a value.
const VALUES: &str = "
    add-import blocked-extension builtin extend-skip extend-skip-glob ext extension extra-builtin
    forced-separate fs future indent known-local-folder lai lbi lbt le line-ending line-length
    line-width lines-after-imports lines-before-imports lines-between-types multi-line nlb
    no-lines-before nsl profile project py python-version remove-import rm sd section-default sg
    single-line-exclusions skip skip-glob sort-order src src-path supported-extension thirdparty top
    treat-comment-as-code wl wrap-length -a -b -f -i -l -m -o -p -s -t -w
";

/// An `.editorconfig` has options of editors as well.
const ALLOWED: AllowList = AllowList {
    variables: &[],
    flags: &[SWITCHES],
    options: &[VALUES],
    keys: &[
        SETTINGS,
        "profile skip-gitignore sort-order",
        "charset end-of-line ij-* indent-brace-style indent-size indent-style insert-final-newline
         max-line-length quote-type tab-width trim-trailing-whitespace",
    ],
    rules: RULES,
    every_value: anything,
    layout: ConfigLayout {
        table: "tool.isort",
        nesting: Nesting::Flat,
        toml: TomlFiles::ByName,
        reads_section: |file, section| match file {
            "setup.cfg" | "tox.ini" => matches!(section, "isort" | "tool:isort"),
            ".editorconfig" => section.starts_with('*'),
            _ => true,
        },
    },
    search: ConfigSearch::AboveSources,
    loads_compiled: false,
};

/// Any other profile is searched for among plugins.
fn own_profile(value: &str) -> bool {
    let known = [
        "",
        "appnexus",
        "attrs",
        "black",
        "django",
        "google",
        "hug",
        "open_stack",
        "plone",
        "pycharm",
        "wemake",
    ];
    known.contains(&value)
}

/// Any other order is searched for among plugins.
fn own_order(value: &str) -> bool {
    matches!(value, "natural" | "native")
}

/// `isort --help` of the locked release.
const CALL: CallFacts = CallFacts {
    programs: &[&["isort"]],
    hook_args: &[],
    valued: "--builtin --config-root --cols --dt --ext-format --extend-skip --extend-skip-glob \
             --filename --future --indent --known-local-folder --line-ending --line-length \
             --line-width --multi-line --project --profile --py --python-version --settings \
             --settings-file --settings-path --skip --skip-glob --src --src-path --sp --src \
             --thirdparty -a -b -i -l -m -o -p -s -sg -w",
    config: "--settings --settings-file --settings-path --sp",
    dropped: "--check --check-only --color --diff --filter-files --interactive --jobs --quiet \
              --show-config --show-files --show-settings --stdout --verbose -c -d -q -v",
    ..CallFacts::NONE
};

/// Sorts imports.
#[derive(Clone, Copy, Debug)]
pub struct Isort;

impl Tool for Isort {
    fn name(&self) -> &'static str {
        "isort"
    }

    fn about(&self) -> &'static str {
        "checks that isort would leave the imports as they are"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "Each finding is a hunk of isort's diff, and carries the edits that resolve it.",
            "A source that isort cannot read is a finding too, although isort itself skips it.",
            "With a configuration from the config folder, first-party modules are searched for in \
             the project's root and in `src`, and `src_paths` has no effect.",
        ]
    }

    fn lock(&self) -> &'static str {
        "isort"
    }

    fn lock_template(&self) -> &'static str {
        include_str!("../../templates/requirements/isort.txt")
    }

    fn config_file(&self) -> Option<&'static str> {
        Some(".isort.cfg")
    }

    fn config_template(&self) -> Option<&'static str> {
        Some(include_str!("../../templates/config/isort.cfg"))
    }

    fn own_configs(&self) -> &'static [OwnConfig] {
        OWN_CONFIGS
    }

    fn path_options(&self) -> &'static [&'static str] {
        &["src-paths"]
    }

    fn adoption(&self) -> AdoptionFacts {
        AdoptionFacts { hooks: &["isort"], call: CALL, ..AdoptionFacts::default() }
    }

    fn allow_list(&self) -> Option<AllowList> {
        Some(ALLOWED)
    }

    fn tried(&self) -> (&'static str, &'static str) {
        ("5.12", "10")
    }

    fn refused(&self) -> &'static [Refused] {
        REFUSED
    }

    fn check(&self, invocation: &ToolInvocation<'_>) -> Command {
        command(invocation, &["--check-only", "--diff", "--verbose"])
    }

    fn fix(&self, invocation: &ToolInvocation<'_>) -> Option<Command> {
        Some(command(invocation, &[]))
    }

    fn classify(&self, output: &RawOutput, sources: &dyn SourceFiles) -> Classified {
        if let Some(classified) = abnormal(self.name(), output) {
            return classified;
        }
        let stderr = text(&output.stderr);
        if let Some(message) = config_error(output.code, &stderr) {
            return failed(ReasonKind::Config, message);
        }
        let report = Report::read(output, &stderr, sources);
        let classified = if let Some(message) = report.failure {
            Classified { findings: report.findings, ..failed(ReasonKind::Tool, message) }
        } else if !report.unread.is_empty() {
            unreadable(self.name(), report.unread, report.findings)
        } else {
            match output.code {
                0 | 1 if !report.findings.is_empty() => rejected(report.findings),
                0 if report.files == 0 => nothing_to_check(self.name()),
                0 => accepted(Vec::new()),
                _ => crashed(self.name(), output),
            }
        };
        Classified { warnings: [classified.warnings, report.warnings].concat(), ..classified }
    }
}

/// isort searches for first-party modules below the folder of its configuration file, which is not
/// the project where that file comes from the config folder.
fn command(invocation: &ToolInvocation<'_>, canonical: &[&str]) -> Command {
    let roots = [format!("--src-path={APP}"), format!("--src-path={APP}/src")];
    // The settings that skip files apply to the sources, too, and not only below them.
    let mut options = vec!["--filter-files"];
    if invocation.config.is_some_and(|path| path.starts_with(CONFIG)) {
        options.extend(roots.iter().map(String::as_str));
    }
    options.extend(canonical);
    Command::Module {
        module: "isort".to_owned(),
        keeps_own: true,
        // With `skip_gitignore`, isort asks git, which may be missing.
        worker: Some(SCOPE_WORKER.to_owned()),
        args: invocation.argv_with_source(&[], "--settings-path", &options),
        project: None,
        report: None,
    }
}

/// The error about the command line or the configuration with which isort did not start.
fn config_error(code: i32, stderr: &str) -> Option<String> {
    if code == 2 {
        let usage = stderr.lines().find_map(|line| line.strip_prefix("isort: error: "))?;
        return Some(usage.to_owned());
    }
    if let Some(file) = stderr.split("Failed to pull configuration information from ").nth(1) {
        let file = file.lines().next().unwrap_or_default();
        return Some(format!("isort cannot read the configuration in {file}"));
    }
    if stderr.contains("the colorama python package is required") {
        return Some("`color_output` needs a package that is not installed".to_owned());
    }
    let (_, traceback) = stderr.split_once("Traceback (most recent call last):\n")?;
    let reads_settings = traceback.lines().any(|line| {
        let reads = line.ends_with("in __init__") || line.ends_with("in _get_config_data");
        reads && line.contains("isort/settings.py")
    });
    if !reads_settings || traceback.contains("in sort_imports") {
        return None;
    }
    let lines: Vec<&str> = traceback
        .lines()
        .skip_while(|line| line.starts_with(' '))
        .filter(|line| !line.trim().is_empty() && !line.starts_with("For a complete"))
        .map(|line| line.strip_prefix("isort.exceptions.").unwrap_or(line).trim())
        .collect();
    Some(lines.join("\n"))
}

/// What a check with `--verbose` wrote.
#[derive(Default)]
struct Report {
    findings: Vec<Finding>,
    /// How many files isort looked at.
    files: usize,
    /// Why isort did not finish its work.
    failure: Option<String>,
    warnings: Vec<String>,
    unread: Vec<String>,
}

impl Report {
    fn read(output: &RawOutput, stderr: &str, sources: &dyn SourceFiles) -> Report {
        let mut report = Report::default();
        let unsorted = report.read_stderr(stderr);
        let diffs = report.read_stdout(&output.stdout);
        report.files += unsorted.len() + report.findings.len();
        for path in &unsorted {
            let diff = diffs.iter().find(|diff| diff.path == *path);
            report.add_unsorted(path, diff, sources);
        }
        for diff in diffs.iter().filter(|diff| !unsorted.contains(&diff.path)) {
            report.unread.push(format!("a diff of `{}`, which is not reported", diff.path));
        }
        report
    }

    /// Reads complaints about files, and returns those whose imports are not sorted.
    fn read_stderr(&mut self, stderr: &str) -> Vec<String> {
        let mut unsorted = Vec::new();
        for line in stderr.lines() {
            if let Some(error) = line.strip_prefix("ERROR: ") {
                match error.strip_suffix(UNSORTED) {
                    Some(path) => unsorted.push(path.to_owned()),
                    // Where no file could be decoded, each of them is a finding.
                    None if error == "No valid encodings." => {}
                    None => self.failure = Some(format!("isort: {error}")),
                }
            } else if let Some((_, warning)) = line.split_once("UserWarning: ") {
                self.read_warning(warning);
            } else if line.starts_with("Traceback (") {
                let last = stderr.lines().rfind(|line| !line.trim().is_empty());
                self.failure = Some(format!("isort failed: {}", last.unwrap_or_default()));
            }
        }
        unsorted
    }

    fn read_warning(&mut self, warning: &str) {
        let unparsed = warning.strip_prefix("Unable to parse file ");
        if let Some((path, why)) = unparsed.and_then(|rest| rest.split_once(" due to ")) {
            self.findings.push(unprocessed_file(Place::line(path, 1), UNREADABLE, why.to_owned()));
        } else if let Some(path) = warning.strip_prefix("Encoding not supported for ") {
            let message = "the encoding is not supported".to_owned();
            self.findings.push(unprocessed_file(Place::line(path, 1), UNREADABLE, message));
        } else if let Some((path, _)) = warning.split_once(" was broken path") {
            self.failure = Some(format!("isort: `{path}` does not exist"));
        } else {
            self.warnings.push(warning.to_owned());
        }
    }

    /// Reads the files that are in order, and returns the diffs of the others.
    fn read_stdout(&mut self, stdout: &[u8]) -> Vec<FileDiff> {
        let mut diffs: Vec<FileDiff> = Vec::new();
        let mut lines = without_banner(stdout).split_inclusive(|byte| *byte == b'\n').peekable();
        let mut skipped_by_settings = 0;
        while let Some(line) = lines.next() {
            let text = String::from_utf8_lossy(line);
            let text = text.trim_end();
            let is_header = lines.peek().is_some_and(|next| next.starts_with(b"+++ "));
            if let Some(path) = diff_path(text).filter(|_| is_header) {
                diffs.push(FileDiff { path, text: Vec::new() });
            } else if text.starts_with("SUCCESS: ") {
                self.files += 1;
            } else if text.contains(" was skipped as it's listed in 'skip' setting") {
                skipped_by_settings += 1;
            } else if let Some(count) = number(text, "Skipped ", " files") {
                // The rest skips itself by a comment.
                self.files += count.saturating_sub(skipped_by_settings);
            } else if is_remark(text) {
                continue;
            } else if let Some(diff) = diffs.last_mut() {
                diff.text.extend_from_slice(line);
            } else if !text.is_empty() {
                self.unread.push(inside::strip(text));
            }
        }
        diffs
    }

    /// Adds the hunks of a file, or the file where its diff does not tell lines apart.
    fn add_unsorted(&mut self, path: &str, diff: Option<&FileDiff>, sources: &dyn SourceFiles) {
        let is_plain = sources.read(path).is_none_or(|source| has_plain_lines(&source));
        if let Some(diff) = diff.filter(|_| is_plain) {
            let parsed = diff.parse();
            self.unread.extend(parsed.unread);
            self.findings.extend(parsed.findings.into_iter().map(about_imports));
            return;
        }
        let finding = unprocessed_file(Place::line(path, 1), CODE, String::new());
        self.findings.push(about_imports(finding));
    }
}

/// The diff of one file, without its first line.
struct FileDiff {
    path: String,
    text: Vec<u8>,
}

impl FileDiff {
    fn parse(&self) -> Parsed {
        let header = format!("--- {}\n", self.path);
        unified_diff::parse(&[header.as_bytes(), &self.text].concat())
    }
}

/// The output behind the banner that `--verbose` prints.
fn without_banner(stdout: &[u8]) -> &[u8] {
    let version = b" VERSION ";
    let banner = stdout.windows(version.len()).position(|window| window == version);
    let Some(start) = banner.filter(|_| stdout.starts_with(b"\n  ")) else { return stdout };
    let end = stdout[start..].iter().position(|byte| *byte == b'\n');
    end.map_or(&[], |end| &stdout[start + end..])
}

/// Reads `--- /app/src/main.py:before\t2026-11-29 10:03:58`.
fn diff_path(line: &str) -> Option<String> {
    let (name, _) = line.strip_prefix("--- ")?.rsplit_once('\t')?;
    inside::project_path(name.strip_suffix(":before")?)
}

/// Reads the number in a line such as `Skipped 3 files`.
fn number(line: &str, before: &str, after: &str) -> Option<usize> {
    line.strip_prefix(before)?.strip_suffix(after)?.parse().ok()
}

/// Whether a line of `--verbose` is about the sections of modules, or about where settings are from.
/// No line of a diff starts like this.
fn is_remark(line: &str) -> bool {
    let is_section = ["else-type", "from-type"].iter().any(|kind| line.starts_with(kind))
        && line.contains(" place_module for ");
    is_section
        || number(line, "Broken ", " paths").is_some()
        || (!line.starts_with([' ', '+', '-']) && line.contains(" used for file "))
}

/// Whether isort's diff tells the lines of this text apart. It writes none of the ends that are
/// missing, and splits lines where Python's `str.splitlines` does.
fn has_plain_lines(source: &[u8]) -> bool {
    let text = String::from_utf8_lossy(source);
    let text = text.replace("\r\n", "\n");
    let splits =
        ['\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];
    (text.is_empty() || text.ends_with('\n')) && !text.contains(splits)
}

/// The same finding, in the words of imports.
fn about_imports(finding: Finding) -> Finding {
    let fix = finding.fix.map(|fix| Fix { message: "sort these imports".to_owned(), ..fix });
    Finding {
        severity: Severity::Warning,
        code: CODE.to_owned(),
        rule: CODE.to_owned(),
        message: "the imports are not sorted as isort sorts them".to_owned(),
        fix,
        ..finding
    }
}
