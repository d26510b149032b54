//! Checks on several versions of Python, in containers of several base images.

use std::fs;
use std::sync::LazyLock;

use crate::project::{Project, docker, lines};
use crate::two_pythons::{assert_reported, write_project};

tests![
    each_python_has_an_image_of_its_own,
    a_tool_runs_in_the_image_of_a_python_that_its_release_supports
];

/// The images, of which the one with Python 3.11 has that of Debian 12.
const IMAGES: &str = "cargo-pipe.test/pythons";
const DOCKERFILE: &str = "FROM python:3.13-slim\n\
    RUN sed 's/trixie/bookworm/' /etc/apt/sources.list > /etc/apt/sources.list.d/old.list \
    && apt-get update -q && apt-get install -q -y --no-install-recommends python3.11 \
    && ln -s /usr/bin/python3.11 /usr/local/bin/python3\n";

/// Builds both images, once.
fn images() {
    static BUILT: LazyLock<()> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Dockerfile"), DOCKERFILE).unwrap();
        let place = folder.path().to_str().unwrap();
        let (old, new) = (format!("{IMAGES}:3.11"), format!("{IMAGES}:3.13"));
        for args in [
            &["build", "--quiet", "--network", "host", "--tag", &old, place][..],
            &["tag", "python:3.13-slim", &new],
        ] {
            let ended = docker(args);
            assert_eq!(ended.status, Some(0), "{ended:?}");
        }
    });
    *BUILT
}

fn each_python_has_an_image_of_its_own() {
    images();
    let project = Project::scaffolded().with("CARGO_PIPE_ALLOW", "dockerfile");
    write_project(&project, &format!("image = \"{IMAGES}:{{version}}\"\n"));
    let updated = project.pipe(&["update", "base"]);
    assert_eq!(updated.status, Some(0), "{updated:?}");
    let recorded = fs::read_to_string(project.root.join(".docker/pipe.lock")).unwrap();
    for python in ["3.11", "3.13"] {
        assert!(recorded.contains(&format!("image = \"{IMAGES}:{python}\"")), "{recorded}");
        assert!(recorded.contains(&format!("version = \"{python}.")), "{recorded}");
    }
    assert_reported(&project, &[]);
    // The images of one version do not replace those of another.
    let names = lines(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    let id = project.id();
    let mut own: Vec<&str> =
        names.iter().filter_map(|it| it.split_once(&id)).map(|it| it.0).collect();
    own.sort_unstable();
    let expected = ["black", "mypy", "mypy", "pylint", "pytest", "pytest"];
    assert_eq!(own, expected.map(|name| format!("cargo-pipe/{name}:project-")));
    let again = project.pipe(&["build"]);
    assert!(!again.stdout.contains("building") && again.status == Some(0), "{again:?}");
}

fn a_tool_runs_in_the_image_of_a_python_that_its_release_supports() {
    images();
    let project = Project::scaffolded().with("CARGO_PIPE_ALLOW", "dockerfile");
    let settings = |version: &str| {
        format!(
            "source = [\"src\"]\n[python]\nversion = \"{version}\"\n\
             image = \"{IMAGES}:{{version}}\"\n[checks.mypy]\nconfig = false\n"
        )
    };
    project.write("pipe.toml", settings("3.8"));
    project.write(
        "src/main.py",
        "import distutils\nimport sys\n\nprint(distutils)\n\
         if sys.version_info >= (3, 12):\n    NUMBER: int = ''\n",
    );
    assert_eq!(project.pipe(&["sync"]).status, Some(0));
    // The bundled release supports Python 3.10 and newer, and checks for the oldest of them.
    let report = project.report(&["run", "mypy"]);
    assert_eq!(report.outcome("mypy"), "passed", "{report:#?}");
    let python = || project.pipe(&["bash", "mypy", "--", "python3", "--version"]).stdout;
    assert!(python().starts_with("Python 3.13."), "{}", python());

    project.write("pipe.toml", settings("3.13"));
    assert_eq!(project.pipe(&["sync"]).status, Some(0));
    let lock = project.root.join(".docker/requirements/mypy.txt");
    let text = fs::read_to_string(&lock).unwrap();
    let old = text.replace("# For Python 3.10 and newer.", "# For Python 3.10 to 3.11.");
    assert_ne!(old, text);
    fs::write(&lock, old).unwrap();
    let report = project.report(&["run", "mypy"]);
    assert_eq!(report.outcome("mypy"), "passed", "{report:#?}");
    assert!(python().starts_with("Python 3.11."), "{}", python());
}
