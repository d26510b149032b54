//! Fuzzes the configuration: parsing, merging and validating `pipe.toml`.
#![no_main]

use std::cell::OnceCell;
use std::fs;

use cargo_pipe::env_vars::EnvVars;
use cargo_pipe::project::Project;
use cargo_pipe::{configure, discover};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

thread_local! {
    static PROJECT: OnceCell<(TempDir, Project)> = const { OnceCell::new() };
}

fuzz_target!(|text: &str| {
    PROJECT.with(|project| {
        let (folder, project) = project.get_or_init(create_project);
        fs::write(folder.path().join("pipe.toml"), text).expect("the file can be written");
        let loaded = configure::load_config(project, &EnvVars::default(), Default::default());
        if let Err(error) = loaded {
            assert!(!error.to_string().is_empty());
        }
    });
});

fn create_project() -> (TempDir, Project) {
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    fs::write(folder.path().join("pipe.toml"), "").expect("the file can be written");
    let project = discover::find(folder.path()).expect("the project is found");
    (folder, project)
}
