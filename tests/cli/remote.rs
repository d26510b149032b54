//! A cache that machines share, over a server with GET and PUT.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::thread;

use cargo_pipe::outcome::CacheUse;
use cargo_pipe::report::json::{JsonReport, from_json};

use crate::cache::ready;
use crate::scene::Scene;

/// The paths and bytes that a server has.
type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// Starts a server, and returns its address and its files.
fn start_server() -> (String, Files) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://token:correct-horse@{}/team", listener.local_addr().unwrap());
    let files = Files::default();
    let served = Arc::clone(&files);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let files = Arc::clone(&served);
            thread::spawn(move || serve(stream, &files));
        }
    });
    (address, files)
}

/// Answers one request, and closes the connection.
fn serve(mut stream: TcpStream, files: &Files) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        head.push(line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut words = head[0].split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap().to_owned());
    let mut files = files.lock().unwrap();
    let (status, body) = match (method, files.get(&path).cloned()) {
        ("PUT", _) => {
            files.insert(path, body);
            (201, Vec::new())
        }
        (_, Some(body)) => (200, body),
        _ => (404, Vec::new()),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
}

/// Runs ruff with a cache of its own, on the machine of this name.
fn run_on(scene: &Scene, machine: &str, variables: &[(&str, &str)]) -> JsonReport {
    let home = scene.folder("tmp").join(machine);
    let mut run = scene.pipe("run ruff --message-format json");
    run = run.with("CARGO_PIPE_CACHE_DIR", home.to_str().unwrap());
    for (name, value) in variables {
        run = run.with(name, value);
    }
    let ended = run.ended();
    from_json(&ended.unredacted_stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

/// Makes a key, and returns the path of the private one and the public one.
fn make_key(scene: &Scene, name: &str) -> (String, String) {
    let path = scene.folder("tmp").join(name).to_str().unwrap().to_owned();
    let made = scene.pipe("cache keygen").arg(&path).ended();
    assert_eq!((made.status, made.stderr.as_str()), (Some(0), ""));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(scene.pipe("cache keygen").arg(&path).ended().status, Some(3));
    (path, made.unredacted_stdout.trim().to_owned())
}

/// How many containers were started.
fn containers(scene: &Scene) -> usize {
    scene.docker().calls().iter().filter(|call| call[0] == "run").count()
}

#[test]
fn what_a_protected_job_has_run_no_other_machine_runs_again() {
    let scene = ready();
    let (address, files) = start_server();
    let (private, public) = make_key(&scene, "signing.key");
    let remote = ("CARGO_PIPE_CACHE_REMOTE", address.as_str());
    let keys = ("CARGO_PIPE_CACHE_KEYS", public.as_str());
    let signing = ("CARGO_PIPE_CACHE_SIGNING_KEY", private.as_str());
    let first = run_on(&scene, "protected", &[remote, keys, signing]);
    assert_eq!((first.checks[0].cache, files.lock().unwrap().len()), (CacheUse::Miss, 1));
    let before = containers(&scene);
    let second = run_on(&scene, "laptop", &[remote, keys]);
    assert_eq!((second.checks[0].cache, containers(&scene)), (CacheUse::Hit, before));
    assert_eq!(second.checks[0].findings, first.checks[0].findings);
    assert_eq!(second.fingerprint, first.fingerprint);
    // It is local from then on.
    files.lock().unwrap().clear();
    assert_eq!(run_on(&scene, "laptop", &[]).checks[0].cache, CacheUse::Hit);
}

#[test]
fn what_others_write_is_not_believed_and_nothing_shows_a_secret() {
    let scene = ready();
    let (address, files) = start_server();
    let (stranger, _) = make_key(&scene, "stranger.key");
    let (_, public) = make_key(&scene, "signing.key");
    let remote = ("CARGO_PIPE_CACHE_REMOTE", address.as_str());
    let keys = ("CARGO_PIPE_CACHE_KEYS", public.as_str());
    let signing = ("CARGO_PIPE_CACHE_SIGNING_KEY", stranger.as_str());
    let _ = run_on(&scene, "stranger", &[remote, signing]);
    assert_eq!(files.lock().unwrap().len(), 1);
    let report = run_on(&scene, "laptop", &[remote, keys]);
    assert_eq!(report.checks[0].cache, CacheUse::Miss);
    let warnings = report.warnings.join("\n");
    assert!(warnings.contains("1 result without the signature"), "{warnings}");
    let text = cargo_pipe::report::json::pretty(&report);
    assert!(!text.contains("correct-horse") && !text.contains("ed25519"), "{text}");
    // Without keys, nothing is asked and nothing is sent.
    files.lock().unwrap().clear();
    assert_eq!(run_on(&scene, "other", &[remote]).checks[0].cache, CacheUse::Miss);
    assert!(files.lock().unwrap().is_empty());
}

#[test]
fn a_remote_cache_that_does_not_answer_fails_no_run() {
    let scene = ready();
    let (private, public) = make_key(&scene, "signing.key");
    let variables = [
        ("CARGO_PIPE_CACHE_REMOTE", "http://127.0.0.1:9/team"),
        ("CARGO_PIPE_CACHE_KEYS", public.as_str()),
        ("CARGO_PIPE_CACHE_SIGNING_KEY", private.as_str()),
    ];
    let report = run_on(&scene, "laptop", &variables);
    assert_eq!((report.exit_code, report.checks[0].cache), (1, CacheUse::Miss));
    let warnings = report.warnings.iter().filter(|warning| warning.contains("remote cache"));
    assert_eq!(warnings.count(), 2, "{:?}", report.warnings);
    let wrong = [("CARGO_PIPE_CACHE_REMOTE", "http://example.org/team")];
    let report = run_on(&scene, "other", &wrong);
    assert_eq!(report.exit_code, 1);
    assert!(report.warnings.concat().contains("invalid `CARGO_PIPE_CACHE_REMOTE`"));
}

#[test]
fn the_caches_are_described_without_secrets() {
    let scene = ready();
    let (_, public) = make_key(&scene, "signing.key");
    let stats = scene
        .pipe("cache stats")
        .with("CARGO_PIPE_CACHE_REMOTE", "https://user:correct-horse@cache.example.org/team")
        .with("CARGO_PIPE_CACHE_KEYS", &public)
        .ended();
    assert_eq!(stats.status, Some(0), "{stats:?}");
    let expected = "remote   cache.example.org, 1 believed key, signs nothing\n";
    assert!(stats.stdout.ends_with(expected), "{}", stats.stdout);
}
