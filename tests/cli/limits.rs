//! The limits of a check: in the flags of its container, and in its result.

use snapbox::str;

use crate::container::{reason, ruff, scene};
use crate::scene::Scene;

/// The last lines of a launcher whose check exceeded this limit.
fn end_with(limit: &str) -> String {
    format!("echo '[]'; echo 'cargo-pipe-limit: {limit}' >&2; exit 137")
}

#[test]
fn a_container_gets_the_memory_of_its_check_and_no_swap() {
    for (text, bytes) in [("", 4u64 << 30), ("[checks.ruff]\nmemory = \"128 MiB\"\n", 128 << 20)] {
        let scene = scene();
        let scene = scene.file("pipe.toml", text);
        assert_eq!(ruff(&scene, "echo '[]'").1, Some(0));
        let calls = scene.docker().calls();
        let run = calls.iter().find(|call| call[0] == "run").unwrap().join(" ");
        let flags = format!("--memory {bytes} --memory-swap {bytes} ");
        assert!(run.contains(&flags), "{run}");
    }
}

#[test]
fn an_exceeded_limit_is_an_error_that_names_the_setting_and_is_not_cached() {
    let cases = [
        ("memory", "out of memory: its limit is 4 GiB", "raise `memory` in `[checks.ruff]`"),
        ("processes", "too many processes: its limit is 1024 processes and threads", ""),
    ];
    for (limit, message, hint) in cases {
        let scene = scene();
        let (report, status) = ruff(&scene, &end_with(limit));
        let (kind, text) = reason(&report);
        assert_eq!((status, kind.as_str()), (Some(3), "limit"), "{text}");
        assert!(text.contains(message) && text.contains(hint), "{text}");
        let again = scene.pipe("ruff --message-format json").ended();
        assert!(again.stdout.contains("\"cache\": \"miss\""), "{}", again.stdout);
    }
}

#[test]
fn a_killed_container_without_a_last_line_ran_out_of_memory_if_the_engine_says_so() {
    for (event, kind) in [("oom", "limit"), ("kill", "environment"), ("exec_die", "environment")] {
        let scene = scene();
        let event = format!("{{\"Action\":\"{event}\"}}\n");
        scene.docker().on(&["events", "event=oom", "event=kill"]).stdout(&event);
        let (report, status) = ruff(&scene, "trap - EXIT; exit 137");
        assert_eq!((status, reason(&report).0.as_str()), (Some(3), kind));
    }
}

#[test]
fn endless_output_ends_the_check_and_leaves_a_short_log() {
    let scene = scene();
    let scene = scene.file("pipe.toml", "[checks.ruff]\noutput = \"2 MiB\"\n");
    // The loop ends when the container is removed.
    let script = "until test -e \"$FAKE\"/stopped/*ruff*; do head -c 500000 /dev/zero; done";
    let (report, status) = ruff(&scene, script);
    let (kind, text) = reason(&report);
    assert_eq!((status, kind.as_str()), (Some(3), "limit"), "{text}");
    assert!(text.starts_with("too much output: its limit is 2 MiB"), "{text}");
    assert!(report.checks[0].log.truncated);
    let removes = |call: &Vec<String>| call[0] == "rm";
    assert!(scene.docker().calls().iter().any(removes));
}

#[test]
fn a_small_engine_lowers_the_limit_of_memory_with_a_warning() {
    let scene = scene();
    let scene = scene.file("pipe.toml", "[checks.ruff]\nmemory = \"1024 GiB\"\n");
    scene.docker().on(&["info", "MemTotal"]).stdout("2147483648\n");
    let (report, status) = ruff(&scene, "echo '[]'");
    assert_eq!(status, Some(0));
    let warnings = report.warnings.join("\n");
    assert!(warnings.contains("may use 1536 MiB instead of 1024 GiB"), "{warnings}");
    let calls = scene.docker().calls();
    let run = calls.iter().find(|call| call[0] == "run").unwrap();
    assert!(run.contains(&"1610612736".to_owned()), "{run:?}");
}

#[test]
fn a_limit_above_its_ceiling_is_refused() {
    for (limit, ceiling) in [
        ("memory = \"1025 GiB\"", "between 32 MiB and 1024 GiB"),
        ("disk = \"65 GiB\"", "between 1 MiB and 64 GiB"),
        ("output = \"1025 MiB\"", "between 1 MiB and 1 GiB"),
        ("timeout = \"25h\"", "between 1 second and 1 day"),
    ] {
        let scene = Scene::new().file("pipe.toml", &format!("[checks.ruff]\n{limit}\n"));
        let ended = scene.pipe("list").ended();
        assert_eq!(ended.status, Some(2), "{limit}: {ended:?}");
        assert!(ended.stderr.contains(ceiling), "{limit}: {ended:?}");
    }
}

#[test]
fn a_limit_out_of_its_range_is_refused_where_it_is_written() {
    let scene = Scene::new();
    let scene = scene.file("pipe.toml", "[checks.ruff]\nmemory = \"1 MiB\"\n");
    scene.pipe("list").ends(
        2,
        "",
        str![[r#"
error: `memory` must be between 32 MiB and 1024 GiB, got 1 MiB
 --> pipe.toml:2:10
  |
2 | memory = "1 MiB"
  |          ^^^^^^^

hint: write a size such as "4 GiB" or "512 MiB"

"#]],
    );
}

#[test]
fn threads_that_the_system_refuses_are_an_error() {
    let refuse =
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=clone,clone3:error=EAGAIN"];
    for words in ["init", "sync", "doctor", "watch", "build", "remove", "mcp"] {
        let scene = Scene::with_project();
        let ended = scene.pipe(words).behind(&refuse, ":", &scene.project());
        assert_eq!(ended.status, Some(3), "{words}: {ended:?}");
        assert!(ended.stderr.starts_with("error: cannot start threads: "), "{words}: {ended:?}");
    }
}

#[test]
fn each_thread_that_the_system_refuses_is_an_error() {
    // Those of rayon, one for signals, one for a stop, and one of the watcher or the server.
    let threads = std::thread::available_parallelism().unwrap().get() + 3;
    for words in ["watch", "mcp"] {
        for first in 1..=threads {
            let refuse = format!("inject=clone,clone3:error=EAGAIN:when={first}+");
            let refuse = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &refuse];
            let scene = Scene::with_project();
            let ended = scene.pipe(words).behind(&refuse, ":", &scene.project());
            assert_eq!(ended.status, Some(3), "{words}, {first}: {ended:?}");
            assert!(ended.stderr.starts_with("error: cannot "), "{words}, {first}: {ended:?}");
        }
    }
}
