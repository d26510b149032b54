//! Existing projects: from `init` to the findings and back to what they were.
//!
//! The shapes are those of `tests/init`. The packages are real ones with their own configurations, and
//! the articles' repository is rebuilt from their text.

use std::fs;
use std::path::Path;

use cargo_pipe::tools::own_config::Refused;
use cargo_pipe::tools::{TOOLS, Tool};

use crate::packages::{agrees_on_format, agrees_on_mypy, agrees_on_ruff, copy, fixture};
use crate::project::{Ended, Project};
use crate::start;

tests![
    an_empty_folder_goes_there_and_back,
    a_flat_package_goes_there_and_back,
    modules_at_the_root_go_there_and_back,
    a_src_layout_goes_there_and_back,
    several_packages_go_there_and_back,
    a_project_with_tests_next_to_the_sources_is_set_up_and_removed,
    a_rust_workspace_goes_there_and_back,
    the_articles_repository_goes_there_and_back,
    httpx_is_adopted_without_an_edit,
    msgspec_is_adopted_without_an_edit,
    options_listed_as_refused_are_refused
];

tests!(SOAK, [attrs_is_adopted_without_an_edit]);

const CHECKS: [&str; 4] = ["lint", "format", "mypy", "ruff"];

fn an_empty_folder_goes_there_and_back() {
    let project = adopted("empty");
    assert_eq!(outcomes(&project), ["passed"; 4]);
    goes_back(&project);
}

fn a_flat_package_goes_there_and_back() {
    let project = adopted("flat");
    assert_eq!(outcomes(&project), ["passed", "findings", "error", "passed"]);
    fix(&project, &["setup.cfg"]);
    // What others wrote has findings for every tool; it is in no snapshot.
    assert_eq!(outcomes(&project), ["passed", "findings", "passed", "passed"]);
    goes_back(&project);
}

fn modules_at_the_root_go_there_and_back() {
    let project = adopted("modules");
    // The project's dependencies are not installed: `setuptools` is unknown.
    assert_eq!(outcomes(&project), ["findings", "passed", "findings", "passed"]);
    goes_back(&project);
}

fn a_src_layout_goes_there_and_back() {
    let project = adopted("src-layout");
    // All that its own configs let pass, ours would not, and the other way round.
    assert_eq!(outcomes(&project), ["passed", "passed", "passed", "findings"]);
    goes_back(&project);
}

fn several_packages_go_there_and_back() {
    let project = adopted("several-packages");
    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 1, "{report:#?}");
    let found = |path: &str, line, code: &str| (path.to_owned(), line, code.to_owned());
    // Each package has both mistakes, and each only that one which its own rules are about.
    let of = |name: &str| report.found(&format!("{name}:ruff"));
    assert_eq!(of("alpha"), [found("packages/alpha/src/alpha/__init__.py", 8, "F841")]);
    assert_eq!(of("beta"), [found("packages/beta/src/beta/__init__.py", 3, "F401")]);
    goes_back(&project);
}

fn a_project_with_tests_next_to_the_sources_is_set_up_and_removed() {
    let project = adopted("tests-next-to-sources");
    assert_eq!(outcomes(&project), ["passed"; 4]);
    let report = project.report(&["run", "format"]);
    assert_eq!(report.check("format")["tool"], "ruff-format");
    goes_back(&project);
}

fn a_rust_workspace_goes_there_and_back() {
    let project = adopted("rust-workspace");
    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 1, "{report:#?}");
    let strict = report.found("mypy");
    assert!(
        strict.iter().any(|(path, ..)| path == "crates/fast/tests/test_count.py"),
        "{strict:?}"
    );
    goes_back(&project);
}

fn the_articles_repository_goes_there_and_back() {
    let project = adopted("articles");
    let ended = project.pipe(&["init"]);
    let warning = ".config/.pylintrc:30: pylint 4.1.4 rejects `suggestion-mode`";
    assert!(ended.stderr.contains(warning), "{ended:?}");
    assert!(ended.stderr.contains("`cargo pipe init --fix-configs`"), "{ended:?}");
    // An option that a tool does not know is an error, and everything else is checked.
    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 2);
    assert_eq!(report.check("lint")["reason"]["kind"], "config");

    fix(&project, &[".config/.pylintrc"]);
    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 1, "{report:#?}");
    assert_eq!(report.found("lint"), [("src/main.py".into(), 9, "C0116".into())]);
    goes_back(&project);
}

fn httpx_is_adopted_without_an_edit() {
    let project = real("httpx-0.28.1");
    // Its configs say nothing to pylint, with which `packages` and `venv` check it.
    let report = project.report(&["run", "format", "mypy", "ruff"]);
    assert_eq!(report.status, 1, "{report:#?}");
    agrees_on_mypy(&project, &report, "httpx tests", "pyproject.toml");
    agrees_on_ruff(&project, &report, "httpx tests", "pyproject.toml");
    // Its authors format with ruff, as a configuration of ruff and none of black suggests.
    assert_eq!(report.check("format")["tool"], "ruff-format");
    let mut files: Vec<String> =
        report.found("format").into_iter().map(|(path, ..)| path).collect();
    files.dedup();
    // Their release of ruff had another style for three of sixty files.
    assert_eq!(files, ["httpx/_exceptions.py", "httpx/_urls.py", "tests/test_content.py"]);
    goes_back(&project);
}

fn attrs_is_adopted_without_an_edit() {
    let project = real("attrs-21.4.0");
    let report = project.report(&["run", "format", "mypy", "ruff"]);
    assert_eq!(report.status, 1, "{report:#?}");
    agrees_on_mypy(&project, &report, "src tests", "mypy.ini");
    agrees_on_format(&project, &report, "src tests", "pyproject.toml");
    for check in ["format", "mypy", "ruff"] {
        assert_eq!(report.outcome(check), "findings", "{check}");
    }
    goes_back(&project);
}

fn msgspec_is_adopted_without_an_edit() {
    let project = real("msgspec-0.18.6");
    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 1, "{report:#?}");
    agrees_on_mypy(&project, &report, "msgspec", ".config/mypy.ini");
    agrees_on_ruff(&project, &report, "msgspec", "pyproject.toml");
    assert_eq!(report.outcome("ruff"), "passed");
    assert_eq!(report.outcome("lint"), "findings");
    goes_back(&project);
}

/// The tables of the catalogue say what the locked tools do, option by option.
fn options_listed_as_refused_are_refused() {
    let project = Project::scaffolded();
    let with_a_table = |tool: &&&dyn Tool| !tool.refused().is_empty();
    for tool in TOOLS.iter().filter(with_a_table).filter(|tool| tool.name() != "ruff-format") {
        // Ruff stops at the first, the others name all at once.
        let refused = tool.refused();
        let at_once = if tool.name() == "ruff" { 1 } else { refused.len() };
        for refused in refused.chunks(at_once) {
            project.write("pipe.toml", settings(*tool));
            let lock = format!(".docker/requirements/{}.txt", tool.lock());
            project.write(&lock, tool.lock_template());
            project.write(&config(*tool), text(*tool, refused));
            let report = project.report(&["run", "tried"]);
            assert_eq!(report.status, 2, "{refused:?}");
            let reason = &report.check("tried")["reason"];
            assert_eq!(reason["kind"], "config", "{refused:?}");
            let message = reason["message"].as_str().unwrap().replace('_', "-");
            for refused in refused {
                let option = refused.option;
                assert!(message.contains(option), "{option}: {message}");
            }
        }
    }
}

/// The file that a tool's options are tried in.
fn config(tool: &dyn Tool) -> String {
    tool.own_configs()[0].file.to_owned()
}

fn settings(tool: &dyn Tool) -> String {
    let tools = CHECKS.map(|check| format!("[checks.{check}]\nenabled = false\n")).concat();
    format!("{tools}[checks.tried]\ntool = \"{}\"\nconfig = \"{}\"\n", tool.name(), config(tool))
}

/// A configuration with these options.
fn text(tool: &dyn Tool, refused: &[Refused]) -> String {
    let section = match tool.name() {
        "pylint" => "[MAIN]\n",
        "mypy" => "[mypy]\n",
        "black" => "[tool.black]\n",
        "isort" => "[settings]\n",
        _ => "",
    };
    let option = |refused: &Refused| {
        let name = match tool.name() {
            "mypy" => refused.option.replace('-', "_"),
            _ => refused.option.to_owned(),
        };
        let value = match (refused.values.last(), section) {
            (Some(value), "[mypy]\n") => (*value).to_owned(),
            (Some(value), _) => format!("\"{value}\""),
            (None, _) => "true".to_owned(),
        };
        format!("{name} = {value}\n")
    };
    section.to_owned() + &refused.iter().map(option).collect::<String>()
}

/// A shape under version control, scaffolded twice.
fn adopted(shape: &str) -> Project {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/init").join(shape).join("in");
    scaffolded(&folder)
}

/// A real package under version control, scaffolded twice.
fn real(name: &str) -> Project {
    scaffolded(&fixture(name))
}

fn scaffolded(folder: &Path) -> Project {
    let project = Project::empty();
    copy(folder, &project.root);
    git(&project, &["init", "--quiet"]);
    commit(&project);
    let project = project.scaffold();
    let written = git(&project, &["status", "--porcelain", "--untracked-files=all"]);
    let again = project.pipe(&["init", "--no-lock"]);
    assert!(again.stderr.contains("\n0 files written\n"), "{again:?}");
    assert_eq!(git(&project, &["status", "--porcelain", "--untracked-files=all"]), written);
    // All that is there is new.
    assert!(written.lines().all(|line| line.starts_with("??")), "{written}");
    project
}

/// What becomes of the four checks, and no other status than theirs.
fn outcomes(project: &Project) -> [String; 4] {
    let report = project.report(&["run-all"]);
    let outcomes = CHECKS.map(|check| report.outcome(check).to_owned());
    let expected = match () {
        () if outcomes.iter().any(|outcome| outcome == "error") => 2,
        () if outcomes.iter().any(|outcome| outcome == "findings") => 1,
        () => 0,
    };
    assert_eq!(report.status, expected, "{report:#?}");
    outcomes
}

/// Lets refused options be commented out, in these files alone, and commits that.
fn fix(project: &Project, files: &[&str]) {
    let ended = project.pipe(&["init", "--fix-configs", "--no-lock"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let changed = git(project, &["diff", "--name-only"]);
    assert_eq!(changed.lines().collect::<Vec<_>>(), files);
    git(project, &["commit", "--quiet", "--all", "--message", "Fix"]);
}

/// Takes everything away again that was written.
fn goes_back(project: &Project) {
    let ended = project.pipe(&["remove", "--files"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(git(project, &["status", "--porcelain", "--ignored"]), "");
    for folder in [".docker", ".config", ".gitlab"] {
        let is_theirs = !git(project, &["ls-files", folder]).is_empty();
        assert_eq!(fs::exists(project.root.join(folder)).unwrap(), is_theirs, "{folder}");
    }
}

fn commit(project: &Project) {
    git(project, &["add", "--all", "--force"]);
    git(project, &["commit", "--quiet", "--message", "All"]);
}

/// What git says.
fn git(project: &Project, args: &[&str]) -> String {
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"];
    let output = start::command("git")
        .current_dir(&project.root)
        .args(identity)
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    let ended = Ended::of(output);
    assert_eq!(ended.status, Some(0), "git {args:?}: {ended:?}");
    ended.stdout
}
