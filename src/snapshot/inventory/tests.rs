//! The files that an inventory contains, and those that it leaves out.

use std::os::unix::fs::symlink;

use super::*;

struct Project(tempfile::TempDir);

impl Project {
    fn with(files: &[&str]) -> Project {
        let project = Project(tempfile::tempdir().unwrap());
        files.iter().for_each(|file| project.write(file, "x = 1\n"));
        project
    }

    fn write(&self, path: &str, content: &str) {
        let place = self.root().join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, content).unwrap();
    }

    fn root(&self) -> std::path::PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    fn take(&self, file_set: &FileSet) -> Inventory {
        Inventory::take(&self.root(), file_set, &Index::none(), &Cancel::default()).unwrap()
    }

    fn seen(&self, file_set: &FileSet) -> Vec<String> {
        self.take(file_set).entries.keys().map(ToString::to_string).collect()
    }
}

fn covering(paths: &[&str]) -> FileSet {
    FileSet {
        paths: paths.iter().map(|path| ProjectPath::new(path).unwrap()).collect(),
        ..FileSet::default()
    }
}

#[test]
fn only_what_is_below_the_named_paths_is_seen_and_the_root_s_marker() {
    let project = Project::with(&["src/a.py", "src/b/c.py", "src2/d.py", "e.py", "pyproject.toml"]);
    assert_eq!(project.seen(&covering(&["src"])), ["pyproject.toml", "src/a.py", "src/b/c.py"]);
}

#[test]
fn the_project_s_own_gitignore_counts_without_a_repository_and_a_parent_s_does_not() {
    let outer = Project::with(&["inner/src/a.py", "inner/src/b.py", "inner/src/sub/c.py"]);
    outer.write(".gitignore", "a.py\n");
    outer.write("inner/.gitignore", "b.py\n");
    outer.write("inner/src/sub/.gitignore", "*\n");
    let inner = outer.root().join("inner");
    let inventory =
        Inventory::take(&inner, &covering(&["src"]), &Index::none(), &Cancel::default()).unwrap();
    assert_eq!(inventory.entries.keys().map(ProjectPath::as_str).collect::<Vec<_>>(), ["src/a.py"]);
}

#[test]
fn hidden_files_caches_environments_other_repositories_and_vendored_crates_are_not_seen() {
    let project = Project::with(&[
        "a.py",
        ".env",
        ".hidden/b.py",
        ".git/config",
        "__pycache__/a.pyc",
        "node_modules/m/x.py",
        "venv/pyvenv.cfg",
        "venv/lib/x.py",
        "cache/CACHEDIR.TAG",
        "cache/x.py",
        "module/.git",
        "module/x.py",
        "vendor/ring/.cargo-checksum.json",
        "vendor/ring/mk/x.py",
    ]);
    assert_eq!(project.seen(&covering(&["."])), ["a.py"]);
}

#[test]
fn a_hidden_path_that_is_named_is_seen() {
    let project = Project::with(&[".config/mypy.ini", ".config/other.ini", "a.py"]);
    assert_eq!(project.seen(&covering(&[".config/mypy.ini"])), [".config/mypy.ini"]);
}

#[test]
fn globs_leave_files_out_and_take_ignored_ones_in() {
    let project = Project::with(&["src/a.py", "src/gen/b.py", "src/_version.py", "src/x/m_pb2.py"]);
    project.write(".gitignore", "_version.py\n");
    let file_set = FileSet {
        exclude: vec!["src/gen/**".into(), "*_pb2.py".into()],
        include: vec!["src/_version.py".into()],
        ..covering(&["src"])
    };
    assert_eq!(project.seen(&file_set), ["src/_version.py", "src/a.py"]);
}

#[test]
fn a_link_is_seen_only_if_it_leads_to_what_is_seen() {
    let project = Project::with(&["src/a.py", "src/pkg/m.py", "other/secret.py"]);
    let source = project.root().join("src");
    symlink("a.py", source.join("inside.py")).unwrap();
    symlink(source.join("pkg"), source.join("folder")).unwrap();
    symlink("../other/secret.py", source.join("uncovered.py")).unwrap();
    symlink("/etc/passwd", source.join("outside.py")).unwrap();
    symlink("nowhere", source.join("broken.py")).unwrap();

    let inventory = project.take(&covering(&["src"]));
    let seen: Vec<_> = inventory.entries.keys().map(ProjectPath::as_str).collect();
    assert_eq!(seen, ["src/a.py", "src/folder", "src/inside.py", "src/pkg/m.py"]);
    let warned = inventory.warnings.join("\n");
    for name in ["uncovered.py", "outside.py", "broken.py"] {
        assert!(warned.contains(name), "{warned}");
    }
}

#[test]
fn a_path_that_is_not_there_is_named() {
    let project = Project::with(&["a.py"]);
    let error =
        Inventory::take(&project.root(), &covering(&["src"]), &Index::none(), &Cancel::default())
            .unwrap_err();
    assert_eq!(error.to_string(), "`src` does not exist");
}

#[test]
fn every_byte_name_and_executable_bit_changes_the_hash_and_a_touch_does_not() {
    let project = Project::with(&["src/a.py"]);
    let hash = || project.take(&covering(&["src"])).hash();
    let before = hash();
    project.write("src/a.py", "x = 1\n");
    assert_eq!(hash(), before);

    let file = project.root().join("src/a.py");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let executable = hash();
    project.write("src/a.py", "x = 2\n");
    let edited = hash();
    fs::rename(&file, project.root().join("src/b.py")).unwrap();
    let renamed = hash();
    let all = BTreeSet::from([before, executable, edited, renamed]);
    assert_eq!(all.len(), 4);
}

#[test]
fn a_named_link_is_refused_by_name() {
    let project = Project::with(&["real/a.py"]);
    symlink("real", project.root().join("src")).unwrap();
    for named in ["src", "src/a.py"] {
        let taken = Inventory::take(
            &project.root(),
            &covering(&[named]),
            &Index::none(),
            &Cancel::default(),
        );
        assert!(taken.unwrap_err().to_string().starts_with("`src` is a link"));
    }
}

#[test]
fn a_stop_is_heeded_while_files_are_read() {
    let project = Project::with(&["a.py"]);
    let cancel = Cancel::default();
    cancel.interrupt();
    let taken = Inventory::take(&project.root(), &covering(&["."]), &Index::none(), &cancel);
    assert!(matches!(taken, Err(SnapshotError::Stopped)));
}

#[test]
fn rules_on_the_way_to_a_named_path_count_and_the_deepest_one_wins() {
    let project = Project::with(&["a/b/c/x.py", "a/b/c/y.py", "a/b/kept/x.py", "a/gone/x.py"]);
    project.write("a/.gitignore", "x.py\ngone\n");
    project.write("a/b/kept/.gitignore", "!x.py\n");
    assert_eq!(project.seen(&covering(&["a/b"])), ["a/b/c/y.py", "a/b/kept/x.py"]);
    assert!(project.seen(&covering(&["a/gone"])).is_empty());
    assert!(project.seen(&covering(&["a/b/c/x.py"])).is_empty());
}

#[test]
fn coverages_that_are_taken_together_are_as_each_alone() {
    let project = Project::with(&["src/a.py", "src/gen/b.py", "tests/t.py", "setup.cfg", ".x/y"]);
    symlink("a.py", project.root().join("src/link.py")).unwrap();
    let file_sets = [
        covering(&["src"]),
        covering(&["setup.cfg", "src"]),
        covering(&["src/gen", "tests"]),
        FileSet { exclude: vec!["gen".into()], ..covering(&["."]) },
        covering(&["missing", "src"]),
    ];
    let each = file_sets.iter().collect();
    let index = Index::none();
    let taken = Inventory::take_each(&project.root(), &each, &index, &Cancel::default());
    assert_eq!(taken.len(), file_sets.len());
    for (file_set, together) in taken {
        let alone = Inventory::take(&project.root(), file_set, &index, &Cancel::default());
        match (together, alone) {
            (Ok(together), Ok(alone)) => assert_eq!(together, alone),
            (together, alone) => {
                assert_eq!(together.unwrap_err().to_string(), alone.unwrap_err().to_string())
            }
        }
    }
}

#[test]
fn a_generated_file_is_seen_where_it_exists_although_it_is_ignored() {
    let project = Project::with(&["src/pkg/a.py", "src/pkg/_version.py", "src/pkg/other.py"]);
    project.write(".gitignore", "_version.py\nother.py\n");
    let path = |text: &str| ProjectPath::new(text).unwrap();
    let generated = vec![path("src/pkg/_version.py"), path("src/pkg/missing.py")];
    let file_set = FileSet { generated, ..covering(&["src"]) };
    assert_eq!(project.seen(&file_set), ["src/pkg/_version.py", "src/pkg/a.py"]);
}

#[test]
fn python_in_the_hidden_folders_of_forges_is_seen_and_nothing_else_there() {
    let files = [
        ".github/scripts/a.py",
        ".github/workflows/ci.yml",
        ".github/.cache/b.py",
        ".idea/c.py",
        "d.py",
        "sub/.gitlab/e.ipynb",
    ];
    let project = Project::with(&files);
    assert_eq!(
        project.seen(&covering(&["."])),
        [".github/scripts/a.py", "d.py", "sub/.gitlab/e.ipynb"]
    );
    let all = [".github/scripts/a.py", ".github/workflows/ci.yml"];
    assert_eq!(project.seen(&covering(&[".github"])), all);
}

#[test]
fn hidden_files_with_the_wanted_endings_are_seen_but_for_those_of_others() {
    let files = [
        ".github/scripts/a.py",
        ".github/workflows/ci.yml",
        ".pre-commit-config.yml",
        ".x/.y/b.yml",
        ".x/c.py",
        ".ignored/d.yml",
        ".git/e.yml",
        ".env",
        ".venv/pyvenv.cfg",
        ".venv/f.yml",
        "g.yml",
    ];
    let project = Project::with(&files);
    project.write(".gitignore", ".ignored\n");
    let file_set = FileSet { hidden: vec![".yml".into()], ..covering(&["."]) };
    let expected = [
        ".github/scripts/a.py",
        ".github/workflows/ci.yml",
        ".pre-commit-config.yml",
        ".x/.y/b.yml",
        "g.yml",
    ];
    assert_eq!(project.seen(&file_set), expected);
}

#[test]
fn an_included_file_that_does_not_exist_is_named() {
    let project = Project::with(&["src/a.py"]);
    let include = vec!["src/_version.py".into(), "/src/a.py".into(), "src/gen/*.py".into()];
    let inventory = project.take(&FileSet { include, ..covering(&["src"]) });
    assert_eq!(inventory.warnings, ["`include` names `src/_version.py`, which does not exist"]);
}

#[test]
fn a_new_file_can_be_seen_in_empty_folders_and_not_in_ignored_ones() {
    let project = Project::with(&["src/a/b.py", "src/ignored/c.py", "src/venv/d.py", "other/e.py"]);
    project.write(".gitignore", "ignored\n");
    project.write("src/venv/pyvenv.cfg", "");
    project.write("deep/down/f.py", "");
    fs::create_dir(project.root().join("src/empty")).unwrap();
    let listed = |file_set: &FileSet| {
        let listed = Inventory::list_folders(&project.root(), file_set).unwrap();
        listed.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let expected = [".", "deep", "deep/down", "src", "src/a", "src/empty"];
    assert_eq!(listed(&covering(&["src", "deep/down/f.py", "missing/g.py"])), expected);
    let include = vec!["/src/ignored/*.py".to_owned()];
    let including = FileSet { include, ..covering(&["src"]) };
    assert_eq!(listed(&including), [".", "src", "src/a", "src/empty", "src/ignored"]);
}
