//! A project is installed for its checks by whatever build system it has.

use crate::engine::without_docker;
use crate::packages::{project_path, uv};
use crate::project::Project;

tests!(python, [each_build_system_installs_the_project]);

const SETTINGS: &str = "source = [\"src\"]\n\
    [checks.version]\nrun = [\"acme\"]\ninstall = true\nsource = [\"src\"]\n";

const PACKAGE: &str = "\"\"\"Acme.\"\"\"\n\nimport importlib.metadata\n\n\n\
    def main():\n    \"\"\"Prints the version.\"\"\"\n    \
    print('version', importlib.metadata.version('acme-tool'))\n";

/// The files of projects, and their versions. That of the second is in tags of git alone.
const PROJECTS: &[(&str, &str, &str)] = &[
    (
        "setup.py",
        "from setuptools import setup\n\nsetup(name='acme-tool', version='1.2.3', py_modules=['acme'], \
         package_dir={'': 'src'}, entry_points={'console_scripts': ['acme = acme:main']})\n",
        "1.2.3",
    ),
    (
        "pyproject.toml",
        "[build-system]\nrequires = ['setuptools', 'setuptools-scm']\n\
         build-backend = 'setuptools.build_meta'\n\
         [project]\nname = 'acme-tool'\ndynamic = ['version']\nscripts = { acme = 'acme:main' }\n\
         [tool.setuptools]\npackage-dir = { '' = 'src' }\npy-modules = ['acme']\n\
         [tool.setuptools_scm]\n",
        "0+unknown",
    ),
    (
        "pyproject.toml",
        "[build-system]\nrequires = ['poetry-core']\nbuild-backend = 'poetry.core.masonry.api'\n\
         [tool.poetry]\nname = 'acme-tool'\nversion = '3.0'\ndescription = ''\nauthors = []\n\
         packages = [{ include = 'acme.py', from = 'src' }]\nscripts = { acme = 'acme:main' }\n",
        "3.0",
    ),
];

fn each_build_system_installs_the_project() {
    let path = project_path(Some(&uv()));
    for (name, text, version) in PROJECTS {
        let project = Project::empty();
        project.write("pipe.toml", SETTINGS);
        project.write(name, text);
        project.write("src/acme.py", PACKAGE);
        let project = without_docker(project).scaffold().with("PATH", &path);
        let updated = project.pipe(&["--engine", "venv", "update", "build"]);
        assert_eq!(updated.status, Some(0), "{text}: {updated:?}");
        let run = ["--engine", "venv", "--allow", "host", "run", "version"];
        let report = project.report(&run);
        assert_eq!(report.outcome("version"), "passed", "{text}: {report:#?}");
        let stdout = report.check("version")["log"]["stdout"].as_str().unwrap();
        assert_eq!(stdout, format!("version {version}\n"), "{text}");
    }
}
