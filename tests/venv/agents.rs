//! The server for editors and agents, driven by the client of the protocol's own Python package.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::python::installed_python;
use crate::repository::{Repository, UNUSED};
use crate::start;

tests!(
    python,
    [
        a_client_lists_runs_reads_explains_and_fixes,
        a_page_of_findings_has_a_bound,
        only_a_user_grants,
        what_runs_ends_with_the_client,
    ]
);

/// One answer of the server.
#[derive(Debug)]
struct Answer {
    is_error: bool,
    value: Value,
    text: String,
    progress: Vec<Value>,
}

/// Calls tools of the server in one session. Returns the tools, and the answers.
fn call(repository: &Repository, calls: Value) -> (Value, Vec<Answer>) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let server = repository.project.command(&["mcp"]);
    let mut client = start::command(installed_python(&tests.join("fixtures/mcp-client.txt")));
    client.arg(tests.join("venv/agents/client.py")).arg(server.get_program());
    client.args(server.get_args()).current_dir(&repository.root);
    client.env_clear();
    client.envs(server.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(calls.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let tools = lines.next().unwrap();
    let answers = lines.map(|mut line| Answer {
        is_error: line["error"].as_bool().unwrap(),
        value: line["answer"].take(),
        text: line["text"].as_str().unwrap().to_owned(),
        progress: line["progress"].as_array().unwrap().clone(),
    });
    (tools, answers.collect())
}

fn a_client_lists_runs_reads_explains_and_fixes() {
    let repository = Repository::without_hook();
    repository.git(&["add", "--all"]);
    repository.write("src/main.py", UNUSED);
    let before = repository.state();
    let (tools, answers) = call(
        &repository,
        json!([
            ["list_checks", {}],
            ["findings", {}],
            ["run_checks", { "staged": true }],
            ["run_checks", {}],
            ["findings", { "check": "ruff", "path": "src", "rule": "unused-import" }],
            ["findings", { "path": "sr" }],
            ["explain", { "check": "ruff" }],
            ["fix", {}],
        ]),
    );
    let confirmed = |name: &str| {
        let tools = tools.as_array().unwrap();
        let tool = tools.iter().find(|tool| tool["name"] == name).unwrap();
        tool["annotations"]["readOnlyHint"] == false
    };
    assert!(confirmed("fix"), "{tools:#}");
    assert!(!confirmed("run_checks"), "{tools:#}");

    let [listed, too_early, staged, run, found, elsewhere, explained, preview] = &answers[..]
    else {
        panic!("{answers:#?}");
    };
    let checks = listed.value["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| check["name"] == "ruff" && check["fixes"] == true));
    assert!(too_early.is_error, "{too_early:?}");
    assert!(too_early.text.ends_with("hint: call `run_checks` first"), "{too_early:?}");

    assert_eq!(staged.value["verdict"], "passed", "{staged:#?}");
    assert_eq!(run.value["verdict"], "findings", "{run:#?}");
    assert_eq!(run.value["exit_code"], 1);
    assert_eq!(run.value["next"][0]["purpose"], "run-again");
    assert_eq!(run.value["next"][0]["command"], "cargo pipe run ruff");
    // What a terminal says of the same files.
    let report = repository.pipe(&["run-all", "--message-format", "json"]).stdout;
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(run.value["fingerprint"], report["fingerprint"]);
    assert_eq!(run.value["next"], report["next"]);
    let total = |counts: &Value| counts.as_array().unwrap().len();
    assert!(run.progress.iter().any(|it| it[1] == 2.0 && it[2] == "ruff: findings"), "{run:?}");

    assert_eq!(found.value["total"], 1, "{found:#?}");
    let finding = &found.value["findings"][0];
    assert_eq!((&finding["code"], &finding["line"]), (&json!("F401"), &json!(3)));
    assert_eq!(finding["line_text"], "import os");
    assert_eq!(total(&elsewhere.value["findings"]), 0, "a part of a name does not match");
    assert_eq!(explained.value["why"]["expected"], "hit", "{explained:#?}");

    assert_eq!(preview.value["applied"], false);
    assert_eq!(preview.value["files"], json!(["src/main.py"]));
    assert!(preview.value["patch"].as_str().unwrap().contains("-import os"), "{preview:#?}");
    assert_eq!(repository.state(), before, "nothing is changed without `confirm`");

    let (_, answers) = call(&repository, json!([["fix", { "confirm": true }]]));
    assert_eq!(answers[0].value["applied"], true, "{answers:#?}");
    assert_eq!(answers[0].value["files"], json!(["src/main.py"]));
    assert_eq!(answers[0].value["run"]["verdict"], "passed");
    assert!(
        !fs::read_to_string(repository.root.join("src/main.py")).unwrap().contains("import os")
    );
}

fn a_page_of_findings_has_a_bound() {
    let repository = Repository::without_hook();
    let lines: String = (0..700).map(|number| format!("import module_{number}\n")).collect();
    repository.write("src/many.py", lines);
    let (_, answers) = call(
        &repository,
        json!([
            ["run_checks", { "checks": ["ruff"] }],
            ["findings", { "limit": 100_000 }],
            ["findings", { "offset": 699 }],
            ["findings", { "offset": 100_000 }],
        ]),
    );
    let [run, most, last, behind] = &answers[..] else { panic!("{answers:#?}") };
    assert_eq!(run.value["findings"]["next_offset"], 50, "{run:#?}");
    let sizes: Vec<usize> = answers.iter().map(|answer| answer.text.len()).collect();
    assert!(sizes.iter().all(|size| *size < 80_000), "{sizes:?}");
    let listed = |answer: &Answer| answer.value["findings"].as_array().unwrap().len();
    assert!((50..=200).contains(&listed(most)), "{}", listed(most));
    assert_eq!(most.value["next_offset"], listed(most));
    let total = most.value["total"].as_u64().unwrap();
    assert!(total >= 700, "{total}");
    assert_eq!(listed(last) as u64, total.min(749) - 699);
    assert_eq!((listed(behind), &behind.value["next_offset"]), (0, &Value::Null));
}

fn only_a_user_grants() {
    let repository = Repository::without_hook();
    let settings = fs::read_to_string(repository.root.join("pipe.toml")).unwrap();
    let check = "[checks.own]\nrun = [\"true\"]\nsource = [\"src\"]\nnetwork = true\n";
    repository.write("pipe.toml", format!("{settings}\n{check}"));
    let (_, answers) = call(
        &repository,
        json!([
            ["run_checks", { "checks": ["own"] }],
            ["run_checks", { "checks": ["own"], "allow": ["network"] }],
        ]),
    );
    let [refused, unknown] = &answers[..] else { panic!("{answers:#?}") };
    assert!(refused.is_error, "{refused:?}");
    assert!(refused.text.contains("cargo pipe trust"), "{refused:?}");
    assert!(unknown.is_error, "{unknown:?}");
    assert!(unknown.text.contains("allow"), "{unknown:?}");
}

fn what_runs_ends_with_the_client() {
    for leaves in [Leaves::ByClosing, Leaves::BySignal] {
        let repository = Repository::without_hook();
        let settings = fs::read_to_string(repository.root.join("pipe.toml")).unwrap();
        let check = "[checks.slow]\nrun = [\"sleep\", \"600\"]\nsource = [\"src\"]\n";
        repository.write("pipe.toml", format!("{settings}\n{check}"));
        let mut command = repository.project.command(&["mcp"]);
        command.env("CARGO_PIPE_ALLOW", "host");
        let mut server = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut input = server.stdin.take().unwrap();
        let mut send = |message: Value| writeln!(input, "{message}").unwrap();
        let version = "2025-06-18";
        let client = json!({ "name": "test", "version": "1" });
        let hello = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client });
        send(json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello }));
        send(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        let call = json!({
            "name": "run_checks",
            "arguments": { "checks": ["slow"] },
            "_meta": { "progressToken": "slow" },
        });
        send(json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call }));
        wait_for(&mut server, "slow runs");
        match leaves {
            Leaves::ByClosing => drop(input),
            Leaves::BySignal => {
                kill_process(Pid::from_child(&server), Signal::TERM).unwrap();
            }
        }
        let status = server.wait().unwrap();
        let expected = match leaves {
            Leaves::ByClosing => 0,
            Leaves::BySignal => 130,
        };
        assert_eq!(status.code(), Some(expected));
        assert_eq!(repository.project.leftovers(), Vec::<String>::new());
    }
}

/// How a client leaves.
#[derive(Clone, Copy)]
enum Leaves {
    ByClosing,
    BySignal,
}

/// Reads the messages of the server until a line has this text.
fn wait_for(server: &mut Child, text: &str) {
    let lines = BufReader::new(server.stdout.as_mut().unwrap()).lines();
    let mut seen = Vec::new();
    for line in lines.map_while(Result::ok) {
        if line.contains(text) {
            return;
        }
        seen.push(line);
    }
    panic!("`{text}` never came: {seen:#?}");
}
