//! Asks git which lines changed, and since which commit.
//!
//! git runs here in repositories that may be hostile: each setting that could start a program is
//! overridden, nothing is fetched and nothing is written.

mod index_file;
mod tracked_folder;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::env_vars::EnvVars;
use crate::gate::lines::ChangedLines;
use crate::gate::{CompareBase, Since};
use crate::outcome::RawOutput;
use crate::process::{self, Cancel, Emitter, Invocation, ProcessError, Until};
use crate::project::ProjectPath;

pub use tracked_folder::{TrackedFolderError, check_untracked};

/// How long git may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Usual names of the default branch, tried where none is configured.
const USUAL_BRANCHES: &[&str] = &["origin/main", "origin/master", "main", "master"];

/// What a question to git needs.
#[derive(Clone, Copy)]
pub struct GitContext<'a> {
    /// The project's folder.
    pub root: &'a Path,
    /// The variables of the process, of which a job's name the commit to compare with.
    pub variables: &'a EnvVars,
    /// Stops the question.
    pub cancel: &'a Cancel,
    /// Receives the events of the process.
    pub emitter: &'a Emitter<'a>,
}

/// Why git cannot say which lines changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// Git is not installed.
    #[error("`--changed` needs git, which is not installed")]
    NoGit,
    /// Not a repository, or one that git does not trust.
    #[error("git knows no repository here: {0}")]
    NoRepository(String),
    /// Nothing was committed yet.
    #[error("the repository has no commit yet that lines could have changed since")]
    NoCommit,
    /// Nothing says what to compare with.
    #[error("nothing says which branch to compare with")]
    NoDefault,
    /// The commit does not exist here.
    #[error("this repository has no commit `{name}`, which {origin}")]
    NoSuchCommit {
        /// Its name.
        name: String,
        /// Who named it, as in `was asked for`.
        origin: String,
        /// Whether a part of the history is missing.
        is_shallow: bool,
    },
    /// Two commits have no ancestor in common here.
    #[error("`{name}` and the checked out commit have no commit in common here")]
    Unrelated {
        /// What was compared with.
        name: String,
        /// Whether a part of the history is missing.
        is_shallow: bool,
    },
    /// Git could not do its work.
    #[error("{0}")]
    Git(String),
    /// The run was stopped meanwhile.
    #[error("stopped")]
    Stopped,
}

impl GitError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let whole = "fetch the whole history: `git fetch --unshallow`; in GitLab CI \
                     `GIT_DEPTH: \"0\"`, in GitHub Actions `fetch-depth: 0` of actions/checkout";
        let hint = match self {
            GitError::NoGit => "install git, or leave `--changed` out".to_owned(),
            GitError::NoRepository(_) => {
                "leave `--changed` out, or run it in a clone that is yours".to_owned()
            }
            GitError::NoCommit => "leave `--changed` out until there is one".to_owned(),
            GitError::NoDefault => "name it: `--changed origin/main`".to_owned(),
            GitError::NoSuchCommit { is_shallow: true, .. }
            | GitError::Unrelated { is_shallow: true, .. } => whole.to_owned(),
            GitError::NoSuchCommit { name, .. } => match name.strip_prefix("origin/") {
                Some(branch) => {
                    format!("fetch it: `git fetch origin {branch}:refs/remotes/origin/{branch}`")
                }
                None => "`git fetch` may bring it; `git branch --all` lists branches".to_owned(),
            },
            GitError::Unrelated { .. } => "name another one: `--changed REF`".to_owned(),
            GitError::Git(_) | GitError::Stopped => return None,
        };
        Some(hint)
    }
}

/// The lines that changed below `sources`: committed, staged, edited, and all of new files.
///
/// # Errors
///
/// When git, the repository, or the commit to compare with is missing.
pub fn read_changed_lines(
    context: GitContext<'_>,
    since: &Since,
    sources: &[ProjectPath],
) -> Result<(CompareBase, ChangedLines), GitError> {
    let git = Git { program: which::which("git").map_err(|_| GitError::NoGit)?, context };
    git.repository()?;
    let base = git.base(since)?;
    let paths = || {
        let paths = sources.iter().map(|path| OsString::from(path.as_str()));
        std::iter::once(OsString::from("--")).chain(paths)
    };
    // Each setting that could change the output, or start another program, is overridden.
    let diff = ["diff", "--unified=0", "--inter-hunk-context=0", "--relative", "--find-renames"]
        .into_iter()
        .chain(["--no-color", "--no-ext-diff", "--no-textconv", "--text"])
        .chain(["--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules=all"])
        .chain(["--diff-algorithm=myers", "--indent-heuristic", base.commit.as_str()]);
    let diff = git.answer(diff.map(OsString::from).chain(paths()))?;
    let mut changed = ChangedLines::of_diff(&diff);
    // Ignored files too: the project's own `.gitignore` files decide what a check sees, not git.
    let new = ["ls-files", "-z", "--others"].map(OsString::from).into_iter();
    changed.add_new(&git.answer(new.chain(paths()))?);
    Ok((base, changed))
}

struct Git<'a> {
    program: PathBuf,
    context: GitContext<'a>,
}

impl Git<'_> {
    fn repository(&self) -> Result<(), GitError> {
        let output = self.ask(["rev-parse", "--is-inside-work-tree"])?;
        match output.code {
            0 => Ok(()),
            _ => Err(GitError::NoRepository(first_error(&output))),
        }
    }

    /// The last commit that the checked out one has in common with what is wanted.
    fn base(&self, since: &Since) -> Result<CompareBase, GitError> {
        let head = self.commit("HEAD")?.ok_or(GitError::NoCommit)?;
        let variable = |name: &str| self.context.variables.get(name).map(str::to_owned);
        let (name, origin) = match since {
            Since::Ref(name) => (name.clone(), "was asked for".to_owned()),
            Since::Default => {
                // GitLab names the commit itself, GitHub the branch that is merged into.
                let gitlab = "CI_MERGE_REQUEST_DIFF_BASE_SHA";
                let github = "GITHUB_BASE_REF";
                if let Some(commit) = variable(gitlab) {
                    (commit, format!("`{gitlab}` names"))
                } else if let Some(branch) = variable(github) {
                    (format!("origin/{branch}"), format!("`{github}` names"))
                } else {
                    (self.default_branch()?, "is the default branch".to_owned())
                }
            }
        };
        let Some(commit) = self.commit(&name)? else {
            let is_shallow = self.is_shallow()?;
            return Err(GitError::NoSuchCommit { name, origin, is_shallow });
        };
        let output = self.ask(["merge-base", &commit, &head])?;
        match (output.code, line(&output)) {
            (0, Some(commit)) => Ok(CompareBase { name, commit }),
            _ => {
                let is_shallow = self.is_shallow()?;
                Err(GitError::Unrelated { name, is_shallow })
            }
        }
    }

    fn default_branch(&self) -> Result<String, GitError> {
        if let Some(branch) = self.context.variables.get("CI_DEFAULT_BRANCH") {
            return Ok(format!("origin/{branch}"));
        }
        let output = self.ask(["rev-parse", "--abbrev-ref", "origin/HEAD"])?;
        if let (0, Some(name)) = (output.code, line(&output)) {
            return Ok(name);
        }
        for name in USUAL_BRANCHES {
            if self.commit(name)?.is_some() {
                return Ok((*name).to_owned());
            }
        }
        Err(GitError::NoDefault)
    }

    /// The commit of a name; none if there is none.
    fn commit(&self, name: &str) -> Result<Option<String>, GitError> {
        let wanted = format!("{name}^{{commit}}");
        let output =
            self.ask(["rev-parse", "--verify", "--quiet", "--end-of-options", wanted.as_str()])?;
        Ok(line(&output).filter(|_| output.code == 0))
    }

    fn is_shallow(&self) -> Result<bool, GitError> {
        let output = self.ask(["rev-parse", "--is-shallow-repository"])?;
        Ok(line(&output).as_deref() == Some("true"))
    }

    /// The output of a command that must succeed.
    fn answer(&self, args: impl Iterator<Item = OsString>) -> Result<Vec<u8>, GitError> {
        let output = self.ask(args)?;
        match output.code {
            0 => Ok(output.stdout),
            code => Err(GitError::Git(format!(
                "git ended with exit status {code}: {}",
                first_error(&output)
            ))),
        }
    }

    fn ask<A: Into<OsString>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<RawOutput, GitError> {
        let mut invocation = Invocation::new(&self.program, ["-C"]);
        invocation.args.push(self.context.root.into());
        let safe = ["core.fsmonitor=false", "core.hooksPath=/dev/null", "core.quotePath=false"];
        invocation.args.extend(safe.into_iter().flat_map(|it| ["-c", it]).map(Into::into));
        invocation.args.extend(args.into_iter().map(Into::into));
        let variables = [
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_ALLOW_PROTOCOL", "none"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_LITERAL_PATHSPECS", "1"),
            ("LC_ALL", "C"),
        ];
        invocation.env.extend(variables.map(|(name, value)| (name, value.to_owned())));
        let until = Until { cancel: Some(self.context.cancel), limit: LIMIT };
        process::run(&invocation, until, self.context.emitter).map_err(|error| match error {
            ProcessError::Stopped => GitError::Stopped,
            error => GitError::Git(error.to_string()),
        })
    }
}

/// The first line of an answer.
fn line(output: &RawOutput) -> Option<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(str::to_owned).filter(|line| !line.is_empty())
}

/// The first line of what git prints to standard error.
fn first_error(output: &RawOutput) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines().next().unwrap_or_default().trim_start_matches("fatal: ").to_owned()
}
