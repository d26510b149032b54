//! Resources that tests of different processes share.
//!
//! `cargo xtask test` runs each test in a process of its own. One more process of this program keeps
//! the images in use and, from the first request on, an engine inside a container. The tests ask it
//! for that engine through a socket. With plain `cargo test` all tests are one process, which keeps
//! the resources itself.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;

use crate::nested_engine;
use crate::project::{Project, variable};

/// Builds the images for a project that refers to them while it exists, so that no test has to build
/// an image again which another one has removed.
pub(crate) fn keep_images() -> Project {
    let project = Project::scaffolded();
    project.pipe(&["build"]);
    project
}

/// The socket of the process that keeps the resources, if there is such a process.
pub(crate) fn socket() -> Option<PathBuf> {
    variable("CARGO_PIPE_TEST_SHARED").map(PathBuf::from)
}

/// Whether this process keeps the resources.
pub(crate) fn is_keeper() -> bool {
    variable("CARGO_PIPE_TEST_KEEPS").is_some()
}

/// Keeps the resources until standard input ends.
pub(crate) fn keep(socket: &Path) {
    let images = keep_images();
    // The socket has its name once it can be used.
    let unready = socket.with_extension("unready");
    let listener = UnixListener::bind(&unready).unwrap();
    fs::rename(&unready, socket).unwrap();
    thread::spawn(move || {
        for request in listener.incoming() {
            let mut request = request.unwrap();
            // An engine that does not start fails the test that asked, and the next one tries again.
            thread::spawn(move || {
                let engine = nested_engine::start();
                let certificates = engine.certificates.display();
                write!(request, "{}\n{certificates}", engine.container.name).unwrap();
            });
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    nested_engine::stop();
    drop(images);
}

/// Asks for the name of the nested engine's container and the folder of its certificates.
pub(crate) fn request_engine(socket: &Path) -> (String, PathBuf) {
    let mut answer = String::new();
    UnixStream::connect(socket).unwrap().read_to_string(&mut answer).unwrap();
    let (name, certificates) = answer.split_once('\n').expect("the shared engine did not start");
    (name.to_owned(), PathBuf::from(certificates))
}
