//! Results for single files: after an edit, a tool gets only the files that changed.

use std::collections::BTreeSet;
use std::fs;

use cargo_pipe::cache::ResultCache;
use cargo_pipe::config::CacheMode;
use cargo_pipe::hash::Hash;

use crate::dice::Dice;
use crate::packages;
use crate::project::{Project, Report, variable};

tests![
    black_gets_what_changed_and_the_result_is_that_of_a_cold_run,
    black_fixes_what_is_not_known_to_be_formatted,
    black_is_asked_again_about_what_it_excludes,
    an_audit_names_a_wrong_result_of_one_file,
    a_command_gets_what_changed_if_it_says_so
];

tests!(SOAK, [after_random_edits_black_says_what_a_cold_run_says]);

/// Lists the files that each container gets, one container per line. It stands in the place of docker.
const SPY: &str = r#"
for arg in "$@"; do
    case "$arg" in *target=/app,*|*target=/app)
        [ "$1" = run ] || [ "$1" = create ] || continue
        folder=${arg#*source=}
        folder=${folder%%,*}
        (cd "$folder" && find . -name '*.py' -o -name '*.pyi' | sort | tr '\n' ' '; echo) >> "$SPY_LOG"
    esac
done
exec docker "$@"
"#;

/// A project whose results are stored, and whose containers are watched.
struct Watched(Project);

impl Watched {
    fn new() -> Watched {
        let project = Project::scaffolded().with("CARGO_PIPE_CACHE", "on");
        let log = project.root.join("../containers").to_str().unwrap().to_owned();
        let project = project.with_docker(&SPY.replace("$SPY_LOG", &log));
        for (path, text) in [
            ("src/main.py", "x = 1\n"),
            ("src/ugly.py", "x  =  1\n"),
            ("src/broken.py", "def f(:\n"),
            ("src/pkg/a.py", "y = 2\n"),
            ("src/pkg/b.py", "z = 3\n"),
            ("src/pkg/stub.pyi", "def f() -> None: ...\n"),
        ] {
            project.write(path, text);
        }
        Watched(project)
    }

    /// Runs a command, and returns the files that each container has got since the last call.
    fn seen(&self, args: &[&str]) -> (Report, Vec<BTreeSet<String>>) {
        let report = self.0.report(args);
        let log = self.0.root.join("../containers");
        let text = fs::read_to_string(&log).unwrap_or_default();
        let _ = fs::remove_file(&log);
        let names = |line: &str| {
            line.split_whitespace().map(|name| name.trim_start_matches("./").to_owned()).collect()
        };
        (report, text.lines().map(names).collect())
    }

    /// Runs a check, and returns the files of its only container. The report is that of a cold run.
    fn check(&self, check: &str) -> BTreeSet<String> {
        let (report, mut seen) = self.seen(&["run", check]);
        let (cold, _) = self.seen(&["run", check, "--no-cache"]);
        assert_eq!(report.comparable(), cold.comparable());
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn black_gets_what_changed_and_the_result_is_that_of_a_cold_run() {
    let project = Watched::new();
    let all = project.check("format");
    assert_eq!(all.len(), 6);
    project.0.write("src/pkg/a.py", "y = 3\n");
    assert_eq!(project.check("format"), set(&["src/pkg/a.py"]));
    project.0.write("src/pkg/b.py", "z  = 3\n");
    project.0.write("src/new.pyi", "x :int\n");
    assert_eq!(project.check("format"), set(&["src/new.pyi", "src/pkg/b.py"]));
    let why = project.0.pipe(&["why", "format"]).stdout;
    // The cold run that followed it checked all of them.
    assert!(why.contains("its last run checked every file: no results of an earlier run"), "{why}");
    fs::rename(project.0.root.join("src/pkg/a.py"), project.0.root.join("src/moved.py")).unwrap();
    project.seen(&["run", "format"]);
    let why = project.0.pipe(&["why", "format"]).stdout;
    let expected = "its last run checked 1 of 7 files again:\n  src/moved.py: it is new\n";
    assert!(why.contains(expected), "{why}");
    // Nothing is unknown after a file is gone, and black is asked about one whose result is certain.
    fs::remove_file(project.0.root.join("src/moved.py")).unwrap();
    assert_eq!(project.check("format"), set(&["src/broken.py"]));
    // A configuration is shared by all results.
    let config = fs::read_to_string(project.0.root.join(".config/black.toml")).unwrap();
    project.0.write(".config/black.toml", config.replace("line-length = 120", "line-length = 60"));
    assert_eq!(project.check("format").len(), 6);
    project.0.write("src/pkg/stub.pyi", "def f() -> int: ...\n");
    let settings = fs::read_to_string(project.0.root.join("pipe.toml")).unwrap();
    project.0.write("pipe.toml", settings.replace("topology = \"auto\"", "topology = \"stream\""));
    let streamed = project.0.report(&["run", "format"]);
    let cold = project.0.report(&["run", "format", "--no-cache"]);
    assert_eq!(streamed.comparable(), cold.comparable());
}

fn black_fixes_what_is_not_known_to_be_formatted() {
    let project = Watched::new();
    fs::remove_file(project.0.root.join("src/broken.py")).unwrap();
    project.seen(&["run", "format"]);
    project.0.write("src/pkg/a.py", "y  = 3\n");
    let (report, seen) = project.seen(&["run", "format", "--fix"]);
    assert_eq!(report.outcome("format"), "passed");
    // The fixer gets what changed and what had findings; the check then gets what was fixed.
    let fixed = set(&["src/pkg/a.py", "src/ugly.py"]);
    assert_eq!(seen, [fixed.clone(), fixed]);
    assert_eq!(fs::read_to_string(project.0.root.join("src/ugly.py")).unwrap(), "x = 1\n");
    // All is known to be formatted: nothing is started.
    let (report, seen) = project.seen(&["run", "format", "--fix"]);
    assert_eq!((report.outcome("format"), seen.len()), ("passed", 0));
    // Without the results of earlier runs, all of them are formatted again.
    let (_, seen) = project.seen(&["run", "format", "--fix", "--no-cache"]);
    assert_eq!(seen.iter().map(BTreeSet::len).collect::<Vec<_>>(), [5, 5]);
}

fn black_is_asked_again_about_what_it_excludes() {
    let project = Watched::new();
    let config = fs::read_to_string(project.0.root.join(".config/black.toml")).unwrap();
    project.0.write(".config/black.toml", format!("{config}\nextend-exclude = \"skip_me\"\n"));
    project.0.write("src/skip_me.py", "x  =  1\n");
    let first = project.seen(&["run", "format"]).0.found("format");
    assert!(first.iter().all(|(path, _, _)| path != "src/skip_me.py"), "{first:?}");
    // black says that it has nothing to check, so it is asked about all files.
    project.0.write("src/skip_me.py", "x  =  2\n");
    let (report, seen) = project.seen(&["run", "format"]);
    assert_eq!(report.found("format"), first);
    assert_eq!(seen.iter().map(BTreeSet::len).collect::<Vec<_>>(), [1, 7]);
    let why = project.0.pipe(&["why", "format"]).stdout;
    let reason = "its changed files could not be checked without the others";
    assert!(why.contains(&format!("its last run checked every file: {reason}")), "{why}");
    // With another file it has something to check.
    project.0.write("src/skip_me.py", "x  =  3\n");
    project.0.write("src/main.py", "x  =  3\n");
    assert_eq!(project.check("format"), set(&["src/main.py", "src/skip_me.py"]));
}

fn an_audit_names_a_wrong_result_of_one_file() {
    let project = Watched::new().0;
    assert_eq!(project.report(&["run", "format"]).found("format").len(), 2);
    assert_eq!(project.report(&["run", "format", "--audit"]).status, 1);
    let results = project.root.join("../home/.cache/cargo-pipe/results/states");
    let stored: Vec<String> = fs::read_dir(&results)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let (key, sources) = stored[0].split_once('-').unwrap();
    let hash = |text: &str| Hash::try_from(text.to_owned()).unwrap();
    let (key, sources) = (hash(key), hash(sources));
    let cache = project.root.join("../home/.cache/cargo-pipe");
    let store = ResultCache::new(cache, CacheMode::On, u64::MAX);
    let mut memory = store.memory(&key, &sources).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&memory.content).unwrap();
    json["src/ugly.py"]["findings"] = serde_json::json!([]);
    memory.content = json.to_string();
    store.save_memory(&key, &sources, &memory).unwrap();
    let report = project.report(&["run", "format", "--audit"]);
    assert_eq!(report.status, 3);
    let reason = report.check("format")["reason"]["message"].to_string();
    assert!(reason.contains("the stored results of black do not match a fresh run"), "{reason}");
    assert!(
        reason.contains("src/ugly.py: its findings differ: 0 stored, 1 in a fresh"),
        "{reason}"
    );
    // Neither it nor an outcome that may rest on it is believed.
    let report = project.report(&["run", "format"]);
    assert_eq!(report.found("format").len(), 2);
    let why = project.pipe(&["why", "format"]).stdout;
    assert!(why.contains("checked every file: no results of an earlier run"), "{why}");
}

/// Complains about each line with `ugly`, and about nothing that its list accepts.
const COMMAND: &str = "import pathlib, sys\n\
    accepted = pathlib.Path('tools/accepted').read_text().split()\n\
    found = [(p, n) for p in sorted(pathlib.Path('src').rglob('*.py'))\n\
    \x20        for n, line in enumerate(p.read_text().splitlines(), 1)\n\
    \x20        if '  ' in line and p.name not in accepted]\n\
    for path, line in found: print(f'{path}:{line}: warning: spaces')\n\
    sys.exit(bool(found))\n";

fn a_command_gets_what_changed_if_it_says_so() {
    let project = Watched::new();
    project.0.write("tools/spaces.py", COMMAND);
    project.0.write("tools/accepted", "none\n");
    let check = "[checks.spaces]\nrun = [\"python3\", \"tools/spaces.py\"]\ninputs = [\"tools\"]\n\
                 findings = \"gcc\"\nper-file = true\n";
    project.0.write("pipe.toml", format!("source = [\"src\"]\n{check}"));
    assert_eq!(project.check("spaces").len(), 7);
    project.0.write("src/pkg/a.py", "y  = 3\n");
    assert_eq!(project.check("spaces"), set(&["src/pkg/a.py", "tools/spaces.py"]));
    let found = project.seen(&["run", "spaces"]).0.found("spaces");
    let places: Vec<&str> = found.iter().map(|(path, _, _)| path.as_str()).collect();
    assert_eq!(places, ["src/pkg/a.py", "src/ugly.py"]);
    // What else it reads is shared by all results.
    project.0.write("tools/accepted", "ugly.py\n");
    assert_eq!(project.check("spaces").len(), 7);
    let text = fs::read_to_string(project.0.root.join("pipe.toml")).unwrap();
    project.0.write("pipe.toml", text.replace("per-file = true\n", ""));
    project.0.write("src/pkg/b.py", "y = 3\n");
    assert_eq!(project.check("spaces").len(), 7);
}

/// Does one thing to a package that can change what black says, and says what.
fn edit(project: &Project, package: &str, dice: &mut Dice, number: u32) -> String {
    let mut files = Vec::new();
    list(&project.root, package, &mut files);
    let path = files[dice.roll(files.len())].clone();
    let text = fs::read(project.root.join(&path)).unwrap();
    let write = |path: &str, parts: &[&[u8]]| project.write(path, parts.concat());
    let config = ".config/black.toml";
    match dice.roll(10) {
        0 => fs::remove_file(project.root.join(&path)).unwrap(),
        1 => {
            let to = format!("{package}/moved_{number}.py");
            fs::rename(project.root.join(&path), project.root.join(to)).unwrap();
        }
        2 => write(&format!("{package}/stub_{number}.pyi"), &[b"def f( ) ->None : ...\n"]),
        3 => write(&path, &[&text, b"def broken(:\n"]),
        4 => write(&path, &[b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", &text]),
        5 => write(&path, &[b"x = '\xe9'\n", &text]),
        6 => write(&path, &[&String::from_utf8_lossy(&text).replace('\n', "\r\n").into_bytes()]),
        7 => {
            let stem = path.rsplit('/').next().unwrap().split('.').next().unwrap();
            project.write(config, format!("line-length = 100\nextend-exclude = \"{stem}\"\n"));
        }
        8 => write(&path, &[&text, format!("y_{number} = {number}\n").as_bytes()]),
        _ => write(&path, &[&text, format!("y_{number}  =  {number}\n").as_bytes()]),
    }
    path
}

/// The Python files of a package, sorted.
fn list(root: &std::path::Path, folder: &str, files: &mut Vec<String>) {
    let mut names: Vec<String> = fs::read_dir(root.join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in names {
        let path = format!("{folder}/{name}");
        if root.join(&path).is_dir() {
            list(root, &path, files);
        } else if name.ends_with(".py") || name.ends_with(".pyi") {
            files.push(path);
        }
    }
}

/// `cargo xtask soak formatting PACKAGE --seed N --edits M` sets the variables.
#[expect(clippy::print_stdout, reason = "a soak shows the edits that were made")]
fn after_random_edits_black_says_what_a_cold_run_says() {
    let number = |name: &str| variable(name).map(|text| text.parse::<u32>().unwrap());
    let seed = number("CARGO_PIPE_TEST_SEED").unwrap_or(1);
    let edits = number("CARGO_PIPE_TEST_EDITS").unwrap_or(20);
    let package = variable("CARGO_PIPE_TEST_PACKAGE").unwrap_or_else(|| "httpx".to_owned());
    let project = packages::fetched(&package).with("CARGO_PIPE_CACHE", "on");
    let mut dice = Dice(seed.into());
    project.report(&["run", "format"]);
    for at in 1..=edits {
        let edited = edit(&project, &package, &mut dice, at);
        let warm = project.report(&["run", "format"]);
        let why = project.pipe(&["why", "format"]).stdout;
        let work = why.lines().find(|line| line.contains("its last run")).unwrap_or_default();
        println!("seed {seed}, edit {at}: {edited}: {work}");
        let cold = project.report(&["run", "format", "--cache", "off"]);
        assert_eq!(warm.comparable(), cold.comparable(), "seed {seed}, edit {at}: {edited}");
    }
}
