//! Fixes change the files that the tools change, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use crate::packages::{copy, package};
use crate::project::{Ended, GOOD, Project, docker};
use crate::start;

tests![
    format_changes_exactly_what_plain_black_changes,
    every_kind_of_file_is_fixed_as_plain_black_does,
    another_user_under_umask_077_keeps_his_files,
    files_fixed_by_root_keep_their_owner,
    both_topologies_fix_alike,
    a_link_is_left_alone_and_what_is_covered_behind_it_is_not,
    only_a_formatter_by_its_own_name_writes_unasked,
    in_ci_and_with_check_nothing_is_written,
    a_diff_writes_nothing_and_applies
];

/// Something that black and ruff both have to say something about.
pub(crate) const UGLY: &str = "\"\"\"Ugly.\"\"\"\n\nimport os\n\nx  =  'a'\n";
/// What black makes of it.
pub(crate) const FORMATTED: &str = "\"\"\"Ugly.\"\"\"\n\nimport os\n\nx = \"a\"\n";

/// Every file below a folder: its content, or where the link leads, and its mode and owner.
pub(crate) fn tree(folder: &Path) -> BTreeMap<String, (Vec<u8>, u32, u32, u32)> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.is_dir() {
            let below = tree(&path).into_iter();
            files.extend(below.map(|(path, file)| (format!("{name}/{path}"), file)));
            continue;
        }
        let content = match metadata.is_symlink() {
            true => fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes(),
            false => fs::read(&path).unwrap(),
        };
        files.insert(name, (content, metadata.mode(), metadata.uid(), metadata.gid()));
    }
    files
}

pub(crate) fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    tree(folder).into_iter().map(|(path, (content, ..))| (path, content)).collect()
}

/// Which files differ.
pub(crate) fn differing<T: PartialEq>(
    one: &BTreeMap<String, T>,
    other: &BTreeMap<String, T>,
) -> Vec<String> {
    assert!(one.keys().eq(other.keys()), "other files");
    one.keys().filter(|path| one[*path] != other[*path]).cloned().collect()
}

/// What plain black makes of a copy of some sources, started by hand.
fn by_plain_black(project: &Project, source: &str) -> BTreeMap<String, Vec<u8>> {
    let plain = project.root.parent().unwrap().join("plain");
    fs::create_dir(&plain).unwrap();
    for part in [source, ".config"] {
        copy(&project.root.join(part), &plain.join(part));
    }
    let mount = format!("{}:/app", plain.display());
    let image = format!("cargo-pipe/black:project-{}", project.id());
    let command = ["--config", ".config/black.toml", "--quiet", source];
    let run = ["run", "--rm", "--volume", &mount, "--workdir", "/app", "--env", "HOME=/tmp"];
    let ended = docker(&[&run[..], &["--entrypoint", "black", &image], &command].concat());
    assert!(matches!(ended.status, Some(0 | 123)), "{ended:?}");
    contents(&plain.join(source))
}

pub(crate) fn changed_files(ended: &crate::project::Report) -> Vec<&str> {
    let files = ended.json["changed_files"].as_array().unwrap();
    files.iter().map(|file| file.as_str().unwrap()).collect()
}

fn format_changes_exactly_what_plain_black_changes() {
    let project = package("httpx-0.28.1", &["httpx/_transports"]);
    assert_eq!(project.pipe(&["build", "format"]).status, Some(0));
    let expected = by_plain_black(&project, "httpx/_transports");
    let before = contents(&project.root);
    let report = project.report(&["format"]);
    assert_eq!((report.status, report.outcome("format")), (0, "passed"), "{report:#?}");
    let after = contents(&project.root);
    assert_eq!(differing(&contents(&project.root.join("httpx/_transports")), &expected), [""; 0]);
    let changed = differing(&before, &after);
    assert!(changed.len() > 1, "{changed:?}");
    assert_eq!(changed_files(&report), changed);
    assert_eq!(changed_files(&project.report(&["format"])), [""; 0]);
    assert_eq!(project.leftovers(), [""; 0]);
}

/// Files with all that a careless fix would lose.
fn with_every_kind_of_file() -> Project {
    let project = Project::scaffolded();
    let bom = [b"\xef\xbb\xbf", UGLY.as_bytes()].concat();
    let latin = b"# -*- coding: latin-1 -*-\n\"\"\"Caf\xe9.\"\"\"\n\nx  =  '\xe9'\n";
    project.write("src/crlf.py", UGLY.replace('\n', "\r\n"));
    project.write("src/bom.py", bom);
    project.write("src/latin.py", latin);
    project.write("src/no_newline.py", UGLY.trim_end());
    project.write("src/broken.py", "x  =  (\n");
    project.write("src/empty.py", "");
    project.write("src/data.txt", "x  =  1");
    for (number, mode) in [0o444, 0o640, 0o600, 0o755, 0o664].into_iter().enumerate() {
        let path = format!("src/mode_{number}.py");
        project.write(&path, UGLY);
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(project.root.join(path), mode).unwrap();
    }
    project
}

/// What `format` leaves of all else about those files.
fn stays_but_for_content(project: &Project, format: impl Fn(&Project) -> Vec<String>) {
    project.pipe(&["build", "format"]);
    let expected = by_plain_black(project, "src");
    let source = project.root.join("src");
    let before = tree(&source);
    let mut changed = format(project);
    let after = tree(&source);
    let others = |tree: &BTreeMap<String, (Vec<u8>, u32, u32, u32)>| -> BTreeMap<_, _> {
        tree.iter().map(|(path, file)| (path.clone(), (file.1, file.2, file.3))).collect()
    };
    assert_eq!(differing(&others(&before), &others(&after)), [""; 0]);
    assert_eq!(differing(&contents(&source), &expected), [""; 0]);
    changed.sort();
    let differing: Vec<String> =
        differing(&before, &after).iter().map(|path| format!("src/{path}")).collect();
    assert_eq!(changed, differing);
    for kind in ["crlf", "bom", "latin", "no_newline", "mode_0", "mode_1"] {
        assert!(changed.contains(&format!("src/{kind}.py")), "{kind}: {changed:?}");
    }
    assert_eq!(project.leftovers(), [""; 0]);
}

fn every_kind_of_file_is_fixed_as_plain_black_does() {
    stays_but_for_content(&with_every_kind_of_file(), |project| {
        let report = project.report(&["format"]);
        // What black cannot parse is a finding of the check that follows.
        assert_eq!(report.status, 1, "{report:#?}");
        assert_eq!(report.found("format"), [("src/broken.py".into(), 1, "syntax-error".into())]);
        changed_files(&report).into_iter().map(str::to_owned).collect()
    });
}

fn another_user_under_umask_077_keeps_his_files() {
    let socket = fs::metadata("/var/run/docker.sock").unwrap();
    let project = with_every_kind_of_file().owned_by(1234, socket.gid());
    stays_but_for_content(&project, |project| {
        let report = project.under_umask("077", &["format", "--message-format", "json"]);
        changed_files(&report).into_iter().map(str::to_owned).collect()
    });
}

fn files_fixed_by_root_keep_their_owner() {
    let project = with_every_kind_of_file();
    for entry in fs::read_dir(project.root.join("src")).unwrap() {
        std::os::unix::fs::chown(entry.unwrap().path(), Some(1234), Some(4321)).unwrap();
    }
    stays_but_for_content(&project, |project| {
        let report = project.report(&["format"]);
        changed_files(&report).into_iter().map(str::to_owned).collect()
    });
}

/// A check of the user's own that fixes with a shell script.
pub(crate) fn fixing_with(project: &Project, script: &str, settings: &str) {
    let script = script.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let fix = format!("fix = [\"sh\", \"-c\", \"{script}\"]");
    project.write("pipe.toml", format!("[checks.own]\nrun = [\"true\"]\n{fix}\n{settings}\n"));
}

fn both_topologies_fix_alike() {
    let fixed = ["bind", "stream"].map(|topology| {
        let project = with_every_kind_of_file().with("CARGO_PIPE_TOPOLOGY", topology);
        fixing_with(&project, "sed -i s/Ugly/Pretty/ src/*.py", "");
        let report = project.report(&["run-all", "--fix"]);
        assert_eq!(report.json["engine"]["topology"], topology, "{report:#?}");
        assert_eq!(report.status, 1, "{report:#?}");
        let bom = fs::read(project.root.join("src/bom.py")).unwrap();
        // ruff removed the import, the command changed the text, black the quotes.
        assert_eq!(bom, b"\xef\xbb\xbf\"\"\"Pretty.\"\"\"\n\nx = \"a\"\n");
        assert_eq!(project.leftovers(), [""; 0]);
        (tree(&project.root.join("src")), report.comparable())
    });
    assert_eq!(fixed[0], fixed[1]);
}

fn a_link_is_left_alone_and_what_is_covered_behind_it_is_not() {
    for topology in ["bind", "stream"] {
        let project = Project::scaffolded().with("CARGO_PIPE_TOPOLOGY", topology);
        let outside = project.root.parent().unwrap().join("outside.py");
        fs::write(&outside, UGLY).unwrap();
        project.write("src/main.py", GOOD);
        project.write("src/target.py", UGLY);
        let source = project.root.join("src");
        symlink("target.py", source.join("link.py")).unwrap();
        symlink(&outside, source.join("out.py")).unwrap();
        // Even where the fixer replaces the link by a file.
        let script = "sed -i 's/Ugly/Nice/' src/target.py\nrm src/link.py && cp src/target.py src/link.py\nln -sf /etc/passwd src/main.py";
        fixing_with(&project, script, "");
        let ended = project.pipe(&["run", "own", "format", "--fix"]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        assert!(ended.stdout.contains("removed or replaced `src/link.py`, `src/main.py`"));
        assert_eq!(fs::read_link(source.join("link.py")).unwrap(), Path::new("target.py"));
        assert_eq!(fs::read_link(source.join("out.py")).unwrap(), outside);
        assert_eq!(fs::read_to_string(&outside).unwrap(), UGLY);
        let target = fs::read_to_string(source.join("target.py")).unwrap();
        assert_eq!(target, FORMATTED.replace("Ugly", "Nice"));
        assert_eq!(fs::read_to_string(source.join("main.py")).unwrap(), GOOD);
    }
}

fn only_a_formatter_by_its_own_name_writes_unasked() {
    let project = Project::scaffolded();
    project.write("src/main.py", UGLY);
    for args in [&["run-all"][..], &["run", "format"], &["ruff"]] {
        assert_eq!(project.pipe(args).status, Some(1), "{args:?}");
        assert_eq!(fs::read_to_string(project.root.join("src/main.py")).unwrap(), UGLY);
    }
    let ended = project.pipe(&["format"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stdout.starts_with("changed 1 file:\n    src/main.py\n\n"), "{ended:?}");
    assert_eq!(fs::read_to_string(project.root.join("src/main.py")).unwrap(), FORMATTED);
}

fn in_ci_and_with_check_nothing_is_written() {
    let project = Project::scaffolded();
    project.write("src/main.py", UGLY);
    let ended = project.pipe(&["format", "--check"]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("checks and writes nothing, because `--check`"), "{ended:?}");
    let project = project.with("CI", "true");
    let ended = project.pipe(&["format"]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("checks and writes nothing, because `CI`"), "{ended:?}");
    assert_eq!(fs::read_to_string(project.root.join("src/main.py")).unwrap(), UGLY);
    assert_eq!(project.pipe(&["format", "--fix"]).status, Some(0));
    assert_eq!(fs::read_to_string(project.root.join("src/main.py")).unwrap(), FORMATTED);
}

fn a_diff_writes_nothing_and_applies() {
    let project = with_every_kind_of_file();
    fs::remove_file(project.root.join("src/broken.py")).unwrap();
    let before = tree(&project.root.join("src"));
    let output = project.command(&["run-all", "--diff"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.ends_with("findings: 9 files would be changed\n"), "{text}");
    assert!(tree(&project.root.join("src")) == before);

    let patch = project.root.parent().unwrap().join("patch");
    fs::write(&patch, output.stdout).unwrap();
    let mut git = start::command("git");
    git.arg("apply").arg(&patch).current_dir(&project.root);
    let applied = Ended::of(git.output().unwrap());
    assert_eq!(applied.status, Some(0), "{applied:?}");
    let by_hand = contents(&project.root.join("src"));
    let ended = project.pipe(&["run-all", "--diff"]);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), ""), "{ended:?}");
    assert_eq!(project.pipe(&["run-all", "--fix"]).stdout.matches("changed").count(), 0);
    assert!(contents(&project.root.join("src")) == by_hand);

    // A source that cannot be fixed is not one that needs no fix.
    project.write("src/broken.py", "x  =  (\n");
    let ended = project.pipe(&["format", "--diff"]);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("broken.py"), "{ended:?}");
}
