use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use super::*;
use crate::cache::{CachedOutcome, OutcomeOrigin, ResultCache};
use crate::config::CacheMode;
use crate::report::sample;

/// How a server answers.
#[derive(Clone, Copy)]
enum Answer {
    /// As it should.
    Right,
    /// With this status.
    Status(u16),
    /// Not at all.
    Silence,
    /// With a part of the entry, and an end of the connection.
    Half,
    /// With bytes without an end.
    Endless,
    /// With something else than HTTP.
    Noise,
    /// With another address to ask.
    Elsewhere,
}

/// A server that keeps entries, on a port of this machine.
struct Server {
    address: String,
    entries: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answer: Answer) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/cache", listener.local_addr().unwrap());
        let (entries, requests) = (Arc::default(), Arc::default());
        let server = Server { address, entries, requests };
        let (entries, requests) = (Arc::clone(&server.entries), Arc::clone(&server.requests));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (entries, requests) = (Arc::clone(&entries), Arc::clone(&requests));
                thread::spawn(move || serve(stream, answer, &entries, &requests));
            }
        });
        server
    }

    fn requests(&self) -> Vec<String> {
        lock(&self.requests).clone()
    }

    /// A cache on this server, with what other variables say.
    fn cache(&self, variables: &[(&str, &str)]) -> RemoteCache {
        let mut all = vec![(CACHE_REMOTE, self.address.as_str())];
        all.extend(variables);
        RemoteCache::of(&variables_of(&all), None).unwrap().unwrap()
    }
}

fn variables_of(variables: &[(&str, &str)]) -> EnvVars {
    match *variables {
        [a] => EnvVars::from([a]),
        [a, b] => EnvVars::from([a, b]),
        [a, b, c] => EnvVars::from([a, b, c]),
        _ => EnvVars::default(),
    }
}

/// Serves one connection.
fn serve(
    mut stream: TcpStream,
    answer: Answer,
    entries: &Mutex<BTreeMap<String, Vec<u8>>>,
    requests: &Mutex<Vec<String>>,
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line == "\r\n" {
                break;
            }
            head.push(line.trim_end().to_ascii_lowercase());
        }
        let length = head.iter().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        reader.read_exact(&mut body).unwrap();
        lock(requests).push(head[0].clone());
        let path = head[0].split(' ').nth(1).unwrap().to_owned();
        let status = |status: u16| format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
        let stored = lock(entries).get(&path).cloned();
        let whole = |bytes: &[u8]| {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", bytes.len());
            [head.as_bytes(), bytes].concat()
        };
        let text = match answer {
            Answer::Status(number) => status(number).into_bytes(),
            Answer::Silence => {
                // Until the other end gives up.
                let _ = reader.read(&mut [0]);
                return;
            }
            Answer::Noise => b"SSH-2.0-OpenSSH\r\n\r\n".to_vec(),
            Answer::Elsewhere => {
                b"HTTP/1.1 302 X\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n"
                    .to_vec()
            }
            _ if head[0].starts_with("put") => {
                lock(entries).insert(path, body);
                status(201).into_bytes()
            }
            Answer::Endless => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                while stream.write_all(&[b'x'; 65_536]).is_ok() {}
                return;
            }
            Answer::Half => {
                let all = whole(&stored.unwrap_or_else(|| vec![b'x'; 1_000]));
                let _ = stream.write_all(&all[..all.len() / 2]);
                return;
            }
            Answer::Right => match stored {
                Some(entry) => whole(&entry),
                None => status(404).into_bytes(),
            },
        };
        if stream.write_all(&text).is_err() {
            return;
        }
    }
}

/// A private and a public key.
fn keys() -> (String, String) {
    let private = generate().unwrap();
    let public = public_key(&private).unwrap();
    (private, public)
}

/// An outcome, its origin, and its key.
fn outcome() -> (Key, OutcomeOrigin, CachedOutcome) {
    let inputs = sample::inputs("lint", "pylint");
    let key = Key::from_fingerprint(&inputs.ingredients.fingerprint());
    let origin = OutcomeOrigin { check: "lint".to_owned(), inputs };
    (key, origin, CachedOutcome::from(sample::lint()))
}

/// A result cache of a machine of its own.
fn machine(remote: RemoteCache) -> (tempfile::TempDir, Arc<RemoteCache>, ResultCache) {
    let home = tempfile::tempdir().unwrap();
    let remote = Arc::new(remote);
    let cache = ResultCache::new(home.path().to_owned(), CacheMode::On, 1 << 20);
    let cache = cache.sharing(Some(Arc::clone(&remote) as _));
    (home, remote, cache)
}

/// A server with an entry that was signed with the private key.
fn with_entry(private: &str) -> Server {
    let server = Server::start(Answer::Right);
    let (key, origin, cached) = outcome();
    let (_home, remote, cache) = machine(server.cache(&[(CACHE_SIGNING_KEY, private)]));
    cache.save(&key, &origin, &cached).unwrap();
    assert_eq!(remote.finish(), [] as [String; 0]);
    assert_eq!(lock(&server.entries).len(), 1);
    server
}

#[test]
fn what_one_machine_signs_is_a_hit_on_another_and_local_from_then_on() {
    let (private, public) = keys();
    let server = with_entry(&private);
    let (key, _, cached) = outcome();
    let before = server.requests().len();
    let (_home, remote, cache) = machine(server.cache(&[(CACHE_KEYS, &public)]));
    assert_eq!(cache.lookup(&key), Some(cached.clone()));
    assert_eq!(cache.lookup(&key), Some(cached));
    assert_eq!(server.requests().len(), before + 1);
    assert_eq!(remote.finish(), [] as [String; 0]);
}

#[test]
fn only_a_machine_with_the_private_key_writes_and_only_one_with_keys_asks() {
    let server = Server::start(Answer::Right);
    let (key, origin, cached) = outcome();
    let (_home, remote, cache) = machine(server.cache(&[]));
    cache.save(&key, &origin, &cached).unwrap();
    cache.forget(&key).unwrap();
    assert_eq!(cache.lookup(&key), None);
    assert_eq!(remote.finish(), [] as [String; 0]);
    assert_eq!(server.requests(), [] as [String; 0]);
}

#[test]
fn an_entry_of_another_key_or_under_another_name_is_a_miss_and_said_once() {
    let (private, _) = keys();
    let (_, other) = keys();
    let server = with_entry(&private);
    let (key, ..) = outcome();
    let (_home, remote, cache) = machine(server.cache(&[(CACHE_KEYS, &other)]));
    assert_eq!(cache.lookup(&key), None);
    assert_eq!(cache.lookup(&key), None);
    let warnings = remote.finish();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("has 1 result without the signature"), "{warnings:?}");
    let replayed = Key::from_fingerprint(&Hash::of(b"another"));
    let entry = lock(&server.entries).values().next().unwrap().clone();
    lock(&server.entries).insert(format!("/cache/{replayed}"), entry);
    let public = public_key(&private).unwrap();
    let (_home, _, cache) = machine(server.cache(&[(CACHE_KEYS, &public)]));
    assert_eq!(cache.lookup(&replayed), None);
}

#[test]
fn a_store_that_fails_is_asked_once_and_costs_a_bounded_time() {
    let (_, public) = keys();
    let answers = [
        (Answer::Status(500), "it answered with status 500"),
        (Answer::Status(401), "it answered with status 401"),
        (Answer::Silence, "it did not answer in time"),
        (Answer::Half, ""),
        (Answer::Endless, "an entry is too large"),
        (Answer::Noise, "it does not speak HTTP as expected"),
        (Answer::Elsewhere, "it answered with status 302"),
    ];
    for (answer, expected) in answers {
        let server = Server::start(answer);
        let (key, ..) = outcome();
        let (_home, remote, cache) = machine(server.cache(&[(CACHE_KEYS, &public)]));
        let started = Instant::now();
        assert_eq!(cache.lookup(&key), None, "{expected}");
        for other in [b"one", b"two"] {
            assert_eq!(cache.lookup(&Key::from_fingerprint(&Hash::of(other))), None);
        }
        let warnings = remote.finish();
        assert!(started.elapsed() < REQUEST * 2, "{expected}");
        assert_eq!((warnings.len(), server.requests().len()), (1, 1), "{warnings:?}");
        assert!(warnings[0].ends_with(expected), "{warnings:?}");
    }
}

#[test]
fn a_store_that_is_not_there_is_a_warning_without_a_password() {
    let (private, public) = keys();
    let address = "http://user:correct-horse@127.0.0.1:9/cache";
    let variables = EnvVars::from([
        (CACHE_REMOTE, address),
        (CACHE_KEYS, &public),
        (CACHE_SIGNING_KEY, &private),
    ]);
    let remote = RemoteCache::of(&variables, None).unwrap().unwrap();
    let (_home, remote, cache) = machine(remote);
    let (key, origin, cached) = outcome();
    assert_eq!(cache.lookup(&key), None);
    cache.save(&key, &origin, &cached).unwrap();
    let warnings = remote.finish();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings.iter().all(|warning| warning.contains("`127.0.0.1`")), "{warnings:?}");
    assert!(!warnings.concat().contains("correct-horse"), "{warnings:?}");
}

#[test]
fn a_full_or_slow_store_delays_the_end_of_a_run_by_a_bounded_time() {
    let (private, _) = keys();
    for (answer, expected) in [
        (Answer::Status(507), "did not get 2 results: it answered with status 507"),
        (Answer::Silence, "did not get 2 results: "),
    ] {
        let server = Server::start(answer);
        let (_home, remote, cache) = machine(server.cache(&[(CACHE_SIGNING_KEY, &private)]));
        let (key, origin, cached) = outcome();
        let started = Instant::now();
        for _ in 0..2 {
            cache.save(&key, &origin, &cached).unwrap();
        }
        let warnings = remote.finish();
        assert!(started.elapsed() < WRITING + REQUEST, "{:?}", started.elapsed());
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains(expected), "{warnings:?}");
    }
}

#[test]
fn two_machines_that_write_one_entry_leave_one_that_is_believed() {
    let (private, public) = keys();
    let server = Server::start(Answer::Right);
    let (key, origin, cached) = outcome();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let (_home, remote, cache) =
                    machine(server.cache(&[(CACHE_SIGNING_KEY, &private)]));
                for _ in 0..20 {
                    cache.save(&key, &origin, &cached).unwrap();
                }
                assert_eq!(remote.finish(), [] as [String; 0]);
            });
        }
    });
    let (_home, _, cache) = machine(server.cache(&[(CACHE_KEYS, &public)]));
    assert_eq!(cache.lookup(&key), Some(cached));
}

#[test]
fn an_invalid_variable_is_named_without_its_value() {
    for (name, value) in [
        (CACHE_REMOTE, "http://user:correct-horse@example.org"),
        (CACHE_KEYS, "correct-horse"),
        (CACHE_SIGNING_KEY, "correct-horse"),
    ] {
        let remote = (CACHE_REMOTE, "https://example.org/");
        let error = RemoteCache::of(&EnvVars::from([remote, (name, value)]), None).err().unwrap();
        assert!(error.contains(name) && !error.contains("correct-horse"), "{error}");
    }
    assert!(RemoteCache::of(&EnvVars::default(), None).unwrap().is_none());
}
