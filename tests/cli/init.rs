//! Scaffolding.

use snapbox::str;

use crate::scene::Scene;

#[test]
fn an_empty_folder_becomes_a_project() {
    let scene = Scene::new();
    scene.pipe("init demo --dry-run").ends(
        0,
        str![[r#"
missing   pipe.toml
missing   .docker/Dockerfile
missing   .docker/requirements/pylint.txt
missing   .docker/requirements/black.txt
missing   .docker/requirements/mypy.txt
missing   .docker/requirements/ruff.txt
missing   .config/.pylintrc
missing   .config/black.toml
missing   .config/mypy.ini
missing   .config/pyproject.toml
missing   src/main.py

"#]],
        str![[r#"

11 files would be written

"#]],
    );
    assert!(!scene.project().join("demo").exists());
    scene.pipe("init demo").ends(
        0,
        str![[r#"
written   pipe.toml
written   .docker/Dockerfile
written   .docker/requirements/pylint.txt
written   .docker/requirements/black.txt
written   .docker/requirements/mypy.txt
written   .docker/requirements/ruff.txt
written   .config/.pylintrc
written   .config/black.toml
written   .config/mypy.ini
written   .config/pyproject.toml
written   src/main.py

"#]],
        str![[r#"

11 files written

hint: `cargo pipe -C demo run-all` runs the checks

"#]],
    );
    assert_eq!(scene.pipe("-C demo list").ended().status, Some(0));
}

#[test]
fn a_second_time_writes_nothing() {
    let scene = Scene::new();
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    scene.pipe("init").ends(
        0,
        str![[r#"
unchanged pipe.toml
unchanged .docker/Dockerfile
unchanged .docker/requirements/pylint.txt
unchanged .docker/requirements/black.txt
unchanged .docker/requirements/mypy.txt
unchanged .docker/requirements/ruff.txt
unchanged .config/.pylintrc
unchanged .config/black.toml
unchanged .config/mypy.ini
unchanged .config/pyproject.toml

"#]],
        str![[r#"

0 files written

hint: `cargo pipe run-all` runs the checks

"#]],
    );
}
