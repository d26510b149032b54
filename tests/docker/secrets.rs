//! The secrets of a check: they reach it alone, and nothing that is written shows them.

use std::fs;
use std::path::Path;

use crate::project::{Project, Report, holding};

tests![
    a_granted_secret_reaches_its_check_alone_and_no_argument,
    nothing_that_is_written_shows_a_secret,
    neither_a_shell_nor_a_fixer_gets_a_secret,
    without_its_value_only_the_check_itself_fails
];

const VALUE: &str = "corr\u{e9}ct-horse/battery&staple+<x>";

/// Enough of each form of the value to recognise it, also in Base64 at each alignment.
const TRACES: [&str; 10] = [
    VALUE,
    "ct-horse/battery",
    "ct-horse%2Fbattery",
    "y3QtaG9yc2UvYmF0dGVye",
    "N0LWhvcnNlL2JhdHRlc",
    "jdC1ob3JzZS9iYXR0ZXJ5",
    "r\\u00e9ct-horse",
    "ct-ho\nrse/b",
    "&amp;staple",
    "\\u0026staple",
];

/// A program of the project that prints the variable `API_TOKEN` in many forms.
const LEAKY: &str = r#"import base64, html, json, os, sys, urllib.parse
token = os.environ["API_TOKEN"]
for stream in (sys.stdout, sys.stderr):
    print("plain", token, file=stream)
    print("json", json.dumps(token), json.dumps(token, ensure_ascii=False), file=stream)
    print("html", html.escape(token), file=stream)
    print("url", urllib.parse.quote(token), urllib.parse.quote_plus(token), file=stream)
    for before in ("", "u", "me:"):
        print("base64", base64.b64encode((before + token).encode()).decode(), file=stream)
    print("folded", token[:9] + "\n    " + token[9:], file=stream)
    print("coloured", token[:9] + "\x1b[31m" + token[9:] + "\x1b[0m", file=stream)
    print("spaced", " ".join(token), file=stream)
    print("hidden", "\x1b]0;" + token + "\x07", "\x1b[" + token, file=stream)
sys.exit(1)
"#;

/// A program whose findings contain it, in JSON lines.
const FINDING: &str = r#"import json, os, sys
token = os.environ["API_TOKEN"]
print(json.dumps({"path": "src/" + token + ".py", "line": 1, "code": token, "message": "has " + token}))
print(json.dumps({"path": "src/main.py", "line": 1, "code": "x", "message": "\u001b[1m".join(token)}))
sys.exit(1)
"#;

/// The same in a report of JUnit.
const JUNIT: &str = r#"import html, os, sys
token = html.escape(os.environ["API_TOKEN"])
print(f'<testsuite><testcase classname="{token}" name="{token}"><failure message="{token}">{token}</failure></testcase></testsuite>')
sys.exit(1)
"#;

const PIPE: &str = r#"
[checks.leaky]
run = ["python3", "src/leaky.py"]
secrets = ["API_TOKEN"]
cache = true

[checks.finding]
run = ["python3", "src/finding.py"]
findings = "json-lines"
secrets = ["API_TOKEN"]
cache = true

[checks.junit]
run = ["python3", "src/junit.py"]
findings = "junit"
secrets = ["API_TOKEN"]
cache = true

[checks.foreign]
run = ["sh", "-c", "echo $API_TOKEN; exit 1"]
image = "python:3.13-slim"
secrets = ["API_TOKEN"]
"#;

fn project() -> Project {
    let project = Project::empty().with("API_TOKEN", VALUE).with("CARGO_PIPE_CACHE", "on");
    let off =
        ["lint", "format", "mypy", "ruff"].map(|it| format!("[checks.{it}]\nenabled = false\n"));
    project.write("pipe.toml", off.concat() + PIPE);
    project.write("src/main.py", "X = 1\n");
    for (name, program) in [("leaky", LEAKY), ("finding", FINDING), ("junit", JUNIT)] {
        project.write(&format!("src/{name}.py"), program);
    }
    project
}

/// Replaces the checks by those of these lines.
fn configure(project: &Project, checks: &str) {
    let text = fs::read_to_string(project.root.join("pipe.toml")).unwrap();
    project.write("pipe.toml", text.replace(PIPE, checks));
}

fn log(report: &Report, check: &str) -> String {
    report.check(check)["log"]["stdout"].as_str().unwrap().to_owned()
}

const ALLOW: [&str; 2] = ["--allow", "secret:API_TOKEN"];

fn a_granted_secret_reaches_its_check_alone_and_no_argument() {
    let project = project().with_docker("echo \"$@\" >> $HOME/arguments; exec docker \"$@\"");
    configure(
        &project,
        "[checks.has]\nrun = [\"sh\", \"-c\", \"printf %s $API_TOKEN | wc -c\"]\nsecrets = [\"API_TOKEN\"]\n\
         findings-exit = [9]\nimage = \"python:3.13-slim\"\n\
         [checks.too]\nrun = [\"sh\", \"-c\", \"printf %s $API_TOKEN | wc -c\"]\nsecrets = [\"API_TOKEN\"]\n\
         [checks.not]\nrun = [\"sh\", \"-c\", \"printf %s $API_TOKEN | wc -c\"]\n",
    );
    let refused = project.pipe(&["run-all"]);
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("with `--allow secret:API_TOKEN`"), "{refused:?}");
    let other = project.pipe(&["run-all", "--allow", "secret:OTHER"]);
    assert_eq!(other.status, Some(2), "{other:?}");
    let report = project.report(&[&["run-all", "-v"], &ALLOW[..]].concat());
    assert_eq!(report.status, 0, "{report:?}");
    let length = format!("{}\n", VALUE.len());
    for (check, printed) in [("has", length.as_str()), ("too", &length), ("not", "0\n")] {
        assert_eq!(log(&report, check), printed, "{check}");
    }
    let arguments = fs::read_to_string(project.root.join("../home/arguments")).unwrap();
    assert!(arguments.contains("--env API_TOKEN "), "{arguments}");
    assert!(!arguments.contains("horse"), "{arguments}");
}

fn nothing_that_is_written_shows_a_secret() {
    let project = project();
    let formats = ["json", "jsonl", "junit", "sarif", "gitlab", "github", "markdown"];
    let reports: Vec<String> =
        formats.iter().map(|format| format!("--report={format}=../out/{format}")).collect();
    let reports: Vec<&str> = reports.iter().map(String::as_str).collect();
    fs::create_dir(project.root.join("../out")).unwrap();
    // The second run uses cached results.
    for cache in ["miss", "hit"] {
        for format in ["human", "short", "json", "jsonl", "github", "gitlab"] {
            let args =
                [&["run-all", "-v", "--message-format", format], &ALLOW[..], &reports].concat();
            let ended = project.pipe(&args);
            assert_eq!(ended.status, Some(1), "{ended:?}");
            for trace in TRACES {
                assert!(!ended.stdout.contains(trace), "{format} {trace}: {}", ended.stdout);
                assert!(!ended.stderr.contains(trace), "{format} {trace}: {}", ended.stderr);
            }
        }
        let report = project.report(&[&["run-all"], &ALLOW[..]].concat());
        assert_eq!(report.check("finding")["cache"], "hit", "{cache}");
        assert_eq!(report.check("foreign")["cache"], "off");
    }
    let outside = project.root.parent().unwrap();
    assert_eq!(holding(&TRACES, &[outside]), [""; 0].map(Path::new));
    let report = project.report(&[&["run-all"], &ALLOW[..]].concat());
    let leaky = log(&report, "leaky");
    assert_eq!(leaky.matches("***").count(), 14, "{leaky}");
    assert_eq!(log(&report, "foreign"), "***\n");
    let found = report.check("finding")["findings"].to_string();
    assert!(found.contains("\"has ***\"") && found.contains("\"src/***.py\""), "{found}");
    assert_eq!(report.found("finding").len(), 2);
    assert!(!report.check("junit")["findings"].to_string().contains("horse"));
    for command in [
        &["why", "leaky"][..],
        &["run-all", "--dry-run"],
        &["run-all", "--dry-run", "--message-format", "json"],
        &["leaky", "--help"],
        &["list"],
    ] {
        let ended = project.pipe(&[command, &ALLOW[..]].concat());
        assert!(!format!("{ended:?}").contains("horse"), "{ended:?}");
    }
}

fn neither_a_shell_nor_a_fixer_gets_a_secret() {
    let project = project();
    let fixer = "[checks.fixing]\nrun = [\"true\"]\nsecrets = [\"API_TOKEN\"]\n\
                 fix = [\"sh\", \"-c\", \"echo \\\"[$API_TOKEN]\\\" > src/main.py\"]\n";
    configure(&project, fixer);
    let ended = project.pipe(&["bash", "fixing", "--", "sh", "-c", "echo \"[$API_TOKEN]\""]);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), "[]\n"), "{ended:?}");
    assert!(ended.stderr.contains("`API_TOKEN` is not set here"), "{ended:?}");
    let ended = project.pipe(&[&["run-all", "--fix"], &ALLOW[..]].concat());
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(fs::read_to_string(project.root.join("src/main.py")).unwrap(), "[]\n");
}

fn without_its_value_only_the_check_itself_fails() {
    for (value, reason) in
        [("", "the secret `API_TOKEN` is not set"), ("short", "is too short to be masked")]
    {
        let project = project().with("API_TOKEN", value);
        configure(
            &project,
            "[checks.e2e]\nrun = [\"true\"]\nsecrets = [\"API_TOKEN\"]\n\
             [checks.other]\nrun = [\"true\"]\n",
        );
        let report = project.report(&[&["run-all"], &ALLOW[..]].concat());
        assert_eq!(report.status, 2, "{report:?}");
        assert_eq!((report.outcome("e2e"), report.outcome("other")), ("error", "passed"));
        let text = report.check("e2e")["reason"]["message"].to_string();
        assert!(text.contains(reason), "{text}");
    }
}
