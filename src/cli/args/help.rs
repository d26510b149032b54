//! The longer help texts.
//!
//! Owns what a person reads who asks for help. It must not know how options are parsed; the
//! command line hangs these texts where they belong.

pub(super) const ABOUT: &str = "\
Run a project's code-quality checks exactly as CI runs them.

Checks are pylint, black, mypy, ruff and commands of the project's own. Each runs in a container \
with locked tools, sees exactly the files it covers, and can write to none of them. The same \
fingerprint on your machine and in CI means the same verdict.

Files are changed by `--fix`, and by a formatter that is called by its own name, such as \
`cargo pipe format`; the latter only checks where `CI` is set.";

pub(super) const AFTER: &str = "\
Every check is a command as well: `cargo pipe lint`, `cargo pipe lint --help`.
`cargo pipe list` names the checks of a project.

Examples:
  cargo pipe init demo         scaffold a project in the folder `demo`
  cargo pipe run-all           run every check
  cargo pipe lint              run one check
  cargo pipe run lint mypy     run two checks
  cargo pipe format            format the sources
  cargo pipe run-all --fix     fix what can be fixed, then run every check
  cargo pipe -C demo run-all   run the checks of another folder

Exit status:
  0    passed
  1    findings; with `--diff`, a file would be changed
  2    wrong usage or configuration, or a grant that is missing
  3    a check or fix could not be done: engine, build, crash, timeout, nothing to check, or a
       file was edited while it was being fixed
  130  interrupted";

pub(super) const AFTER_LONG: &str = "\
Every check is a command as well: `cargo pipe lint`, `cargo pipe lint --help`.
`cargo pipe list` names the checks of a project.

Examples:
  cargo pipe init demo         scaffold a project in the folder `demo`
  cargo pipe run-all           run every check
  cargo pipe lint              run one check
  cargo pipe run lint mypy     run two checks
  cargo pipe format            format the sources
  cargo pipe run-all --fix     fix what can be fixed, then run every check
  cargo pipe -C demo run-all   run the checks of another folder

Variables: flags that make sense in CI have one, named in their help. `CARGO_PIPE_DOCKER` names
another program of docker's kind. A flag wins over its variable, a variable over `pipe.toml`.

Exit status, the same for every output format; the worst wins:
  0    passed
  1    findings; with `--diff`, a file would be changed
  2    wrong usage or configuration, or a grant that is missing
  3    a check or fix could not be done: engine, build, crash, timeout, nothing to check, or a
       file was edited while it was being fixed
  130  interrupted";

pub(super) const INIT: &str = "\
Nothing that exists is overwritten. What is there is used: the sources, the tools' configs in their
places, ruff as formatter where the project formats with it. What was found is said.

Examples:
  cargo pipe init                  scaffold this folder
  cargo pipe init demo             scaffold the folder `demo`
  cargo pipe init --dry-run        show what would be written
  cargo pipe init --fix-configs    and comment out what the locked tools refuse
  cargo pipe remove --files        take away again what was written

Exit status: 0 done, 2 the project is not as it should be, 3 a file could not be written";

pub(super) const SYNC: &str = "\
The Dockerfile and the pipelines are written again when `pipe.toml` says something else, and removed
when nothing needs them; the tools' configs follow it until you edit one; locks are only written
where one is missing. A file that was edited all the same is refused with the difference. Without
its first line, a file is yours and left alone.

Examples:
  cargo pipe sync            bring the generated files up to date
  cargo pipe sync --force    those that somebody edited as well
  cargo pipe sync --check    show what differs; for a job of CI

Exit status: 0 up to date, 1 something differs, 2 the project is not as it should be, 3 a file could
not be written";

pub(super) const RUN_STATUS: &str = "\
Exit status: 0 passed, 1 findings or, with --diff, something to fix, 2 usage, configuration or a
missing grant, 3 a check or fix could not be done, 130 interrupted";

pub(super) const BASELINE: &str = "\
Runs every check and writes all findings into a file of one line each. From then on only findings
that are not in it count: code that is checked for the first time passes on the first day. A finding
is found again after its lines have moved, not after they or the file's name have changed. What could
not be done is never accepted. Commit the file, and write it anew when a run says that entries are
gone.

Examples:
  cargo pipe baseline                     accept what the checks find now
  cargo pipe run-all                      exits with 0 until there is a new finding
  cargo pipe baseline --output old.jsonl  write another file
  cargo pipe run-all --baseline old.jsonl
";

pub(super) const RUN_ALL: &str = "\
Examples:
  cargo pipe run-all
  cargo pipe run-all --fail-fast                  stop at the first check that does not pass
  cargo pipe run-all --fix                        fix what can be fixed first
  cargo pipe run-all --diff | git apply           the same by hand
  cargo pipe run-all --dry-run                    show what would run, and run nothing
  cargo pipe run-all --report json=report.json    write a report as well
  cargo pipe run-all --message-format json | jq .verdict

Exit status: 0 passed, 1 findings or, with --diff, something to fix, 2 usage, configuration or a
missing grant, 3 a check or fix could not be done, 130 interrupted";

pub(super) const RUN: &str = "\
Examples:
  cargo pipe run lint
  cargo pipe run lint mypy --fail-fast

Exit status: 0 passed, 1 findings or, with --diff, something to fix, 2 usage, configuration or a
missing grant, 3 a check or fix could not be done, 130 interrupted";

pub(super) const BUILD: &str = "\
Checks build what they need by themselves; this does it before they are run. What is there already
is not built again.

Examples:
  cargo pipe build
  cargo pipe build lint

Exit status: 0 built, 2 usage or configuration, 3 not built, 130 interrupted";

pub(super) const BASH: &str = "\
The container is the check's own: image, variables, user, mounts and sandbox are the same, and what
is written is gone with it. `bash` is run, or `sh` where there is none.

Examples:
  cargo pipe bash                            a shell where the first check runs
  cargo pipe bash mypy                       a shell where `mypy` runs
  cargo pipe bash mypy -- python3 --version  one command there
  cargo pipe bash mypy -- sh < probe.sh      a script there

Exit status: that of the command or shell; 2 usage, configuration or a missing grant, 3 no container,
130 interrupted";

pub(super) const UPDATE: &str = "\
Versions are resolved by uv, which is installed into your cache where it is not on PATH; nothing of
the packages is run. Every package is locked with hashes, for every platform. A tool moves within
the major version that cargo pipe was tried with. Where the project has a lock of its own, ours
follows it. All locks are written together, or none.

`minimum-age = \"3d\"` in `[python]` leaves releases alone until they are that old.

Examples:
  cargo pipe update            every lock
  cargo pipe update pylint     that of pylint
  cargo pipe update project    what the project itself depends on
  cargo pipe update --check    show what is newer; for a job of CI

Exit status: 0 up to date or updated, 1 with --check, something is newer, 2 usage, configuration or
requirements that do not fit together, 3 no answer from the index, 130 interrupted";

pub(super) const TRUST: &str = "\
A check has no network, no docker socket and cannot write, whatever `pipe.toml` says. What it asks
for all the same is shown first, with what that means. What you grant is kept in your state folder
($XDG_STATE_HOME or ~/.local/state) for this folder and for this content: requests, commands, the
files that they name, and a Dockerfile that is not the generated one. When one of them changes, you
are asked again. CI has no such folder: its jobs spell what they grant with `--allow`.

Examples:
  cargo pipe trust             show what is asked for, and ask
  cargo pipe trust --yes       grant it without a question
  cargo pipe trust --list      what is trusted, in every project
  cargo pipe trust --revoke    trust this project in nothing

Exit status: 0 granted, 2 not granted, 3 it could not be kept";

pub(super) const WHY: &str = "\
Nothing runs, and no process is started. Named are the files, options, packages and parts of the
command that differ from the last run in this folder, and from the nearest outcome in the cache.";

pub(super) const COMPARE: &str = "\
Nothing runs. Named is what a check's fingerprint is made from and is not the same here as in the
report: a file, an option of a config, a package's version, the base image, the platform, a part of
the command. An environment that is not known here yet is prepared first.

Exit status: 0 nothing differs, 1 something does, 2 usage or configuration, 3 it cannot be said";

pub(super) const DOCTOR: &str = "\
Looked at are the project's settings, locks, generated files and pins of the tools elsewhere; the
engine, its socket, builder and base image; whether containers see your folders; the disk. Nothing
is changed. It works without a project, and inside a job of CI.

`--runner-config` names each runner of a GitLab runner's `config.toml` that does not bind its docker
socket into jobs, and prints the change. It prints no token, and no other value that could be one.

Examples:
  cargo pipe doctor
  cargo pipe doctor --json | jq '.examined[] | select(.state != \"good\")'
  cargo pipe doctor --runner-config /etc/gitlab-runner/config.toml

Exit status: 0 checks can run, 1 a generated file is not as `pipe.toml` says, or a runner needs the
change, 2 the project keeps checks from running, 3 the machine does";

pub(super) const REMOVE: &str = "\
Remove this project's containers, volumes, caches and images.

Images that another project refers to stay. Files of the project are not touched, except with
`--files`: then those that `init` wrote go, if their first line proves that nobody edited them.";

pub(super) const COMPLETIONS: &str = "\
The script completes `cargo-pipe`, with the checks of the project it was made in.

Examples:
  cargo pipe completions bash > ~/.local/share/bash-completion/completions/cargo-pipe
  cargo pipe completions zsh > ~/.zfunc/_cargo-pipe
  cargo pipe completions fish > ~/.config/fish/completions/cargo-pipe.fish";

pub(super) const MAN: &str = "\
Examples:
  cargo pipe man > cargo-pipe.1
  cargo pipe man run-all > cargo-pipe-run-all.1";
