//! Fuzzes the readers of the files that declare a project's dependencies.
#![no_main]

use std::cell::OnceCell;
use std::fs;

use cargo_pipe::config::Config;
use cargo_pipe::configure;
use cargo_pipe::dependencies;
use cargo_pipe::discover;
use cargo_pipe::env_vars::EnvVars;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

/// The files, one of which is written in each try.
const FILES: &[&str] =
    &["pyproject.toml", "uv.lock", "poetry.lock", "pylock.toml", "requirements.txt"];

thread_local! {
    static PROJECT: OnceCell<(TempDir, Config)> = const { OnceCell::new() };
}

fuzz_target!(|data: &[u8]| {
    let Some((first, text)) = data.split_first() else {
        return;
    };
    PROJECT.with(|project| {
        let (folder, config) = project.get_or_init(create_project);
        let file = folder.path().join(FILES[usize::from(*first) % FILES.len()]);
        fs::write(&file, text).expect("the file can be written");
        let _ = dependencies::read::read(folder.path(), config);
        fs::remove_file(&file).expect("the file can be removed");
    });
});

fn create_project() -> (TempDir, Config) {
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    fs::write(folder.path().join("pipe.toml"), "").expect("the file can be written");
    let project = discover::find(folder.path()).expect("the project is found");
    let (config, _) = configure::load_config(&project, &EnvVars::default(), Default::default())
        .expect("an empty configuration is valid");
    (folder, config)
}
