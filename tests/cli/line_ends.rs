//! Checkouts of an index compared with those of git, byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use cargo_pipe::checkout::Checkout;
use cargo_pipe::env_vars::EnvVars;
use cargo_pipe::event::{Event, Observer};
use cargo_pipe::git::{GitContext, HookIndex};
use cargo_pipe::process::{Cancel, Emitter};
use cargo_pipe::project::Project;

use crate::start;

struct Silent;

impl Observer for Silent {
    fn observe(&mut self, _: &Event<'_>) {}
}

const ATTRIBUTES: [&str; 14] = [
    "",
    "text",
    "-text",
    "text=auto",
    "text eol=crlf",
    "text eol=lf",
    "text=auto eol=crlf",
    "text=auto eol=lf",
    "eol=crlf",
    "-text eol=crlf",
    "crlf",
    "-crlf",
    "crlf=input",
    "binary",
];

const CONTENTS: [&[u8]; 13] = [
    b"",
    b"a\nb\n",
    b"a\nb",
    b"a\r\nb\r\n",
    b"a\nb\r\n",
    b"a\rb\n",
    b"a\r",
    b"a\0b\n",
    b"a\n\x1a",
    b"\x01\x02\n",
    b"\x7f\n",
    "Ünïcödé\n".as_bytes(),
    b"\x08\x1b\x0c\t\n",
];

fn git(root: &Path, args: &[&str], input: &[u8]) -> String {
    let mut command = start::command("git");
    command.args(args).current_dir(root).env("GIT_CONFIG_GLOBAL", "/dev/null");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Brings the checkout of a project up to date, and returns its files.
fn check_out(root: &Path, cache: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let process = EnvVars::of_process();
    let variables =
        EnvVars::from([("PATH", process.get("PATH").unwrap()), ("GIT_CONFIG_GLOBAL", "/dev/null")]);
    let project = Project::in_folder(root.to_owned(), None);
    let index = HookIndex::find(root, &variables).unwrap();
    let mut observer = Silent;
    let (cancel, emitter) = (Cancel::default(), Emitter::new(&mut observer));
    let context = GitContext { root, variables: &variables, cancel: &cancel, emitter: &emitter };
    let checkout = Checkout::update(cache, &project, context, &index).unwrap();
    assert!(checkout.withheld.is_empty(), "{:?}", checkout.withheld);
    collect(&checkout.root)
}

fn collect(root: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    fn add(root: &Path, folder: &Path, files: &mut BTreeMap<String, (u32, Vec<u8>)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                add(root, &path, files);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().display().to_string();
            let mode = fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o170_111;
            let content = match fs::read_link(&path) {
                Ok(target) => target.display().to_string().into_bytes(),
                Err(_) => fs::read(&path).unwrap(),
            };
            files.insert(name, (mode, content));
        }
    }
    let mut files = BTreeMap::new();
    add(root, root, &mut files);
    files
}

#[test]
fn a_checkout_has_the_bytes_that_git_checks_out() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().canonicalize().unwrap();
    let (root, cache) = (base.join("project"), base.join("cache"));
    fs::create_dir(&root).unwrap();
    git(&root, &["init", "--quiet"], b"");
    let mut attributes = String::new();
    let mut entries = String::new();
    for (number, attribute) in ATTRIBUTES.iter().enumerate() {
        attributes.push_str(&format!("/{number}/** {attribute}\n"));
        for (content, bytes) in CONTENTS.iter().enumerate() {
            let id = git(&root, &["hash-object", "-w", "--no-filters", "--stdin"], bytes);
            let mode = if content == 1 { "100755" } else { "100644" };
            entries.push_str(&format!("{mode} {id}\t{number}/{content}\n"));
        }
    }
    let add =
        |content: &[u8]| git(&root, &["hash-object", "-w", "--no-filters", "--stdin"], content);
    entries.push_str(&format!("100644 {}\t.gitattributes\n", add(attributes.as_bytes())));
    entries.push_str(&format!("120000 {}\tlink\n", add(b"1/1")));
    entries.push_str(&format!("100644 {}\ta name \u{e4}\n", add(b"x\n")));
    git(&root, &["update-index", "--index-info"], entries.as_bytes());
    let mut converted = 0;
    for auto in ["", "true", "input", "false", "1"] {
        for eol in ["", "crlf", "lf", "native"] {
            for (name, value) in [("core.autocrlf", auto), ("core.eol", eol)] {
                let unset = start::command("git")
                    .args(["config", "--unset-all", name])
                    .current_dir(&root)
                    .status();
                unset.unwrap();
                if !value.is_empty() {
                    git(&root, &["config", name, value], b"");
                }
            }
            let theirs = base.join(format!("git-{auto}-{eol}"));
            let prefix = format!("--prefix={}/", theirs.display());
            // Git refuses some values together, as a user of them would see as well.
            git(&root, &["checkout-index", "--all", &prefix], b"");
            let theirs = collect(&theirs);
            assert_eq!(theirs, check_out(&root, &cache), "{auto} {eol}");
            converted +=
                theirs.values().filter(|(_, it)| it.windows(2).any(|it| it == b"\r\n")).count();
        }
    }
    assert!(converted > 1000, "{converted}");

    // What another program does to the checkout is undone.
    let before = check_out(&root, &cache);
    let id = Project::in_folder(root.clone(), None).id();
    let files = cache.join("projects").join(id).join("checkout/files");
    fs::write(files.join("1/1"), "changed\n").unwrap();
    fs::write(files.join("1/new"), "new\n").unwrap();
    fs::remove_file(files.join("2/2")).unwrap();
    fs::remove_file(files.join("link")).unwrap();
    std::os::unix::fs::symlink("/", files.join("link")).unwrap();
    fs::remove_dir_all(files.join("3")).unwrap();
    std::os::unix::fs::symlink("/etc", files.join("3")).unwrap();
    assert_eq!(check_out(&root, &cache), before);

    // Another attribute converts a file that is the same in git.
    attributes.push_str("/1/1 -text\n");
    let entry = format!("100644 {}\t.gitattributes\n", add(attributes.as_bytes()));
    git(&root, &["config", "core.autocrlf", "true"], b"");
    git(&root, &["update-index", "--index-info"], entry.as_bytes());
    assert_eq!(check_out(&root, &cache)["1/1"].1, b"a\nb\n");
}

#[test]
fn a_path_that_git_would_not_check_out_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    git(&root, &["init", "--quiet"], b"");
    let id = git(&root, &["hash-object", "-w", "--stdin"], b"x\n");
    let entry = format!("100644 {id}\tab/secret\n120000 {id}\tcd\n");
    git(&root, &["update-index", "--index-info"], entry.as_bytes());
    // Git writes no such index, so its bytes are changed.
    let index = root.join(".git/index");
    let bytes = fs::read(&index).unwrap();
    for (from, to) in
        [("ab/secret", "../secret"), ("ab/secret", ".git/hook"), ("ab/secret", "cd/secret")]
    {
        let at = bytes.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
        let mut changed = bytes.clone();
        changed[at..at + to.len()].copy_from_slice(to.as_bytes());
        // The hash of the whole is not checked where it is zero.
        let length = changed.len();
        changed[length - 20..].fill(0);
        fs::write(&index, changed).unwrap();
        let process = EnvVars::of_process();
        let variables = EnvVars::from([("PATH", process.get("PATH").unwrap())]);
        let hook = HookIndex::find(&root, &variables).unwrap();
        let mut observer = Silent;
        let (cancel, emitter) = (Cancel::default(), Emitter::new(&mut observer));
        let context =
            GitContext { root: &root, variables: &variables, cancel: &cancel, emitter: &emitter };
        let project = Project::in_folder(root.clone(), None);
        let cache = root.join("cache");
        let error = Checkout::update(&cache, &project, context, &hook).unwrap_err().to_string();
        assert!(error.starts_with("the index has the path `"), "{to}: {error}");
        assert!(!root.join("cache/projects").join("secret").exists());
    }
}
