//! Plans of every way to ask for fixes: the checks that write, and their order.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;

use cargo_pipe::check::CachePolicy;
use cargo_pipe::config::layer::Layer;
use cargo_pipe::env_vars::EnvVars;
use cargo_pipe::pipeline::Pipeline;
use cargo_pipe::plan::{
    Effect, Fixing, Plan, Request, ShellFiles, ShellRequest, Step, Streams, Withheld,
};
use cargo_pipe::report::json;
use cargo_pipe::tools::command::Command;

/// Two formatters in different folders, a linter that fixes, and two commands.
const CONFIGURATION: &str = r#"
[checks.style]
tool = "ruff-format"
source = ["docs"]

[checks.spelling]
run = ["codespell", "src"]
fix = ["codespell", "-w", "src"]
findings-exit = [65]
writable = true

[checks.links]
run = ["links"]
"#;

fn pipeline(configuration: &str) -> Pipeline {
    let project = tempfile::tempdir().unwrap();
    fs::write(project.path().join("pipe.toml"), configuration).unwrap();
    Pipeline::discover(project.path(), EnvVars::default(), Layer::default()).unwrap()
}

fn request(checks: &[&str], fixing: Fixing) -> Request {
    let checks = checks.iter().map(|check| (*check).to_owned()).collect();
    Request { checks, fixing, ..Request::default() }
}

fn planned(checks: &[&str], fixing: Fixing) -> Plan {
    let mut pipeline = pipeline(CONFIGURATION);
    pipeline.config.allow.insert(cargo_pipe::check::Grant::Writable);
    pipeline.plan(&request(checks, fixing)).unwrap()
}

fn fixers(plan: &Plan) -> Vec<&str> {
    let fixes = plan.fixes.iter().flat_map(|fixes| &fixes.steps);
    fixes.map(|fix| fix.step.id.as_str()).collect()
}

#[test]
fn a_step_is_requested_and_shown_by_its_spelled_identity() {
    let plan = planned(&["spelling"], Fixing::Off);
    assert_eq!(plan.steps[0].id, "spelling".parse().unwrap());
    let json: serde_json::Value = serde_json::from_str(&json::plan::to_json(&plan)).unwrap();
    assert_eq!(json["checks"][0]["name"], "spelling");
    let unknown = request(&["core:spelling"], Fixing::Off);
    let error = pipeline(CONFIGURATION).plan(&unknown).unwrap_err().to_string();
    assert!(error.contains("unknown command or check `core:spelling`"), "{error}");
}

#[test]
fn with_fix_everything_writes_that_can_and_formatters_come_last() {
    let plan = planned(&[], Fixing::Write);
    assert_eq!(fixers(&plan), ["ruff", "spelling", "format", "style"]);
    let fixes = plan.fixes.as_ref().unwrap();
    assert_eq!(fixes.effect, Effect::Write);
    assert_eq!(plan.steps.len(), 7);
    let spelling = &fixes.steps[1].step;
    let command = ["codespell", "-w", "src"].map(str::to_owned).to_vec();
    assert_eq!(spelling.command, Command::Exec(command));
    assert!(spelling.grants.is_empty(), "{:?}", spelling.grants);
}

/// A check with a secret, and one without.
const SECRETS: &str = r#"
[checks.e2e]
run = ["e2e"]
fix = ["e2e", "--fix"]
secrets = ["API_TOKEN", "OTHER_TOKEN"]

[checks.links]
run = ["links"]
"#;

/// Plans checks where `API_TOKEN` is set and granted, and `OTHER_TOKEN` is only granted.
fn planned_with_secrets(configuration: &str, fixing: Fixing) -> Plan {
    let project = tempfile::tempdir().unwrap();
    fs::write(project.path().join("pipe.toml"), configuration).unwrap();
    let variables = EnvVars::from([("API_TOKEN", "correct-horse")]);
    let mut pipeline = Pipeline::discover(project.path(), variables, Layer::default()).unwrap();
    for grant in ["secret:API_TOKEN", "secret:OTHER_TOKEN"] {
        pipeline.config.allow.insert(grant.parse().unwrap());
    }
    pipeline.plan(&request(&["e2e", "links"], fixing)).unwrap()
}

#[test]
fn a_plan_names_secrets_and_has_a_digest_in_place_of_the_value() {
    let plan = planned_with_secrets(SECRETS, Fixing::Off);
    let secrets: Vec<(&str, bool)> = plan.steps[0]
        .secrets
        .iter()
        .map(|(name, digest)| (name.as_str(), digest.is_ok()))
        .collect();
    assert_eq!(secrets, [("API_TOKEN", true), ("OTHER_TOKEN", false)]);
    assert!(plan.steps[1].secrets.is_empty());
    let json = json::plan::to_json(&plan);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let grants = serde_json::json!(["secret:API_TOKEN", "secret:OTHER_TOKEN"]);
    assert_eq!(value["checks"][0]["grants"], grants);
    assert!(!json.contains("correct-horse") && !format!("{plan:?}").contains("correct-horse"));
}

#[test]
fn a_fixer_gets_no_secret() {
    let plan = planned_with_secrets(SECRETS, Fixing::Write);
    let fixer = &plan.fixes.as_ref().unwrap().steps[0].step;
    assert!(fixer.secrets.is_empty() && fixer.grants.is_empty(), "{fixer:?}");
}

#[test]
fn a_check_with_a_secret_is_cached_only_if_it_says_so() {
    let policy =
        |configuration: &str| planned_with_secrets(configuration, Fixing::Off).steps[0].cache;
    assert_eq!(policy(SECRETS), CachePolicy::Never);
    let keep = |value: &str| SECRETS.replace("secrets =", &format!("cache = {value}\nsecrets ="));
    assert_eq!(policy(&keep("true")), CachePolicy::Always);
    assert_eq!(policy(&keep("\"passed\"")), CachePolicy::Passed);
}

#[test]
fn with_diff_nothing_is_checked() {
    let plan = planned(&["format", "lint"], Fixing::Show);
    assert_eq!(fixers(&plan), ["format"]);
    assert_eq!(plan.fixes.unwrap().effect, Effect::Show);
    assert!(plan.steps.is_empty());
}

#[test]
fn only_a_formatter_writes_because_it_was_called_by_its_name() {
    for (check, writes) in
        [("format", true), ("style", true), ("ruff", false), ("lint", false), ("spelling", false)]
    {
        let plan = planned(&[check], Fixing::ByName);
        assert_eq!(plan.fixes.is_some(), writes, "{check}");
        assert_eq!(plan.notes, [""; 0], "{check}");
        assert_eq!(plan.steps.len(), 1);
    }
}

#[test]
fn only_a_formatter_that_may_not_write_gets_a_note() {
    for (why, expected) in [(Withheld::Ci, "`CI` is set"), (Withheld::Check, "`--check` was given")]
    {
        let plan = planned(&["format"], Fixing::Withheld(why));
        assert!(plan.fixes.is_none() && plan.steps.len() == 1);
        assert!(plan.notes[0].contains(expected), "{:?}", plan.notes);
        assert_eq!(planned(&["ruff"], Fixing::Withheld(why)).notes, [""; 0]);
    }
}

#[test]
fn asking_a_check_to_fix_that_cannot_is_an_error() {
    for fixing in [Fixing::Write, Fixing::Show] {
        let error = pipeline("").plan(&request(&["lint", "mypy"], fixing)).unwrap_err();
        assert_eq!(error.to_string(), "`lint`, `mypy` cannot fix anything");
        assert_eq!(error.hint().unwrap(), "these checks can fix: `format`, `ruff`");
    }
}

#[test]
fn two_formatters_are_a_warning_of_doctor_alone() {
    let pipeline = pipeline("[checks.style]\ntool = \"ruff-format\"\n");
    assert_eq!(pipeline.warnings, [""; 0]);
}

#[test]
fn the_project_is_installed_for_what_runs_it_and_never_for_a_fixer() {
    let project = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = project.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "pipe.toml",
        "[checks.test]\ntool = \"pytest\"\n[checks.docs]\nrun = [\"docs\"]\nfix = [\"docs\", \"-w\"]\n\
         install = true\n[checks.links]\nrun = [\"links\"]\n",
    );
    write("pyproject.toml", "[build-system]\nrequires = []\n[project]\nreadme = \"README.md\"\n");
    write("README.md", "");
    let plan = || {
        let layer = Layer::default();
        let pipeline = Pipeline::discover(project.path(), EnvVars::default(), layer).unwrap();
        pipeline.plan(&request(&[], Fixing::Write)).unwrap()
    };
    assert!(plan().every_step().all(|step| step.installation.is_none()), "it is not locked");
    write(".docker/requirements/build.txt", "");
    let plan = plan();
    for step in &plan.steps {
        let is_installed = ["test", "docs"].contains(&step.id.as_str());
        assert_eq!(step.installation.is_some(), is_installed, "{}", step.id);
        assert_eq!(step.writable, is_installed, "{}", step.id);
        let sees_readme = step.file_set.paths.iter().any(|path| path.as_str() == "README.md");
        assert_eq!(sees_readme, is_installed, "{}", step.id);
    }
    let fixes = &plan.fixes.as_ref().unwrap().steps;
    assert!(fixes.iter().any(|fix| fix.step.id.as_str() == "docs"));
    assert!(fixes.iter().all(|fix| fix.step.installation.is_none()));
}

/// Two packages with a check of the same name.
const PACKAGES: &str =
    "[packages.core]\n[packages.api]\n[packages.api.checks.own]\nrun = ['own']\n";

fn selected(checks: &[&str]) -> Vec<String> {
    let plan = pipeline(PACKAGES).plan(&request(checks, Fixing::Off)).unwrap();
    plan.steps.iter().map(|step| step.id.to_string()).collect()
}

#[test]
fn a_name_means_a_check_in_every_package_or_one_or_all_of_a_package() {
    assert_eq!(selected(&["lint"]), ["core:lint", "api:lint"]);
    assert_eq!(selected(&["api:lint", "own"]), ["api:lint", "api:own"]);
    let all = ["core:lint", "core:format", "core:mypy", "core:ruff"];
    assert_eq!(selected(&["core:"]), all);
    assert_eq!(selected(&[]).len(), 9);
    let unknown = pipeline(PACKAGES).plan(&request(&["cor:lint"], Fixing::Off)).unwrap_err();
    assert_eq!(unknown.hint().unwrap(), "did you mean `cargo pipe core:lint`?");
    assert!(pipeline(PACKAGES).plan(&request(&["other:"], Fixing::Off)).is_err());
}

/// Checks on several versions of Python: two in each package, and one on a version of its own.
const PYTHONS: &str = "[python]\nversions = ['3.13', '3.11']\n\
    [checks.own]\nrun = ['own']\nfix = ['own', '--fix']\n\
    [checks.old]\nrun = ['old']\npython = '3.9'\n\
    [checks.ruff]\npython = ['3.12', '3.10']\n\
    [checks.lint]\nenabled = false\n\
    [packages.core]\n[packages.api]\n";

#[test]
fn checks_that_import_the_project_run_on_each_python() {
    let pipeline = pipeline(PYTHONS);
    let ids = |checks: &[&str]| {
        let plan = pipeline.plan(&request(checks, Fixing::Off)).unwrap();
        let python = |step: &Step| step.environment.python().unwrap_or("3.13").to_owned();
        plan.steps.iter().map(|it| (it.id.to_string(), python(it))).collect::<Vec<_>>()
    };
    let of = |id: &str, python: &str| (id.to_owned(), python.to_owned());
    let core = [
        of("core:format", "3.13"),
        of("core:mypy@3.11", "3.11"),
        of("core:mypy@3.13", "3.13"),
        of("core:ruff@3.10", "3.10"),
        of("core:ruff@3.12", "3.12"),
        of("core:own@3.11", "3.11"),
        of("core:own@3.13", "3.13"),
        of("core:old", "3.9"),
    ];
    assert_eq!(ids(&["core:"]), core);
    assert_eq!(ids(&["mypy@3.11"]), [of("core:mypy@3.11", "3.11"), of("api:mypy@3.11", "3.11")]);
    assert_eq!(ids(&["api:mypy"]), [of("api:mypy@3.11", "3.11"), of("api:mypy@3.13", "3.13")]);
    let of_core = |step: &(String, String)| step.0.starts_with("core:");
    let newest: Vec<_> = ids(&["@3.13"]).into_iter().filter(of_core).collect();
    assert_eq!(newest, [core[0].clone(), core[2].clone(), core[6].clone()]);
    assert_eq!(ids(&["core:@3.9"]), [of("core:old", "3.9")]);
    assert!(pipeline.plan(&request(&["mypy@3.12"], Fixing::Off)).is_err());
    assert!(pipeline.plan(&request(&["@"], Fixing::Off)).is_err());
    let error = pipeline.plan(&request(&["@4"], Fixing::Off)).unwrap_err();
    let hint = error.hint().unwrap();
    assert_eq!(hint.matches(" core:old,").count(), 1, "{hint}");
    let error = pipeline.plan(&request(&["core:mypy@3.31"], Fixing::Off)).unwrap_err();
    assert_eq!(error.hint().unwrap(), "did you mean `cargo pipe core:mypy@3.11`?");
    // A fixer writes the same files for all of them.
    let plan = pipeline.plan(&request(&["core:own"], Fixing::Write)).unwrap();
    assert_eq!(fixers(&plan), ["core:own@3.11"]);
}

#[test]
fn a_package_can_have_its_own_python_and_dependencies() {
    let settings = "[packages.core]\n[packages.api]\npython = ['3.11', '3.12']\n\
                    requirements = ['uv.lock']\n[packages.web]\nextras = ['x']\npython = '3.9'\n";
    let project = tempfile::tempdir().unwrap();
    fs::write(project.path().join("pipe.toml"), settings).unwrap();
    let locks = project.path().join(".docker/requirements");
    fs::create_dir_all(&locks).unwrap();
    for name in ["project", "project.api"] {
        fs::write(locks.join(format!("{name}.txt")), "").unwrap();
    }
    let variables = EnvVars::default();
    let pipeline = Pipeline::discover(project.path(), variables, Layer::default()).unwrap();
    let plan = pipeline.plan(&request(&["mypy", "format"], Fixing::Off)).unwrap();
    let describe = |step: &Step| {
        let environment = &step.environment;
        let [project, python] = [environment.project(), environment.python()];
        let label = environment.label(&step.tool);
        format!("{} {} {} {label}", step.id, project.unwrap_or("-"), python.unwrap_or("-"))
    };
    let steps: Vec<String> = plan.steps.iter().map(describe).collect();
    let expected = [
        "core:format - - black",
        "core:mypy project - mypy",
        "api:format - 3.12 black-3.12",
        "api:mypy@3.11 project.api 3.11 mypy.api-3.11",
        "api:mypy@3.12 project.api 3.12 mypy.api-3.12",
        // Its lock is missing, and these releases do not support its Python.
        "web:format - - black",
        "web:mypy - - mypy",
    ];
    assert_eq!(steps, expected);
    let sets = pipeline.config.dependency_sets();
    let sets: Vec<String> =
        sets.iter().map(|set| format!("{} {}", set.lock(), set.folder())).collect();
    assert_eq!(sets, ["project .", "project.api api", "project.web web"]);
}

#[test]
fn each_python_has_a_base_image_and_the_oldest_chooses_releases() {
    let config = pipeline(PYTHONS).config;
    assert_eq!(config.pythons(), ["3.9", "3.10", "3.11", "3.12", "3.13"]);
    assert_eq!(config.oldest_python(), "3.9");
    assert_eq!(config.images()[..2], ["python:3.13-slim", "python:3.9-slim"]);
    let own = "[python]\nimage = 'mirror.example/{version}/python:{version}'\nversions = ['3.10', '3.11']\n";
    let images = ["mirror.example/3.11/python:3.11", "mirror.example/3.10/python:3.10"];
    assert_eq!(pipeline(own).config.images(), images);
}

/// The Python and the command of each check, with this file in addition to the settings and to a lock of
/// mypy 1.0, which supports Python 3.8 to 3.11.
fn pythons_of_tools(settings: &str, file: &str, text: &str) -> Vec<(String, String)> {
    let project = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = project.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let settings = format!("{settings}[checks.mypy]\nversion = '1.0.0'\nconfig = false\n");
    write("pipe.toml", &settings);
    let hash = format!("--hash=sha256:{}", "1".repeat(64));
    let lock = format!("# For every platform.\n# For Python 3.8 to 3.11.\nmypy==1.0.0 {hash}\n");
    write(".docker/requirements/mypy.txt", &lock);
    write(file, text);
    let pipeline = Pipeline::discover(project.path(), EnvVars::default(), Layer::default());
    let plan = pipeline.unwrap().plan(&request(&[], Fixing::Off)).unwrap();
    let describe = |step: &Step| {
        let python = step.environment.python().unwrap_or("own").to_owned();
        let words = match &step.command {
            Command::Exec(words) => words.clone(),
            Command::Module { args, .. } => args.clone(),
            _ => Vec::new(),
        };
        let target = words.into_iter().find(|word| word.starts_with("--py"));
        (python, format!("{} {}", step.id, target.unwrap_or_default()).trim().to_owned())
    };
    plan.steps.iter().map(describe).collect()
}

#[test]
fn a_tool_runs_on_a_python_that_its_release_supports() {
    let planned = |version: &str, more: &str, file: &str, text: &str| {
        let settings = format!("[python]\nversion = '{version}'\n{more}");
        let found = pythons_of_tools(&settings, file, text);
        found.iter().map(|(python, step)| format!("{python} {step}")).collect::<Vec<_>>()
    };
    let test = "[checks.test]\ntool = 'pytest'\n";
    let old = ["3.13 lint --py-version=3.8", "3.13 format", "own mypy", "own ruff", "own test"];
    assert_eq!(planned("3.8", test, "README", ""), old);
    let new = ["own lint", "own format", "3.11 mypy", "own ruff", "own test"];
    assert_eq!(planned("3.13", test, "README", ""), new);
    // Older than any that mypy supports, and so the oldest that it knows.
    let older =
        ["3.13 lint --py-version=3.7", "3.13 format", "3.11 mypy --python-version=3.8", "own ruff"];
    assert_eq!(planned("3.7", "", "README", ""), older);

    let set = planned("3.7", "", "mypy.ini", "[mypy]\npython_version = 3.9\n");
    assert_eq!(set[2], "3.11 mypy");
    let set = planned("3.8", "", ".config/.pylintrc", "[MAIN]\npy-version = 3.9\n");
    assert_eq!(set[0], "3.13 lint");
    // A check that names a Python stays on it.
    let named = "[checks.lint]\npython = '3.8'\n";
    assert_eq!(planned("3.8", named, "README", "")[0], "own lint");
}

#[test]
fn a_tool_stays_on_the_python_of_the_project_where_there_is_no_other() {
    for settings in
        ["[python]\nversion = '3.13'\nimage = 'python:3.13'\n", "[ci]\ngitlab = 'image'\n"]
    {
        let found = pythons_of_tools(settings, "README", "");
        assert!(found.iter().all(|(python, _)| python == "own"), "{settings}: {found:?}");
    }
    let per_check = "[ci]\ngitlab = 'image'\njobs = 'per-check'\n";
    assert_eq!(pythons_of_tools(per_check, "README", "")[2].0, "3.11");
}

#[test]
fn a_shell_is_opened_in_one_package() {
    let pipeline = pipeline(PACKAGES);
    let shell = |check: &str| {
        pipeline.plan_shell(&ShellRequest {
            check: Some(check.to_owned()),
            command: Vec::new(),
            docker_socket: false,
            files: ShellFiles::Copy,
            streams: Streams::Plain,
        })
    };
    assert_eq!(shell("api:mypy").unwrap().step.folder.as_str(), "api");
    let error = shell("mypy").unwrap_err();
    assert_eq!(error.to_string(), "`mypy` names several checks");
    assert_eq!(error.hint().unwrap(), "name one of them: `core:mypy`, `api:mypy`");
}

#[test]
fn a_package_can_import_one_in_its_own_folder() {
    let settings = "source = ['src']\n[packages.app]\npath = '.'\ndepends-on = ['core']\n\
                    [packages.core]\npath = 'libs/core'\n";
    let plan = pipeline(settings).plan(&request(&[], Fixing::Off)).unwrap();
    let files = |name: &str| {
        let step = plan.steps.iter().find(|step| step.id.as_str() == name).unwrap();
        let paths = step.file_set.paths.iter().map(|path| path.to_string()).collect::<Vec<_>>();
        (paths.join(" "), step.file_set.exclude.join(" "))
    };
    assert_eq!(files("app:mypy"), ("libs/core src".to_owned(), String::new()));
    assert_eq!(files("app:ruff"), ("src".to_owned(), "libs/core/**".to_owned()));
}

#[test]
fn a_check_that_runs_once_can_import_every_package() {
    let settings = "[checks.mypy]\nper-package = false\nsource = ['tools']\n\
                    [packages.core]\n[packages.api]\n";
    let plan = pipeline(settings).plan(&request(&["mypy", "api:ruff"], Fixing::Off)).unwrap();
    let roots = |at: usize| {
        plan.steps[at]
            .import_roots
            .iter()
            .map(|root| root.to_string())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!([roots(0), roots(1)], ["api core", ""]);
}
