//! Finds the commit to compare with.

use super::GitError;
use super::program::{Git, first_line};
use crate::gate::{CompareBase, Since};

/// Usual names of the default branch, tried where none is configured.
const USUAL_BRANCHES: &[&str] = &["origin/main", "origin/master", "main", "master"];

impl Git<'_> {
    /// The last commit that the checked out one has in common with what is wanted.
    pub(super) fn find_base(&self, since: &Since) -> Result<CompareBase, GitError> {
        let head = self.commit("HEAD")?.ok_or(GitError::NoCommit)?;
        let variable = |name: &str| self.context.variables.get(name).map(str::to_owned);
        let (name, origin) = match since {
            Since::Ref(name) => (name.clone(), "the command line names".to_owned()),
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
        let mut commit = self.commit(&name)?;
        if commit.is_none() && matches!(since, Since::Default) {
            commit = self.find_base_of_pull_request()?;
        }
        let Some(commit) = commit else {
            let is_shallow = self.is_shallow()?;
            return Err(GitError::NoSuchCommit { name, origin, is_shallow });
        };
        let output = self.query(["merge-base", &commit, &head])?;
        match (output.code, first_line(&output)) {
            (0, Some(commit)) => Ok(CompareBase { name, commit }),
            _ => {
                let is_shallow = self.is_shallow()?;
                Err(GitError::Unrelated { name, is_shallow })
            }
        }
    }

    /// The commit that a pull request of GitHub is merged into. GitHub checks out the result of the
    /// merge, whose first parent that is; with a depth of 2, the clone has no branch with that commit.
    fn find_base_of_pull_request(&self) -> Result<Option<String>, GitError> {
        let is_merge = |name: &str| name.starts_with("refs/pull/") && name.ends_with("/merge");
        if !self.context.variables.get("GITHUB_REF").is_some_and(is_merge) {
            return Ok(None);
        }
        if self.commit("HEAD^2")?.is_none() {
            return Ok(None);
        }
        self.commit("HEAD^1")
    }

    fn default_branch(&self) -> Result<String, GitError> {
        if let Some(branch) = self.context.variables.get("CI_DEFAULT_BRANCH") {
            return Ok(format!("origin/{branch}"));
        }
        let output = self.query(["rev-parse", "--abbrev-ref", "origin/HEAD"])?;
        if let (0, Some(name)) = (output.code, first_line(&output)) {
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
            self.query(["rev-parse", "--verify", "--quiet", "--end-of-options", wanted.as_str()])?;
        Ok(first_line(&output).filter(|_| output.code == 0))
    }

    fn is_shallow(&self) -> Result<bool, GitError> {
        let output = self.query(["rev-parse", "--is-shallow-repository"])?;
        Ok(first_line(&output).as_deref() == Some("true"))
    }
}
