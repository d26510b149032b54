//! mypy.
//!
//! It reports files that it cannot read, and errors in its configuration, on standard error only, and
//! continues with a default for an option that it does not know. [`Mypy`] therefore judges the exit
//! status together with both streams.

use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::{AllowList, ConfigLayout, ConfigSearch, Nesting, TomlFiles, anything, off};
use super::black::{UNREADABLE, unprocessed_file};
use super::exit_status::{
    SCOPE_WARNING, abnormal, accepted, crashed, failed, nothing_to_check, rejected, unreadable,
};
use super::own_config::{OwnConfig, Refused};
use super::{SourceFiles, TargetOption, Tool, ToolInvocation};
use crate::container::PROJECT;
use crate::finding::{Finding, Place, Severity};
use crate::outcome::{Classified, RawOutput, ReasonKind};
use crate::tools::command::{Command, MYPY_WORKER, Precedence, SCOPE_WORKER};
use crate::tools::parse::mypy_json;

/// As in `mypy/defaults.py` of the locked release.
const OWN_CONFIGS: &[OwnConfig] = &[
    OwnConfig::ini("mypy.ini", ""),
    OwnConfig::ini(".mypy.ini", ""),
    OwnConfig::toml("pyproject.toml", "tool.mypy"),
    OwnConfig::ini("setup.cfg", "mypy"),
];

/// Tested with 2.4.1, which reports each of them on standard error.
const REFUSED: &[Refused] = &[
    Refused {
        option: "python-version",
        values: &["2.7", "3.3", "3.4", "3.5", "3.6", "3.7", "3.8", "3.9"],
        fate: "mypy supports Python 3.10 and newer",
        source: "mypy 2.4.1 reports `must be 3.10 or higher`",
    },
    gone("almost-silent"),
    gone("disallow-any"),
    gone("enable-incomplete-features"),
    gone("fast-parser"),
    gone("force-union-syntax"),
    gone("force-uppercase-builtins"),
    gone("new-semantic-analyzer"),
    gone("new-type-inference"),
    gone("quick-and-dirty"),
    gone("show-none-errors"),
    gone("silent-imports"),
    gone("strict-optional-whitelist"),
];

const fn gone(option: &'static str) -> Refused {
    let source = "mypy 2.4.1 reports `Unrecognized option`";
    Refused { option, values: &[], fate: "mypy no longer has this option", source }
}

/// The switches that are data, as in mypy 2.4.1, with those of older releases.
const SWITCHES: &str = "
    allow-any-generics allow-any-unimported allow-empty-bodies allow-incomplete-defs
    allow-redefinition allow-redefinition-new allow-redefinition-old allow-subclassing-any
    allow-untyped-calls allow-untyped-decorators allow-untyped-defs allow-untyped-globals
    cache-fine-grained check-unreachable check-untyped-defs color-output
    disable-bytearray-promotion disable-expression-cache disable-memoryview-promotion
    disallow-any-decorated disallow-any-explicit disallow-any-expr disallow-any-generics
    disallow-any-unimported disallow-empty-bodies disallow-incomplete-defs disallow-redefinition
    disallow-subclassing-any disallow-untyped-calls disallow-untyped-decorators
    disallow-untyped-defs disallow-untyped-globals error-summary exclude-gitignore
    explicit-package-bases extra-checks fast-exit fast-module-lookup fixed-format-cache
    follow-untyped-imports force-union-syntax force-uppercase-builtins hide-absolute-path
    hide-column-numbers hide-error-code-links hide-error-codes hide-error-context hide-error-end
    ignore-missing-imports implicit-optional implicit-reexport incremental local-partial-types
    namespace-packages native-parser new-type-inference no-check-unreachable no-check-untyped-defs
    no-color-output no-error-summary no-exclude-gitignore no-explicit-package-bases no-extra-checks
    no-fast-exit no-fast-module-lookup no-fixed-format-cache no-implicit-optional
    no-implicit-reexport no-incremental no-install-types no-local-partial-types
    no-namespace-packages no-native-parser no-pretty no-report-deprecated-as-note
    no-silence-site-packages no-site-packages no-sqlite-cache no-strict-bytes no-strict-equality
    no-strict-equality-for-none no-strict-optional no-warn-incomplete-stub no-warn-no-return
    no-warn-redundant-casts no-warn-return-any no-warn-unreachable no-warn-unused-configs
    no-warn-unused-ignores old-type-inference pretty report-deprecated-as-note scripts-are-modules
    show-absolute-path show-column-numbers show-error-code-links show-error-codes
    show-error-context show-error-end show-none-errors show-traceback skip-cache-mtime-checks
    skip-version-check sqlite-cache strict strict-bytes strict-concatenate strict-equality
    strict-equality-for-none strict-optional warn-incomplete-stub warn-no-return
    warn-redundant-casts warn-return-any warn-unreachable warn-unused-configs warn-unused-ignores
";

/// The options with a value that are data.
const VALUES: &str = "
    always-false always-true custom-typeshed-dir custom-typing-module deprecated-calls-exclude
    disable-error-code enable-error-code enable-incomplete-feature exclude follow-imports platform
    python-version untyped-calls-exclude
";

/// The options that only a configuration has, or has under another name. The command line sets the
/// folder of the cache after it.
const ONLY_KEYS: &str = "
    cache-dir files follow-imports-for-stubs ignore-errors many-errors-threshold module modules
    mypy-path non-interactive packages soft-error-limit sqlite-num-shards verbosity
";

const ALLOWED: AllowList = AllowList {
    // Only searched for code that is analysed.
    variables: &[("MYPYPATH", anything)],
    flags: &[SWITCHES, "tb verbose -i -v"],
    options: &[VALUES, "module package soft-error-limit -m -p"],
    keys: &[SWITCHES, VALUES, ONLY_KEYS, "install-types"],
    // It starts the program `pythonX.Y` for another version.
    rules: &[("install-types", off), ("python-version", version)],
    every_value: anything,
    layout: ConfigLayout {
        table: "tool.mypy",
        nesting: Nesting::Overrides,
        toml: TomlFiles::ByName,
        reads_section: |_, section| section.starts_with("mypy"),
    },
    search: ConfigSearch::Root,
    loads_compiled: false,
};

fn version(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// `mypy --help` of 2.4.1, and `.pre-commit-hooks.yaml` of pre-commit/mirrors-mypy.
const CALL: CallFacts = CallFacts {
    programs: &[&["mypy"]],
    hook_args: &[("mypy", &["--ignore-missing-imports", "--scripts-are-modules"])],
    valued: "--always-false --always-true --any-exprs-report --cache-dir --cobertura-xml-report \
             --config-file --custom-typeshed-dir --custom-typing-module --disable-error-code \
             --enable-error-code --enable-incomplete-feature --exclude --follow-imports --html-report \
             --junit-xml --linecount-report --lineprecision-report --linecoverage-report --module \
             --num-workers --output --package --platform --python-executable --python-version \
             --shadow-file --txt-report --untyped-calls-exclude --xml-report --xslt-html-report \
             --xslt-txt-report -O -m -n -p",
    config: "--config-file",
    dropped: "--any-exprs-report --cache-dir --cobertura-xml-report --color-output \
              --error-summary --html-report --install-types --junit-xml --linecount-report \
              --linecoverage-report --lineprecision-report --no-color-output --no-error-summary \
              --no-incremental --no-sqlite-cache --non-interactive --num-workers --output --pretty \
              --python-executable --show-* --sqlite-cache --tb --traceback --txt-report --verbose \
              --xml-report --xslt-html-report --xslt-txt-report -O -n -v",
    ..CallFacts::NONE
};

/// Checks types.
#[derive(Clone, Copy, Debug)]
pub struct Mypy;

/// The options of releases without JSON, for one line for each message with all of its places.
const TEXT_OUTPUT: [&str; 5] = [
    "--show-column-numbers",
    "--show-error-end",
    "--show-error-codes",
    "--hide-error-context",
    "--no-pretty",
];

impl Tool for Mypy {
    fn name(&self) -> &'static str {
        "mypy"
    }

    fn about(&self) -> &'static str {
        "checks types with mypy"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "It looks for its files from the project's root, so that its own `exclude` and its rules \
             for stubs apply; `files`, `packages` and `modules` in its configuration hold within the \
             sources.",
            "Notes, such as those of `reveal_type`, are listed; a run with notes alone passes, as \
             in mypy itself.",
            "An unknown option in its configuration is an error; mypy itself only warns.",
            "After an edit, only the files that the edit can affect are checked, as `cargo pipe help \
             mypy` explains.",
            "It cannot fix anything.",
        ]
    }

    fn lock(&self) -> &'static str {
        "mypy"
    }

    fn lock_template(&self) -> &'static str {
        include_str!("../../templates/requirements/mypy.txt")
    }

    fn incremental_packages(&self) -> &'static [&'static str] {
        &["mypy"]
    }

    fn sees_project(&self) -> bool {
        true
    }

    fn config_file(&self) -> Option<&'static str> {
        Some("mypy.ini")
    }

    fn config_template(&self) -> Option<&'static str> {
        Some(include_str!("../../templates/config/mypy.ini"))
    }

    fn own_configs(&self) -> &'static [OwnConfig] {
        OWN_CONFIGS
    }

    fn path_options(&self) -> &'static [&'static str] {
        &["plugins", "mypy-path", "custom-typeshed-dir"]
    }

    fn target_option(&self) -> Option<TargetOption> {
        Some(TargetOption { option: "--python-version", key: "python-version", any_older: false })
    }

    fn parses_with_python(&self) -> bool {
        true
    }

    fn adoption(&self) -> AdoptionFacts {
        AdoptionFacts {
            default_check: Some("mypy"),
            hooks: &["mypy"],
            call: CALL,
            ..AdoptionFacts::default()
        }
    }

    fn allow_list(&self) -> Option<AllowList> {
        Some(ALLOWED)
    }

    fn tried(&self) -> (&'static str, &'static str) {
        ("1.0", "3")
    }

    fn refused(&self) -> &'static [Refused] {
        REFUSED
    }

    fn check(&self, invocation: &ToolInvocation<'_>) -> Command {
        let mut canonical = Vec::new();
        let worker = if invocation.is_before("1.11") {
            canonical.extend(TEXT_OUTPUT);
            SCOPE_WORKER
        } else {
            canonical.push("--output=json");
            MYPY_WORKER
        };
        let has_native_parser = !invocation.is_before("1.20");
        if has_native_parser {
            // The native parser converts columns twice, which cannot be undone.
            canonical.push("--no-native-parser");
        }
        canonical.push("--cache-dir=/dev/null");
        if has_native_parser {
            // A worker is started by `python -m`, which imports from the project's root before
            // Python 3.11.
            canonical.push("--num-workers=0");
        }
        // Otherwise it ends its process before the launcher can mark that this was its own end.
        canonical.push("--no-fast-exit");
        // The configuration may ask for lines of text between the findings, or for an installation.
        canonical.extend(["--no-pretty", "--hide-error-context", "--no-install-types"]);
        let python = format!("--python-executable={PROJECT}/bin/python3");
        if invocation.sees_project {
            canonical.push(&python);
        }
        Command::Module {
            module: "mypy".to_owned(),
            keeps_own: true,
            worker: Some(worker.to_owned()),
            args: invocation.argv_with_source(&[], "--config-file", &canonical),
            // That Python resolves imports; its packages are needed in this process for plugins.
            project: invocation.sees_project.then_some(Precedence::Last),
            report: None,
        }
    }

    fn fix(&self, _: &ToolInvocation<'_>) -> Option<Command> {
        None
    }

    fn prints_data(&self) -> bool {
        true
    }

    fn classify(&self, output: &RawOutput, sources: &dyn SourceFiles) -> Classified {
        if let Some(classified) = abnormal(self.name(), output) {
            return classified;
        }
        let stdout = mypy_json::parse(&output.stdout, sources);
        let stderr = Complaints::read(output, sources);
        let mut findings = stdout.findings;
        if !stderr.config_errors.is_empty() {
            return Classified {
                findings,
                ..failed(ReasonKind::Config, stderr.config_errors.join("\n"))
            };
        }
        if stderr.found_no_files {
            return nothing_to_check(self.name());
        }
        // The summary is text, even with JSON output.
        let unread: Vec<String> = stdout
            .unread
            .into_iter()
            .filter(|line| !line.starts_with("Found ") && !line.starts_with("Success: "))
            .collect();
        if !unread.is_empty() {
            return unreadable(self.name(), unread, findings);
        }
        findings.extend(stderr.unreadable);
        let has_error = |finding: &Finding| finding.severity == Severity::Error;
        let mut classified = match output.code {
            0 => accepted(findings),
            // With JSON output mypy exits 1 for notes alone; without it, the same run succeeds.
            1 if !findings.is_empty() && !findings.iter().any(has_error) => accepted(findings),
            1 | 2 if findings.iter().any(has_error) => rejected(findings),
            _ => Classified { findings, ..crashed(self.name(), output) },
        };
        if output.code < 2 {
            classified.warnings.extend(stderr.rest);
        }
        classified
    }
}

/// The messages on standard error.
#[derive(Default)]
struct Complaints {
    config_errors: Vec<String>,
    unreadable: Vec<Finding>,
    found_no_files: bool,
    rest: Vec<String>,
}

impl Complaints {
    fn read(output: &RawOutput, sources: &dyn SourceFiles) -> Complaints {
        // A plugin that cannot be loaded is reported as a message about the configuration.
        let parsed = mypy_json::parse_objects(&output.stderr, sources);
        let mut complaints = Complaints::default();
        complaints.config_errors.extend(parsed.findings.into_iter().map(|finding| {
            match finding.place.path.as_str() {
                "" => finding.message,
                path => format!("{path}: {}", finding.message),
            }
        }));
        for line in parsed.unread {
            complaints.add_line(line);
        }
        complaints
    }

    fn add_line(&mut self, line: String) {
        if let Some(warning) = line.strip_prefix(SCOPE_WARNING) {
            self.rest.push(warning.to_owned());
        } else if let Some(error) = line.strip_prefix("mypy: error: ") {
            self.config_errors.push(error.to_owned());
        } else if line.starts_with("There are no .py[i] files") {
            self.found_no_files = true;
        } else if let Some((path, why)) = line.split_once(": error: Cannot ") {
            let exists = !why.contains("No such file");
            let finding =
                unprocessed_file(Place::line(path, 1), UNREADABLE, format!("Cannot {why}"));
            self.unreadable.extend(exists.then_some(finding));
        } else if is_config_error(&line) || self.continues_error(&line) {
            self.config_errors.push(line);
        } else if !line.starts_with("usage: ") && !line.starts_with("            [") {
            self.rest.push(line);
        }
    }

    /// Whether a line belongs to the configuration error above it: parsers of configuration files quote
    /// the file on the next lines.
    fn continues_error(&self, line: &str) -> bool {
        !self.config_errors.is_empty()
            && (line.starts_with("file: ") || line.starts_with(['\'', '\t']))
    }
}

/// Whether a line is about the configuration: `mypy.ini: [mypy]: Unrecognized option: x = y`.
fn is_config_error(line: &str) -> bool {
    let known = ["Unrecognized option", "Not a boolean", "no section headers"];
    let in_file = line.split_once(": ").is_some_and(|(file, text)| {
        // Releases without JSON add the number of the line, as in `mypy.ini:2`.
        let file = file.trim_end_matches(|c: char| c.is_ascii_digit() || c == ':');
        let is_config = [".ini", ".cfg", ".toml"].iter().any(|ending| file.ends_with(ending));
        let is_remark =
            ["note:", "warning:", "Warning:"].iter().any(|remark| text.starts_with(remark));
        is_config && !is_remark
    });
    in_file || known.iter().any(|text| line.contains(text))
}
