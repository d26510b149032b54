//! The manual: one source for the forge, for `cargo pipe help TOPIC`, and for this documentation.
//!
//! Each chapter is a file in `src/guide` and a topic of `cargo pipe help`. Blocks between
//! `<!-- generated: NAME -->` and `<!-- /generated -->` are written by `cargo xtask codegen`. Chapters
//! link each other as `[name]`, with a definition at their end; for rustdoc, `links.txt` defines the
//! same names first.

/// A chapter as a topic of `cargo pipe help`.
#[cfg(feature = "cli")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub struct Topic {
    /// Its name, which is that of its file.
    pub name: &'static str,
    /// One line about it.
    pub summary: &'static str,
    /// Its text in Markdown.
    pub text: &'static str,
}

/// The topic of this name.
#[cfg(feature = "cli")]
#[doc(hidden)]
#[must_use]
pub fn find(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}

macro_rules! chapters {
    ($($module:ident, $name:literal, $file:literal, $summary:literal;)*) => {
        $(
            #[doc = include_str!("guide/links.txt")]
            #[doc = include_str!($file)]
            pub mod $module {}
        )*

        /// All topics, in the order in which to read them.
        #[cfg(feature = "cli")]
        #[doc(hidden)]
        pub const TOPICS: &[Topic] = &[
            $(Topic { name: $name, summary: $summary, text: include_str!($file) },)*
        ];
    };
}

chapters! {
    quick_start, "quick-start", "guide/quick-start.md", "Install cargo pipe and run the first checks";
    checks, "checks", "guide/checks.md", "Built-in checks, your own checks, and tests";
    packages, "packages", "guide/packages.md", "Monorepos, and running only what a change reaches";
    pythons, "pythons", "guide/pythons.md", "Checks on several versions of Python";
    rust, "rust", "guide/rust.md", "rustfmt, clippy, cargo test and rustdoc in the same run";
    fixing, "fixing", "guide/fixing.md", "Fix findings and format code";
    watching, "watching", "guide/watching.md", "Check again whenever you save a file";
    hooks, "hooks", "guide/hooks.md", "Check each commit before it is made";
    editors, "editors", "guide/editors.md", "Findings in VS Code, Vim and PyCharm";
    agents, "agents", "guide/agents.md", "Let an agent or an editor run checks and propose fixes";
    old_code, "old-code", "guide/old-code.md", "Introduce checks to an old code base";
    ci, "ci", "guide/ci.md", "Pipelines for GitLab and GitHub";
    many_machines, "many-machines", "guide/many-machines.md", "Divide a run over several machines, and share results";
    reports, "reports", "guide/reports.md", "Reports for people, CI and other programs";
    caching, "caching", "guide/caching.md", "Fingerprints, cached results, and why a check runs";
    pylint, "pylint", "guide/pylint.md", "How pylint lints only what an edit can change";
    incremental_mypy, "incremental-mypy", "guide/incremental-mypy.md", "How mypy checks only what an edit can change";
    sandbox, "sandbox", "guide/sandbox.md", "What a check may do, and how to grant more";
    engines, "engines", "guide/engines.md", "docker, podman, no containers, and remote engines";
    environments, "environments", "guide/environments.md", "Locked tools, dependencies, Python";
    network, "network", "guide/network.md", "Proxies, package indexes and certificates";
    cargo, "cargo", "guide/cargo.md", "As an xtask, and in a build script";
    configuration, "configuration", "guide/configuration.md", "Every key of pipe.toml";
    variables, "variables", "guide/variables.md", "Every environment variable";
    commands, "commands", "guide/commands.md", "Every command and global option";
    exit_status, "exit-status", "guide/exit-status.md", "What each exit status means";
    performance, "performance", "guide/performance.md", "Measured times, compared with other programs";
    security, "security", "guide/security.md", "Who is trusted with what";
    limits, "limits", "guide/limits.md", "What does not work yet";
    architecture, "architecture", "guide/architecture.md", "How the code is organised, for contributors";
    extending, "extending", "guide/extending.md", "How to add a tool, a setting, a report format, an engine";
    contributing, "contributing", "guide/contributing.md", "Tasks, tests and the gate, for contributors";
}

#[cfg(test)]
#[cfg(feature = "cli")]
mod tests {
    use super::*;
    use crate::check::COMMANDS;

    #[test]
    fn no_topic_is_hidden_by_a_command() {
        for topic in TOPICS {
            assert!(!COMMANDS.contains(&topic.name), "{}", topic.name);
        }
    }

    #[test]
    fn each_chapter_has_one_title_and_defines_the_links_that_it_uses() {
        for topic in TOPICS {
            // Every second part between backticks is code.
            let prose: String = topic.text.split('`').step_by(2).collect();
            let titles = topic.text.lines().filter(|line| line.starts_with("# ")).count();
            assert!(topic.text.starts_with("# ") && titles >= 1, "{}", topic.name);
            for other in TOPICS {
                let is_used = prose
                    .match_indices(&format!("[{}]", other.name))
                    .any(|(at, found)| !prose[at + found.len()..].starts_with(':'));
                let definition = format!("\n[{0}]: {0}.md", other.name);
                assert_eq!(
                    is_used,
                    topic.text.contains(&definition),
                    "{}: {}",
                    topic.name,
                    other.name
                );
            }
        }
    }

    #[test]
    fn every_chapter_can_be_linked_in_rustdoc() {
        let links = include_str!("guide/links.txt");
        for topic in TOPICS {
            let module = topic.name.replace('-', "_");
            let line = format!("[{}]: crate::guide::{module}\n", topic.name);
            assert!(links.contains(&line), "{line}");
        }
    }
}
