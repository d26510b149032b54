//! Measures runs on real packages, beside what else would run the same commands.
//!
//! Owns the list of what is measured. Nothing here passes or fails; only a run that is not what it
//! is said to be, such as a replay that was none, ends it. The table goes to standard output.

use std::time::{SystemTime, UNIX_EPOCH};

use super::measure::{Table, pairs, turns};
use super::package::{PACKAGES, Package, Project};
use super::rivals;
use crate::docker::{self, System};
use crate::failure::{Failure, Result};
use crate::fixtures;
use crate::process::{Command, Measured};
use crate::workspace;

/// Measures one package, or all of them.
///
/// # Errors
///
/// When something is missing, or a run is not what it is measured as.
pub(crate) fn run(only: Option<&str>, system: System) -> Result<()> {
    let image = docker::run(system)?;
    let program = program()?;
    println!("{}\n{CAPTION}", machine()?);
    let packages = PACKAGES.iter().filter(|it| only.is_none_or(|name| name == it.name));
    for (number, package) in packages.enumerate() {
        let project = package.project(&program, &image)?;
        let mut table = Table::default();
        if number == 0 {
            // Packages have the same environments.
            builds(&project, &image, &mut table)?;
        }
        project.pipe(&["build"]).read()?;
        let findings = measure(package, &project, system, &mut table)?;
        let files = project.files()?;
        println!("\n{}: {files} files, {findings} findings\n\n{}", package.name, table.text());
        project.pipe(&["remove"]).read()?;
    }
    Ok(())
}

/// What the tables do not say.
const CAPTION: &str = "\
each row: medians of so many pairs, measured in turns; the ratios are the medians of the pairs'
cpu: user and system time of the program and its children, where no engine works for them
docker run: the same commands by hand, with plain pylint; cargo pipe lints only what an edit concerns
mypy's config is empty, not the strict one that `cargo pipe init` writes";

/// Makes what is measured, and fetches what it is measured on.
pub(super) fn program() -> Result<String> {
    fixtures::run()?;
    Command::cargo("build --quiet --release --package cargo-pipe-ci --bin cargo-pipe").run()?;
    Ok(workspace::target()?.join("release/cargo-pipe").to_string_lossy().into_owned())
}

fn measure(
    package: &Package,
    project: &Project,
    system: System,
    table: &mut Table,
) -> Result<usize> {
    let Package { leaf, wide, quick, slow, .. } = *package;
    let scripts = project.by_hand()?;
    let quiet: Vec<String> =
        scripts.iter().map(|(_, script)| format!("{script} >/dev/null 2>&1")).collect();
    let quiet: Vec<&str> = quiet.iter().map(String::as_str).collect();
    let docker = project.at_once(&quiet);
    const STATUS: &str = "git status";

    let mut first = || {
        project.forget()?;
        ran(project.pipe(&["run-all"]).measure()?)
    };
    let edited = std::cell::Cell::new(0);
    let edit = |path: &str| {
        edited.set(edited.get() + 1);
        project.edit(path, &format!("NUMBER_{} = 1", edited.get()))?;
        ran(project.pipe(&["run-all"]).measure()?)
    };
    let (mut edit_leaf, mut edit_wide) = (|| edit(leaf), || edit(wide));
    let ours: [&mut dyn FnMut() -> Result<Measured>; 3] =
        [&mut first, &mut edit_leaf, &mut edit_wide];
    let turns = turns(slow, ours, || docker.measure())?;
    let names = ["first run", "one line in a leaf", "one line in what many import"];
    for (name, pairs) in names.iter().zip(&turns) {
        table.add_contained(name, pairs, &format!("docker run, {} at once", scripts.len()));
    }

    // Once more for files that were written too freshly to be trusted.
    ran(project.pipe(&["run-all"]).measure()?)?;
    let status = project.command(["git", "status"]);
    let status = || status.measure();
    is_replayed(project, &["run-all"])?;
    let hit = |words: &[&str]| ran(project.pipe(&[&["run-all"][..], words].concat()).measure()?);
    table.add("no change", &pairs(quick, || hit(&[]), status)?, STATUS);
    let touch = || {
        project.command(["touch", leaf]).read()?;
        hit(&[])
    };
    table.add("a file touched", &pairs(quick, touch, status)?, STATUS);
    let short = ["--message-format", "short"];
    let said = project.pipe(&[&["run-all"][..], &short].concat()).attempt();
    let said = String::from_utf8_lossy(&said.map_err(|it| Failure::new(it.to_string()))?.stdout)
        .into_owned();
    let findings = said.lines().count().saturating_sub(1);
    let replay = pairs(quick, || hit(&short), status)?;
    table.add(&format!("{findings} findings printed"), &replay, STATUS);
    if slow > 1 {
        for rival in rivals::rivals(project, &scripts, system)? {
            // Those that keep something have it then.
            rival.measure()?;
            // Its configuration is seen by no check.
            let pairs = pairs(slow, || hit(&[]), || rival.measure())?;
            table.add_contained("no change", &pairs, &rival.name);
        }
    }
    Ok(findings)
}

/// Builds every environment from nothing, beside the same with a Dockerfile for each.
fn builds(project: &Project, image: &str, table: &mut Table) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let [ours, theirs] = ["ours", "theirs"].map(|who| format!("cargo-pipe-bench/{who}:{now}"));
    for base in [&ours, &theirs] {
        // A layer that no build has seen, so that none of its cache is of use.
        let text = format!("FROM {image}\nRUN echo {base} > /etc/bench\n");
        Command::new("docker", ["build", "--quiet", "--tag", base, "-"]).input(text).read()?;
    }
    let locks = project.locks()?;
    let scripts: Vec<String> = locks
        .iter()
        .map(|lock| {
            let text = format!(
                "FROM {theirs}\\nCOPY {lock}.txt /\\nRUN python3 -m venv /opt/tool && \
                 /opt/tool/bin/pip install --quiet --no-cache-dir --require-hashes \
                 --only-binary :all: --requirement /{lock}.txt\\n"
            );
            format!(
                "printf '{text}' | docker build --quiet --tag {theirs}-{lock} --file - \
                 .docker/requirements >/dev/null || exit 125"
            )
        })
        .collect();
    project.build_on(&ours)?;
    let scripts: Vec<&str> = scripts.iter().map(String::as_str).collect();
    let by_hand = project.at_once(&scripts);
    let built = pairs(1, || ran(project.pipe(&["build"]).measure()?), || by_hand.measure())?;
    table.add_contained("cold build", &built, &format!("docker build, {} at once", locks.len()));
    project.pipe(&["remove"]).read()?;
    project.build_on(image)?;
    let mut tags: Vec<String> = locks.iter().map(|lock| format!("{theirs}-{lock}")).collect();
    tags.extend([ours, theirs]);
    for tag in tags {
        // Whatever is not there needs not go.
        let _ = Command::new("docker", ["image", "rm", &tag]).attempt();
    }
    Ok(())
}

/// A run that was no error.
pub(super) fn ran(measured: Measured) -> Result<Measured> {
    match measured.status {
        0 | 1 => Ok(measured),
        status => Err(Failure::new(format!("`cargo pipe` ended with exit status {status}"))),
    }
}

/// Fails unless everything would be replayed.
pub(super) fn is_replayed(project: &Project, words: &[&str]) -> Result<()> {
    let report = project.pipe(&[words, &["--message-format", "json"]].concat()).attempt();
    let report = report.map_err(|error| Failure::new(error.to_string()))?;
    let text = String::from_utf8_lossy(&report.stdout);
    match text.contains("\"cache\": \"hit\"") && !text.contains("\"cache\": \"miss\"") {
        true => Ok(()),
        false => Err(Failure::new("an unchanged run is no replay")),
    }
}

/// The day, and the machine.
pub(super) fn machine() -> Result<String> {
    let date = Command::new("date", ["-u", "+%Y-%m-%d"]).read()?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cpus = workspace::read(std::path::Path::new("/proc/cpuinfo")).unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model.trim());
    let kernel = Command::new("uname", ["-sr"]).read()?;
    let docker = Command::new("docker", ["version", "--format", "{{.Server.Version}}"]).read()?;
    Ok(format!("{date}, {cores} cores of {model}, {kernel}, docker {docker}, medians of pairs"))
}
