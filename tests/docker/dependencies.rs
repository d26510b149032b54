//! The project's own dependencies beside the tools.

use crate::Test;
use crate::project::Project;

pub(crate) const TESTS: &[Test] = &[(
    "only_checks_that_see_the_projects_dependencies_change_with_them",
    only_checks_that_see_the_projects_dependencies_change_with_them,
)];

const INICONFIG_2_0: &str = "iniconfig==2.0.0 --hash=sha256:b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374\n";
const INICONFIG_2_1: &str = "iniconfig==2.1.0 --hash=sha256:9deba5723312380e77435581c6bf4935c94cbfab9b1ed33ef8d238ea168eb760\n";

fn only_checks_that_see_the_projects_dependencies_change_with_them() {
    let project = Project::scaffolded();
    let imports = "[\"python3\", \"-c\", \"import iniconfig\"]";
    project.configure(&format!("checks.imports = {{ run = {imports} }}"));
    let checks = ["lint", "format", "mypy", "ruff", "imports"];
    let environments = || {
        let report = project.report(&["run-all"]);
        let environment = |check: &str| report.check(check)["inputs"]["environment"].to_string();
        (report.outcome("imports").to_owned(), checks.map(environment))
    };
    let (without, none) = environments();
    assert_eq!(without, "findings");
    project.write(".docker/requirements/project.txt", INICONFIG_2_0);
    let (with, old) = environments();
    assert_eq!(with, "passed");
    project.write(".docker/requirements/project.txt", INICONFIG_2_1);
    let (_, new) = environments();
    for (index, check) in checks.iter().enumerate() {
        let sees_project = ["lint", "mypy", "imports"].contains(check);
        assert_eq!(none[index] != old[index], sees_project, "{check}");
        assert_eq!(old[index] != new[index], sees_project, "{check}");
    }
}
