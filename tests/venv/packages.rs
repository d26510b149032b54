//! Packages that are installed by pip or uv, and seen by checks.

use std::fs;
use std::path::{Path, PathBuf};

use crate::catalogue::{self, PlainTool};
use crate::engine::{at_home, environments, without_docker};
use crate::imports::agree_with_plain_isort;
use crate::package_index::{Access, Index, Wheel};
use crate::project::{Project, holding, variable};
use crate::start;

tests!(
    python,
    [
        uv_and_pip_install_the_same_despite_user_settings,
        a_password_goes_to_the_index_and_nowhere_else,
        an_index_that_is_down_leaves_what_was_installed,
        a_project_is_judged_by_the_versions_that_it_pins,
        building_from_source_needs_a_grant,
        offline_names_all_that_is_missing_at_once,
        imports_are_sorted_as_by_plain_isort,
        catalogue_tools_find_what_their_plain_commands_find
    ],
    bubblewrap,
    [tests_run_in_the_projects_own_environment]
);

/// The cache that the tests with packages of the real index share.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("venv-cache")
}

/// A project with a cache of its own and a check that needs these packages.
fn needing(wheels: &[&Wheel]) -> (Project, PathBuf) {
    let project = at_home(Project::scaffolded());
    let locks: String = wheels.iter().map(|wheel| wheel.locked()).collect();
    project.write(".docker/requirements/project.txt", locks);
    let code = "import near; print(near.VERSION)";
    project.configure(&format!("checks.imports = {{ run = [\"python3\", \"-c\", \"{code}\"] }}"));
    let cache = project.root.parent().unwrap().join("cache");
    (project.with("CARGO_PIPE_CACHE_DIR", cache.to_str().unwrap()), cache)
}

const IMPORTS: [&str; 5] = ["--engine", "venv", "--allow", "host", "imports"];

/// A folder with the uv that `update` installs where there is none.
pub(crate) fn uv() -> PathBuf {
    let cache = cache();
    let project = Project::scaffolded().with("CARGO_PIPE_CACHE_DIR", cache.to_str().unwrap());
    let path = project_path(None);
    let ended = project.with("PATH", &path).pipe(&["update", "--check", "ruff"]);
    assert!(matches!(ended.status, Some(0 | 1)), "{ended:?}");
    let folders = fs::read_dir(cache).unwrap().flatten().map(|entry| entry.path());
    let mut uv = folders.map(|folder| folder.join("bin")).filter(|bin| bin.join("uv").is_file());
    uv.next().unwrap()
}

/// The path with this folder first, and no other one that has uv.
pub(crate) fn project_path(first: Option<&Path>) -> String {
    let path = variable("PATH").unwrap_or_default();
    let folders = path.split(':').filter(|folder| !Path::new(folder).join("uv").exists());
    let first = first.map(|folder| folder.to_str().unwrap());
    first.into_iter().chain(folders).collect::<Vec<_>>().join(":")
}

/// The modules and programs of an environment.
fn modules(folder: &Path, below: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name().into_string().unwrap();
        let is_other = ["__pycache__", ".dist-info"].iter().any(|end| name.ends_with(end))
            || name.to_lowercase().contains("activate")
            || name.starts_with("pydoc");
        if path.is_dir() && !path.is_symlink() && !is_other {
            modules(&path, below, found);
        } else if !path.is_dir() && !is_other && path.parent() != Some(below) {
            found.push(path.strip_prefix(below).unwrap().display().to_string());
        }
    }
    found.sort();
}

fn uv_and_pip_install_the_same_despite_user_settings() {
    let uv = uv();
    let (near, far) = (Wheel::unheard_of("near"), Wheel::unheard_of("far"));
    // The index that is asked first has only another release of one.
    let decoy = Index::open(vec![Wheel::new("near", "0.1", "VERSION = 0\n"), far.clone()]);
    let index = Index::open(vec![near.clone()]);
    let mut results = Vec::new();
    for installer in [None, Some(uv.as_path())] {
        let (project, cache) = needing(&[&near, &far]);
        let home = project.root.parent().unwrap().join("home/.config");
        fs::create_dir_all(home.join("pip")).unwrap();
        fs::create_dir_all(home.join("uv")).unwrap();
        let elsewhere = home.join("elsewhere").display().to_string();
        let pip =
            format!("[global]\nindex-url = http://127.0.0.1:9/\n[install]\ntarget = {elsewhere}\n");
        fs::write(home.join("pip/pip.conf"), pip).unwrap();
        fs::write(home.join("uv/uv.toml"), "no-index = true\n").unwrap();
        let project = project
            .with("PATH", &project_path(installer))
            .with("PIP_INDEX_URL", &index.url(""))
            .with("PIP_EXTRA_INDEX_URL", &decoy.url(""))
            .with("PIP_TARGET", &elsewhere)
            .with("PIP_NO_INDEX", "1")
            .with("UV_NO_INDEX", "1")
            .with("UV_OFFLINE", "1");
        let ended = project.pipe(&[&IMPORTS[..], &["-v", "--message-format", "json"]].concat());
        assert_eq!(ended.status, Some(0), "{ended:?}");
        let by_uv = ended.stderr.contains("/bin/uv pip install");
        assert_eq!(by_uv, installer.is_some(), "{ended:?}");
        let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        assert!(report["checks"][0]["log"].to_string().contains(&near.version), "{report}");
        let folder = environments(&cache).into_iter().next().unwrap();
        let mut found = Vec::new();
        modules(&folder, &folder, &mut found);
        results.push((report["fingerprint"].clone(), found));
    }
    assert!(results[0].1.iter().any(|path| path.ends_with("near.py")), "{results:?}");
    assert_eq!(results[0], results[1]);
}

fn a_password_goes_to_the_index_and_nowhere_else() {
    let near = Wheel::unheard_of("near");
    // `me:pa55-of-the-index` as a server gets it.
    let authorization = Some("Basic bWU6cGE1NS1vZi10aGUtaW5kZXg=".to_owned());
    let password = "pa55-of-the-index";
    for installer in [None, Some(uv())] {
        // pip of some releases cannot tell a certificate of an address from that of a name.
        let encrypted = installer.is_some();
        let access = Access { authorization: authorization.clone(), encrypted };
        let index = Index::start(vec![near.clone()], access);
        let (project, _) = needing(&[&near]);
        let mut project = project
            .with("PATH", &project_path(installer.as_deref()))
            .with("PIP_INDEX_URL", &index.url(&format!("me:{password}@")));
        if let Some(certificate) = &index.certificate {
            let bundle = project.root.join("../ca.pem");
            fs::write(&bundle, certificate).unwrap();
            project = project.with("SSL_CERT_FILE", bundle.to_str().unwrap());
        }
        let ended = project.pipe(&[&IMPORTS[..], &["-v", "--report", "json=r.json"]].concat());
        assert_eq!(ended.status, Some(0), "{ended:?}");
        assert!(index.asked().iter().any(|path| path.contains("/files/near-")));
        assert!(!format!("{ended:?}").contains(password));
        let folder = project.root.parent().unwrap();
        assert_eq!(holding(&[password], &[folder]), Vec::<PathBuf>::new());
        assert!(!holding(&[&near.version], &[folder]).is_empty(), "the folders were looked at");
    }
}

fn an_index_that_is_down_leaves_what_was_installed() {
    let (near, newer) = (Wheel::unheard_of("near"), Wheel::unheard_of("near"));
    let index = Index::open(vec![near.clone()]);
    let (project, _) = needing(&[&near]);
    let project = project.with("PIP_INDEX_URL", &index.url("")).with("PIP_RETRIES", "0");
    let project = project.with("UV_HTTP_RETRIES", "0");
    assert_eq!(project.report(&IMPORTS).status, 0);
    // A newer release by itself changes nothing.
    index.publish(newer.clone());
    let first = project.report(&IMPORTS);
    assert!(first.check("imports")["log"].to_string().contains(&near.version));
    drop(index);
    project.write(".docker/requirements/project.txt", newer.locked());
    let report = project.report(&IMPORTS);
    assert_eq!(report.status, 3, "{report:?}");
    let reason = report.check("imports")["reason"]["message"].to_string();
    assert!(reason.contains("near") || reason.contains("onnection refused"), "{reason}");
    project.write(".docker/requirements/project.txt", near.locked());
    assert_eq!(project.report(&IMPORTS).comparable(), first.comparable());
}

fn a_project_is_judged_by_the_versions_that_it_pins() {
    let project = without_docker(Project::scaffolded());
    // What pylint itself needs, at a version with other contents; an untyped package; a plugin of
    // mypy with what it plugs into.
    project.write("requirements.txt", "isort==4.3.21\npydantic==2.12.5\nchardet==3.0.4\n");
    let model = "\"\"\"Uses packages.\"\"\"\n\nimport chardet\nimport isort\nimport pydantic\n\n\n\
        class User(pydantic.BaseModel):\n    \"\"\"A user.\"\"\"\n\n    name: str\n    size = 1\n\n\n\
        print(isort.SortImports, chardet.detect(b\"\"))\nprint(isort.code)\nprint(User.model_validate({}, strict=\"x\"))\n";
    fs::remove_file(project.root.join("src/main.py")).unwrap();
    project.write("src/model.py", model);
    project.write(".config/mypy.ini", "[mypy]\nplugins = pydantic.mypy\nstrict = True\n");
    let run = ["--engine", "venv", "--allow", "host", "run", "lint", "mypy"];
    let report = project.report(&run);
    assert!(report.json["warnings"].to_string().contains("`cargo pipe update project`"));
    assert!(report.found("lint").iter().any(|(_, _, code)| code == "E0401"), "{report:?}");

    let updated = project.pipe(&["update", "project"]);
    assert_eq!(updated.status, Some(0), "{updated:?}");
    let report = project.report(&run);
    let found = |line, code: &str| ("src/model.py".to_owned(), line, code.to_owned());
    // In the version that pylint is installed with it is the other line.
    assert_eq!(report.found_with_severity("lint", "error"), [found(16, "E1101")], "{report:?}");
    let expected = [
        found(3, "import-untyped"),
        found(4, "import-untyped"),
        // Only the plugin says that.
        found(12, "pydantic-field"),
        found(17, "arg-type"),
    ];
    assert_eq!(report.found_with_severity("mypy", "error"), expected, "{report:?}");
}

fn tests_run_in_the_projects_own_environment() {
    let project = Project::empty();
    let check = "[checks.test]\ntool = \"pytest\"\nsource = [\"tests\"]\ninputs = [\"src\"]\n";
    project.write("pipe.toml", check);
    project.write("src/shop.py", "PRICE = 100\n");
    // Another pytest than ours, with a plugin and a package with compiled modules.
    project.write("requirements.txt", "pytest==8.4.2\npytest-mock==3.15.1\nmarkupsafe==3.0.3\n");
    project.write("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = [\"src\"]\n");
    let tests = "import pathlib\nimport socket\nimport tempfile\n\nimport pytest\n\
        from markupsafe import _speedups\n\nimport shop\n\n\n\
        def test_mock(mocker):\n    mocker.patch.object(shop, 'PRICE', 1)\n    assert shop.PRICE == 1\n    \
        assert pytest.__version__ == '8.4.2' and _speedups\n\n\n\
        def test_writes(tmp_path):\n    (tmp_path / 'x').write_text('x')\n    \
        tempfile.NamedTemporaryFile().close()\n    pathlib.Path('written.txt').write_text('x')\n\n\n\
        def test_offline():\n    with pytest.raises(OSError):\n        \
        socket.create_connection(('192.0.2.1', 80), 1)\n\n\n\
        def test_dear():\n    assert shop.PRICE == 1\n";
    project.write("tests/test_shop.py", tests);
    let project = without_docker(project.scaffold());
    let updated = project.pipe(&["update", "project"]);
    assert_eq!(updated.status, Some(0), "{updated:?}");
    let report = project.report(&["--engine", "venv", "run", "test"]);
    let dear = ("tests/test_shop.py".to_owned(), 29, "failed".to_owned());
    assert_eq!((report.status, report.found("test")), (1, vec![dear]), "{report:#?}");
    assert_eq!(report.check("test")["tool_version"], "8.4.2");
    assert!(!project.root.join("written.txt").exists());
}

fn offline_names_all_that_is_missing_at_once() {
    let (project, cache) = needing(&[&Wheel::unheard_of("near")]);
    let report = project.report(&["--engine", "venv", "--offline", "run-all"]);
    assert_eq!(report.status, 3);
    for check in ["lint", "format", "mypy", "ruff", "imports"] {
        let reason = report.check(check)["reason"]["message"].to_string();
        assert!(reason.contains("offline"), "{check}: {reason}");
    }
    let ended = project.pipe(&["--engine", "venv", "--offline", "build"]);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    for name in ["pylint", "black", "mypy", "ruff", "project"] {
        assert!(ended.stderr.contains(&format!("`{name}`")), "{name}: {ended:?}");
    }
    assert!(environments(&cache).is_empty());
}

/// A release that was never anything but a source distribution.
const DOCOPT: &str = "docopt==0.6.2 --hash=sha256:49b3a825280bd66b3aa83585ef59c4a8c82f2c8a522dbe754a8bc8d08c85c491\n";

fn building_from_source_needs_a_grant() {
    let uv = uv();
    for installer in [None, Some(uv.as_path())] {
        let project = at_home(Project::scaffolded()).with("PATH", &project_path(installer));
        let settings = fs::read_to_string(project.root.join("pipe.toml")).unwrap();
        let named = settings.replace("[python]\n", "[python]\nfrom-source = [\"docopt\"]\n");
        project.write("pipe.toml", named);
        assert_eq!(project.pipe(&["sync"]).status, Some(0));
        project.write(".docker/requirements/project.txt", DOCOPT);
        let check = "run = [\"python3\", \"-c\", \"import docopt; print(docopt.__version__)\"]";
        project.configure(&format!("checks.imports = {{ {check} }}"));
        let refused = project.report(&["--engine", "venv", "run", "imports"]);
        assert_eq!(refused.status, 2, "{refused:?}");
        let reason = refused.check("imports")["reason"].to_string();
        assert!(reason.contains("`docopt`") && reason.contains("--allow host"), "{reason}");
        let report = project.report(&IMPORTS);
        assert_eq!(report.outcome("imports"), "passed", "{report:?}");
        assert!(report.check("imports")["log"].to_string().contains("0.6.2"), "{report:?}");
        assert!(
            report.json["warnings"]
                .to_string()
                .contains("built from source on this machine (docopt)")
        );
        assert_eq!(project.report(&IMPORTS).json["fingerprint"], report.json["fingerprint"]);
    }
}

fn imports_are_sorted_as_by_plain_isort() {
    let project = at_home(Project::scaffolded());
    let cache = project.root.parent().unwrap().join("cache");
    let project = project.with("CARGO_PIPE_CACHE_DIR", cache.to_str().unwrap());
    agree_with_plain_isort(&project, "venv", |args| {
        let folders = environments(&cache).into_iter();
        let isort = folders.map(|folder| folder.join("bin/isort")).find(|path| path.is_file());
        let mut command = start::command(isort.unwrap());
        let output = command.args(args.split(' ')).current_dir(&project.root).output().unwrap();
        let text = |stream: Vec<u8>| String::from_utf8(stream).unwrap();
        (text(output.stdout), text(output.stderr))
    });
}

fn catalogue_tools_find_what_their_plain_commands_find() {
    let cache = cache();
    let tools: Vec<&PlainTool> = catalogue::TOOLS.iter().collect();
    let project = at_home(Project::empty());
    project.write("pipe.toml", catalogue::settings(&tools));
    let project = project.scaffold().with("CARGO_PIPE_CACHE_DIR", cache.to_str().unwrap());
    let engine = ["--engine", "venv", "--allow", "host"];
    catalogue::agree_with_plain_tools(&project, &engine, &tools, |tool| {
        let folders = environments(&cache).into_iter();
        let bin = folders.map(|folder| folder.join("bin"));
        let words: Vec<&str> = tool.command.split(' ').collect();
        let program = bin.map(|bin| bin.join(words[0])).find(|path| path.is_file());
        let mut command = start::command(program.unwrap());
        let output = command.args(&words[1..]).current_dir(&project.root).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    });
    catalogue::report_a_crash(&project, &engine, &tools);
    project.write("pipe.toml", catalogue::settings(&tools));
    catalogue::pass_and_report_broken_configurations(&project, &engine, &tools);
}
