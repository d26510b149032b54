//! Changed lines, computed with real git.
//!
//! Each test makes a repository of its own, with settings that would change git's output.
//!
//! One piece because all tests share the repository and the ways to ask about it.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use cargo_pipe::env_vars::EnvVars;
use cargo_pipe::event::{Event, Observer};
use cargo_pipe::finding::Place;
use cargo_pipe::gate::lines::ChangedLines;
use cargo_pipe::gate::{GateSpec, Since};
use cargo_pipe::git::{GitContext, GitError, list_ignored, read_changed_lines};
use cargo_pipe::outcome::{Reason, Verdict};
use cargo_pipe::process::{Cancel, Emitter};
use cargo_pipe::project::ProjectPath;
use cargo_pipe::run::read_gate;

#[path = "harness/start.rs"]
mod start;

struct Silent;

impl Observer for Silent {
    fn observe(&mut self, _: &Event<'_>) {}
}

/// A repository with one commit on `main`: `src/a.py` of ten lines.
struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    fn empty() -> Repository {
        let repository = Repository { folder: tempfile::tempdir().unwrap() };
        repository.git("init --quiet --initial-branch main");
        for setting in [
            "user.name tester",
            "user.email tester@example.org",
            "diff.noprefix true",
            "diff.context 9",
            "diff.external false",
            "color.ui always",
            "core.quotePath true",
        ] {
            repository.git(&format!("config {setting}"));
        }
        repository
    }

    fn new() -> Repository {
        let repository = Repository::empty();
        repository.write("src/a.py", &(1..=10).map(|line| format!("{line}\n")).collect::<String>());
        repository.commit();
        repository
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn commit(&self) {
        self.git("add --all");
        self.git("commit --quiet --message change");
    }

    fn git(&self, words: &str) -> String {
        git(self.path(), words)
    }

    fn changed(&self, since: Option<&str>) -> ChangedLines {
        changed(self.path(), since, &[]).unwrap()
    }
}

fn git(folder: &Path, words: &str) -> String {
    let output = start::command("git")
        .args(words.split(' '))
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_ALLOW_PROTOCOL", "file")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {words}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn changed(
    root: &Path,
    since: Option<&str>,
    variables: &[(&str, &str)],
) -> Result<ChangedLines, Reason> {
    let process = EnvVars::of_process();
    let path = ("PATH", process.get("PATH").unwrap());
    let variables = match variables {
        [] => EnvVars::from([path]),
        [one] => EnvVars::from([path, *one]),
        [one, two, three] => EnvVars::from([path, *one, *two, *three]),
        _ => unreachable!("no test sets so many"),
    };
    let mut observer = Silent;
    let emitter = Emitter::new(&mut observer);
    let cancel = Cancel::default();
    let mut wanted = GateSpec::default();
    wanted.changed = Some(match since {
        Some(name) => Since::Ref(name.to_owned()),
        None => Since::Default,
    });
    let site = GitContext { root, variables: &variables, cancel: &cancel, emitter: &emitter };
    let gate = read_gate(site, &wanted, &[ProjectPath::new("src").unwrap()])?;
    Ok(gate.changed.unwrap().1)
}

/// The lines of a file that changed, of the first twenty.
fn lines(changed: &ChangedLines, path: &str) -> Vec<u32> {
    let place = |line| Place { column: Some(1), ..Place::line(path, line) };
    (1..=20).filter(|line| changed.touch(&place(*line))).collect()
}

fn all() -> Vec<u32> {
    (1..=20).collect()
}

#[test]
fn committed_staged_edited_and_new_lines_count() {
    let repository = Repository::new();
    repository.git("switch --quiet --create work");
    repository.write("src/a.py", "1\nb\n3\n4\n5\n6\n7\n8\n9\n10\n");
    repository.commit();
    repository.write("src/a.py", "1\nb\n3\n4\ne\n6\n7\n8\n9\n10\n");
    repository.git("add --all");
    repository.write("src/a.py", "1\nb\n3\n4\ne\n6\n7\n8\n9\n10\nnew\n");
    repository.write("src/new.py", "1\n");
    repository.write("elsewhere.py", "1\n");
    let changed = repository.changed(None);
    assert_eq!(lines(&changed, "src/a.py"), [2, 5, 11]);
    assert_eq!(lines(&changed, "src/new.py"), all());
    assert!(lines(&changed, "elsewhere.py").is_empty(), "no check looks at it");
}

#[test]
fn changes_on_the_other_branch_do_not_count() {
    let repository = Repository::new();
    repository.git("switch --quiet --create work");
    repository.write("src/a.py", "1\nb\n3\n4\n5\n6\n7\n8\n9\n10\n");
    repository.commit();
    repository.git("switch --quiet main");
    repository.write("src/a.py", "1\n2\n3\n4\n5\n6\n7\n8\n9\nj\n");
    repository.commit();
    repository.git("switch --quiet --detach work");
    assert_eq!(lines(&repository.changed(Some("main")), "src/a.py"), [2]);
    assert_eq!(lines(&repository.changed(None), "src/a.py"), [2]);
}

#[test]
fn renamed_deleted_and_binary_files_are_no_trouble() {
    let repository = Repository::new();
    repository.write("src/gone.py", "1\n");
    repository.write("src/data.bin", "a\0b\n");
    repository.write(".gitattributes", "*.py -diff\n");
    repository.commit();
    repository.git("mv src/a.py src/renamed.py");
    fs::remove_file(repository.path().join("src/gone.py")).unwrap();
    repository.write("src/data.bin", "a\0c\n");
    repository.write("src/renamed.py", "1\n2\nc\n4\n5\n6\n7\n8\n9\n10\n");
    let changed = repository.changed(Some("HEAD"));
    assert_eq!(lines(&changed, "src/renamed.py"), [3]);
    assert!(lines(&changed, "src/gone.py").is_empty());
    assert!(changed.touch(&Place::line("src/data.bin", 1)));
}

#[test]
fn odd_names_are_found() {
    let repository = Repository::new();
    let names = ["src/odd name.py", "src/\u{e9}\u{1f600}.py", "src/a\"b\\c\t.py", "src/[a]*.py"];
    for name in names {
        repository.write(name, "1\n2\n3\n");
    }
    repository.commit();
    for name in names {
        repository.write(name, "1\nb\n3\n");
    }
    // No check can report a name that is not Unicode.
    let odd = std::ffi::OsString::from_vec(b"src/\xff.py".to_vec());
    fs::write(repository.path().join(PathBuf::from(odd)), "1\n").unwrap();
    let changed = repository.changed(Some("HEAD"));
    for name in names {
        assert_eq!(lines(&changed, name), [2], "{name}");
    }
}

#[test]
fn a_project_below_the_repository_and_another_worktree_have_their_own_paths() {
    let repository = Repository::new();
    repository.write("part/src/a.py", "1\n2\n");
    repository.commit();
    let other = repository.path().join("other tree");
    repository.git("config --unset diff.external");
    let status = start::command("git")
        .args(["worktree", "add", "--quiet", "--detach"])
        .arg(&other)
        .current_dir(repository.path())
        .status()
        .unwrap();
    assert!(status.success());
    fs::write(other.join("part/src/a.py"), "1\nb\n").unwrap();
    fs::write(other.join("part/src/new.py"), "1\n").unwrap();
    let changed = changed(&other.join("part"), Some("HEAD"), &[]).unwrap();
    assert_eq!(lines(&changed, "src/a.py"), [2]);
    assert_eq!(lines(&changed, "src/new.py"), all());
}

#[test]
fn another_repository_inside_is_left_alone() {
    let repository = Repository::new();
    let inner = repository.path().join("src/inner");
    fs::create_dir(&inner).unwrap();
    git(&inner, "init --quiet");
    git(&inner, "-c user.name=t -c user.email=t@e commit --quiet --allow-empty --message inner");
    repository.git("-c advice.addEmbeddedRepo=false add --all");
    repository.git("commit --quiet --message submodule");
    fs::write(inner.join("x.py"), "1\n").unwrap();
    let changed = repository.changed(Some("HEAD"));
    assert!(lines(&changed, "src/inner/x.py").is_empty());
}

#[test]
fn the_first_commit_and_none_at_all() {
    let none = Repository::empty();
    none.write("src/a.py", "1\n");
    let reason = changed(none.path(), None, &[]).unwrap_err();
    assert!(reason.message.contains("no commit yet"), "{reason:?}");
    assert_eq!(reason.verdict(), Verdict::Config);

    let first = Repository::new();
    assert!(lines(&first.changed(None), "src/a.py").is_empty());
}

#[test]
fn variables_of_a_job_name_the_commit() {
    let repository = Repository::new();
    let base = repository.git("rev-parse HEAD");
    repository.write("src/a.py", "1\nb\n3\n4\n5\n6\n7\n8\n9\n10\n");
    repository.commit();
    let gitlab = changed(repository.path(), None, &[("CI_MERGE_REQUEST_DIFF_BASE_SHA", &base)]);
    assert_eq!(lines(&gitlab.unwrap(), "src/a.py"), [2]);

    let missing = changed(repository.path(), None, &[("GITHUB_BASE_REF", "main")]).unwrap_err();
    assert!(
        missing.message.contains("`origin/main`, which `GITHUB_BASE_REF` names"),
        "{missing:?}"
    );
    assert!(missing.to_string().contains("git fetch origin main"), "{missing:?}");
    repository.git(&format!("update-ref refs/remotes/origin/main {base}"));
    let github = changed(repository.path(), None, &[("GITHUB_BASE_REF", "main")]);
    assert_eq!(lines(&github.unwrap(), "src/a.py"), [2]);
}

#[test]
fn a_shallow_clone_names_the_command_that_completes_it() {
    let repository = Repository::new();
    let base = repository.git("rev-parse HEAD");
    repository.write("src/b.py", "1\n");
    repository.commit();
    let clone = tempfile::tempdir().unwrap();
    let source = format!("file://{}", repository.path().display());
    git(clone.path(), &format!("clone --quiet --depth 1 {source} shallow"));
    let shallow = clone.path().join("shallow");
    let reason = changed(&shallow, None, &[("CI_MERGE_REQUEST_DIFF_BASE_SHA", &base)]).unwrap_err();
    assert!(reason.to_string().contains("git fetch --unshallow"), "{reason:?}");
    assert_eq!(reason.verdict(), Verdict::Config);
}

#[test]
fn a_name_that_is_none_and_one_that_is_an_option_are_refused() {
    let repository = Repository::new();
    for name in ["nowhere", "--all", "-h", ""] {
        let reason = changed(repository.path(), Some(name), &[]).unwrap_err();
        assert!(reason.message.contains("which the command line names"), "{name}: {reason:?}");
    }
}

#[test]
fn a_folder_without_git_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let reason = changed(folder.path(), None, &[]).unwrap_err();
    assert!(reason.message.contains("no usable git repository here"), "{reason:?}");
}

#[test]
fn branches_without_a_common_commit_are_an_error() {
    let repository = Repository::new();
    repository.git("switch --quiet --orphan other");
    repository.write("src/b.py", "1\n");
    repository.commit();
    let reason = changed(repository.path(), Some("main"), &[]).unwrap_err();
    assert!(reason.message.contains("no commit in common"), "{reason:?}");
}

/// A repository with a program that leaves a witness, a changed file, and attributes that name the
/// driver and the filter `evil`.
struct Hostile {
    repository: Repository,
    script: String,
    witness: PathBuf,
}

impl Hostile {
    fn new() -> Hostile {
        let repository = Repository::new();
        repository.git("config --unset diff.external");
        repository.write("src/b.py", "1\n2\n");
        repository.commit();
        let witness = repository.path().join("witness");
        let script = repository.path().join("script.sh");
        fs::write(&script, format!("#!/bin/sh\ntouch {}\ncat\n", witness.display())).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        repository.write(".gitattributes", "*.py filter=evil diff=evil merge=evil ident eol=lf\n");
        repository.write("src/a.py", "1\nb\n3\n4\n5\n6\n7\n8\n9\n10\n");
        let script = script.display().to_string();
        Hostile { repository, script, witness }
    }

    /// Runs our questions to git, and asserts that no other program was started.
    #[track_caller]
    fn holds(&self, variables: &[(&str, &str)], what: &str) {
        let _ = fs::remove_file(&self.witness);
        let changed = changed(self.repository.path(), Some("HEAD"), variables).unwrap();
        assert_eq!(lines(&changed, "src/a.py"), [2], "{what}");
        assert!(lines(&changed, "src/b.py").is_empty(), "{what}");
        let ignored = ignored(self.repository.path(), variables).unwrap();
        assert!(ignored.is_empty(), "{what}: {ignored:?}");
        assert!(!self.witness.exists(), "{what} started a program");
    }
}

fn ignored(root: &Path, variables: &[(&str, &str)]) -> Result<Vec<ProjectPath>, GitError> {
    let process = EnvVars::of_process();
    let path = ("PATH", process.get("PATH").unwrap());
    let variables = match variables {
        [one, two, three] => EnvVars::from([path, *one, *two, *three]),
        _ => EnvVars::from([path]),
    };
    let mut observer = Silent;
    let (cancel, emitter) = (Cancel::default(), Emitter::new(&mut observer));
    let site = GitContext { root, variables: &variables, cancel: &cancel, emitter: &emitter };
    list_ignored(site, &[ProjectPath::new("src").unwrap()])
}

/// The settings of git that name a program, or let one be started. `%` is the program.
const PROGRAMS: &[&str] = &[
    "alias.cat-file=!%",
    "alias.ls-files=!%",
    "alias.ls-tree=!%",
    "alias.rev-parse=!%",
    "browser.evil.cmd=%",
    "core.alternateRefsCommand=%",
    "core.askPass=%",
    "core.editor=%",
    "core.fsmonitor=%",
    "core.fsmonitor=true",
    "core.gitProxy=%",
    "core.hooksPath=.hooks",
    "core.pager=%",
    "core.sshCommand=%",
    "credential.helper=!%",
    "diff.evil.command=%",
    "diff.evil.textconv=%",
    "diff.external=%",
    "difftool.evil.cmd=%",
    "filter.evil.clean=%",
    "filter.evil.process=%",
    "filter.evil.smudge=%",
    "gc.recentObjectsHook=%",
    "gpg.program=%",
    "gpg.ssh.defaultKeyCommand=%",
    "gpg.ssh.program=%",
    "hook.evil.command=%",
    "interactive.diffFilter=%",
    "log.showSignature=true",
    "merge.evil.driver=%",
    "mergetool.evil.cmd=%",
    "pager.ls-files=%",
    "pager.rev-parse=%",
    "receive.procReceiveRefs=refs",
    "remote.origin.receivepack=%",
    "remote.origin.uploadpack=%",
    "remote.origin.url=ext::%",
    "remote.origin.vcs=evil",
    "sequence.editor=%",
    "submodule.inner.update=!%",
    "trailer.evil.cmd=%",
    "trailer.evil.command=%",
    "uploadpack.packObjectsHook=%",
];

#[test]
fn no_setting_of_git_starts_a_program() {
    let hostile = Hostile::new();
    let Hostile { repository, script, .. } = &hostile;
    fs::create_dir(repository.path().join(".hooks")).unwrap();
    for hook in
        ["post-index-change", "reference-transaction", "post-checkout", "fsmonitor-watchman"]
    {
        for folder in [".hooks", ".git/hooks"] {
            let place = repository.path().join(folder);
            fs::create_dir_all(&place).unwrap();
            fs::copy(script, place.join(hook)).unwrap();
        }
    }
    let config = repository.path().join(".git/config");
    let plain = fs::read_to_string(&config).unwrap();
    let set = |file: &Path, setting: &str| {
        let (name, value) = setting.split_once('=').unwrap();
        let value = value.replace('%', script);
        let mut words = vec!["config", "--file", file.to_str().unwrap(), name, &value];
        // Any filter that is missing or fails must not end the command either.
        if name.starts_with("filter.") {
            words = vec!["config", "--file", words[2], "--replace-all", name, &value];
        }
        assert!(start::command("git").args(words).status().unwrap().success(), "{setting}");
    };
    let included = repository.path().join("included");
    let include = format!("[include]\n\tpath = {}\n", included.display());
    let include_if = format!(
        "[includeIf \"gitdir:{}/\"]\n\tpath = {}\n",
        repository.path().canonicalize().unwrap().display(),
        included.display()
    );
    let worktree = repository.path().join(".git/config.worktree");
    for setting in PROGRAMS {
        fs::write(&config, &plain).unwrap();
        set(&config, setting);
        hostile.holds(&[], setting);

        fs::write(&included, "").unwrap();
        set(&included, setting);
        for include in [&include, &include_if] {
            fs::write(&config, format!("{plain}{include}")).unwrap();
            hostile.holds(&[], &format!("{setting} in an included file"));
        }

        fs::write(&config, &plain).unwrap();
        repository.git("config extensions.worktreeConfig true");
        fs::write(&worktree, "").unwrap();
        set(&worktree, setting);
        hostile.holds(&[], &format!("{setting} of a worktree"));
        fs::remove_file(&worktree).unwrap();

        fs::write(&config, &plain).unwrap();
        let included = included.to_str().unwrap();
        for name in ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG"] {
            let variables = [(name, included), ("PAGER", script), ("EDITOR", script)];
            hostile.holds(&variables, &format!("{setting} in {name}"));
        }
        let (name, value) = setting.split_once('=').unwrap();
        let value = value.replace('%', script);
        let count =
            [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", name), ("GIT_CONFIG_VALUE_0", &value)];
        hostile.holds(&count, &format!("{setting} in GIT_CONFIG_COUNT"));
    }
}

#[test]
fn all_settings_together_and_a_required_filter_start_no_program() {
    let hostile = Hostile::new();
    let Hostile { repository, script, .. } = &hostile;
    // It would replace the program of the same setting.
    for setting in PROGRAMS.iter().filter(|it| **it != "core.fsmonitor=true") {
        let (name, value) = setting.split_once('=').unwrap();
        let words = ["config", "--replace-all", name, &value.replace('%', script)];
        let mut command = start::command("git");
        assert!(command.args(words).current_dir(repository.path()).status().unwrap().success());
    }
    repository.git("config filter.evil.required true");
    hostile.holds(&[], "all settings");
}

#[test]
fn no_variable_of_git_starts_a_program_or_leads_elsewhere() {
    let hostile = Hostile::new();
    let script = hostile.script.as_str();
    let elsewhere = tempfile::tempdir().unwrap();
    let other = elsewhere.path().to_str().unwrap();
    let local = start::command("git").args(["rev-parse", "--local-env-vars"]).output().unwrap();
    let local = String::from_utf8(local.stdout).unwrap();
    for name in local.lines().filter(|name| *name != "GIT_CONFIG_COUNT") {
        hostile.holds(&[(name, other), ("A", "a"), ("B", "b")], name);
    }
    for name in [
        "GIT_EXTERNAL_DIFF",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_PROXY_COMMAND",
        "GIT_ASKPASS",
        "SSH_ASKPASS",
        "GIT_PAGER",
        "PAGER",
        "GIT_EDITOR",
        "GIT_SEQUENCE_EDITOR",
        "VISUAL",
        "EDITOR",
    ] {
        hostile.holds(&[(name, script), ("A", "a"), ("B", "b")], name);
    }
    for name in ["GIT_EXEC_PATH", "GIT_TEMPLATE_DIR", "GIT_NAMESPACE", "GIT_ATTR_SOURCE"] {
        hostile.holds(&[(name, other), ("A", "a"), ("B", "b")], name);
    }
    let trace = elsewhere.path().join("trace");
    let trace = trace.to_str().unwrap();
    hostile.holds(
        &[("GIT_TRACE", trace), ("GIT_TRACE2", trace), ("GIT_TRACE2_EVENT", trace)],
        "trace",
    );
    assert!(!Path::new(trace).exists());
}

#[test]
fn a_partial_clone_that_lacks_a_content_fetches_nothing() {
    let hostile = Hostile::new();
    let Hostile { repository, script, witness } = &hostile;
    let id = repository.git("rev-parse HEAD:src/a.py");
    fs::remove_file(repository.path().join(format!(".git/objects/{}/{}", &id[..2], &id[2..])))
        .unwrap();
    for (name, value) in [
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", &format!("ext::{script}")),
        ("remote.origin.uploadpack", script),
        ("protocol.ext.allow", "always"),
    ] {
        repository.git(&format!("config {name} {value}"));
    }
    let reason = changed(repository.path(), Some("HEAD"), &[]).unwrap_err();
    assert!(reason.message.contains("`src/a.py` at `HEAD` is missing"), "{reason:?}");
    assert!(!witness.exists());
}

#[test]
fn a_bare_repository_among_the_files_is_not_the_repository() {
    let hostile = Hostile::new();
    let Hostile { repository, script, witness } = &hostile;
    let project = repository.path().join("project");
    fs::create_dir_all(project.join("src")).unwrap();
    git(&project, "init --quiet --bare .");
    git(&project, &format!("--git-dir . config core.fsmonitor {script}"));
    git(&project, "--git-dir . config core.bare false");
    git(&project, &format!("--git-dir . config core.worktree {}", project.display()));
    let reason = changed(&project, Some("HEAD"), &[]).unwrap_err();
    assert!(reason.message.contains("no usable git repository here"), "{reason:?}");
    let _ = ignored(&project, &[]);
    assert!(!witness.exists());
}

#[test]
fn a_repository_of_another_user_is_refused_unless_the_user_trusts_it() {
    if !rustix::process::geteuid().is_root() {
        return; // Only root can give a folder away.
    }
    let repository = Repository::new();
    for path in [".", ".git"] {
        std::os::unix::fs::chown(repository.path().join(path), Some(12345), None).unwrap();
    }
    let reason = changed(repository.path(), Some("HEAD"), &[]).unwrap_err();
    assert!(reason.message.contains("dubious ownership"), "{reason:?}");
    assert_eq!(reason.verdict(), Verdict::Config);
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(".gitconfig"), "[safe]\n\tdirectory = *\n").unwrap();
    assert!(
        changed(repository.path(), Some("HEAD"), &[("HOME", home.path().to_str().unwrap())])
            .is_ok()
    );
    let trusted = [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "safe.directory"),
        ("GIT_CONFIG_VALUE_0", "*"),
    ];
    assert!(changed(repository.path(), Some("HEAD"), &trusted).is_ok());
}

#[test]
fn a_sha_256_repository_has_changed_lines_too() {
    let repository = Repository { folder: tempfile::tempdir().unwrap() };
    repository.git("init --quiet --initial-branch main --object-format sha256");
    repository.git("config user.name t");
    repository.git("config user.email t@example.org");
    repository.write("src/a.py", "1\n2\n3\n");
    repository.write("src/b.py", "1\n");
    repository.commit();
    repository.write("src/a.py", "1\nb\n3\n");
    let changed = repository.changed(Some("HEAD"));
    assert_eq!(lines(&changed, "src/a.py"), [2]);
    assert!(!changed.touch(&Place::line("src/b.py", 1)));
}

#[test]
fn contents_that_git_converts_have_only_their_own_changes() {
    let repository = Repository::new();
    repository.write("src/crlf.py", "1\n2\n3\n");
    repository.write("src/unchanged.py", "1\n2\n3\n");
    repository.write("src/id.py", "# $Id$\n2\n3\n");
    repository.write(".gitattributes", "src/id.py ident\n");
    repository.commit();
    repository.git("config core.autocrlf true");
    for name in ["src/crlf.py", "src/unchanged.py", "src/id.py"] {
        fs::remove_file(repository.path().join(name)).unwrap();
    }
    repository.git("checkout -- src");
    let read = |name: &str| fs::read_to_string(repository.path().join(name)).unwrap();
    assert_eq!(read("src/unchanged.py"), "1\r\n2\r\n3\r\n");
    assert!(read("src/id.py").starts_with("# $Id: "));
    repository.write("src/crlf.py", "1\r\nb\r\n3\r\n");
    repository.write("src/id.py", &read("src/id.py").replace('3', "c"));
    let changed = repository.changed(Some("HEAD"));
    assert_eq!(lines(&changed, "src/crlf.py"), [2]);
    assert_eq!(lines(&changed, "src/id.py"), [3]);
    for name in ["src/unchanged.py", "src/a.py"] {
        assert!(!changed.touch(&Place::line(name, 1)), "{name}");
    }
}

#[test]
fn a_content_in_git_lfs_is_compared_by_its_hash() {
    let repository = Repository::new();
    let stored = "version https://git-lfs.github.com/spec/v1\noid sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\nsize 6\n";
    for name in ["src/same.txt", "src/other.txt", "src/text.txt"] {
        repository.write(name, stored);
    }
    repository.commit();
    repository.write("src/same.txt", "hello\n");
    repository.write("src/other.txt", "other\n");
    let changed = repository.changed(Some("HEAD"));
    assert!(!changed.touch(&Place::line("src/same.txt", 1)));
    assert_eq!(lines(&changed, "src/other.txt"), all());
    assert!(!changed.touch(&Place::line("src/text.txt", 1)));
}

#[test]
fn modes_links_pipes_and_names_of_any_kind_are_compared() {
    let repository = Repository::new();
    let odd = "src/new\nline.py";
    repository.write(odd, "1\n2\n");
    for name in
        ["src/mode.py", "src/to-link.py", "src/to-pipe.py", "src/to-folder.py", "src/big.py"]
    {
        repository.write(name, "1\n2\n");
    }
    std::os::unix::fs::symlink("a.py", repository.path().join("src/link.py")).unwrap();
    std::os::unix::fs::symlink("a.py", repository.path().join("src/moved.py")).unwrap();
    let bytes = PathBuf::from(std::ffi::OsString::from_vec(b"src/\xff.py".to_vec()));
    fs::write(repository.path().join(&bytes), "1\n").unwrap();
    repository.commit();
    repository.write(odd, "1\nb\n");
    fs::write(repository.path().join(&bytes), "b\n").unwrap();
    let place = |name: &str| repository.path().join(name);
    fs::set_permissions(place("src/mode.py"), fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["src/moved.py", "src/to-link.py", "src/to-pipe.py", "src/to-folder.py"] {
        fs::remove_file(place(name)).unwrap();
    }
    std::os::unix::fs::symlink("b.py", place("src/moved.py")).unwrap();
    std::os::unix::fs::symlink("mode.py", place("src/to-link.py")).unwrap();
    assert!(start::command("mkfifo").arg(place("src/to-pipe.py")).status().unwrap().success());
    repository.write("src/to-folder.py/x.py", "1\n");
    // A sparse file of a terabyte is not read.
    fs::File::options().write(true).open(place("src/big.py")).unwrap().set_len(1 << 40).unwrap();
    let changed = repository.changed(Some("HEAD"));
    assert_eq!(lines(&changed, odd), [2]);
    for name in ["src/mode.py", "src/link.py"] {
        assert!(!changed.touch(&Place::line(name, 1)), "{name}");
    }
    for name in
        ["src/moved.py", "src/to-link.py", "src/to-pipe.py", "src/to-folder.py/x.py", "src/big.py"]
    {
        assert_eq!(lines(&changed, name), all(), "{name}");
    }
}

#[test]
fn a_file_whose_lines_tools_count_differently_has_changed_as_a_whole() {
    let repository = Repository::new();
    repository.write("src/a.py", "1\n2\rhidden\n3\n4\n5\n6\n7\n8\n9\n10\n");
    assert_eq!(lines(&repository.changed(Some("HEAD")), "src/a.py"), all());
}

#[test]
fn the_project_at_the_root_of_a_repository_is_compared_as_a_whole() {
    let repository = Repository::new();
    repository.write("b.py", "1\n");
    let variables = EnvVars::of_process();
    let mut observer = Silent;
    let (cancel, emitter) = (Cancel::default(), Emitter::new(&mut observer));
    let root = repository.path();
    let site = GitContext { root, variables: &variables, cancel: &cancel, emitter: &emitter };
    let since = Since::Ref("HEAD".to_owned());
    let (_, changed) = read_changed_lines(site, &since, &[ProjectPath::root()]).unwrap();
    assert_eq!(lines(&changed, "b.py"), all());
    assert!(!changed.touch(&Place::line("src/a.py", 1)));
}
