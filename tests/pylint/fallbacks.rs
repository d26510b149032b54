//! Cases that the worker cannot be sure of: it lints every file, and the report is right.

use std::fs;

use crate::project::{Project, copy_package};

tests![
    damaged_records_mean_a_cold_run,
    records_of_another_format_or_place_mean_a_cold_run,
    a_configuration_among_the_files_has_changed,
    a_plugin_comes_from_elsewhere,
    a_checker_has_something_to_say_at_the_end,
    words_are_looked_up_in_a_dictionary,
    folders_have_configurations_of_their_own,
    something_went_wrong_in_a_file,
    pylint_crashed_over_a_file,
    astroid_is_not_the_one_that_is_known
];

const FILES: &[(&str, &str)] =
    &[("a.py", "VALUE = 1\n"), ("b.py", "from a import VALUE, OTHER\n\nprint(VALUE, OTHER)\n")];

/// A project that was looked at once, and then changed.
fn edited() -> Project {
    let project = Project::of(FILES);
    project.agrees();
    project.write("a.py", "VALUE = OTHER = 1\n");
    project
}

fn damaged_records_mean_a_cold_run() {
    let project = edited();
    for left in ["AAAA", "no base64", ""] {
        project.leave(left);
        assert!(project.agrees().cold.contains("earlier run"));
    }
    let mut left = project.left();
    left.truncate(left.len() / 8 * 4);
    project.leave(&left);
    assert_eq!(project.agrees().cold, "the results of the earlier run are damaged");
}

fn records_of_another_format_or_place_mean_a_cold_run() {
    for (code, cold) in [
        ("state['schema'] = 0", "the results of the earlier run have another format"),
        ("state['more'] = 0", "the results of the earlier run are damaged"),
        ("del state['schema']", "the results of the earlier run are damaged"),
        (
            "state['key'] = 'other'",
            "the environment, the configuration or the source roots have changed",
        ),
    ] {
        let project = edited();
        project.falsify(code);
        assert_eq!(project.run(&[]).1.cold, cold, "{code}");
    }
}

fn a_configuration_among_the_files_has_changed() {
    let project = edited();
    project.write("pyproject.toml", "[tool.pylint.main]\n");
    assert!(project.agrees().cold.contains("the configuration"));
}

fn a_plugin_comes_from_elsewhere() {
    let project = edited();
    project.write("plugin.py", "def register(_):\n    pass\n");
    let run = project
        .agrees_with(&["--init-hook=import sys; sys.path.insert(0, '.')", "--load-plugins=plugin"]);
    assert!(run.cold.contains("the plugin plugin"), "{run:?}");
    assert_eq!(project.left(), "");
}

/// Has a checker of pylint's own be another one.
pub(crate) const CHECKER: &str = "from pylint.checkers.exceptions import ExceptionsChecker\n";

fn a_checker_has_something_to_say_at_the_end() {
    for method in ["close", "get_map_data", "reduce_map_data"] {
        let code = format!("{CHECKER}ExceptionsChecker.{method} = lambda *_: None\n");
        let project = edited().with_modules(&[("sitecustomize.py", &code)]);
        let run = project.run(&[]).1;
        assert_eq!(run.cold, "the checker exceptions reports after the last file", "{method}");
        assert_eq!(project.left(), "");
    }
}

/// What pylint needs of pyenchant.
const ENCHANT: &[(&str, &str)] = &[
    (
        "enchant/__init__.py",
        "class Broker:\n    def list_dicts(self):\n        return [(\"en\", self)]\n    name = \"\"\n\n\n\
         class Dict:\n    def __init__(self, _):\n        pass\n\n    \
         def check(self, word):\n        return word != \"wrng\"\n\n    \
         def suggest(self, _):\n        return []\n",
    ),
    (
        "enchant/tokenize.py",
        "class Filter:\n    pass\n\n\n\
         class Chunker:\n    pass\n\n\n\
         EmailFilter = URLFilter = WikiWordFilter = Filter\n\n\n\
         def get_tokenizer(*_, **__):\n    return lambda text: [(text, 0)]\n",
    ),
];

fn words_are_looked_up_in_a_dictionary() {
    let project = edited().with_modules(ENCHANT);
    project.write("b.py", "# wrng\n");
    let run = project.agrees_with(&["--spelling-dict=en", "--enable=wrong-spelling-in-comment"]);
    assert!(!run.of("b.py").is_empty(), "{run:#?}");
    assert_eq!(run.cold, "`spelling-dict` is set");
    assert_eq!(project.left(), "");
}

/// pylint is made for that, and has no option for it yet.
fn folders_have_configurations_of_their_own() {
    let code = "from pathlib import Path\n\n\
         from pylint.lint import PyLinter\n\n\
         plain = PyLinter.load_default_plugins\n\n\n\
         def load(self):\n    plain(self)\n    \
         self._directory_namespaces[Path(\"own\")] = (self.config, {})\n\n\n\
         PyLinter.load_default_plugins = load\n";
    let project = edited().with_modules(&[("sitecustomize.py", code)]);
    let run = project.agrees();
    assert_eq!(run.cold, "folders have their own configurations");
    assert_eq!(project.left(), "");
}

/// The dependencies of the crash are unknown.
fn pylint_crashed_over_a_file() {
    let crash = format!(
        "import os\n\n{CHECKER}\ndef visit_raise(*_):\n    \
         if os.path.exists(\"crash\"):\n        raise RecursionError\n\n\
         ExceptionsChecker.visit_raise = visit_raise\n"
    );
    let project = Project::of(&[("a.py", "raise ValueError\n"), ("b.py", "print(1)\n")])
        .with_modules(&[("sitecustomize.py", &crash)]);
    project.write("crash", "");
    let crashed = project.run(&[]).1;
    assert!(format!("{crashed:?}").contains("astroid-error"), "{crashed:#?}");
    project.remove("crash");
    let run = project.agrees();
    assert_eq!((run.of("a.py").len(), Vec::from_iter(run.linted)), (0, vec!["a.py".to_owned()]));
}

fn something_went_wrong_in_a_file() {
    // A file that cannot be read as what it says it is.
    let project = Project::of(&[
        ("a.py", "# -*- coding: nonsense -*-\n"),
        ("b.py", "import a\n\nprint(a)\n"),
    ]);
    project.agrees();
    project.write("a.py", "VALUE = 1\n");
    assert!(project.agrees().linted.contains("b.py"));
}

fn astroid_is_not_the_one_that_is_known() {
    let project = edited();
    let folder = tempfile::tempdir().unwrap();
    copy_package("astroid", folder.path());
    let project = project.with("PYTHONPATH", folder.path().to_str().unwrap());
    project.agrees();
    assert_eq!(project.agrees().cold, "");
    let place = folder.path().join("astroid/builder.py");
    let source = fs::read_to_string(&place).unwrap();
    fs::write(&place, format!("{source}\n")).unwrap();
    let run = project.agrees();
    assert!(run.cold.contains("this release"), "{run:?}");
    assert_eq!(project.left(), "");
}
