//! Measures runs on real packages next to other programs that run the same commands.
//!
//! Nothing here passes or fails, but a run that is not what its row says, such as a cache miss in a
//! row of hits, ends the benchmark. The table goes to standard output.

use std::time::{SystemTime, UNIX_EPOCH};

use super::measure::{Table, measure_pairs, measure_turns};
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
/// When something is missing, or a run is not what its row says.
pub(crate) fn run(only: Option<&str>, system: System) -> Result<()> {
    let image = docker::run(system)?;
    let program = build_program()?;
    println!("{}\n{CAPTION}", machine()?);
    let packages = PACKAGES.iter().filter(|it| only.is_none_or(|name| name == it.name));
    for (number, package) in packages.enumerate() {
        let project = package.project(&program, &image)?;
        let mut table = Table::default();
        if number == 0 {
            // All packages have the same environments, so one measurement is enough.
            measure_builds(&project, &image, &mut table)?;
        }
        project.pipe(&["build"]).read()?;
        let findings = measure(package, &project, system, &mut table)?;
        let files = project.files()?;
        println!("\n{}: {files} files, {findings} findings\n\n{}", package.name, table.render());
        project.pipe(&["remove"]).read()?;
    }
    Ok(())
}

/// Printed above the tables.
const CAPTION: &str = "\
each row: the medians of pairs that ran in turns; the ratios are medians of the pairs' ratios
cpu: user and system time of the program and its children, without that of an engine
docker run: the same commands by hand, with plain pylint; cargo pipe lints only affected files
mypy has an empty config, in place of the strict one that `cargo pipe init` writes";

/// Builds the program, fetches the packages and returns the path of the program.
pub(super) fn build_program() -> Result<String> {
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
        project.clear_cache()?;
        require_verdict(project.pipe(&["run-all"]).measure()?)
    };
    let edited = std::cell::Cell::new(0);
    let edit = |path: &str| {
        edited.set(edited.get() + 1);
        project.edit(path, &format!("NUMBER_{} = 1", edited.get()))?;
        require_verdict(project.pipe(&["run-all"]).measure()?)
    };
    let (mut edit_leaf, mut edit_wide) = (|| edit(leaf), || edit(wide));
    let ours: [&mut dyn FnMut() -> Result<Measured>; 3] =
        [&mut first, &mut edit_leaf, &mut edit_wide];
    let turns = measure_turns(slow, ours, || docker.measure())?;
    let names = ["first run", "one line in a leaf", "one line in a module that many import"];
    for (name, pairs) in names.iter().zip(&turns) {
        table.add_contained(name, pairs, &format!("docker run, {} at once", scripts.len()));
    }

    // Once more: the cache does not trust files that were written a moment ago.
    require_verdict(project.pipe(&["run-all"]).measure()?)?;
    let status = project.command(["git", "status"]);
    let status = || status.measure();
    require_cached(project, &["run-all"])?;
    let hit = |words: &[&str]| {
        require_verdict(project.pipe(&[&["run-all"][..], words].concat()).measure()?)
    };
    table.add("no change", &measure_pairs(quick, || hit(&[]), status)?, STATUS);
    let touch = || {
        project.command(["touch", leaf]).read()?;
        hit(&[])
    };
    table.add("a file touched", &measure_pairs(quick, touch, status)?, STATUS);
    let short = ["--message-format", "short"];
    let output = project.pipe(&[&["run-all"][..], &short].concat()).attempt();
    let output = output.map_err(|error| Failure::new(error.to_string()))?;
    let findings = String::from_utf8_lossy(&output.stdout).lines().count().saturating_sub(1);
    let printed = measure_pairs(quick, || hit(&short), status)?;
    table.add(&format!("{findings} findings printed"), &printed, STATUS);
    if slow > 1 {
        for rival in rivals::rivals(project, &scripts, system)? {
            // Fills the caches of those that have one.
            rival.measure()?;
            // No check sees its configuration.
            let pairs = measure_pairs(slow, || hit(&[]), || rival.measure())?;
            table.add_contained("no change", &pairs, &rival.name);
        }
    }
    Ok(findings)
}

/// Measures the build of every environment next to a build with a Dockerfile for each.
fn measure_builds(project: &Project, image: &str, table: &mut Table) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let [ours, theirs] = ["ours", "theirs"].map(|who| format!("cargo-pipe-bench/{who}:{now}"));
    for base in [&ours, &theirs] {
        // A new layer, so that no build can use docker's cache.
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
    let built = measure_pairs(
        1,
        || require_verdict(project.pipe(&["build"]).measure()?),
        || by_hand.measure(),
    )?;
    table.add_contained("cold build", &built, &format!("docker build, {} at once", locks.len()));
    project.pipe(&["remove"]).read()?;
    project.build_on(image)?;
    let mut tags: Vec<String> = locks.iter().map(|lock| format!("{theirs}-{lock}")).collect();
    tags.extend([ours, theirs]);
    for tag in tags {
        // A tag that does not exist needs no removal.
        let _ = Command::new("docker", ["image", "rm", &tag]).attempt();
    }
    Ok(())
}

/// Fails unless a run passed or had findings.
pub(super) fn require_verdict(measured: Measured) -> Result<Measured> {
    match measured.status {
        0 | 1 => Ok(measured),
        status => Err(Failure::new(format!("`cargo pipe` ended with exit status {status}"))),
    }
}

/// Fails unless every check is served from the cache.
pub(super) fn require_cached(project: &Project, words: &[&str]) -> Result<()> {
    let report = project.pipe(&[words, &["--message-format", "json"]].concat()).attempt();
    let report = report.map_err(|error| Failure::new(error.to_string()))?;
    let text = String::from_utf8_lossy(&report.stdout);
    if text.contains("\"cache\": \"hit\"") && !text.contains("\"cache\": \"miss\"") {
        return Ok(());
    }
    Err(Failure::new("an unchanged run was not served from the cache"))
}

/// Describes the day and the machine.
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
