//! Settings, attributes and hooks of a repository that name programs.
//!
//! The repository has a change that the commands must look at. None of the programs may run.

use std::fs;

use super::super::arena;
use super::super::cases;
use super::super::scene::{Machine, Scene};
use crate::failure::Result;
use crate::process::Command;

/// Settings that name a program, where `EVIL` is one of them.
const SETTINGS: &[&str] = &[
    "core.fsmonitor=EVIL",
    "core.fsmonitor=true",
    "core.hooksPath=hooks",
    "core.sshCommand=EVIL",
    "core.pager=EVIL",
    "core.editor=EVIL",
    "core.askPass=EVIL",
    "core.gitProxy=EVIL",
    "core.alternateRefsCommand=EVIL",
    "diff.external=EVIL",
    "diff.evil.command=EVIL",
    "diff.evil.textconv=EVIL",
    "diff.evil.external=EVIL",
    "filter.evil.clean=EVIL",
    "filter.evil.smudge=EVIL",
    "filter.evil.process=EVIL",
    "filter.EVIL.clean=EVIL",
    "merge.evil.driver=EVIL",
    "alias.diff=!EVIL",
    "alias.rev-parse=!EVIL",
    "alias.status=!EVIL",
    "alias.ls-files=!EVIL",
    "alias.config=!EVIL",
    "alias.hash-object=!EVIL",
    "alias.cat-file=!EVIL",
    "alias.diff-index=!EVIL",
    "pager.diff=EVIL",
    "pager.log=EVIL",
    "pager.config=EVIL",
    "interactive.diffFilter=EVIL",
    "gpg.program=EVIL",
    "gpg.ssh.program=EVIL",
    "log.showSignature=true",
    "credential.helper=!EVIL",
    "uploadpack.packObjectsHook=EVIL",
    "remote.origin.uploadpack=EVIL",
    "remote.origin.url=ext::EVIL",
    "protocol.ext.allow=always",
    "include.path=../src/gitconfig",
    "includeIf.gitdir:**.path=../src/gitconfig",
    "extensions.worktreeConfig=true",
    "trailer.x.command=EVIL",
    "sequence.editor=EVIL",
    "difftool.x.cmd=EVIL",
    "submodule.x.update=!EVIL",
    "maintenance.auto=true",
    "core.attributesFile=src/attributes",
    "core.worktree=/",
    "core.worktree=../outside",
    "core.bare=true",
    "core.excludesFile=src/ignored",
    "core.useBuiltinFSMonitor=true",
    "core.untrackedCache=true",
    "core.commitGraph=true",
    "core.preloadIndex=true",
    "extensions.partialClone=origin",
    "core.repositoryFormatVersion=1",
    "core.repositoryFormatVersion=99",
    "core.sparseCheckout=true",
    "core.ignoreCase=true",
    "core.quotePath=false",
    "core.precomposeUnicode=true",
    "core.symlinks=false",
    "core.autocrlf=true",
    "core.eol=crlf",
    "core.checkRoundtripEncoding=x",
    "core.fileMode=false",
    "diff.renames=copies",
    "diff.noprefix=true",
    "diff.mnemonicPrefix=true",
    "diff.algorithm=x",
    "diff.orderFile=src/order",
    "diff.ignoreSubmodules=none",
    "diff.submodule=log",
    "color.ui=always",
    "diff.wordRegex=(a+)+",
    "status.relativePaths=false",
    "i18n.logOutputEncoding=UTF-16",
    "index.version=4",
    "feature.experimental=true",
    "pack.threads=9999",
    "core.compression=99",
    "core.packedGitLimit=1",
    "core.bigFileThreshold=1",
    "diff.context=0",
    "diff.interHunkContext=99999",
    "filter.evil.required=true",
];

/// Attributes of the sources.
const ATTRIBUTES: &[&str] = &[
    "*.py filter=evil diff=evil merge=evil",
    "*.py diff=evil",
    "*.py filter=evil",
    "*.py filter=EVIL",
    "*.py working-tree-encoding=UTF-16",
    "*.py -diff",
    "*.py binary",
    "*.py text eol=crlf ident",
    "[attr]x filter=evil\n*.py x",
    "",
];

/// Where attributes can be.
const PLACES: &[&str] = &[".gitattributes", "src/.gitattributes", ".git/info/attributes"];

/// Commands that ask git something.
const COMMANDS: &[&[&str]] = &[
    &["run", "ruff", "--changed", "HEAD"],
    &["run", "ruff"],
    &["run", "ruff", "--changed"],
    &["run", "--fix", "ruff", "format"],
    &["sync", "--check"],
    &["baseline"],
];

/// The number of tries.
pub(super) fn cases() -> usize {
    SETTINGS.len() * COMMANDS.len()
}

pub(super) fn attack(scene: &mut Scene<'_>) -> Result<()> {
    let [setting, command] = cases::split(scene.case, [SETTINGS.len(), COMMANDS.len()]);
    let (setting, command) = (SETTINGS[setting], COMMANDS[command]);
    let attributes = ATTRIBUTES[scene.random.usize(..ATTRIBUTES.len())];
    let attributes = if setting.contains("filter") { ATTRIBUTES[0] } else { attributes };
    let place = PLACES[scene.random.usize(..PLACES.len())];
    scene.name(format!("{setting} with {attributes:?} in {place}, {}", command.join(" ")));
    scene.build()?;
    let evil = scene.path(".git/evil");
    commit(scene)?;
    let marker = scene.marker();
    arena::write_script(&evil, &format!("#!/bin/sh\necho x >> '{}'\ncat\n", marker.display()))?;
    for hook in [
        "post-index-change",
        "pre-auto-gc",
        "reference-transaction",
        "fsmonitor-watchman",
        "post-checkout",
        "pre-commit",
    ] {
        for folder in [".git/hooks", "hooks"] {
            fs::copy(&evil, make_folder(scene, folder)?.join(hook)).ok();
        }
    }
    let evil = evil.to_string_lossy();
    let attributes = attributes.replace("EVIL", &evil);
    scene.write(place, format!("{attributes}\n"))?;
    scene.write("src/attributes", format!("{}\n", ATTRIBUTES[0]))?;
    let included = format!(
        "[filter \"evil\"]\n\tclean = {evil}\n[diff \"evil\"]\n\tcommand = {evil}\n\ttextconv = {evil}\n\
         [core]\n\tfsmonitor = {evil}\n"
    );
    scene.write("src/gitconfig", &included)?;
    let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
    let words = ["config", &name.replace("EVIL", "evil"), &value.replace("EVIL", &evil)];
    Command::new("git", words).folder(&scene.folder("project")).read()?;
    if setting.contains("worktreeConfig") {
        scene.write(".git/config.worktree", &included)?;
    }
    // A staged change, one that is not, and a new time of every file.
    scene.append("src/main.py", "import sys\n")?;
    scene.append("src/other.py", "import sys\n")?;
    let ended = scene.try_pipe(Machine::Bubblewrap, command)?;
    // Otherwise a source that has a finding on a changed line would count as clean.
    if command == COMMANDS[0] && ended.status == Some(0) {
        scene.escape("a finding on a changed line was not counted");
    }
    Ok(())
}

fn make_folder(scene: &Scene<'_>, path: &str) -> Result<std::path::PathBuf> {
    let folder = scene.path(path);
    crate::workspace::create_folder(&folder)?;
    Ok(folder)
}

/// Makes the project a repository with one commit.
pub(super) fn commit(scene: &Scene<'_>) -> Result<()> {
    let script = "git init --quiet --initial-branch main && git add --all --force && \
                  git -c user.name=torture -c user.email=torture@localhost -c core.hooksPath=/nowhere \
                  commit --quiet --message sources";
    Command::new("sh", ["-c", script]).folder(&scene.folder("project")).read().map(drop)
}
