//! A project in a temporary folder, and its containers and images in the engine.
//!
//! Programs get a scrubbed environment.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use cargo_pipe::discover;
use cargo_pipe::env_vars::EnvVars;
use serde_json::Value;
use tempfile::TempDir;

use crate::start;

/// The articles' program: nothing to find in it.
pub(crate) const GOOD: &str = "\"\"\"Greets in one of two languages.\"\"\"\n\nimport random\n\n\
    if random.randint(0, 1) == 0:\n    print(\"Hello world\")\nelse:\n    print(\"Bonjour le monde!\")\n";

/// The same without the colon of line 7.
pub(crate) fn without_the_colon() -> String {
    GOOD.replace("else:\n", "else\n")
}

/// A project in a folder of its own, with a home of its own.
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    variables: BTreeMap<String, String>,
    user: Option<(u32, u32)>,
    folder: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    /// An empty folder.
    pub(crate) fn empty() -> Project {
        Project::named("project")
    }

    /// An empty folder of this name.
    pub(crate) fn named(name: &str) -> Project {
        let folder = tempfile::Builder::new().prefix("cargo-pipe-test-").tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        let root = base.join(name);
        fs::create_dir(&root).unwrap();
        let home = base.join("home");
        fs::create_dir(&home).unwrap();
        let mut variables = BTreeMap::from([
            ("HOME".to_owned(), home.to_str().unwrap().to_owned()),
            ("LC_ALL".to_owned(), "C.UTF-8".to_owned()),
            // What these tests are about has to happen every time.
            ("CARGO_PIPE_CACHE".to_owned(), "off".to_owned()),
        ]);
        for name in ["PATH", "DOCKER_HOST", "DOCKER_CONFIG"] {
            variables.extend(variable(name).map(|value| (name.to_owned(), value)));
        }
        Project { root, variables, user: None, folder }
    }

    /// What `init` makes of an empty folder.
    pub(crate) fn scaffolded() -> Project {
        Project::empty().scaffold()
    }

    /// Runs `init` in it. The usual checks are on, whatever the project runs today: what `init` adopts
    /// is tested without an engine.
    pub(crate) fn scaffold(self) -> Project {
        let ended = self.pipe(&["init", "--opinionated", "--no-lock"]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        self
    }

    /// With a variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Project {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With a shell script in the place of docker, which may call it as `docker`.
    pub(crate) fn with_docker(self, script: &str) -> Project {
        self.write("../docker", format!("#!/bin/sh\n{script}"));
        let program = self.root.join("../docker").canonicalize().unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        self.with("CARGO_PIPE_DOCKER", program.to_str().unwrap())
    }

    /// As another user, to whom everything of the project belongs.
    pub(crate) fn owned_by(mut self, user: u32, group: u32) -> Project {
        fn own(path: &Path, user: u32, group: u32) {
            std::os::unix::fs::lchown(path, Some(user), Some(group)).unwrap();
            if path.is_dir() && !path.is_symlink() {
                fs::read_dir(path)
                    .unwrap()
                    .for_each(|entry| own(&entry.unwrap().path(), user, group));
            }
        }
        own(self.folder.path(), user, group);
        self.user = Some((user, group));
        self
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let place = self.root.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    /// Adds lines to `pipe.toml`.
    pub(crate) fn configure(&self, lines: &str) {
        let path = self.root.join("pipe.toml");
        let text = fs::read_to_string(&path).unwrap_or_default();
        // Settings of the whole project have to stand before the first table.
        fs::write(path, format!("{lines}\n{text}")).unwrap();
    }

    /// `cargo-pipe` with these arguments, ready to start.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = start::command(env!("CARGO_BIN_EXE_cargo-pipe"));
        command.args(args).env_clear().envs(&self.variables).current_dir(&self.root);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    /// Git in this folder with the project's variables, ready to start.
    pub(crate) fn git_in(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = start::command("git");
        command.args(args).env_clear().envs(&self.variables).current_dir(folder);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs `cargo-pipe` with these arguments.
    pub(crate) fn pipe(&self, args: &[&str]) -> Ended {
        Ended::of(self.command(args).output().unwrap())
    }

    /// Runs all checks and returns the exit status and the JSON report.
    pub(crate) fn report(&self, args: &[&str]) -> Report {
        let ended = self.pipe(&[args, &["--message-format", "json"]].concat());
        Report::of(&ended)
    }

    /// The same with this umask, for arguments that print the JSON report.
    pub(crate) fn under_umask(&self, umask: &str, args: &[&str]) -> Report {
        let mut shell = start::command("/bin/sh");
        shell.args([
            "-c",
            &format!("umask {umask}; exec \"$0\" \"$@\""),
            env!("CARGO_BIN_EXE_cargo-pipe"),
        ]);
        shell.args(args).env_clear().envs(&self.variables).current_dir(&self.root);
        if let Some((user, group)) = self.user {
            shell.uid(user).gid(group);
        }
        let ended = Ended::of(shell.output().unwrap());
        Report::of(&ended)
    }

    /// The project's id, as in labels and tags.
    pub(crate) fn id(&self) -> String {
        discover::find(&self.root).unwrap().id()
    }

    /// The names of the project's containers and volumes, and its folders of runs.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let mut left = left_of(self, docker);
        if let Ok(runs) = fs::read_dir(self.runs()) {
            let folders = runs.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
            left.extend(folders.map(|path| path.display().to_string()));
        }
        left
    }

    /// Where the folders of runs are.
    pub(crate) fn runs(&self) -> PathBuf {
        Path::new(&self.variables["HOME"]).join(".cache/cargo-pipe/runs")
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // A folder without a project has removed its images itself.
        if discover::find(&self.root).is_err() {
            return;
        }
        // The images' contents stay for the next test; only this project's references go.
        let tag = format!("cargo-pipe/*:project-{}*", self.id());
        let listed = lines(&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", &tag]);
        if !listed.is_empty() {
            let args = ["image", "rm"].into_iter().chain(listed.iter().map(String::as_str));
            docker(&args.collect::<Vec<_>>());
        }
    }
}

impl Ended {
    pub(crate) fn of(output: Output) -> Ended {
        Ended {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A JSON report and the exit status it came with.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) status: i32,
    pub(crate) json: Value,
}

impl Report {
    pub(crate) fn of(ended: &Ended) -> Report {
        let json = serde_json::from_str(&ended.stdout)
            .unwrap_or_else(|error| panic!("{error}: {ended:?}"));
        Report { status: ended.status.unwrap(), json }
    }

    /// The report of a check.
    pub(crate) fn check(&self, name: &str) -> &Value {
        let checks = self.json["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}"))
    }

    /// A check's outcome.
    pub(crate) fn outcome(&self, name: &str) -> &str {
        self.check(name)["outcome"].as_str().unwrap()
    }

    /// A check's findings as path, line and code.
    pub(crate) fn found(&self, name: &str) -> Vec<(String, u64, String)> {
        self.found_where(name, |_| true)
    }

    /// Those of this severity.
    pub(crate) fn found_with_severity(
        &self,
        name: &str,
        severity: &str,
    ) -> Vec<(String, u64, String)> {
        self.found_where(name, |finding| finding["severity"] == severity)
    }

    fn found_where(
        &self,
        name: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Vec<(String, u64, String)> {
        let findings = self.check(name)["findings"].as_array().unwrap();
        findings
            .iter()
            .filter(|finding| wanted(finding))
            .map(|finding| {
                let text = |key: &str| finding[key].as_str().unwrap().to_owned();
                (text("path"), finding["line"].as_u64().unwrap(), text("code"))
            })
            .collect()
    }

    /// The report without what may differ between two runs of one fingerprint.
    pub(crate) fn comparable(&self) -> Value {
        let mut json = self.json.clone();
        for key in ["engine", "warnings", "version", "duration_ms", "phases"] {
            json.as_object_mut().unwrap().remove(key);
        }
        for check in json["checks"].as_array_mut().unwrap() {
            for key in ["duration_ms", "started_ms", "since_last", "work", "cache", "log"] {
                check.as_object_mut().unwrap().remove(key);
            }
        }
        json
    }
}

/// A variable of the test's own environment.
pub(crate) fn variable(name: &str) -> Option<String> {
    EnvVars::of_process().get(name).map(str::to_owned)
}

/// The names of the containers and volumes of a project that this docker knows.
pub(crate) fn left_of(project: &Project, docker: impl Fn(&[&str]) -> Ended) -> Vec<String> {
    let filter = format!("label=dev.cargo-pipe.project={}", project.id());
    let containers = docker(&["ps", "--all", "--filter", &filter, "--format", "{{.Names}}"]);
    let volumes = docker(&["volume", "ls", "--filter", &filter, "--format", "{{.Name}}"]);
    let names = [containers, volumes].map(|ended| {
        assert_eq!(ended.status, Some(0), "{ended:?}");
        ended.stdout
    });
    names.concat().lines().map(str::to_owned).collect()
}

/// The files below these places that hold one of the texts, as far as they can be read.
pub(crate) fn holding(texts: &[&str], places: &[&Path]) -> Vec<PathBuf> {
    let mut grep = start::command("grep");
    grep.args(["--recursive", "--files-with-matches", "--no-messages", "--text"]);
    grep.arg("--fixed-strings").args(texts.iter().map(|text| format!("--regexp={text}")));
    let output = grep.arg("--").args(places).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(PathBuf::from).collect()
}

/// Runs docker.
pub(crate) fn docker(args: &[&str]) -> Ended {
    docker_with(&[], args)
}

/// Runs docker with these variables.
pub(crate) fn docker_with(variables: &[(&str, String)], args: &[&str]) -> Ended {
    let mut command = start::command("docker");
    command.args(args).envs(variables.iter().map(|(name, value)| (name, value)));
    match command.output() {
        Ok(output) => Ended::of(output),
        Err(error) => Ended { status: None, stdout: String::new(), stderr: error.to_string() },
    }
}

/// The lines that docker answers.
pub(crate) fn lines(args: &[&str]) -> Vec<String> {
    docker(args).stdout.lines().map(str::to_owned).collect()
}
