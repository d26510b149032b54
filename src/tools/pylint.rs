//! pylint.
//!
//! Its exit status is a bit mask of the categories of its messages, but 0 where the score reaches
//! `fail-under`. A status other than 0 therefore needs messages to be believed.

use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::{
    AllowList, ConfigLayout, ConfigSearch, Nesting, TomlFiles, ValueRule, off, path_inside,
};
use super::exit_status::{
    abnormal, accepted, crashed, failed, nothing_to_check, rejected, text, unreadable,
};
use super::own_config::{OwnConfig, Refused};
use super::{SourceFiles, TargetOption, Tool, ToolInvocation};
use crate::outcome::{Classified, RawOutput, ReasonKind};
use crate::tools::command::{Command, PYLINT_WORKER, Precedence};
use crate::tools::parse::pylint_json2::{self, PylintReport};

/// The exit status of an error in the command line or the configuration.
const USAGE: i32 = 32;

/// Messages that mean that pylint did not finish: a missing module, a crash in a checker.
const FAILURES: &[&str] = &["F0001", "F0002"];

/// As in `pylint/config/find_default_config_files.py` of the locked release.
const OWN_CONFIGS: &[OwnConfig] = &[
    OwnConfig::ini("pylintrc", ""),
    OwnConfig::toml("pylintrc.toml", "tool.pylint"),
    OwnConfig::ini(".pylintrc", ""),
    OwnConfig::toml(".pylintrc.toml", "tool.pylint"),
    OwnConfig::toml("pyproject.toml", "tool.pylint"),
    OwnConfig::ini("setup.cfg", "pylint"),
    OwnConfig::ini("tox.ini", "pylint"),
];

/// Tested with 4.1.4, which reports each of them as E0015.
const REFUSED: &[Refused] = &[
    Refused {
        option: "suggestion-mode",
        values: &[],
        fate: "pylint 4.0 removed it",
        source: "https://pylint.readthedocs.io/en/stable/whatsnew/4/4.0/index.html",
    },
    gone("acquired-members"),
    gone("accept-no-param-doc"),
    gone("argument-name-hint"),
    gone("attr-name-hint"),
    gone("bad-functions"),
    gone("cache-size"),
    gone("class-attribute-name-hint"),
    gone("class-name-hint"),
    gone("const-name-hint"),
    gone("disable-report"),
    gone("enable-report"),
    gone("files-output"),
    gone("function-name-hint"),
    gone("ignore-iface-methods"),
    gone("inlinevar-name-hint"),
    gone("lambda-name-hint"),
    gone("max-inferred"),
    gone("method-name-hint"),
    gone("module-name-hint"),
    gone("no-space-check"),
    gone("optimize-ast"),
    gone("required-attributes"),
    gone("rpython-mode"),
    gone("string-quote"),
    gone("variable-name-hint"),
];

const fn gone(option: &'static str) -> Refused {
    let source = "pylint 4.1.4 reports `unrecognized-option`";
    Refused { option, values: &[], fate: "pylint no longer has this option", source }
}

/// The options that are data, as in pylint 4.1.4 with all of its extensions. Those at the end belong
/// to older releases.
const DATA: &str = "
    additional-builtins allow-any-import-level allow-global-unused-variables
    allow-reexport-from-package allow-wildcard-with-all allowed-redefined-builtins
    analyse-fallback-blocks argument-naming-style argument-rgx attr-naming-style attr-rgx bad-functions
    bad-names bad-names-rgxs callbacks check-fixme-in-docstring
    check-protected-access-in-special-methods check-quote-consistency
    check-str-concat-over-line-jumps class-attribute-naming-style class-attribute-rgx
    class-const-naming-style class-const-rgx class-naming-style class-rgx clear-cache-post-run
    confidence const-naming-style const-rgx contextmanager-decorators default-docstring-type
    defining-attr-methods deprecated-modules disable docstring-min-length dummy-variables-rgx enable
    exclude-protected exclude-too-few-public-methods expected-line-ending-format fail-on fail-under
    files function-naming-style function-rgx generated-members good-dunder-names good-names
    good-names-rgxs ignore ignore-comments ignore-docstrings ignore-imports ignore-long-lines
    ignore-mixin-members ignore-none ignore-on-opaque-inference ignore-paths ignore-patterns
    ignore-pattern-in-long-lines ignore-signatures ignored-argument-names ignored-checks-for-mixins
    ignored-classes ignored-modules ignored-parents include-naming-hint indent-after-paren
    indent-string init-import inlinevar-naming-style inlinevar-rgx jobs known-first-party
    known-side-effects-only-functions known-standard-library known-third-party
    limit-inference-results logging-format-style logging-modules max-args max-attributes max-bool-expr
    max-branches max-complexity max-line-length max-line-length-suggestions max-locals
    max-module-lines max-nested-blocks max-parents max-positional-arguments max-public-methods
    max-returns max-spelling-suggestions max-statements max-try-statements method-naming-style
    method-rgx min-public-methods min-similarity-lines missing-member-hint
    missing-member-hint-distance missing-member-max-choices mixin-class-rgx module-naming-style
    module-rgx msg-template name-group never-returning-functions no-docstring-rgx notes notes-rgx
    overgeneral-exceptions paramspec-rgx persistent prefer-stubs preferred-modules property-classes
    py-version recursive redefining-builtins-modules reports runtime-typing score signature-mutators
    single-line-class-stmt single-line-if-stmt spelling-dict spelling-ignore-comment-directives
    spelling-ignore-words suggest-join-with-non-empty-separator timeout-methods typealias-rgx
    typevar-rgx typevartuple-rgx valid-classmethod-first-arg valid-magic-values
    valid-metaclass-classmethod-first-arg variable-naming-style variable-rgx

    accept-no-param-doc accept-no-raise-doc accept-no-return-doc accept-no-yields-doc
    acquired-members argument-name-hint attr-name-hint cache-size class-attribute-name-hint
    class-name-hint const-name-hint function-name-hint ignore-iface-methods include-ids
    inlinevar-name-hint lambda-name-hint max-inferred method-name-hint module-name-hint no-space-check
    required-attributes rpython-mode string-quote suggestion-mode symbols variable-name-hint
";

/// The options of which some values run code, load code or write a file.
const RULES: &[(&str, ValueRule)] = &[
    ("evaluation", arithmetic),
    ("ext-import-graph", str::is_empty),
    ("extension-pkg-allow-list", str::is_empty),
    ("extension-pkg-whitelist", str::is_empty),
    ("import-graph", str::is_empty),
    ("int-import-graph", str::is_empty),
    ("load-plugins", own_extensions),
    ("output-format", reporters),
    ("source-roots", paths_inside),
    ("spelling-private-dict-file", path_inside),
    ("spelling-store-unknown-words", off),
    ("unsafe-load-any-extension", off),
    ("-f", reporters),
];

/// Their names.
const RULED: &str = "
    evaluation ext-import-graph extension-pkg-allow-list extension-pkg-whitelist import-graph
    int-import-graph load-plugins output-format source-roots spelling-private-dict-file
    spelling-store-unknown-words unsafe-load-any-extension
";

/// An INI file of its own has only its options; in a shared one, sections start with its name.
const ALLOWED: AllowList = AllowList {
    variables: &[],
    flags: &["enable-all-extensions errors-only exit-zero verbose -E -v"],
    options: &[DATA, RULED, "-d -e -f -j -r -s"],
    keys: &[DATA, RULED],
    rules: RULES,
    every_value: not_an_option,
    layout: ConfigLayout {
        table: "tool.pylint",
        nesting: Nesting::Sections,
        toml: TomlFiles::ByName,
        reads_section: |file, section| {
            !matches!(file, "setup.cfg" | "tox.ini") || section.starts_with("pylint")
        },
    },
    search: ConfigSearch::Root,
    loads_compiled: true,
};

/// pylint turns its configuration into arguments, so a value that starts with `-` may become an option
/// of its own.
fn not_an_option(value: &str) -> bool {
    !value.trim_start().starts_with('-') || value.parse::<f64>().is_ok()
}

/// Whether all of these plugins are pylint's own.
fn own_extensions(value: &str) -> bool {
    let plugins = value.split([',', '\n']).map(str::trim).filter(|plugin| !plugin.is_empty());
    let is_own = |plugin: &str| {
        plugin.strip_prefix("pylint.extensions.").is_some_and(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        })
    };
    plugins.into_iter().all(is_own)
}

/// Whether all of these are names of pylint's own reporters. Any other name is imported, and a name
/// with a colon is followed by a file that is written.
fn reporters(value: &str) -> bool {
    let known =
        ["colorized", "github", "json", "json2", "msvs", "no-header", "parseable", "text", "junit"];
    value.split(',').all(|name| known.contains(&name.trim()))
}

fn paths_inside(value: &str) -> bool {
    value.split([',', '\n']).all(|path| path_inside(&path.trim().replace('*', "")))
}

/// Whether an expression only calculates with numbers and counts of messages: pylint executes it.
fn arithmetic(value: &str) -> bool {
    const NAMES: &[&str] = &[
        "fatal",
        "error",
        "warning",
        "refactor",
        "convention",
        "info",
        "statement",
        "float",
        "int",
        "max",
        "min",
        "round",
        "abs",
        "if",
        "else",
        "and",
        "or",
        "not",
    ];
    let value = value.trim_matches(['"', '\'']);
    let is_mark = |c: char| c.is_ascii_whitespace() || "+-*/()<>=!,.".contains(c);
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let words = value.split(|c: char| !is_word(c)).filter(|word| !word.is_empty());
    let is_known = |word: &str| NAMES.contains(&word) || word.chars().all(|c| c.is_ascii_digit());
    // A dot belongs to a number, never to an attribute.
    let dots = value.match_indices('.').all(|(at, _)| {
        let before = value[..at].chars().next_back();
        let after = value[at + 1..].chars().next();
        !before.is_some_and(|c| c.is_ascii_alphabetic() || c == ')')
            && !after.is_some_and(|c| c.is_ascii_alphabetic())
    });
    dots && value.chars().all(|c| is_mark(c) || is_word(c)) && words.into_iter().all(is_known)
}

/// `pylint --help` of 4.1.4.
const CALL: CallFacts = CallFacts {
    programs: &[&["pylint"]],
    hook_args: &[],
    valued: "--confidence --disable --enable --extension-pkg-allow-list --fail-on --fail-under \
             --ignore --ignore-paths --ignore-patterns --ignored-modules --init-hook --jobs \
             --load-plugins --max-line-length --msg-template --output --output-format --rcfile -d \
             -e -f -j",
    config: "--rcfile",
    dropped: "--jobs --msg-template --no-color --output --output-format --reports --score --verbose \
              -f -j -r -rn -ry -s -sn -sy -v",
    ..CallFacts::NONE
};

/// Lints.
#[derive(Clone, Copy, Debug)]
pub struct Pylint;

impl Tool for Pylint {
    fn name(&self) -> &'static str {
        "pylint"
    }

    fn about(&self) -> &'static str {
        "finds errors and bad style with pylint"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "It passes when the score reaches `fail-under` and no message of `fail-on` was found; \
             the messages of a run that passes are listed and do not count.",
            "It looks for its files in the sources as `pylint --recursive=y` does, so that its own \
             `ignore`, `ignore-paths` and `ignore-patterns` apply.",
            "Each file is linted separately, one per processor at a time, and the findings are the \
             same for any number of processors; the option `jobs` of pylint has no effect.",
            "An unknown option or message in its configuration is an error; pylint itself only \
             warns.",
            "It cannot fix anything.",
        ]
    }

    fn lock(&self) -> &'static str {
        "pylint"
    }

    fn lock_template(&self) -> &'static str {
        include_str!("../../templates/requirements/pylint.txt")
    }

    fn incremental_packages(&self) -> &'static [&'static str] {
        &["pylint", "astroid"]
    }

    fn sees_project(&self) -> bool {
        true
    }

    fn config_file(&self) -> Option<&'static str> {
        Some(".pylintrc")
    }

    fn config_template(&self) -> Option<&'static str> {
        Some(include_str!("../../templates/config/pylintrc"))
    }

    fn own_configs(&self) -> &'static [OwnConfig] {
        OWN_CONFIGS
    }

    fn path_options(&self) -> &'static [&'static str] {
        &["init-hook", "load-plugins", "source-roots", "spelling-private-dict-file"]
    }

    fn target_option(&self) -> Option<TargetOption> {
        Some(TargetOption { option: "--py-version", key: "py-version", any_older: true })
    }

    fn parses_with_python(&self) -> bool {
        true
    }

    fn adoption(&self) -> AdoptionFacts {
        AdoptionFacts {
            default_check: Some("lint"),
            hooks: &["pylint"],
            call: CALL,
            ..AdoptionFacts::default()
        }
    }

    fn allow_list(&self) -> Option<AllowList> {
        Some(ALLOWED)
    }

    fn tried(&self) -> (&'static str, &'static str) {
        ("2.17", "5")
    }

    fn refused(&self) -> &'static [Refused] {
        REFUSED
    }

    fn check(&self, invocation: &ToolInvocation<'_>) -> Command {
        let format = match invocation.is_before("3.0") {
            true => "--output-format=json",
            false => "--output-format=json2",
        };
        let canonical = [format, "--jobs=1", "--persistent=n", "--recursive=y"];
        let mut args = invocation.argv(&[], "--rcfile", &canonical);
        // Releases differ in whether `--` may precede the sources.
        args.extend(invocation.source.iter().map(|path| match path.as_str() {
            path if path.starts_with('-') => format!("./{path}"),
            path => path.to_owned(),
        }));
        Command::Module {
            module: "pylint".to_owned(),
            keeps_own: true,
            worker: Some(PYLINT_WORKER.to_owned()),
            args,
            project: invocation.sees_project.then_some(Precedence::First),
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
        if output.code == USAGE {
            return usage_error(output);
        }
        match pylint_json2::parse(&output.stdout, sources) {
            Some(report) => judge(report, output),
            None => crashed(self.name(), output),
        }
    }
}

/// Judges a run that did not start.
fn usage_error(output: &RawOutput) -> Classified {
    if text(&output.stdout).contains("No files to lint") {
        return nothing_to_check("pylint");
    }
    let stderr = text(&output.stderr);
    let lines: Vec<&str> = stderr
        .lines()
        .filter(|line| !line.starts_with("usage: "))
        .map(|line| line.trim_start_matches("pylint: error: "))
        .collect();
    failed(ReasonKind::Config, lines.join("\n"))
}

/// Judges a report. In a run that fails, every message counts, because the output does not show
/// which messages alone would have kept the score above the threshold.
fn judge(report: PylintReport, output: &RawOutput) -> Classified {
    let PylintReport { findings, mut config_errors, mut remarks, unread, score } = report;
    if output.code != 0 && findings.is_empty() && config_errors.is_empty() {
        // Only with a `fail-on` that names them.
        config_errors.append(&mut remarks);
    }
    let failure = findings
        .iter()
        .find(|finding| FAILURES.contains(&finding.code.as_str()))
        .map(|finding| first_sentence(&finding.message).to_owned());
    let mut classified = if !config_errors.is_empty() {
        Classified { findings, ..failed(ReasonKind::Config, config_errors.join("\n")) }
    } else if !unread.is_empty() {
        unreadable("pylint", unread, findings)
    } else if let Some(message) = failure {
        Classified { findings, ..failed(ReasonKind::Tool, format!("pylint: {message}")) }
    } else if output.code == 0 {
        accepted(findings)
    } else if findings.is_empty() {
        crashed("pylint", output)
    } else {
        rejected(findings)
    };
    classified.warnings.append(&mut remarks);
    classified.score = score;
    classified
}

/// The first sentence of a message. The rest of a crash's message asks for a bug report and names a
/// file that no longer exists.
fn first_sentence(message: &str) -> &str {
    message.split_once(". ").map_or(message, |(sentence, _)| sentence)
}
