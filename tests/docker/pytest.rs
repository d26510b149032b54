//! Pytest as a check, which runs the project's code and changes nothing of the project.

use std::fs;

use crate::package_index::{Index, Wheel};
use crate::project::Project;

tests![
    tests_run_in_the_projects_own_environment,
    tests_that_fail_are_findings_on_their_lines,
    tests_without_a_test_never_pass
];

const TEST_CHECK: &str =
    "[checks.test]\ntool = \"pytest\"\nsource = [\"tests\"]\ninputs = [\"src\"]\n";
const SETTINGS: &str = "[tool.pytest.ini_options]\npythonpath = [\"src\"]\n";
const CONFTEST: &str = "import pytest\n\n\n@pytest.fixture\ndef ten():\n    return 10\n";

/// A project with a package in `src`, and this as its only tests.
fn tested(tests: &str) -> Project {
    let project = Project::empty();
    project.write("pipe.toml", TEST_CHECK);
    project.write("src/shop/__init__.py", "def price(count):\n    return 100 / count\n");
    project.write("pyproject.toml", SETTINGS);
    project.write("conftest.py", CONFTEST);
    project.write("tests/test_shop.py", tests);
    project.scaffold()
}

fn tests_run_in_the_projects_own_environment() {
    // A plugin and a library that only the project has.
    let wheel = Wheel::unheard_of("handmade");
    let index = Index::open(vec![wheel.clone()]);
    let project = tested(
        "import pathlib\nimport socket\nimport subprocess\nimport sys\n\nimport handmade\nimport pytest\nimport shop\n\n\n\
         def test_price(ten):\n    assert shop.price(ten) == 10\n\n\n\
         def test_child():\n    subprocess.run([sys.executable, '-c', 'import handmade'], check=True)\n\n\n\
         def test_writes():\n    pathlib.Path('written.txt').write_text('x')\n    \
         pathlib.Path('src/shop/__init__.py').write_text('')\n\n\n\
         def test_offline():\n    with pytest.raises(OSError):\n        \
         socket.create_connection(('192.0.2.1', 80), 1)\n\n\n\
         def test_version():\n    assert handmade.VERSION\n",
    );
    // pytest itself comes from elsewhere than the packages.
    assert_eq!(project.pipe(&["build"]).status, Some(0));
    project.write(".docker/requirements/project.txt", wheel.locked());
    let project = project.with("PIP_INDEX_URL", &index.url(""));
    let before = fs::read_to_string(project.root.join("src/shop/__init__.py")).unwrap();
    let report = project.report(&["run", "test"]);
    assert_eq!(report.outcome("test"), "passed", "{report:#?}");
    assert_eq!(report.check("test")["tool_version"], "9.2.0");
    assert!(!project.root.join("written.txt").exists());
    let after = fs::read_to_string(project.root.join("src/shop/__init__.py")).unwrap();
    assert_eq!(after, before);
    assert_eq!(project.leftovers(), Vec::<String>::new());
    project.pipe(&["remove"]);
}

fn tests_that_fail_are_findings_on_their_lines() {
    let project = tested(
        "import shop\n\n\ndef test_free():\n    print('<testsuites/>')\n    shop.price(0)\n\n\n\
         def test_dear():\n    assert shop.price(1) == 1\n",
    );
    let first = project.report(&["run", "test"]);
    assert_eq!(first.status, 1, "{first:#?}");
    let at = |line| ("tests/test_shop.py".to_owned(), line, "failed".to_owned());
    assert_eq!(first.found("test"), [at(6), at(10)]);
    assert_eq!(
        first.check("test")["findings"][0]["message"],
        "test_free: ZeroDivisionError: division by zero"
    );
    assert_eq!(project.report(&["run", "test"]).comparable(), first.comparable());
}

fn tests_without_a_test_never_pass() {
    let project = tested("import shop\n\nshop.price(1)\n");
    let report = project.report(&["run", "test"]);
    assert_eq!(report.status, 3, "{report:#?}");
    assert_eq!(
        report.check("test")["reason"]["message"],
        "nothing to check: pytest found no tests"
    );
}
