//! Locks as the tools wrote them, trimmed to a wheel for each package.

use super::*;

const UV: &str = include_str!("../../tests/fixtures/dependencies/uv.lock");
const POETRY: &str = include_str!("../../tests/fixtures/dependencies/poetry.lock");
const PYLOCK: &str = include_str!("../../tests/fixtures/dependencies/pylock.toml");
const PYPROJECT: &str = include_str!("../../tests/fixtures/dependencies/pyproject.toml");
const HASH: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

fn path(text: &str) -> ProjectPath {
    ProjectPath::new(text).unwrap()
}

fn read(texts: &[(&str, &str)], selection: &Selection) -> Result<Option<Dependencies>, String> {
    let files: Vec<ProjectPath> =
        texts.iter().filter(|(name, _)| !name.contains('/')).map(|(name, _)| path(name)).collect();
    let texts = texts.iter().map(|(name, text)| (path(name), (*text).to_owned())).collect();
    dependencies(&files, &texts, selection).map_err(|error| error.to_string())
}

fn selected(groups: Option<&[&str]>, extras: &[&str]) -> Selection {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Selection { groups: groups.map(owned), extras: owned(extras) }
}

/// Each package as a requirement, and what is left out.
fn locked(texts: &[(&str, &str)], selection: &Selection) -> (Vec<String>, Vec<String>) {
    let Dependencies { kind, left_out, .. } = read(texts, selection).unwrap().unwrap();
    match kind {
        DependencyKind::Locked(lock) => (lock.packages.iter().map(pin).collect(), left_out),
        DependencyKind::Declared(declared) => panic!("{declared:?}"),
    }
}

fn declared(texts: &[(&str, &str)], selection: &Selection) -> (Vec<String>, Vec<String>) {
    let Dependencies { kind, left_out, .. } = read(texts, selection).unwrap().unwrap();
    match kind {
        DependencyKind::Declared(declared) => (declared, left_out),
        DependencyKind::Locked(lock) => panic!("{lock:?}"),
    }
}

#[test]
fn tables_of_poetry_are_read_with_their_groups_and_extras() {
    let text = "\
[tool.poetry.dependencies]
python = '^3.9'
httpx = '^0.28'
near = {path = '../near'}
lxml = {version = '*', optional = true}
[tool.poetry.extras]
xml = ['lxml']
[tool.poetry.dev-dependencies]
pytest = '~8.3'
[tool.poetry.group.docs.dependencies]
sphinx = '>=8'
[dependency-groups]
types = ['types-six']
";
    for (groups, extras, expected) in [
        (None, &[][..], "httpx>=0.28,<0.29 pytest>=8.3,<8.4"),
        (Some(&[][..]), &["xml"], "httpx>=0.28,<0.29 lxml"),
        (Some(&["docs", "types"]), &[], "httpx>=0.28,<0.29 sphinx>=8 types-six"),
    ] {
        let (found, left_out) = declared(&[("pyproject.toml", text)], &selected(groups, extras));
        assert_eq!(found.join(" "), expected);
        assert_eq!(left_out, ["near"]);
    }
    // Next to the standard list, the table only names sources.
    let both = format!("[project]\ndependencies = ['httpx']\n{text}");
    let (found, _) = declared(&[("pyproject.toml", &both)], &selected(Some(&[]), &[]));
    assert_eq!(found, ["httpx"]);
}

/// The same as `uv export`, but for conditions that always hold once they are read together.
#[test]
fn what_uv_locked_is_what_it_exports() {
    let (packages, left_out) = locked(&[("uv.lock", UV)], &Selection::default());
    let expected = "\
anyio==4.12.1 ; python_full_version < '3.10'
anyio==4.16.0 ; python_full_version >= '3.10'
certifi==2026.10.18
colorama==0.4.6 ; sys_platform == 'win32'
exceptiongroup==1.3.1 ; python_full_version < '3.10' or \
(python_full_version < '3.11' and python_full_version >= '3.10')
h11==0.16.0
h2==4.3.0 ; python_full_version < '3.10'
h2==4.4.1 ; python_full_version >= '3.10'
hpack==4.1.0 ; python_full_version < '3.10'
hpack==4.2.0 ; python_full_version >= '3.10'
httpcore==1.0.9
httpx==0.28.1
hyperframe==6.1.0 ; python_full_version < '3.10' or python_full_version >= '3.10'
idna==3.20
iniconfig==2.1.0 ; python_full_version < '3.10'
iniconfig==2.3.1 ; python_full_version >= '3.10'
numpy==2.0.2 ; python_full_version < '3.10'
numpy==2.2.6 ; python_full_version == '3.10.*'
numpy==2.4.6 ; python_full_version == '3.11.*'
numpy==2.5.5 ; python_full_version >= '3.12'
pluggy==1.6.0 ; python_full_version < '3.10'
pluggy==1.7.0 ; python_full_version >= '3.10'
six==1.17.0
tomli==2.5.0 ; python_full_version < '3.11'
typing-extensions==4.16.0";
    assert_eq!(packages.join("\n"), expected);
    // The project and the members of its workspace are sources.
    assert_eq!(left_out, ["near"]);
}

#[test]
fn groups_and_extras_count_by_name() {
    let has = |selection: &Selection, name: &str| {
        let (packages, _) = locked(&[("uv.lock", UV)], selection);
        packages.iter().any(|package| package.starts_with(name))
    };
    for (groups, extras, expected) in [
        (None, &[][..], [false, false, true]),
        (Some(&[][..]), &["xml"], [true, false, false]),
        (Some(&["docs", "test"]), &[], [false, true, true]),
    ] {
        let selection = selected(groups, extras);
        let found = ["defusedxml", "mccabe", "pluggy"].map(|name| has(&selection, name));
        assert_eq!(found, expected, "{selection:?}");
    }
    let error = read(&[("uv.lock", UV)], &selected(Some(&["tset"]), &[])).unwrap_err();
    assert_eq!(error, "uv.lock: unknown group `tset`");
}

#[test]
fn every_file_of_a_locked_package_keeps_its_hash() {
    for (name, text) in [("uv.lock", UV), ("poetry.lock", POETRY), ("pylock.toml", PYLOCK)] {
        let found = read(&[(name, text)], &Selection::default()).unwrap().unwrap();
        let DependencyKind::Locked(lock) = found.kind else { panic!("{name}") };
        assert!(lock.packages.iter().all(|package| package.hashes.len() == 2), "{name}");
        assert_eq!(Lock::parse(&lock.text()), Ok(lock));
    }
}

#[test]
fn what_poetry_locked_is_read_with_its_groups_and_extras() {
    let of = |groups, extras: &[&str]| {
        locked(&[("poetry.lock", POETRY)], &selected(groups, extras)).0.join("\n")
    };
    assert_eq!(
        of(None, &[]),
        "colorama==0.4.6 ; sys_platform == \"win32\"\niniconfig==2.3.1\npluggy==1.7.0"
    );
    assert_eq!(
        of(Some(&["docs"]), &["xml"]),
        "colorama==0.4.6 ; sys_platform == \"win32\"\ndefusedxml==0.7.1\n\
         exceptiongroup==1.3.1 ; python_version == \"3.11\"\niniconfig==2.3.1\nmccabe==0.7.0\n\
         typing-extensions==4.16.0 ; python_version == \"3.11\""
    );
    let old = POETRY.replace("lock-version = \"2.1\"", "lock-version = \"2.0\"");
    assert!(read(&[("poetry.lock", &old)], &Selection::default()).is_err());
    let of_git = POETRY.replace("type = \"legacy\"", "type = \"git\"");
    let (packages, left_out) = locked(&[("poetry.lock", &of_git)], &Selection::default());
    assert_eq!((packages.len(), left_out.len()), (0, 3));
}

#[test]
fn what_a_pylock_says_is_read_with_its_groups_and_extras() {
    let of = |groups, extras: &[&str]| {
        let (packages, left_out) = locked(&[("pylock.toml", PYLOCK)], &selected(groups, extras));
        assert_eq!(left_out, ["near"]);
        let has = |name: &str| packages.iter().any(|package| package.starts_with(name));
        (packages.len(), has("pluggy"), has("defusedxml"))
    };
    assert_eq!(of(None, &[]), (13, true, false));
    assert_eq!(of(Some(&[]), &["xml"]), (13, false, true));
    assert_eq!(of(Some(&["docs"]), &["xml"]), (14, true, true));
}

#[test]
fn requirements_are_taken_as_they_are_written() {
    let text = "# ours\nrequests[socks]>=2 ; python_version >= '3.9'  # why\n-r more/base.txt\n\
                --index-url https://packages.example/simple\n-e .\n.[dev]\n-e ./vendor/near\n\
                far @ https://packages.example/far-1.whl\nsix\n";
    let base = "-r ../requirements.txt\n-c pins.txt\nattrs == 24.2.0\n";
    let texts =
        [("requirements.txt", text), ("more/base.txt", base), ("more/pins.txt", "idna==3.20\n")];
    let (requirements, left_out) = declared(&texts, &Selection::default());
    assert_eq!(
        requirements,
        ["attrs == 24.2.0", "idna==3.20", "requests[socks]>=2 ; python_version >= '3.9'", "six"]
    );
    assert_eq!(left_out, ["./vendor/near", "far"]);
    let error = read(&[("requirements.txt", "-r ../x.txt\n")], &Selection::default()).unwrap_err();
    assert!(error.ends_with("included file not found in the project: `../x.txt`"), "{error}");
}

#[test]
fn pins_with_hashes_are_a_lock_and_replace_what_they_were_made_from() {
    let pins = format!("--index-url https://packages.example\nsix==1.17.0 \\\n    --hash={HASH}\n");
    let pyproject = "[project]\nname = 'shop'\ndependencies = ['six']\n";
    let texts = [("requirements.txt", pins.as_str()), ("pyproject.toml", pyproject)];
    let (packages, _) = locked(&texts, &Selection::default());
    assert_eq!(packages, ["six==1.17.0"]);
    // Together with unpinned requirements, they do not lock everything.
    let texts = [("requirements.txt", pins.as_str()), ("requirements-dev.txt", "attrs\n")];
    let (requirements, _) = declared(&texts, &Selection::default());
    assert_eq!(requirements, ["attrs", "six==1.17.0"]);
}

#[test]
fn a_pyproject_names_its_groups_and_extras() {
    let of = |groups, extras: &[&str]| {
        declared(&[("pyproject.toml", PYPROJECT)], &selected(groups, extras))
    };
    let usual = ["colorama; sys_platform == 'win32'", "httpx[http2]", "numpy"];
    assert_eq!(
        of(Some(&[]), &[]),
        (usual.map(str::to_owned).to_vec(), vec!["lib".into(), "near".into()])
    );
    assert_eq!(of(None, &["xml"]).0.len(), 6);
    let own = "[project]\nname = 'shop'\n[project.optional-dependencies]\nall = ['Shop[a,b]']\n\
               a = ['six']\nb = ['attrs', 'shop[a]']\n";
    let (requirements, _) = declared(&[("pyproject.toml", own)], &selected(None, &["all"]));
    assert_eq!(requirements, ["attrs", "six"]);
}

#[test]
fn a_lock_says_all_there_is_to_say() {
    let texts = [("pyproject.toml", PYPROJECT), ("requirements.txt", "six\n"), ("uv.lock", UV)];
    let found = read(&texts, &Selection::default()).unwrap().unwrap();
    assert_eq!(found.files, [path("uv.lock")]);
    assert_eq!(read(&[("pyproject.toml", "[tool.x]\n")], &Selection::default()), Ok(None));
}

#[test]
fn a_lock_that_says_what_none_may_is_refused() {
    let name = UV.replace("name = \"six\"", "name = \"six --index-url=x\"");
    let error = read(&[("uv.lock", &name)], &Selection::default()).unwrap_err();
    assert!(error.starts_with("uv.lock: "), "{error}");
    let hash = UV.replace("hash = \"sha256:", "hash = \"md5:");
    assert!(read(&[("uv.lock", &hash)], &Selection::default()).is_err());
    assert!(read(&[("uv.lock", "version = 2\n")], &Selection::default()).is_err());
}
