//! Checks that print a secret in each way that is masked, and others that must not get it.
//!
//! No output, no report and no file of the cache may show the value or a form of it.

use std::fs;

use super::super::arena;
use super::super::scene::{LIMIT, Machine, Scene};
use crate::failure::Result;

/// A value with characters that each format escapes in its own way.
const VALUE: &str = "hid/den+\"va&lue'<41>é-e7d90c";

/// Parts of the value and of its forms, which nothing may show.
const TRACES: &[&str] =
    &["hid/den", "hid%2Fden", "va&amp;lue", "e7d90c", "bisidmEmbH", "ZW4rInZhJm", "ZGVuKyJ2YS"];

/// Ways to print it, as lines of Python; `v` is the value.
const WAYS: &[&str] = &[
    "print(v)",
    "print(v, file=sys.stderr)",
    "print('x' * 70000 + v)",
    "print(v[:9], end='', flush=True); print(v[9:], file=sys.stdout, flush=True)",
    "print(json.dumps(v), json.dumps([v], ensure_ascii=False))",
    "print(html.escape(v), html.escape(v, quote=False))",
    "print(urllib.parse.quote(v), urllib.parse.quote(v, ''), urllib.parse.quote_plus(v))",
    "print(*[base64.b64encode((b + v).encode()).decode() for b in ('', 'a', 'ab')])",
    "print(base64.b64encode((v + '\\n').encode()).decode())",
    "print(' '.join(v), '\\n'.join(v))",
    "print('\\x1b[1m'.join(v), '\\x1b]0;' + v + '\\x07')",
    "sys.stdout.buffer.write(b'\\xff\\xfe' + v.encode() + b'\\xff')",
    "raise ValueError(v)",
    "sys.exit(v)",
    "os.execvp('sh', ['sh', '-c', 'echo \"$0\"; exit 1', v])",
    "open(os.path.join(os.environ.get('TMPDIR', '/tmp'), 'x'), 'w').write(v); print(v * 2)",
    "print(json.dumps({'path': 'src/main.py', 'line': 1, 'code': v, 'message': v}))",
    "print(json.dumps({'path': v, 'line': 1, 'code': 'x', 'message': 'in ' + v}))",
    "print(f'<testsuite><testcase name={html.escape(v)!r}><failure>{html.escape(v)}</failure></testcase></testsuite>')",
];

/// How the output becomes findings.
const PARSERS: &[&str] = &["", "findings = \"json-lines\"", "findings = \"junit\""];

pub(super) fn attack(scene: &mut Scene<'_>) -> Result<()> {
    let way = WAYS[scene.case % WAYS.len()];
    let parser = PARSERS[scene.random.usize(..PARSERS.len())];
    let is_cached = scene.random.bool();
    scene.name(format!("{way}, {parser}, cache = {is_cached}"));
    let imports = "import base64, html, json, os, sys, urllib.parse";
    let program = format!("{imports}\nv = os.environ['TOKEN']\n{way}\nsys.exit(1)\n");
    scene.write("src/leak.py", program)?;
    scene.write("src/pry.py", "import os, sys\nsys.exit(bool(os.environ.get('TOKEN')))\n")?;
    scene.append(
        "pipe.toml",
        &format!(
            "\n[checks.leak]\nrun = [\"python3\", \"src/leak.py\"]\nsecrets = [\"TOKEN\"]\n\
             cache = {is_cached}\n{parser}\n\n[checks.pry]\nrun = [\"python3\", \"src/pry.py\"]\n"
        ),
    )?;
    let reports = scene.folder("reports");
    arena::remove(&reports)?;
    crate::workspace::create_folder(&reports)?;
    let run = ["run", "--check", "leak", "pry"];
    let formats = ["json", "jsonl", "junit", "sarif", "gitlab", "github", "markdown", "html"];
    let files = formats.map(|format| format!("{format}={}", reports.join(format).display()));
    let options: Vec<&str> = files.iter().flat_map(|file| ["--report", file]).collect();
    let granted = ["--allow", "secret:TOKEN", "--verbose"];
    for (number, statuses) in [(0, &[2][..]), (2, &[1, 3]), (3, &[1, 3])] {
        let words = [&run[..], &granted[..number], &options].concat();
        let command = scene.pipe(Machine::Bubblewrap, &words).variable("TOKEN", VALUE);
        let ended = scene.run(&command, LIMIT, statuses)?;
        if ended.output.contains("pry: findings") {
            scene.escape("another check got the secret");
        }
        if let Some(trace) = find_trace(ended.output.as_bytes()) {
            scene.escape(format!("the output shows {trace:?}"));
        }
    }
    for folder in ["reports", "cache/results", "cache/projects", "cache/runs", "tmp", "home"] {
        for path in arena::survey(&scene.folder(folder)).into_keys() {
            if let Some(trace) = find_trace(&fs::read(&path).unwrap_or_default()) {
                scene.escape(format!("`{}` shows {trace:?}", path.display()));
            }
        }
    }
    arena::remove(&reports)?;
    scene.expect_right(Machine::Bubblewrap, &["ruff"])
}

/// A trace of the value in a text, also where white space is in it.
fn find_trace(bytes: &[u8]) -> Option<&'static str> {
    let text: String =
        String::from_utf8_lossy(bytes).chars().filter(|it| !it.is_whitespace()).collect();
    TRACES.iter().find(|trace| text.contains(**trace)).copied()
}
