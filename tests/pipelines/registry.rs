//! A registry of images on this machine: a process of Debian's `docker-registry`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use tempfile::TempDir;

use crate::start;

/// A registry that is there as long as this is.
pub(crate) struct Registry {
    /// Where it is, as images are named.
    pub(crate) host: String,
    process: Child,
    _folder: TempDir,
}

impl Registry {
    /// Starts one, on a port that is free.
    pub(crate) fn start() -> Registry {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("registry.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: info}}\nhttp: {{addr: \"127.0.0.1:0\"}}\n\
             storage: {{filesystem: {{rootdirectory: \"{}\"}}}}\n",
            folder.path().display()
        );
        fs::write(&config, text).unwrap();
        let mut command = start::command("docker-registry");
        command.arg("serve").arg(&config).stdout(Stdio::null());
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let host = lines.find_map(|line| {
            let line = line.unwrap();
            let (_, rest) = line.split_once("listening on ")?;
            let port: String = rest.chars().take_while(|c| "0123456789.:".contains(*c)).collect();
            Some(port)
        });
        // What it says from now on has to go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        Registry { host: host.unwrap(), process, _folder: folder }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
