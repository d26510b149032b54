//! A Cargo workspace in a temporary folder, and the programs that run in it.
//!
//! Programs get a scrubbed environment, and all tests share one target folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicU32, Ordering};

use cargo_pipe::env_vars::EnvVars;
use tempfile::TempDir;

use crate::start;

/// This checkout, which is what workspaces depend on.
pub(crate) const CHECKOUT: &str = env!("CARGO_MANIFEST_DIR");

/// A workspace, or a crate alone.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    variables: BTreeMap<String, String>,
    _folder: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Workspace {
    /// An empty folder of this name, whose packages can be built without a network.
    pub(crate) fn empty(name: &str) -> Workspace {
        let folder = tempfile::Builder::new().prefix("cargo-pipe-test-").tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        let root = base.join(name);
        fs::create_dir(&root).unwrap();
        let home = base.join("home");
        fs::create_dir(&home).unwrap();
        let of_cargo = |name: &str, folder: &str| {
            let home = || Some(format!("{}/{folder}", variable("HOME")?));
            variable(name).or_else(home).map(|value| (name.to_owned(), value))
        };
        let fixed = [
            ("HOME", home.to_str().unwrap()),
            ("LC_ALL", "C.UTF-8"),
            ("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cargo")),
            ("CARGO_NET_OFFLINE", "true"),
            ("CARGO_INCREMENTAL", "0"),
            ("CARGO_PROFILE_DEV_DEBUG", "0"),
            ("CARGO_TERM_COLOR", "never"),
        ];
        let kept = ["PATH", "DOCKER_HOST", "DOCKER_CONFIG"];
        let variables = fixed
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .chain(kept.iter().filter_map(|name| Some(((*name).to_owned(), variable(name)?))))
            .chain(of_cargo("CARGO_HOME", ".cargo"))
            .chain(of_cargo("RUSTUP_HOME", ".rustup"));
        // With the versions of this checkout there is nothing to download.
        fs::copy(Path::new(CHECKOUT).join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
        Workspace { root, variables: variables.collect(), _folder: folder }
    }

    /// The example in `tests/fixtures/mixed`, with what `init` adds.
    pub(crate) fn mixed() -> Workspace {
        Workspace::mixed_in("mixed")
    }

    /// The same in a folder of this name.
    pub(crate) fn mixed_in(name: &str) -> Workspace {
        let workspace = Workspace::empty(name);
        workspace.copy(&Path::new(CHECKOUT).join("tests/fixtures/mixed"), ".");
        workspace.edit("Cargo.toml", "path = \"../../..\"", &format!("path = \"{CHECKOUT}\""));
        workspace.edit(
            "Cargo.toml",
            "version = \"0.1.0\"",
            &format!("version = \"{}\"", version()),
        );
        let ended = workspace.pipe(&["init"]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        workspace
    }

    /// A package alone whose build script has this body.
    pub(crate) fn alone(name: &str, body: &str) -> Workspace {
        let workspace = Workspace::empty(name);
        let manifest = format!(
            "[package]\nname = \"alone\"\nversion = \"{}\"\nedition = \"2024\"\n\n\
             [build-dependencies]\ncargo-pipe-ci = {{ version = \"{}\", path = \"{CHECKOUT}\", \
             default-features = false }}\n",
            version(),
            env!("CARGO_PKG_VERSION")
        );
        workspace.write("Cargo.toml", &manifest);
        workspace.write("build.rs", &format!("fn main() {{\n    {body}\n}}\n"));
        workspace.write("src/lib.rs", "");
        workspace.write("python/main.py", "\"\"\"Nothing.\"\"\"\n");
        workspace.write("pipe.toml", "source = [\"python\"]\n");
        workspace
    }

    /// With this checkout in the place of what a registry would have.
    pub(crate) fn patched(self) -> Workspace {
        let text = format!("[patch.crates-io]\ncargo-pipe-ci.path = \"{CHECKOUT}\"\n");
        let folder = self.root.join("../.cargo");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("config.toml"), text).unwrap();
        self
    }

    /// With a variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Workspace {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Without one.
    pub(crate) fn without(mut self, name: &str) -> Workspace {
        self.variables.remove(name);
        self
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let place = self.root.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    /// The text of a file.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap()
    }

    /// Puts one text in the place of another.
    #[track_caller]
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no `{from}`");
        self.write(path, &text.replace(from, to));
    }

    /// Every file with its bytes.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let (mut files, mut folders) = (BTreeMap::new(), vec![self.root.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.insert(path.clone(), fs::read(&path).unwrap());
                }
            }
        }
        files
    }

    /// Runs cargo with these words.
    pub(crate) fn cargo(&self, words: &str) -> Ended {
        self.run("cargo", &words.split(' ').collect::<Vec<_>>())
    }

    /// Runs cargo where not even root can write to the workspace or to the user's home.
    pub(crate) fn cargo_read_only(&self, words: &str) -> Ended {
        const ALONE: &str = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && cd \"$1\" && shift \
             && if touch x 2>&-; then exit 99; fi && exec cargo \"$@\"";
        let root = self.root.to_str().unwrap();
        let base = Path::new(root).parent().and_then(Path::to_str).unwrap();
        let user: &[&str] =
            if rustix::process::geteuid().is_root() { &[] } else { &["--map-root-user"] };
        let fixed = ["--mount", "sh", "-c", ALONE, base, root];
        let words: Vec<&str> = user.iter().copied().chain(fixed).chain(words.split(' ')).collect();
        self.run("unshare", &words)
    }

    /// Runs cargo pipe with these words.
    pub(crate) fn pipe(&self, words: &[&str]) -> Ended {
        self.run(env!("CARGO_BIN_EXE_cargo-pipe"), words)
    }

    /// Runs a program with these words.
    pub(crate) fn run(&self, program: &str, words: &[&str]) -> Ended {
        let mut command = start::command(program);
        command.args(words).env_clear().envs(&self.variables).current_dir(&self.root);
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { status: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// The version of its first package.
    pub(crate) fn version(&self) -> String {
        let manifest = self.read("Cargo.toml");
        let line = manifest.lines().find_map(|line| line.strip_prefix("version = \"")).unwrap();
        line.trim_end_matches('"').to_owned()
    }

    /// Copies what is below a folder.
    pub(crate) fn copy(&self, from: &Path, to: &str) {
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let to = format!("{to}/{name}");
            if entry.file_type().unwrap().is_dir() {
                // What a walk through the example left there is not part of it.
                if name != "target" && name != ".docker" && name != ".config" {
                    self.copy(&entry.path(), &to);
                }
            } else if name != "Cargo.lock" {
                self.write(&to, &fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
}

impl Ended {
    /// What cargo showed as warnings or errors of packages.
    pub(crate) fn messages(&self) -> Vec<String> {
        let parse = |line: &str| {
            let (level, rest) = line.split_once(": ")?;
            let (package, message) = rest.split_once(": ")?;
            let is_ours = ["warning", "error"].contains(&level) && package.contains("@0.1.");
            is_ours.then(|| format!("{level}: {message}"))
        };
        self.stderr.lines().filter_map(parse).collect()
    }

    /// Whether cargo found a package unchanged, as `-v` shows.
    pub(crate) fn found_fresh(&self, package: &str) -> bool {
        self.stderr.lines().any(|line| line.trim().starts_with(&format!("Fresh {package} v")))
    }

    /// The same command that ended well.
    #[track_caller]
    pub(crate) fn well(self) -> Ended {
        self.with_status(0)
    }

    /// The same build that failed.
    #[track_caller]
    pub(crate) fn failed(self) -> Ended {
        self.with_status(101)
    }

    #[track_caller]
    fn with_status(self, status: i32) -> Ended {
        assert_eq!(self.status, Some(status), "{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// A version that no other test uses, in this process or another: in one target folder, cargo takes
/// packages with one name and version for the same, wherever they are in their workspaces, and may run
/// the build script that an earlier test has left there.
fn version() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("0.1.{}{number:03}", std::process::id())
}

/// A variable of this process.
pub(crate) fn variable(name: &str) -> Option<String> {
    EnvVars::of_process().get(name).map(str::to_owned)
}
