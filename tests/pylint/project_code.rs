//! Code of the project that runs in pylint's process, and what the worker then leaves for the next run.

use crate::project::Project;

tests![
    a_module_named_like_one_of_pylint_shapes_no_record,
    nothing_is_left_if_the_project_may_run_code,
    code_that_may_run_may_import_the_project,
    a_module_that_was_imported_nevertheless_is_noticed
];

/// Has pylint report nothing from now on, and hides where the module comes from.
const SILENCE: &str = "from pylint.lint import PyLinter\n\n\
    PyLinter._add_one_message = lambda *_, **__: None\n\
    __file__ = __spec__ = None\n";

const WRONG: &str = "\"\"\"Wrong.\"\"\"\n\nimport os\n\nprint(undefined, os)\n";

const REASON: &str = "the option `init-hook` in `pylintrc` may run code of the project";

/// A hook that runs code of the project.
const HOOK: &str = "--init-hook=import sys; sys.path.insert(0, 'tools'); import lint_setup";

fn reports_the_error(project: &Project) -> bool {
    let run = project.agrees();
    run.of("src/main.py").iter().any(|message| message.contains("undefined-variable"))
}

/// A branch adds the module, and then another one is checked out.
fn a_module_named_like_one_of_pylint_shapes_no_record() {
    for (path, text) in [
        ("src/isort.py", SILENCE.to_owned()),
        ("src/isort/__init__.py", SILENCE.to_owned()),
        ("src/colorama.py", SILENCE.to_owned()),
        // astroid imports it to look for `missing`.
        ("src/winreg/__init__.py", SILENCE.to_owned()),
        ("src/sitecustomize.py", SILENCE.to_owned()),
        ("src/pylint/checkers/variables.py", SILENCE.to_owned()),
    ] {
        let project = Project::of(&[("src/main.py", WRONG)]);
        project.write("src/other.py", "import winreg.missing\n");
        project.write(path, &text);
        project.run(&[]);
        project.remove(path);
        assert!(reports_the_error(&project), "{path}");
    }
}

fn nothing_is_left_if_the_project_may_run_code() {
    let project = Project::of(&[("src/main.py", WRONG), ("tools/lint_setup.py", "")]);
    project.run(&[]);
    let left = project.left();
    assert_ne!(left, "");
    project.allow_code(REASON);
    project.write("tools/lint_setup.py", SILENCE);
    let run = project.run(&[HOOK]).1;
    assert_eq!((&*run.cold, &*project.left()), (REASON, ""));
    // Nor is something used that is there.
    project.leave(&left);
    project.write("tools/lint_setup.py", "");
    let run = project.agrees_with(&[HOOK]);
    assert_eq!((&*run.cold, run.parsed, &*project.left()), (REASON, 2, ""));
}

fn code_that_may_run_may_import_the_project() {
    let plugin = "from pylint.checkers import BaseChecker\n\n\n\
        class Mine(BaseChecker):\n    name = \"mine\"\n    \
        msgs = {\"E9999\": (\"%s\", \"mine\", \"Mine.\")}\n\n    \
        def visit_module(self, node):\n        import helper\n        \
        self.add_message(\"mine\", node=node, args=(helper.TEXT,))\n\n\n\
        def register(linter):\n    linter.register_checker(Mine(linter))\n";
    let project = Project::of(&[("src/main.py", WRONG), ("tools/plugin.py", plugin)]);
    project.write("tools/helper.py", "TEXT = \"from the project\"\n");
    project.allow_code(REASON);
    let run = project.agrees_with(&[
        "--init-hook=import sys; sys.path.insert(0, 'tools')",
        "--load-plugins=plugin",
    ]);
    let about = run.of("src/main.py");
    assert!(about.iter().any(|message| message.contains("from the project")), "{about:?}");
    assert_eq!(project.left(), "");
}

/// Where the reason is missing, although it should not be.
fn a_module_that_was_imported_nevertheless_is_noticed() {
    for hook in [
        HOOK,
        // An archive, a folder without `__init__.py`, and a link.
        "--init-hook=import sys; sys.path.insert(0, 'tools/all.zip'); import zipped",
        "--init-hook=import sys; sys.path.insert(0, '.'); import tools",
        "--init-hook=import sys; sys.path.insert(0, '../link'); import lint_setup",
    ] {
        let project = Project::of(&[("src/main.py", WRONG), ("tools/lint_setup.py", "")]);
        project.evaluate(
            "import os, zipfile\n\
             os.symlink('app/tools', '../link')\n\
             zipfile.ZipFile('tools/all.zip', 'w').writestr('zipped.py', '')",
        );
        let run = project.run(&[hook]).1;
        assert!(run.cold.starts_with("pylint imported "), "{hook}: {run:?}");
        assert_eq!(project.left(), "", "{hook}");
    }
}
