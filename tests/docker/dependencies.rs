//! The project's own dependencies and those of the tools, and the locks of both.

use std::fs;
use std::path::Path;

use crate::package_index::{Index, Wheel};
use crate::project::{Ended, Project};

tests![
    only_checks_that_see_the_projects_dependencies_change_with_them,
    a_project_is_judged_by_the_versions_that_it_pins,
    a_newer_release_changes_nothing_until_it_is_asked_for,
    a_wheel_that_was_altered_is_refused_by_name,
    a_check_with_requirements_has_an_environment_of_its_own
];

const INICONFIG_2_0: &str = "iniconfig==2.0.0 --hash=sha256:b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374\n";
const INICONFIG_2_1: &str = "iniconfig==2.1.0 --hash=sha256:9deba5723312380e77435581c6bf4935c94cbfab9b1ed33ef8d238ea168eb760\n";

fn only_checks_that_see_the_projects_dependencies_change_with_them() {
    let project = Project::scaffolded();
    let imports = "[\"python3\", \"-c\", \"import iniconfig\"]";
    project.configure(&format!("checks.imports = {{ run = {imports} }}"));
    let checks = ["lint", "format", "mypy", "ruff", "imports"];
    let environments = || {
        let report = project.report(&["run-all"]);
        let environment = |check: &str| report.check(check)["inputs"]["environment"].to_string();
        (report.outcome("imports").to_owned(), checks.map(environment))
    };
    let (without, none) = environments();
    assert_eq!(without, "findings");
    project.write(".docker/requirements/project.txt", INICONFIG_2_0);
    let (with, old) = environments();
    assert_eq!(with, "passed");
    project.write(".docker/requirements/project.txt", INICONFIG_2_1);
    let (_, new) = environments();
    for (index, check) in checks.iter().enumerate() {
        let sees_project = ["lint", "mypy", "imports"].contains(check);
        assert_eq!(none[index] != old[index], sees_project, "{check}");
        assert_eq!(old[index] != new[index], sees_project, "{check}");
    }
}

/// A project whose uv is that of the other tests, if there is none on PATH.
fn project() -> Project {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache-with-uv");
    Project::scaffolded().with("CARGO_PIPE_CACHE_DIR", cache.to_str().unwrap())
}

/// What pylint itself needs, at versions with other contents; typed packages, an untyped one, and a
/// plugin of mypy that is one of them.
const REQUIREMENTS: &str =
    "isort==4.3.21\nplatformdirs==2.0.0\nattrs==24.2.0\npydantic==2.12.5\nchardet==3.0.4\n";
const PLUGIN: &str = "[mypy]\nplugins = pydantic.mypy\nstrict = True\n\n\
    [pydantic-mypy]\nwarn_untyped_fields = True\n";
const SORTER: &str = "\"\"\"Uses what two packages had once, and what they have now.\"\"\"\n\n\
    import isort\nimport platformdirs\n\n\
    print(isort.SortImports, platformdirs.user_data_dir)\n\
    print(isort.code, platformdirs.user_runtime_path)\n";
const MODEL: &str = "\"\"\"Uses packages with types and without.\"\"\"\n\n\
    import attrs\nimport chardet\nimport pydantic\n\n\n\
    class User(pydantic.BaseModel):\n    \"\"\"A user.\"\"\"\n\n    name: str\n    size = 1\n\n\n\
    @attrs.define\nclass Pet:\n    \"\"\"A pet.\"\"\"\n\n    age: int\n\n\n\
    print(Pet(age=\"x\"), chardet.detect(b\"\"))\nprint(User(name=\"x\"))\n";

fn a_project_is_judged_by_the_versions_that_it_pins() {
    let project = project();
    project.write("requirements.txt", REQUIREMENTS);
    fs::remove_file(project.root.join("src/main.py")).unwrap();
    project.write("src/sorter.py", SORTER);
    project.write("src/model.py", MODEL);
    project.write(".config/mypy.ini", PLUGIN);

    let report = project.report(&["run", "lint"]);
    let warnings = report.json["warnings"].to_string();
    assert!(warnings.contains("`requirements.txt`"), "{warnings}");
    assert!(warnings.contains("`cargo pipe update project`"), "{warnings}");
    assert!(report.found("lint").iter().any(|(_, _, code)| code == "E0401"), "{report:?}");

    let updated = project.pipe(&["update", "project"]);
    assert_eq!(updated.status, Some(0), "{updated:?}");
    let report = project.report(&["run", "lint", "mypy"]);
    assert_eq!(report.json["warnings"].as_array().unwrap().len(), 0, "{}", report.json["warnings"]);
    let found = |path: &str, line, code: &str| (path.to_owned(), line, code.to_owned());
    let errors = report.found_with_severity("lint", "error");
    // In the versions that pylint is installed with it is the other way round.
    let sorter = [found("src/sorter.py", 7, "E1101"), found("src/sorter.py", 7, "E1101")];
    assert_eq!(errors, sorter, "{report:?}");
    assert_eq!(
        report.found_with_severity("mypy", "error"),
        [
            found("src/model.py", 4, "import-untyped"),
            // Only the plugin says that.
            found("src/model.py", 12, "pydantic-field"),
            found("src/model.py", 22, "arg-type"),
            found("src/sorter.py", 3, "import-untyped"),
            found("src/sorter.py", 4, "import-untyped"),
        ],
        "{report:?}"
    );

    project.write("requirements.txt", REQUIREMENTS.replace("chardet==3.0.4\n", ""));
    let stale = project.report(&["run", "lint"]).json["warnings"].to_string();
    assert!(stale.contains("changed since"), "{stale}");
}

fn a_newer_release_changes_nothing_until_it_is_asked_for() {
    let far = Wheel::unheard_of("far");
    let near = Wheel::requiring("near", &far.version, "import far\n", &["far"]);
    // uv itself comes from elsewhere than the packages.
    let project = project();
    let ended = project.pipe(&["update", "--check", "ruff"]);
    assert!(matches!(ended.status, Some(0 | 1)), "{ended:?}");
    let index = Index::open(vec![far.clone(), near]);
    let project = project.with("PIP_INDEX_URL", &index.url(""));
    let code = "import near; print(near.far.VERSION)";
    project.configure(&format!("checks.imports = {{ run = [\"python3\", \"-c\", \"{code}\"] }}"));
    project.write("requirements.txt", "near\n");
    let output = |ended: &Ended| format!("{}{}", ended.stdout, ended.stderr);
    let update = |args: &[&str]| project.pipe(&[&["update", "project"], args].concat());
    assert_eq!(update(&[]).status, Some(0));
    let first = project.report(&["imports"]);
    assert_eq!(first.outcome("imports"), "passed", "{first:?}");

    let newer = Wheel::new("far", &format!("2.{}", &far.version[2..]), "VERSION = \"newer\"\n");
    index.publish(newer.clone());
    project.pipe(&["remove"]);
    let again = project.report(&["imports"]);
    assert_eq!(again.check("imports")["fingerprint"], first.check("imports")["fingerprint"]);
    assert!(!again.check("imports")["log"].to_string().contains("newer"), "{again:?}");

    let checked = update(&["--check"]);
    assert_eq!(checked.status, Some(1), "{checked:?}");
    let moved = format!("{} → {}", far.version, newer.version);
    assert!(checked.stdout.contains(&moved), "{}", output(&checked));
    assert_eq!(project.report(&["imports"]).json["fingerprint"], again.json["fingerprint"]);
    assert_eq!(update(&[]).status, Some(0));
    let updated = project.report(&["imports"]);
    assert!(updated.check("imports")["log"].to_string().contains("newer"), "{updated:?}");
    project.pipe(&["remove"]);
}

fn a_wheel_that_was_altered_is_refused_by_name() {
    let reviewed = Wheel::unheard_of("handmade");
    let altered = Wheel::new("handmade", &reviewed.version, "import os\n");
    let index = Index::open(vec![altered]);
    let project = Project::scaffolded().with("PIP_INDEX_URL", &index.url(""));
    project.write(".docker/requirements/project.txt", reviewed.locked());
    let code = "import handmade";
    project.configure(&format!("checks.imports = {{ run = [\"python3\", \"-c\", \"{code}\"] }}"));
    let report = project.report(&["imports"]);
    assert_eq!((report.status, report.outcome("imports")), (3, "error"), "{report:?}");
    let reason = report.check("imports")["reason"]["message"].to_string();
    assert!(reason.contains(&format!("handmade=={}", reviewed.version)), "{reason}");
    assert!(reason.contains("HASH"), "{reason}");
    // Without a hash it does not even get that far.
    project.write(".docker/requirements/project.txt", "handmade==1.0\n");
    let report = project.report(&["imports"]);
    assert_eq!(report.status, 2, "{report:?}");
    let reason = report.check("imports")["reason"]["message"].to_string();
    assert!(reason.contains("`handmade==1.0` has no `--hash"), "{reason}");
}

fn a_check_with_requirements_has_an_environment_of_its_own() {
    let project = project();
    project.write("src/main.py", "\"\"\"Recieves nothing.\"\"\"\n");
    project.write(".docker/requirements/project.txt", INICONFIG_2_0);
    project.configure(
        "checks.spelling = { run = [\"codespell\", \"src\"], requirements = [\"codespell==2.4.1\"], \
         findings-exit = [65] }",
    );
    let unlocked = project.report(&["spelling"]);
    assert_eq!(unlocked.status, 2, "{unlocked:?}");
    assert_eq!(project.pipe(&["update", "spelling"]).status, Some(0));
    let report = project.report(&["spelling"]);
    assert_eq!(report.outcome("spelling"), "findings", "{report:?}");
    let packages =
        ["-c", "import importlib.metadata as m; print([d.name for d in m.distributions()])"];
    let seen = project.pipe(&[&["bash", "spelling", "--", "python3"], &packages[..]].concat());
    assert_eq!(seen.stdout, "['codespell']\n", "{seen:?}");
}
