//! Modules of a project that pylint would import in place of its own, or of Python's.
//!
//! Each of them writes a line when it is executed, and none is. The messages are those of pylint's own
//! command, started so that it imports its own modules as well: by hand it executes such modules.

use std::path::PathBuf;

use crate::project::{Project, answer};

tests![
    modules_with_the_names_of_all_others_are_not_executed,
    packages_with_the_names_of_all_others_are_not_executed,
    files_that_python_or_pylint_may_look_for_are_not_executed,
    no_module_of_python_is_executed_for_the_sake_of_a_missing_part
];

/// Names of modules that pylint, astroid, isort or Python try to import where they exist, and all that
/// pylint's Python and its environment have. By hand `this` prints a text, `antigravity` opens a browser.
const NAMES: &str = "import os, sys, sysconfig\n\
    names = {'sitecustomize', 'usercustomize', 'colorama', 'enchant', 'typing_extensions', 'tomli', \
             'setuptools', 'pkg_resources', 'lxml', 'six', 'gi', 'numpy', 'attr', 'conftest'}\n\
    names |= sys.stdlib_module_names\n\
    names |= {name.partition('.')[0] for name in os.listdir(sysconfig.get_path('purelib'))}\n\
    names = {name for name in names if name.isidentifier()} - {'this', 'antigravity'}\n\
    print(*sorted(names))";

/// Something to report in a file, after a text.
const WRONG: &str = "\nimport subprocess\n\nprint(undefined)\nsubprocess.run([\"x\"])\n";

/// The file that an executed module writes to.
fn marker(project: &Project) -> PathBuf {
    project.root().with_file_name("marker")
}

/// The source of a module that writes its name when it is executed.
fn marking(project: &Project) -> String {
    format!(
        "with open({:?}, \"a\", encoding=\"utf-8\") as file:\n    file.write(__name__ + \"\\n\")\n",
        marker(project).display()
    )
}

fn executed(project: &Project) -> String {
    std::fs::read_to_string(marker(project)).unwrap_or_default()
}

/// Lints a project that has a module or package of each name, in every way.
fn lint(file: &str, import: &str) {
    let project = Project::of(&[("src/leaf.py", "\"\"\"Nothing.\"\"\"\n")]);
    let source = marking(&project);
    let names = project.evaluate(NAMES);
    let mut imports = String::new();
    for name in names.split(' ') {
        project.write(&format!("src/{name}{file}"), &source);
        imports.push_str(&format!("import {name}{import}\n"));
    }
    project.write("src/main.py", &format!("{imports}{WRONG}"));
    let agree = || {
        let (worker, run) = project.run(&[]);
        assert_eq!(executed(&project), "");
        assert_eq!(answer(&worker), answer(&project.plain_apart()), "{run:#?}");
        // Those that nothing else has are executed there.
        let _ = std::fs::remove_file(marker(&project));
        run
    };
    let run = agree();
    let about = run.of("src/main.py");
    assert!(about.iter().any(|message| message.contains("undefined-variable")), "{about:?}");
    project.write("src/leaf.py", "print(nothing)\n");
    let run = agree();
    assert_eq!((&*run.cold, run.linted.len()), ("", 1), "{run:?}");
    project.write("src/leaf.py", "print(\n");
    agree();
    project.write("src/leaf.py", "\"\"\"Nothing.\"\"\"\n");
    project.run(&[]);
    let audited = project.audit();
    assert_eq!((audited.refuted.len(), &*executed(&project)), (0, ""), "{audited:?}");
}

fn modules_with_the_names_of_all_others_are_not_executed() {
    lint(".py", "");
}

/// To find out whether a missing module is frozen, astroid imports the package above it.
fn packages_with_the_names_of_all_others_are_not_executed() {
    lint("/__init__.py", ".missing");
}

fn files_that_python_or_pylint_may_look_for_are_not_executed() {
    let project = Project::of(&[("src/main.py", WRONG), ("main.py", WRONG)]);
    let source = marking(&project);
    for path in [
        "pylint/__init__.py",
        "pylint/checkers/shadow.py",
        "pylint_plugins/shadow.py",
        "astroid/brain/brain_shadow.py",
        "conftest.py",
        "encodings/nonsense.py",
        "nonsense.py",
        "sitecustomize/__init__.py",
        "shadow.py",
        "pylint_worker/state.py",
        "launcher.py",
    ] {
        for root in ["", "src/"] {
            project.write(&format!("{root}{path}"), &source);
        }
    }
    for root in ["", "src/"] {
        project.write(&format!("{root}coded.py"), "# -*- coding: nonsense -*-\n");
        project.write(&format!("{root}shadow.pth"), "import shadow\n");
        project
            .write(&format!("{root}pylint-99.dist-info/METADATA"), "Name: pylint\nVersion: 99\n");
        let entries =
            "[console_scripts]\npylint = shadow:run\n[isort.profiles]\nmine = shadow:it\n";
        project.write(&format!("{root}pylint-99.dist-info/entry_points.txt"), entries);
    }
    // Compiled modules without a source, alone and in an archive.
    let compile = format!(
        "import py_compile, zipfile\n\
         open('x.py', 'w').write({source:?})\n\
         for name in ('isort', 'colorama', 'winreg'):\n    \
             py_compile.compile('x.py', cfile=f'src/{{name}}.pyc', doraise=True)\n\
         with zipfile.ZipFile('src/all.zip', 'w') as file:\n    \
             [file.writestr(f'{{name}}.py', {source:?}) for name in ('isort', 'colorama', 'nt')]\n\
         import os; os.remove('x.py')"
    );
    project.evaluate(&compile);
    for roots in ["src", "src/all.zip,src", "."] {
        let option = format!("--source-roots={roots}");
        let run = project.run(&[&option]).1;
        assert!(!run.of("src/main.py").is_empty(), "{run:?}");
        assert_eq!(executed(&project), "", "{roots}");
        assert_ne!(project.left(), "", "{run:?}");
    }
    project.audit_plain();
    assert_eq!(executed(&project), "");
}

/// `this` prints a text, and `antigravity` starts a browser: the program that a variable names.
fn no_module_of_python_is_executed_for_the_sake_of_a_missing_part() {
    let source = "import this.missing\nimport antigravity.missing\nimport unittest.__main__.missing\n\
        import importlib.util.missing\nimport xml.etree.missing\nimport wave.part\n";
    let project = Project::of(&[("src/main.py", source), ("src/wave/__init__.py", "")]);
    project.write("src/wave/part/thing.py", "");
    let browser = format!("touch {} %s", marker(&project).display());
    let project = project.with("BROWSER", &browser);
    let run = project.run(&[]).1;
    assert!(!marker(&project).exists());
    let missing = run.of("src/main.py").into_iter().filter(|it| it.contains("no-name-in-module"));
    assert_eq!(missing.count(), 5, "{run:#?}");
}
