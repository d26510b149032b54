//! Measures incremental pylint next to plain pylint on the same files in the same image.
//!
//! After each edit the findings are compared with those of a run without a cache, so that a fast
//! run with wrong findings cannot pass as fast.

use std::cell::Cell;

use super::measure::{Table, measure_pairs, measure_turns};
use super::package::{AtOnce, PACKAGES, Package, Project};
use super::runs::{self, machine, require_verdict};
use crate::docker::{self, System};
use crate::failure::{Failure, Result};
use crate::process::Measured;

/// The check that runs pylint.
const CHECK: &str = "lint";

/// Measures one package, or all of them.
///
/// # Errors
///
/// When something is missing, or the findings after an edit are wrong.
pub(crate) fn run(only: Option<&str>, system: System) -> Result<()> {
    let image = docker::run(system)?;
    let program = runs::build_program()?;
    println!("{}", machine()?);
    for package in PACKAGES.iter().filter(|it| only.is_none_or(|name| name == it.name)) {
        let project = package.project(&program, &image)?;
        project.pipe(&["build"]).read()?;
        let table = Bench { project: &project, package }.measure()?;
        println!("\n{}: {} files\n\n{table}", package.name, project.files()?);
        project.pipe(&["remove"]).read()?;
    }
    Ok(())
}

struct Bench<'a> {
    project: &'a Project,
    package: &'a Package,
}

impl Bench<'_> {
    fn measure(&self) -> Result<String> {
        const COLD: [&str; 2] = ["cold, one processor", "cold, two processors"];
        let Package { leaf, wide, quick, slow, .. } = *self.package;
        let edits = [
            ("one line in a leaf", leaf, "NUMBER"),
            ("a comment in a module that many import", wide, "# Number"),
            ("one line in a module that many import", wide, "NUMBER"),
        ];
        let plain = self.plain()?;
        let cold = |cpus: &str| {
            self.project.clear_cache()?;
            self.lint(&["--cpus", cpus])
        };
        let number = Cell::new(0);
        let edit = |at: usize| {
            let (what, path, line) = edits[at];
            number.set(number.get() + 1);
            self.project.edit(path, &format!("{line}_{0} = {0}", number.get()))?;
            let measured = self.lint(&["--cpus", "2"])?;
            self.compare_with_cold(what)?;
            Ok(measured)
        };
        let ours: [&mut dyn FnMut() -> Result<Measured>; 5] =
            [&mut || cold("1"), &mut || cold("2"), &mut || edit(0), &mut || edit(1), &mut || {
                edit(2)
            }];
        let mut table = Table::default();
        let names = COLD.into_iter().chain(edits.map(|(what, _, _)| what));
        for (what, pairs) in names.zip(&measure_turns(slow, ours, || plain.measure())?) {
            table.add_contained(what, pairs, "docker run pylint -j1");
        }
        // Once more: the cache does not trust files that were written a moment ago.
        self.lint(&["--cpus", "2"])?;
        runs::require_cached(self.project, &["run", CHECK])?;
        let status = self.project.command(["git", "status"]);
        let hit = || self.lint(&["--cpus", "2"]);
        table.add("no change", &measure_pairs(quick, hit, || status.measure())?, "git status");
        Ok(table.render())
    }

    fn lint(&self, words: &[&str]) -> Result<Measured> {
        require_verdict(self.project.pipe(&[&["run", CHECK][..], words].concat()).measure()?)
    }

    /// The command of plain pylint.
    fn plain(&self) -> Result<AtOnce> {
        let scripts = self.project.by_hand()?;
        let script = scripts.into_iter().find(|(name, _)| name == CHECK);
        let (_, script) = script.ok_or_else(|| Failure::new("the plan has no check `lint`"))?;
        Ok(self.project.at_once(&[&format!("{script} >/dev/null 2>&1")]))
    }

    /// Fails unless the last findings are those of a run without a cache.
    fn compare_with_cold(&self, what: &str) -> Result<()> {
        let [edited, cold] = [&[][..], &["--no-cache"]].map(|words| self.findings(words));
        if edited? == cold? {
            return Ok(());
        }
        Err(Failure::new(format!("{what}: the findings differ from those of a cold run")))
    }

    /// Every finding as a line, and the exit status.
    fn findings(&self, words: &[&str]) -> Result<(Vec<String>, Option<i32>)> {
        let short = ["run", CHECK, "--message-format", "short", "--cpus", "2"];
        let output = self.project.pipe(&[&short[..], words].concat()).attempt();
        let output = output.map_err(|error| Failure::new(error.to_string()))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines: Vec<String> =
            text.lines().filter(|line| line.ends_with("[pylint]")).map(str::to_owned).collect();
        if lines.is_empty() {
            return Err(Failure::new("pylint reported no findings at all"));
        }
        Ok((lines, output.status.code()))
    }
}
