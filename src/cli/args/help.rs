//! Longer help texts: descriptions and examples of commands.
//!
//! `args` attaches them to the commands. Every command that is offered here is written
//! `cargo pipe NAME` behind a backtick or two spaces, so that [`crate::program`] can respell it for
//! `cargo xtask pipe`.

/// The one summary of exit statuses that help texts show; `exit-status` in the guide is the reference.
macro_rules! exit_status {
    () => {
        "Exit status: 0 passed, 1 findings, 2 configuration, 3 error, 130 interrupted"
    };
}

pub(super) const ABOUT: &str = "\
Run your CI checks on your own machine, and get the result that CI gets.

The checks are pylint, black, mypy, ruff and commands of your own. Each one runs in a sandboxed \
container with locked tools and sees a read-only snapshot of its files. The fingerprint in the last \
line covers everything that can change the result: equal fingerprints on your machine and in CI \
mean equal results.

Checks never change your files. `--fix` does, and so does a formatter that you run by name, such as \
`cargo pipe format`, unless `CI` is set.";

pub(super) const AFTER: &str = "\
Every check is also a command, such as `cargo pipe lint`.
See `cargo pipe help` for examples and topics, and `cargo pipe help NAME` for one of them.";

pub(super) const AFTER_LONG: &str = concat!(
    "\
Every check is also a command, such as `cargo pipe lint`. List them with `cargo pipe list`.

Examples:
  cargo pipe init demo         set up a project in the folder `demo`
  cargo pipe run-all           run all checks
  cargo pipe lint              run one check
  cargo pipe run lint mypy     run two checks
  cargo pipe format            format the sources
  cargo pipe run-all --fix     fix what can be fixed, then run all checks
  cargo pipe -C demo run-all   run the checks of another folder

A flag overrides its variable, and a variable overrides `pipe.toml`. `CARGO_PIPE_DOCKER` names the \
program to use in place of `docker`.

",
    exit_status!()
);

pub(super) const HELP: &str = "\
A name is looked up among the commands, then among the checks of the project, then among the topics. \
Help is shown in the pager that `PAGER` names, or in `less`, if standard output is a terminal.

Examples:
  cargo pipe help            list commands, options and topics
  cargo pipe help run-all    explain a command
  cargo pipe help lint       explain a check
  cargo pipe help sandbox    read a topic of the guide
  cargo pipe help -k ci      read the topic, even if a check is called `ci`";

pub(super) const INIT: &str = concat!(
    "\
Existing files are never overwritten. Existing sources, tool configs and the tools that the project \
runs today are reused and listed.

Examples:
  cargo pipe init                  set up this folder
  cargo pipe init demo             set up the folder `demo`
  cargo pipe init --dry-run        show what would be written
  cargo pipe init --fix-configs    also disable options that the tools reject
  cargo pipe remove --files        remove the generated files again

",
    exit_status!()
);

pub(super) const SYNC: &str = concat!(
    "\
Rewrites the Dockerfile, the pipelines and the tool configs that follow from `pipe.toml`, and writes \
missing lock files. A generated file that you edited is refused and its difference is shown. A file \
without the first line `# Made by cargo pipe` is yours and is left alone.

Examples:
  cargo pipe sync            update the generated files
  cargo pipe sync --force    overwrite edited ones, too
  cargo pipe sync --check    write nothing, show differences (for CI)

",
    exit_status!()
);

pub(super) const BASELINE: &str = concat!(
    "\
Runs all checks and writes their findings to a file, one per line. From then on only findings that \
are not in the file count, so that you can introduce a check to old code. Commit the file, and run \
the command with `--prune` when a run reports obsolete entries: it removes them and accepts nothing \
new.

A finding is recognised after it moved to another line, but not after its line or the name of its \
file changed. A check that could not run is never accepted.

Examples:
  cargo pipe baseline                     accept all current findings
  cargo pipe run-all                      passes until there is a new finding
  cargo pipe baseline --prune             remove what is no longer found
  cargo pipe run-all --strict             fail while there is anything to remove
  cargo pipe baseline --output old.jsonl  write another file
  cargo pipe run-all --baseline old.jsonl

",
    exit_status!()
);

pub(super) const HOOK_INSTALL: &str = concat!(
    "\
Writes `.git/hooks/pre-commit`, or adds this project to the one that an earlier call wrote. A hook of \
another program is never changed: the error says which line to add to it. See \
`cargo pipe help hooks`.

Examples:
  cargo pipe hook install                    before each commit
  cargo pipe hook install --fix              and fix first
  cargo pipe hook install --type pre-push    before each push

",
    exit_status!()
);

pub(super) const HOOK_RUN: &str = concat!(
    "\
Checks exactly what is staged: sources, `pipe.toml`, configs and locks. Your work tree is neither read \
nor changed, and neither is the index.

Examples:
  cargo pipe hook run                        check what is staged
  cargo pipe hook run --fix                  fix it first

",
    exit_status!()
);

pub(super) const RUN_STATUS: &str = exit_status!();

pub(super) const RUN_ALL: &str = concat!(
    "\
Examples:
  cargo pipe run-all
  cargo pipe run-all --fail-fast                  stop at the first failure
  cargo pipe run-all --fix                        fix what can be fixed first
  cargo pipe run-all --diff | git apply           apply the fixes by hand
  cargo pipe run-all --dry-run                    print what would run
  cargo pipe run-all --report json=report.json    also write a report
  cargo pipe run-all --message-format json | jq .verdict

",
    exit_status!()
);

pub(super) const RUN: &str = concat!(
    "\
Examples:
  cargo pipe run lint
  cargo pipe run lint mypy --fail-fast

",
    exit_status!()
);

pub(super) const WATCH: &str = "\
Runs the checks, and again whenever a file changes that can change their result: a source, a config, \
a lock, `pipe.toml`. If that happens during a run, the run is stopped and begins again. On a terminal, \
`r` runs the checks again, `f` fixes what can be fixed, and `q` or Ctrl-C leaves. See \
`cargo pipe help watching`.

Examples:
  cargo pipe watch                           all checks
  cargo pipe watch lint mypy                 two checks
  cargo pipe watch --fix                     fix before each run
  cargo pipe watch --message-format short    one line per finding

Exit status: 0 after `q`, 130 interrupted, 2 configuration or 3 error if it cannot begin";

pub(super) const BUILD: &str = concat!(
    "\
Checks build missing environments by themselves; this command does it in advance. Existing \
environments are not rebuilt.

Examples:
  cargo pipe build
  cargo pipe build lint

",
    exit_status!()
);

#[cfg(feature = "remote")]
pub(super) const CACHE: &str = concat!(
    "\
See `cargo pipe help many-machines`.

Examples:
  cargo pipe cache keygen signing.key    make a key for the jobs of protected branches
  cargo pipe cache stats                 show the caches of results

",
    exit_status!()
);

pub(super) const BASH: &str = "\
The container has the image, variables, user, mounts and sandbox of the check, and is removed \
afterwards. The shell is `bash`, or `sh` if the image has no bash.

Examples:
  cargo pipe bash                            open a shell for the first check
  cargo pipe bash mypy                       open a shell for `mypy`
  cargo pipe bash mypy -- python3 --version  run one command
  cargo pipe bash mypy -- sh < probe.sh      run a script
  cargo pipe bash --tree --docker-socket     see the whole project, and control docker

Exit status: that of the command or shell, or 2 configuration, 3 error, 130 interrupted";

pub(super) const TRUST: &str = concat!(
    "\
A check runs without network, docker socket and write access. `pipe.toml` can only ask for more, and \
this command shows each request, explains it and asks you. Your answer is stored in your state folder \
($XDG_STATE_HOME or ~/.local/state) for this folder and for the current content of the requests, \
their commands and the files these name. When one of them changes, you are asked again.

A CI job has no such folder: pass `--allow GRANT` there.

Examples:
  cargo pipe trust             show the requests and ask
  cargo pipe trust --yes       grant them without asking
  cargo pipe trust --list      list the grants of all projects
  cargo pipe trust --revoke    revoke the grants of this project

",
    exit_status!()
);

pub(super) const WHY: &str = concat!(
    "\
Lists the files, options, packages and parts of the command that differ from the last run in this \
folder and from the most similar cached result. Starts no process.

",
    exit_status!()
);

pub(super) const COMPARE: &str = concat!(
    "\
Lists what differs between the report and this machine: files, options of a config, package \
versions, base image, platform, parts of the command. Runs no check, but prepares environments \
that are unknown here.

Examples:
  cargo pipe compare cargo-pipe.json    the artifact of a CI job

",
    exit_status!()
);

pub(super) const MERGE: &str = concat!(
    "\
The result is that of a run of all checks on one machine. The reports must be those of all parts of one \
run: `--partition I/N` with the same options for the same content of the files.

Examples:
  cargo pipe run-all --partition 1/2 --report json=1.json
  cargo pipe run-all --partition 2/2 --report json=2.json
  cargo pipe merge 1.json 2.json --report junit=junit.xml

",
    exit_status!()
);

pub(super) const DOCTOR: &str = concat!(
    "\
Checks the settings, lock files and generated files of the project; the engine, its socket, builder \
and base image; whether containers see your folders; and the free disk space. It changes nothing, and \
also works outside a project and in a CI job.

With `--runner-config`, names each runner of a GitLab runner's `config.toml` that cannot run the jobs \
of this project, and prints the change that mounts the docker socket where they need it. Run it on the \
machine of the runner, whose user may need a group. Tokens are never printed.

Examples:
  cargo pipe doctor
  cargo pipe doctor --json | jq '.examined[] | select(.state != \"good\")'
  cargo pipe doctor --runner-config /etc/gitlab-runner/config.toml

",
    exit_status!()
);

pub(super) const UPDATE: &str = concat!(
    "\
Versions are resolved by uv, which is installed into your cache if it is not on PATH. Packages are \
locked with hashes for every platform. A tool stays within the `version` of its check, or else within \
the major version that this release of cargo pipe supports. If the project has a lock file of its own, its versions are used. Either all \
lock files are written or none.

`minimum-age = \"3d\"` in `[python]` skips releases that are younger.

Examples:
  cargo pipe update            update all lock files
  cargo pipe update pylint     update pylint
  cargo pipe update black==24.4.2
                               write this release of black into pipe.toml, and lock it
  cargo pipe update project    update the project's dependencies
  cargo pipe update base       record the base image
  cargo pipe update --check    write nothing, list newer versions (for CI)

",
    exit_status!()
);

pub(super) const REMOVE: &str = "\
Remove this project's containers, volumes, images and virtual environments.

Those that other projects use are kept. Files of the project are kept, too, unless you pass \
`--files`: that removes the generated files that were not edited.

With `--unused`, the project stays, and only the images and virtual environments go that no project \
needs: its folder is gone, or it has another lock now.";

pub(super) const COMPLETIONS: &str = "\
The script completes `cargo-pipe` and `cargo`, with the checks of the current project.

Examples:
  cargo pipe completions bash \\
    > ~/.local/share/bash-completion/completions/cargo-pipe
  cargo pipe completions zsh > ~/.zfunc/_cargo-pipe
  cargo pipe completions fish > ~/.config/fish/conf.d/cargo-pipe.fish";

pub(super) const SCHEMA: &str = "\
Examples:
  cargo pipe schema > pipe.schema.json
  cargo pipe schema report";

pub(super) const MAN: &str = "\
Examples:
  cargo pipe man > cargo-pipe.1
  cargo pipe man run-all > cargo-pipe-run-all.1";
