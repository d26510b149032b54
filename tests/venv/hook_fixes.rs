//! The hook that fixes: what it stages, what it leaves in the work tree, and that no line is lost.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::thread;
use std::time::{Duration, Instant};

use regex::Regex;
use rustix::process::{Pid, Signal, kill_process};

use crate::dice::Dice;
use crate::repository::{CLEAN, Repository};

tests!(
    python,
    [
        a_fix_is_staged_and_made_in_the_work_tree,
        a_fix_that_the_work_tree_has_no_place_for_is_refused_and_shown,
        every_way_to_commit_keeps_index_and_work_tree_together,
        nothing_that_the_repository_configures_is_started,
        a_kill_while_fixing_loses_nothing,
        random_sequences_lose_no_byte,
    ]
);

/// A line that black changes, and no linter complains about.
fn wrong(number: usize) -> String {
    format!("print(   {number})\n")
}

/// Numbered lines with nothing to fix.
fn lines(count: usize) -> String {
    (0..count).map(|number| format!("print({number})\n")).collect()
}

/// The text as black leaves it, for texts of these tests.
fn fixed(text: &str) -> String {
    Regex::new(r"print\( *(\d+)\)").unwrap().replace_all(text, "print($1)").into_owned()
}

fn a_fix_is_staged_and_made_in_the_work_tree() {
    let repository = Repository::fixing();
    repository.git(&["add", "--all"]);
    repository.commits(&[]);
    let file = repository.root.join("src/main.py");
    let work = || fs::read_to_string(&file).unwrap();
    let head = |path: &str| repository.git(&["show", &format!("HEAD:{path}")]);

    repository.stage("src/main.py", format!("{CLEAN}{}", wrong(1)));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    repository.git(&["add", "--all"]);
    repository.clone_hits(&repository.commits(&[]));
    assert_eq!(head("src/main.py"), format!("{CLEAN}print(1)\n"));
    assert_eq!(work(), head("src/main.py"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(repository.git(&["status", "--porcelain"]), "");

    // Lines that are not staged stay as they are, wrong or not.
    let staged = format!("{CLEAN}{}{}", wrong(2), lines(9));
    repository.stage("src/main.py", &staged);
    repository.write("src/main.py", format!("{staged}{}x = 1\n", wrong(3)));
    repository.clone_hits(&repository.commits(&[]));
    assert_eq!(head("src/main.py"), fixed(&staged));
    assert_eq!(work(), format!("{}{}x = 1\n", fixed(&staged), wrong(3)));
    repository.git(&["checkout", "--quiet", "."]);

    // Where the work tree has no such file, the fix is staged alone.
    repository.stage("src/gone.py", format!("{CLEAN}{}", wrong(4)));
    fs::remove_file(repository.root.join("src/gone.py")).unwrap();
    repository.clone_hits(&repository.commits(&[]));
    assert_eq!(head("src/gone.py"), format!("{CLEAN}print(4)\n"));
    assert!(!repository.root.join("src/gone.py").exists());
    repository.git(&["checkout", "--quiet", "."]);

    // Line ends are those of each place.
    repository.stage(".gitattributes", "*.py text eol=crlf\n");
    repository.stage("src/crlf.py", format!("{CLEAN}{}", wrong(5)).replace('\n', "\r\n"));
    repository.clone_hits(&repository.commits(&[]));
    assert_eq!(head("src/crlf.py"), format!("{CLEAN}print(5)\n"));
    let crlf = fs::read_to_string(repository.root.join("src/crlf.py")).unwrap();
    assert_eq!(crlf, format!("{CLEAN}print(5)\n").replace('\n', "\r\n"));

    // A finding that no fixer removes stops the commit, and what was fixed is staged.
    let text = format!("{CLEAN}{}undefined()\n", wrong(6)).replace('\n', "\r\n");
    repository.stage("src/crlf.py", text);
    let ended = repository.refuses(&[]);
    assert!(ended.stderr.contains("staged the fixes of `src/crlf.py`"), "{ended:?}");
    let staged = repository.git(&["show", ":src/crlf.py"]);
    assert_eq!(staged, format!("{CLEAN}print(6)\nundefined()\n"));
}

fn a_fix_that_the_work_tree_has_no_place_for_is_refused_and_shown() {
    let repository = Repository::fixing();
    repository.git(&["add", "--all"]);
    repository.commits(&[]);
    repository.stage("src/main.py", format!("{CLEAN}{}", wrong(1)));
    repository.stage("src/other.py", format!("{CLEAN}{}", wrong(1)));
    repository.write("src/main.py", format!("{CLEAN}{}", wrong(2)));
    let before = repository.state();
    let ended = repository.refuses(&[]);
    let error = "the fix of `src/main.py` was refused: your work tree has other lines there";
    assert!(ended.stderr.contains(error), "{ended:?}");
    assert!(ended.stderr.contains("-print(   1)\n+print(1)\n"), "{ended:?}");
    let after = repository.state();
    assert_eq!(after.files["src/main.py"], before.files["src/main.py"]);
    assert_eq!(repository.git(&["show", ":src/main.py"]), format!("{CLEAN}{}", wrong(1)));
    // The other file has its fix.
    assert_eq!(repository.git(&["show", ":src/other.py"]), format!("{CLEAN}print(1)\n"));
    assert_eq!(after.files["src/other.py"], format!("{CLEAN}print(1)\n").as_bytes());

    fs::remove_file(repository.root.join("src/main.py")).unwrap();
    std::os::unix::fs::symlink("other.py", repository.root.join("src/main.py")).unwrap();
    let ended = repository.refuses(&[]);
    assert!(ended.stderr.contains("it is not a regular file in your work tree"), "{ended:?}");
}

fn every_way_to_commit_keeps_index_and_work_tree_together() {
    let mut repository = Repository::fixing();
    repository.git(&["add", "--all"]);
    repository.commits(&[]);
    let status = |repository: &Repository| repository.git(&["status", "--porcelain"]);

    repository.write("src/main.py", format!("{CLEAN}{}", wrong(1)));
    repository.clone_hits(&repository.commits(&["--all"]));
    assert_eq!(status(&repository), "");

    // The index of single files is thrown away after the commit, so nothing is fixed in it.
    repository.write("src/main.py", format!("{CLEAN}{}", wrong(2)));
    let before = repository.state();
    let ended = repository.refuses(&["src/main.py"]);
    assert!(ended.stderr.contains("`git commit FILE` keeps an index of its own"), "{ended:?}");
    assert_eq!(repository.state(), before);
    repository.write("src/main.py", format!("{CLEAN}print(2)\n"));
    repository.clone_hits(&repository.commits(&["src/main.py"]));
    assert_eq!(status(&repository), "");

    let linked = repository.root.with_file_name("linked");
    repository.git(&["worktree", "add", "--quiet", "-b", "other", linked.to_str().unwrap()]);
    repository.at(&linked, |repository| {
        repository.write("src/main.py", format!("{CLEAN}{}", wrong(3)));
        repository.clone_hits(&repository.commits(&["--all"]));
        assert_eq!(status(repository), "");
    });
    assert_eq!(status(&repository), "");
}

fn nothing_that_the_repository_configures_is_started() {
    let repository = Repository::fixing();
    repository.git(&["add", "--all"]);
    repository.commits(&[]);
    let marker = repository.root.with_file_name("started");
    let script = repository.root.with_file_name("script");
    fs::write(&script, format!("#!/bin/sh\necho $0 >> '{}'\n", marker.display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let program = script.to_str().unwrap();
    repository.stage(".gitattributes", "*.dat filter=own\n*.py diff=own merge=own\n");
    repository.stage("notes.dat", "notes\n");
    repository.stage("src/main.py", format!("{CLEAN}{}", wrong(1)));
    for name in [
        "filter.own.smudge",
        "filter.own.clean",
        "filter.own.process",
        "diff.own.command",
        "diff.own.textconv",
        "core.fsmonitor",
        "core.sshCommand",
        "core.editor",
        "core.pager",
        "gpg.program",
    ] {
        repository.git(&["config", name, program]);
    }
    for name in ["post-index-change", "post-checkout", "reference-transaction"] {
        let hook = repository.root.join(".git/hooks").join(name);
        fs::copy(&script, &hook).unwrap();
    }
    let _ = fs::remove_file(&marker);
    let ended = repository.pipe(&["hook", "run", "--fix"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("staged the fixes of `src/main.py`"), "{ended:?}");
    assert!(!marker.exists(), "{}", fs::read_to_string(&marker).unwrap());
    // Git itself starts them.
    repository.try_git(&["status"]);
    assert!(marker.exists());
}

#[expect(clippy::disallowed_methods, reason = "a kill may come at any moment")]
fn a_kill_while_fixing_loses_nothing() {
    let repository = Repository::fixing();
    repository.git(&["add", "--all"]);
    repository.commits(&[]);
    let mut kills = 0;
    // The time of a fix, in which the kills come; the first one is not killed.
    let mut time = None;
    for number in 0..30_u32 {
        let text = format!("{CLEAN}{}", wrong(number as usize));
        let more = format!("{text}{}x = {number}\n", lines(5));
        let staged = format!("{text}{}", lines(5));
        repository.stage("src/main.py", &staged);
        repository.write("src/main.py", &more);
        let mut command = repository.project.command(&["hook", "run", "--fix"]);
        let began = Instant::now();
        let mut child = command.process_group(0).spawn().unwrap();
        if let Some(time) = time {
            thread::sleep(time * number / 25);
            let signal =
                [Signal::KILL, Signal::KILL, Signal::TERM, Signal::INT][number as usize % 4];
            let _ = kill_process(Pid::from_child(&child), signal);
        }
        let is_killed = child.wait().unwrap().code() != Some(0);
        assert!(time.is_some() || !is_killed);
        kills += usize::from(is_killed);
        time.get_or_insert(began.elapsed());
        // Git itself finishes what it has begun.
        let lock = repository.root.join(".git/index.lock");
        for _ in 0..100 {
            if !lock.exists() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let index = repository.git(&["show", ":src/main.py"]);
        let work = fs::read_to_string(repository.root.join("src/main.py")).unwrap();
        assert!([&staged, &fixed(&staged)].contains(&&index), "{number}: {index}");
        assert!([&more, &fixed(&more)].contains(&&work), "{number}: {work}");
        assert!(number > 0 || index != staged, "{index}");
        assert_eq!(repository.git(&["stash", "list"]), "");
    }
    assert!(kills > 5, "{kills}");
    repository.commits(&[]);
    assert_eq!(repository.git(&["status", "--porcelain", "--", "src"]), " M src/main.py\n");
    let work = fs::read_to_string(repository.root.join("src/main.py")).unwrap();
    assert!(work.ends_with("x = 29\n"), "{work}");
}

/// The files of a random sequence.
const FILES: [&str; 3] = ["src/main.py", "src/one.py", "src/two.py"];

fn random_sequences_lose_no_byte() {
    let repository = Repository::fixing();
    repository.git(&["add", "--all"]);
    repository.commits(&[]);
    let (mut committed, mut refused) = (0, 0);
    for seed in 0..20 {
        let mut dice = Dice(seed);
        for step in 0..6 {
            let name = FILES[dice.roll(FILES.len())];
            match dice.roll(5) {
                0 => edit(&repository, name, &mut dice),
                1 => {
                    edit(&repository, name, &mut dice);
                    repository.git(&["add", "--", name]);
                    edit(&repository, name, &mut dice);
                }
                2 => drop(repository.try_git(&["add", "--", name])),
                3 => {
                    edit(&repository, name, &mut dice);
                    repository.write("src/untracked.txt", format!("{seed} {step}\n"));
                }
                _ => {}
            }
            if dice.roll(4) == 0 || step == 5 {
                let arguments: &[&str] = match dice.roll(4) {
                    0 => &["--all"],
                    1 => &[name],
                    _ => &[],
                };
                let is_committed = commit(&repository, arguments, &format!("{seed}.{step}"));
                committed += usize::from(is_committed);
                refused += usize::from(!is_committed);
            }
        }
    }
    assert!(committed > 9 && refused > 3, "{committed} commits, {refused} refusals");
}

/// Changes a random line of a file, or adds one.
fn edit(repository: &Repository, name: &str, dice: &mut Dice) {
    let text =
        fs::read_to_string(repository.root.join(name)).unwrap_or(CLEAN.to_owned() + &lines(12));
    let mut all: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let number = dice.roll(1000);
    let line = if dice.roll(2) == 0 { wrong(number) } else { format!("print({number})\n") };
    // The first lines are the docstring.
    let at = 3 + dice.roll(all.len() - 2);
    if at == all.len() || dice.roll(2) == 0 {
        all.insert(at, line)
    } else {
        all[at] = line
    }
    repository.write(name, all.concat());
}

/// Commits, and compares index and work tree with what they were: each line is where it was, as it was
/// or fixed.
fn commit(repository: &Repository, arguments: &[&str], context: &str) -> bool {
    let index = || -> BTreeMap<&str, String> {
        let of = |name| (name, repository.try_git(&["show", &format!(":{name}")]).stdout);
        FILES.into_iter().map(of).collect()
    };
    let (before, staged) = (repository.state(), index());
    let ended = repository
        .try_git(&[&["commit", "--allow-empty", "--message", "change"], arguments].concat());
    let is_committed = ended.status == Some(0);
    let (after, now) = (repository.state(), index());
    let context = format!("{context} {arguments:?} {ended:?}");
    assert!(matches!(ended.status, Some(0 | 1)), "{context}");
    assert_eq!(after.stash, "", "{context}");
    assert_eq!(is_committed, after.head != before.head, "{context}");
    let names: Vec<&String> = after.files.keys().collect();
    assert_eq!(names, before.files.keys().collect::<Vec<_>>(), "{context}");
    for (name, content) in &after.files {
        let (old, new) = (&before.files[name], content);
        if name.ends_with(".py") {
            let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
            assert_lines(&text(old), &text(new), &format!("{name} in {context}"));
        } else {
            assert_eq!(old, new, "{name} in {context}");
        }
    }
    for name in FILES {
        let work = |files: &BTreeMap<String, Vec<u8>>| {
            files.get(name).map(|bytes| String::from_utf8(bytes.clone()).unwrap())
        };
        let is_from_work = is_committed
            && (arguments.contains(&name) || arguments == ["--all"] && !staged[name].is_empty());
        let expected = match (is_from_work, work(&before.files)) {
            (true, Some(text)) => text,
            _ => staged[name].clone(),
        };
        assert_lines(&expected, &now[name], &format!("index of {name} in {context}"));
        if is_committed {
            let head = repository.try_git(&["show", &format!("HEAD:{name}")]).stdout;
            assert_eq!(fixed(&head), head, "{name} in {context}");
            // What is committed is what is in the index, except by the name of another file.
            if arguments.len() != 1 || arguments == ["--all"] {
                assert_eq!(head, now[name], "{name} in {context}");
            }
        }
    }
    is_committed
}

#[track_caller]
fn assert_lines(before: &str, after: &str, context: &str) {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    assert_eq!(old.len(), new.len(), "{context}\n{before}\n{after}");
    for (old, new) in old.into_iter().zip(new) {
        assert!(old == new || fixed(old) == new, "{context}: `{old}` became `{new}`");
    }
}
