//! Starts git without its surroundings.
//!
//! A repository comes from others, and git starts programs that its settings name. So only commands
//! are used that read objects, names and the index: none of them filters a content, signs, edits,
//! fetches, or shows a page. The fixes of a hook alone are written, as objects and to the index. What
//! can start a program even then is switched off, and git sees a few variables of this process only.
//! The settings of the user and the system are read, because they alone say which repositories of
//! other users are trusted.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{GitContext, GitError};
use crate::env_vars::EnvVars;
use crate::outcome::RawOutput;
use crate::process::{self, CAPTURE_LIMIT, Invocation, ProcessError, Stdin, Until};

/// The settings that outrank all others.
const SETTINGS: [&str; 6] = [
    // A program that knows which files changed, and a service of git's own that does.
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "protocol.allow=never",
    // An empty name drops all helpers.
    "credential.helper=",
    // A folder of the project may look like a repository, with settings of its own.
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
];

/// The variables that git gets from this process: where programs and the settings of the user are, who
/// the user is, and how far git may search for a repository. None of those that name a repository, an
/// index, objects or a program: `GIT_DIR`, `GIT_INDEX_FILE`, `GIT_EXTERNAL_DIFF`, `GIT_SSH` and many
/// more. The index of a hook is resolved first, see [`super::hook_index`], and then
/// passed with [`Git::with_index`].
const PASSED: [&str; 11] = [
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "TMPDIR",
    "SUDO_UID",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "SYSTEMROOT",
];

/// The variables that switch something off, or make git's output independent of settings.
const FIXED: [(&str, &str); 12] = [
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_LITERAL_PATHSPECS", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_PAGER", "cat"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_TRACE2", "0"),
    ("GIT_TRACE2_EVENT", "0"),
    ("GIT_TRACE2_PERF", "0"),
    ("LC_ALL", "C"),
];

/// The one setting that is taken from variables: a repository of another user that the user trusts.
const TRUSTED: &str = "safe.directory";

/// Git in a project's folder.
pub(super) struct Git<'a> {
    pub(super) context: GitContext<'a>,
    program: PathBuf,
    variables: BTreeMap<String, OsString>,
    limit: Duration,
    deadline: Instant,
}

impl<'a> Git<'a> {
    /// Finds git. All of its commands together may take as long as `limit`.
    pub(super) fn find(context: GitContext<'a>, limit: Duration) -> Result<Self, GitError> {
        // With `/` as the folder, a relative entry of `PATH` does not lead into the project.
        let program = which::which_in("git", context.variables.get("PATH"), "/")
            .map_err(|_| GitError::NoGit)?;
        let variables = select_variables(context.variables);
        Ok(Git { context, program, variables, limit, deadline: Instant::now() + limit })
    }

    /// Git with this index, whatever `GIT_INDEX_FILE` is in this process.
    pub(super) fn with_index(mut self, file: &Path) -> Self {
        self.variables.insert("GIT_INDEX_FILE".to_owned(), file.into());
        self
    }

    /// Checks that the project is in the work tree of a repository that git trusts.
    pub(super) fn check_repository(&self) -> Result<(), GitError> {
        let output = self.query(["rev-parse", "--is-inside-work-tree"])?;
        match (output.code, first_line(&output).as_deref()) {
            (0, Some("true")) => Ok(()),
            (0, _) => Err(GitError::NoRepository("it has no work tree".to_owned())),
            _ => Err(GitError::NoRepository(first_error(&output))),
        }
    }

    /// The output of a command that must succeed.
    pub(super) fn read<A: Into<OsString>>(
        &self,
        args: impl IntoIterator<Item = A>,
        stdin: Stdin,
    ) -> Result<Vec<u8>, GitError> {
        let output = self.run(args, stdin)?;
        match output.code {
            0 => Ok(output.stdout),
            code => Err(GitError::Git(format!(
                "git ended with exit status {code}: {}",
                first_error(&output)
            ))),
        }
    }

    /// The output of a command that reads a list and must succeed.
    pub(super) fn read_list<A: Into<OsString>>(
        &self,
        args: impl IntoIterator<Item = A>,
        list: &[u8],
    ) -> Result<Vec<u8>, GitError> {
        self.read(args, Stdin::Bytes(list.to_vec()))
    }

    /// The exit status and output of a command without an input.
    pub(super) fn query<A: Into<OsString>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<RawOutput, GitError> {
        self.run(args, Stdin::Empty)
    }

    fn run<A: Into<OsString>>(
        &self,
        args: impl IntoIterator<Item = A>,
        stdin: Stdin,
    ) -> Result<RawOutput, GitError> {
        let mut invocation = Invocation::new(&self.program, ["--no-pager", "-C"]);
        invocation.args.push(self.context.root.into());
        invocation.args.extend(SETTINGS.iter().flat_map(|it| ["-c", it]).map(Into::into));
        invocation.args.extend(args.into_iter().map(Into::into));
        invocation.only = Some(self.variables.clone());
        invocation.stdin = stdin;
        let limit = self.deadline.saturating_duration_since(Instant::now());
        let until = Until { cancel: Some(self.context.cancel), limit };
        let output = match process::run(&invocation, until, self.context.emitter) {
            Ok(output) => output,
            Err(ProcessError::Stopped) => return Err(GitError::Stopped),
            Err(ProcessError::TimedOut { command, .. }) => {
                let limit = humantime::format_duration(self.limit);
                return Err(GitError::Limit(format!("git took longer than {limit}: `{command}`")));
            }
            Err(error) => return Err(GitError::Git(error.to_string())),
        };
        if output.stdout.len() as u64 >= CAPTURE_LIMIT {
            let command = invocation.display();
            return Err(GitError::Limit(format!(
                "git printed more than {} MiB: `{command}`",
                CAPTURE_LIMIT >> 20
            )));
        }
        Ok(output)
    }
}

/// All variables that git sees.
fn select_variables(process: &EnvVars) -> BTreeMap<String, OsString> {
    let mut selected = BTreeMap::new();
    let mut set = |name: &str, value: &str| {
        selected.insert(name.to_owned(), OsString::from(value));
    };
    for name in PASSED {
        if let Some(value) = process.get(name) {
            set(name, value);
        }
    }
    for (name, value) in FIXED {
        set(name, value);
    }
    let mut trusted = 0;
    let count = process.get("GIT_CONFIG_COUNT").and_then(|count| count.parse().ok()).unwrap_or(0);
    for number in 0..count {
        let Some(key) = process.get(&format!("GIT_CONFIG_KEY_{number}")) else { break };
        // An empty value is a value too: it drops all names before it.
        let value = process.get(&format!("GIT_CONFIG_VALUE_{number}")).unwrap_or_default();
        if key.eq_ignore_ascii_case(TRUSTED) {
            set(&format!("GIT_CONFIG_KEY_{trusted}"), TRUSTED);
            set(&format!("GIT_CONFIG_VALUE_{trusted}"), value);
            trusted += 1;
        }
    }
    set("GIT_CONFIG_COUNT", &trusted.to_string());
    selected
}

/// The first line of an output.
pub(super) fn first_line(output: &RawOutput) -> Option<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(str::to_owned).filter(|line| !line.is_empty())
}

/// The first line of what git prints to standard error.
fn first_error(output: &RawOutput) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines().next().unwrap_or_default().trim_start_matches("fatal: ").to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::event::{Event, Observer};
    use crate::process::{Cancel, Emitter};

    struct Silent;

    impl Observer for Silent {
        fn observe(&mut self, _: &Event<'_>) {}
    }

    /// What a program in the place of git that does this leads to.
    fn query(script: &str, limit: Duration) -> Result<RawOutput, GitError> {
        with_git(script, limit, |git| git.query(["rev-parse"]))
    }

    /// Uses a program in the place of git that does this.
    fn with_git<T>(script: &str, limit: Duration, work: impl FnOnce(Git<'_>) -> T) -> T {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("git");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        let variables = EnvVars::from([("PATH", path.as_str()), ("GIT_DIR", "/elsewhere")]);
        let mut observer = Silent;
        let (cancel, emitter) = (Cancel::default(), Emitter::new(&mut observer));
        let root = folder.path();
        let context =
            GitContext { root, variables: &variables, cancel: &cancel, emitter: &emitter };
        work(Git::find(context, limit).unwrap())
    }

    #[test]
    fn all_commands_of_git_share_one_limit() {
        // The second one does not end by itself, not even before its limit is looked at.
        let script = "[ -e \"$0.used\" ] && exec sleep 1000; : > \"$0.used\"";
        with_git(script, Duration::from_secs(60), |mut git| {
            assert!(git.query(["rev-parse"]).is_ok());
            git.deadline = Instant::now();
            let GitError::Limit(message) = git.query(["rev-parse"]).unwrap_err() else {
                panic!("not a limit")
            };
            assert!(message.starts_with("git took longer than 1m: `/"), "{message}");
        });
    }

    #[test]
    fn a_git_that_hangs_ends_with_an_error_that_names_it() {
        let GitError::Limit(message) =
            query("exec sleep 60", Duration::from_millis(100)).unwrap_err()
        else {
            panic!("not a limit")
        };
        assert!(message.starts_with("git took longer than 100ms: `/"), "{message}");
        assert!(message.ends_with("rev-parse`"), "{message}");
    }

    #[test]
    fn a_git_that_prints_without_an_end_ends_with_an_error() {
        let script = "head -c 300M /dev/zero";
        let error = query(script, Duration::from_secs(60)).unwrap_err();
        assert!(error.to_string().starts_with("git printed more than 256 MiB"), "{error}");
    }

    #[test]
    fn git_sees_no_variable_but_those_of_the_list() {
        let variables = EnvVars::from([
            ("HOME", "/home/u"),
            ("GIT_DIR", "x"),
            ("GIT_INDEX_FILE", "x"),
            ("GIT_EXTERNAL_DIFF", "x"),
            ("GIT_TRACE", "x"),
            ("GIT_CONFIG_PARAMETERS", "'core.fsmonitor'='x'"),
            ("GIT_CONFIG_COUNT", "3"),
            ("GIT_CONFIG_KEY_0", "core.fsmonitor"),
            ("GIT_CONFIG_VALUE_0", "x"),
            ("GIT_CONFIG_KEY_1", "Safe.Directory"),
            ("GIT_CONFIG_VALUE_1", "*"),
            ("GIT_CONFIG_KEY_2", "alias.rev-parse"),
            ("GIT_CONFIG_VALUE_2", "x"),
            ("LD_PRELOAD", "x"),
            ("PAGER", "x"),
        ]);
        let seen = select_variables(&variables);
        assert!(!seen.values().any(|value| value == "x"), "{seen:?}");
        let passed = [
            ("HOME", "/home/u"),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", TRUSTED),
            ("GIT_CONFIG_VALUE_0", "*"),
        ];
        for (name, value) in passed {
            assert_eq!(seen[name], value);
        }
        assert_eq!(seen.len(), passed.len() + FIXED.len());
    }

    #[test]
    fn a_relative_entry_of_the_path_does_not_lead_to_a_program_of_the_project() {
        let folder = tempfile::tempdir().unwrap();
        let variables = EnvVars::from([("PATH", ".:bin:")]);
        let mut observer = Silent;
        let (cancel, emitter) = (Cancel::default(), Emitter::new(&mut observer));
        let root = folder.path();
        let context =
            GitContext { root, variables: &variables, cancel: &cancel, emitter: &emitter };
        let found = Git::find(context, Duration::from_secs(1));
        // `/bin` is where `bin` leads from the root.
        assert!(
            found.is_ok_and(|git| git.program.starts_with("/"))
                || !PathBuf::from("/bin/git").exists()
        );
    }
}
