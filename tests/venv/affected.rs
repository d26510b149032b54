//! The checks that a change reaches, compared with those whose result can differ.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::dice::Dice;
use crate::engine::without_docker;
use crate::project::{Project, Report};

tests!(bubblewrap, [random_edits_reach_every_check_that_runs_again]);

/// The packages, of which each depends on some of those before it.
const PACKAGES: usize = 10;

const EDITS: usize = 50;

/// A workspace in git whose checks print their files, and whose packages import each other.
fn workspace(dice: &mut Dice) -> Project {
    let project = without_docker(Project::scaffolded()).with("CARGO_PIPE_CACHE", "on");
    let cat = "run = [\"sh\", \"-c\", \"cat $(find /app -type f -name '*.py' | sort)\"]";
    let only = |name: &str| format!("[checks.{name}]\nenabled = false\n");
    let off: String = ["lint", "format", "mypy", "ruff"].into_iter().map(only).collect();
    let mut settings = format!("{off}[checks.see]\n{cat}\n[checks.all]\n{cat}\nsource = [\".\"]\n");
    settings.push_str("per-package = false\nexclude = [\"p3/**\"]\n");
    for number in 0..PACKAGES {
        settings.push_str(&format!("[packages.p{number}]\nsource = [\"src\"]\n"));
        let names = (0..number).filter(|_| dice.roll(3) == 0).map(|other| format!("\"P-{other}\""));
        let names = names.collect::<Vec<_>>().join(", ");
        let manifest = format!("[project]\nname = \"p-{number}\"\ndependencies = [{names}]\n");
        project.write(&format!("p{number}/pyproject.toml"), manifest);
        for file in ["a.py", "pkg/b.py", "pkg/c.txt"] {
            project.write(
                &format!("p{number}/src/{file}"),
                format!("\"\"\"{}.\"\"\"\n", project.id()),
            );
        }
    }
    project.write("pipe.toml", settings);
    project.write(".gitignore", "made.py\n");
    git(&project, &["init", "--quiet"]);
    commit(&project);
    project
}

fn git(project: &Project, args: &[&str]) {
    let author = ["-c", "user.name=n", "-c", "user.email=e@example.org"];
    let done = project.git_in(&project.root, &[&author[..], args].concat()).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

fn commit(project: &Project) {
    git(project, &["add", "--all"]);
    git(project, &["commit", "--quiet", "--allow-empty", "-m", "edit"]);
}

/// Adds, changes, moves or removes a file of a package.
fn edit(project: &Project, dice: &mut Dice, number: usize) {
    let folder = project.root.join(format!("p{}", dice.roll(PACKAGES)));
    let file = folder.join("src").join(["a.py", "pkg/b.py", "pkg/c.txt", "new.py"][dice.roll(4)]);
    match dice.roll(6) {
        0 if file.exists() => fs::remove_file(file).unwrap(),
        1 if file.exists() => fs::rename(&file, file.with_file_name("moved.py")).unwrap(),
        2 => fs::write(folder.join("src/made.py"), format!("# {number}\n")).unwrap(),
        3 => fs::write(folder.join("README.md"), format!("{number}\n")).unwrap(),
        _ => {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, format!("# {number}\n")).unwrap();
        }
    }
}

/// The fingerprint of each check.
fn fingerprints(report: &Report) -> BTreeMap<String, Value> {
    let checks = report.json["checks"].as_array().unwrap().iter();
    let of =
        |check: &Value| (check["name"].as_str().unwrap().to_owned(), check["fingerprint"].clone());
    checks.map(of).collect()
}

/// After each edit, `--affected` names exactly the checks with another fingerprint than before it.
fn random_edits_reach_every_check_that_runs_again() {
    let mut dice = Dice(22);
    let project = workspace(&mut dice);
    let run = ["--engine", "venv", "--allow", "host", "run-all"];
    let mut before = fingerprints(&project.report(&run));
    assert_eq!(before.len(), PACKAGES + 1);
    let (mut some, mut none) = (0, 0);
    for number in 0..EDITS {
        edit(&project, &mut dice, number);
        let narrowed = project.report(&[&run[..], &["--affected", "HEAD"]].concat());
        let reached = fingerprints(&narrowed);
        let whole = project.report(&run);
        let mut now = fingerprints(&whole);
        let changed: BTreeMap<String, Value> =
            now.clone().into_iter().filter(|(name, hash)| before.get(name) != Some(hash)).collect();
        assert_eq!(reached, changed, "edit {number}: {:#}", narrowed.json["affected"]);
        some += usize::from(!changed.is_empty());
        none += usize::from(changed.is_empty());
        std::mem::swap(&mut before, &mut now);
        commit(&project);
    }
    assert!(some > EDITS / 3 && none > 2, "{some} and {none}");
}
