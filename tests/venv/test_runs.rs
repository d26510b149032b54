//! Tests that run in workers and again, and their coverage, with the real plugins of pytest.

use serde_json::json;

use crate::engine::without_docker;
use crate::packages::{project_path, uv};
use crate::project::Project;

tests!(python, [failed_tests_run_again_and_coverage_is_measured]);

const SETTINGS: &str = "source = [\"src\"]\n[checks.test]\ntool = \"pytest\"\n\
    source = [\"tests\"]\ninputs = [\"src\"]\n\
    requirements = [\"pytest-xdist==3.8.0\", \"pytest-cov==7.0.0\"]\n\
    workers = 2\nreruns = 2\ncoverage = { minimum = 60, source = [\"src\"] }\n";

/// What a run writes, the next one sees.
const BY_CHANCE: &str = "import pathlib\n\nimport pytest\nimport shop\n\n\n\
    def test_price():\n    assert shop.price(1) == 100\n\n\n\
    @pytest.mark.parametrize('number', [1, 2])\n\
    def test_by_chance(number):\n    flag = pathlib.Path(f'flag-{number}')\n    \
    was_there = flag.exists()\n    flag.touch()\n    assert was_there\n\n\n";

const WRONG: &str = "def test_wrong():\n    assert shop.price(1) == 1\n";

fn failed_tests_run_again_and_coverage_is_measured() {
    let project = Project::empty();
    project.write("pipe.toml", SETTINGS);
    project.write("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = [\"src\"]\n");
    project.write(
        "src/shop.py",
        "def price(count):\n    if count:\n        return 100\n    return 0\n",
    );
    project.write("tests/test_shop.py", format!("{BY_CHANCE}{WRONG}"));
    let project = without_docker(project).scaffold();
    let project = project.with("PATH", &project_path(Some(&uv())));
    let updated = project.pipe(&["--engine", "venv", "update", "test"]);
    assert_eq!(updated.status, Some(0), "{updated:?}");

    let run = ["--engine", "venv", "--allow", "host", "run", "test"];
    let report = project.report(&run);
    assert_eq!(report.status, 1, "{report:#?}");
    let at = |line| ("tests/test_shop.py".to_owned(), line, "failed".to_owned());
    assert_eq!(report.found("test"), [at(16), at(16), at(20)], "{report:#?}");
    let findings = report.check("test")["findings"].as_array().unwrap();
    let flaky: Vec<bool> = findings.iter().map(|it| it["flaky"].as_bool().unwrap()).collect();
    assert_eq!(flaky, [true, true, false], "{report:#?}");
    assert_eq!(findings[0]["test"], "tests/test_shop.py::test_by_chance[1]");
    let file = json!({"path": "src/shop.py", "percent": 75.0, "lines": 4, "missing": [4]});
    let coverage = json!({"percent": 75.0, "minimum": 60.0, "files": [file]});
    assert_eq!(report.check("test")["coverage"], coverage);

    // The cache of this test is off, so that only the reruns tell what is flaky.
    project.write("tests/test_shop.py", BY_CHANCE);
    let settings = SETTINGS.replace("reruns = 2", "reruns = 2\nflaky = \"report\"");
    project.write("pipe.toml", settings.replace("minimum = 60", "minimum = 75"));
    let report = project.report(&run);
    assert_eq!((report.status, report.outcome("test")), (0, "passed"), "{report:#?}");
    assert_eq!(report.found("test"), [at(16), at(16)]);

    project.write("pipe.toml", settings.replace("minimum = 60", "minimum = 76"));
    let report = project.report(&run);
    assert_eq!(report.status, 1, "{report:#?}");
    let low = (String::new(), 1, "coverage".to_owned());
    assert!(report.found("test").contains(&low), "{report:#?}");
}
