//! A real package that runs are measured on.
//!
//! Its project is a folder below `target/bench` with the package's sources, in a git repository and
//! with a cache of its own. The functions here return commands, and the benchmarks compare them.

use std::path::{Path, PathBuf};

use cargo_pipe::config::layer::Layer;
use cargo_pipe::env_vars::EnvVars;
use cargo_pipe::pipeline::Pipeline;
use cargo_pipe::plan::{EnvironmentSpec as Place, Plan, Request};
use cargo_pipe::tools::Command as Work;

use crate::failure::{Failure, Result};
use crate::fixtures;
use crate::process::{Command, Measured};
use crate::workspace;

/// A pinned package, and the files in it that benchmarks edit.
pub(super) struct Package {
    /// Its name in `tests/fixtures/packages.txt`.
    pub(super) name: &'static str,
    /// A module that no other one imports.
    pub(super) leaf: &'static str,
    /// A module that many others import.
    pub(super) wide: &'static str,
    /// How often a quick run is measured.
    pub(super) quick: usize,
    /// How often a run of every tool is measured.
    pub(super) slow: usize,
}

/// A small and a large package.
pub(super) const PACKAGES: &[Package] = &[
    Package {
        name: "httpx",
        leaf: "httpx/_main.py",
        wide: "httpx/_exceptions.py",
        quick: 21,
        slow: 3,
    },
    Package {
        name: "django",
        leaf: "django/views/csrf.py",
        wide: "django/utils/functional.py",
        quick: 21,
        slow: 1,
    },
];

/// Shell commands that run at the same time.
pub(super) struct AtOnce(Command);

impl AtOnce {
    /// Measures them together.
    ///
    /// # Errors
    ///
    /// When one of them fails.
    pub(super) fn measure(&self) -> Result<Measured> {
        let measured = self.0.measure()?;
        match measured.status {
            0 => Ok(measured),
            status => Err(Failure::new(format!(
                "a command by hand ended with exit status {status}\n\n{}",
                self.0
            ))),
        }
    }
}

/// The project of a package.
pub(super) struct Project {
    pub(super) folder: PathBuf,
    program: String,
    cache: PathBuf,
    /// `pipe.toml` as `init` wrote it.
    settings: String,
}

impl Package {
    /// Creates its project from scratch, on a base image of this name.
    ///
    /// # Errors
    ///
    /// When it cannot be fetched or scaffolded.
    pub(super) fn project(&self, program: &str, image: &str) -> Result<Project> {
        let packages = fixtures::packages()?;
        let pinned = packages.iter().find(|it| it.name == self.name);
        let sources = pinned.ok_or_else(|| Failure::new(format!("{} has no pin", self.name)))?;
        let bench = workspace::target()?.join("bench");
        let (folder, cache) = (bench.join(self.name), bench.join(format!("{}-cache", self.name)));
        workspace::remove_folder(&folder)?;
        workspace::remove_folder(&cache)?;
        workspace::create_folder(&folder)?;
        for part in [self.name, "pyproject.toml"] {
            let from = sources.folder()?.join(part).to_string_lossy().into_owned();
            Command::new("cp", ["-R", &from, &folder.to_string_lossy()]).read()?;
        }
        let (program, settings) = (program.to_owned(), String::new());
        let mut project = Project { folder, cache, program, settings };
        project.pipe(&["init", "--opinionated"]).read()?;
        project.settings = workspace::read(&project.folder.join("pipe.toml"))?;
        project.build_on(image)?;
        // Strict types are for projects that were written with them.
        workspace::write(&project.folder.join(".config/mypy.ini"), "[mypy]\n")?;
        for words in ["init --quiet", "add --all", "commit --quiet --message sources"] {
            let git =
                Command::new("git", ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]);
            git.arguments(words.split(' ')).folder(&project.folder).read()?;
        }
        Ok(project)
    }
}

impl Project {
    /// Runs `cargo pipe` in it, on docker and with its own cache.
    pub(super) fn pipe(&self, words: &[&str]) -> Command {
        Command::new(&self.program, [])
            .arguments(words.iter().copied())
            .variable("CARGO_PIPE_CACHE_DIR", &self.cache.to_string_lossy())
            .variable("CARGO_PIPE_ENGINE", "docker")
            .variable("CARGO_PIPE_ALLOW", "dockerfile")
            // A machine that does other work as well is slow, and may need longer than a check is
            // allowed to take.
            .variable("CARGO_PIPE_TIMEOUT", "2h")
            .folder(&self.folder)
    }

    /// Runs another program in it.
    pub(super) fn command<const N: usize>(&self, words: [&str; N]) -> Command {
        Command::new(words[0], []).arguments(words.into_iter().skip(1)).folder(&self.folder)
    }

    /// Runs shell commands in it, all at once.
    pub(super) fn at_once(&self, commands: &[&str]) -> AtOnce {
        let started = commands.iter().map(|it| format!("({it}) & all=\"$all $!\"\n"));
        // Findings are fine. From 125 on, docker or the tool did not start.
        let text = format!(
            "{}for one in $all; do wait $one; status=$?; [ $status -lt 125 ] || worst=$status; done\n\
             exit ${{worst:-0}}\n",
            started.collect::<String>()
        );
        AtOnce(Command::new("sh", ["-c", &text]).folder(&self.folder))
    }

    /// Removes every cached result.
    pub(super) fn clear_cache(&self) -> Result<()> {
        workspace::remove_folder(&self.cache)
    }

    /// Uses this base image from now on.
    pub(super) fn build_on(&self, image: &str) -> Result<()> {
        let base = format!("[python]\nimage = \"{image}\"\n");
        let text = self.settings.replacen("[python]\n", &base, 1);
        workspace::write(&self.folder.join("pipe.toml"), &text)?;
        // The Dockerfile names it, too.
        self.pipe(&["sync"]).read().map(drop)
    }

    /// Adds a line to a file.
    pub(super) fn edit(&self, path: &str, line: &str) -> Result<()> {
        let path = self.folder.join(path);
        let text = workspace::read(&path)?;
        workspace::write(&path, &format!("{text}{line}\n"))
    }

    /// Counts the files in its repository.
    pub(super) fn files(&self) -> Result<usize> {
        Ok(self.command(["git", "ls-files"]).read()?.lines().count())
    }

    /// The names of its tools' locks.
    pub(super) fn locks(&self) -> Result<Vec<String>> {
        let listed = workspace::files_below(&self.folder.join(".docker/requirements"))?;
        let name = |path: &PathBuf| Some(path.file_stem()?.to_string_lossy().into_owned());
        Ok(listed.iter().filter_map(name).collect())
    }

    /// The name of each check, and the `docker run` that does the same by hand.
    pub(super) fn by_hand(&self) -> Result<Vec<(String, String)>> {
        let (plan, id) = self.plan()?;
        let user = Command::new("id", ["-u"]).read()?;
        let folder = self.folder.to_string_lossy();
        let scripts = plan.steps.iter().map(|step| {
            let words = match &step.command {
                Work::Exec(words) => words.join(" "),
                Work::Module { module, args, .. } => format!("{module} {}", args.join(" ")),
                other => return Err(Failure::new(format!("cannot run by hand: {other:?}"))),
            };
            let words = words.replace("/config/", "/app/.config/");
            let lock = match &step.environment {
                Place::Tool { lock, .. } => lock,
                _ => &step.tool,
            };
            let image = format!("cargo-pipe/{lock}:project-{id}");
            let script = format!(
                "docker run --rm --init --network none --read-only --tmpfs /tmp --cap-drop ALL \
                 --user {user} --volume {folder}:/app:ro --workdir /app --env HOME=/tmp \
                 --env PYTHONHASHSEED=0 --env PYTHONDONTWRITEBYTECODE=1 \
                 --entrypoint sh {image} -c '{words}'"
            );
            Ok((step.id.to_string(), script))
        });
        scripts.collect()
    }

    fn plan(&self) -> Result<(Plan, String)> {
        let wrong = |error: cargo_pipe::error::Error| Failure::new(error.to_string());
        let pipeline = Pipeline::discover(&self.folder, EnvVars::default(), Layer::default());
        let pipeline = pipeline.map_err(wrong)?;
        let plan = pipeline.plan(&Request::default()).map_err(wrong)?;
        Ok((plan, pipeline.project.id()))
    }

    /// The path of a file in it.
    pub(super) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.join(path)
    }
}
