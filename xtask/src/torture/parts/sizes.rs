//! Huge, deep and broken texts in each file that the program reads.

use super::super::cases;
use super::super::scene::{LIMIT, Machine, Scene};
use crate::failure::{Failure, Result};

/// Files that are read.
const FILES: &str = "pipe.toml .docker/pipe.lock .docker/Dockerfile .docker/requirements/ruff.txt .gitignore \
                     src/.gitignore src/main.py pyproject.toml requirements.txt uv.lock poetry.lock pylock.toml \
                     setup.cfg tox.ini .config/.pylintrc .config/mypy.ini .config/pyproject.toml \
                     .config/baseline.jsonl .pre-commit-config.yaml .gitlab-ci.yml .github/workflows/ci.yml \
                     Makefile Cargo.toml .python-version src/data.bin ruff.toml";

/// Kinds of texts; see [`make_text`].
const KINDS: &str = "empty nul one-line lines keys tables dotted-key deep-array deep-inline-table deep-braces \
                     deep-parentheses globs stars classes negations not-unicode carriage-returns mark anchors \
                     long-string numbers quotes sparse comments percent random";

/// Commands that read files.
const COMMANDS: &[&[&str]] =
    &[&["list"], &["run", "ruff"], &["init"], &["sync", "--check"], &["run", "lint", "--dry-run"]];

/// The number of tries.
pub(super) fn cases() -> usize {
    FILES.split_whitespace().count() * KINDS.split_whitespace().count() * COMMANDS.len()
}

pub(super) fn attack(scene: &mut Scene<'_>) -> Result<()> {
    let files: Vec<&str> = FILES.split_whitespace().collect();
    let kinds: Vec<&str> = KINDS.split_whitespace().collect();
    let [file, kind, command] =
        cases::split(scene.case, [files.len(), kinds.len(), COMMANDS.len()]);
    let (file, kind, command) = (files[file], kinds[kind], COMMANDS[command]);
    scene.name(format!("`{file}` is {kind}, {}", command.join(" ")));
    scene.build()?;
    if kind == "sparse" {
        scene.write(file, "")?;
        let path = scene.path(file);
        let sparse = std::fs::File::options().write(true).open(&path);
        sparse.and_then(|it| it.set_len(1 << 40)).map_err(|error| Failure::file(&path, &error))?;
    } else {
        let text = make_text(scene, kind);
        scene.write(file, text)?;
    }
    // black and ruff are slow on huge sources by themselves.
    let limit = if file.ends_with(".py") { LIMIT * 2 } else { LIMIT };
    let command = scene.pipe(Machine::Bubblewrap, command);
    scene.run(&command, limit, &[0, 1, 2, 3])?;
    if scene.case.is_multiple_of(4) {
        scene.expect_right(Machine::Bubblewrap, &["ruff"])
    } else {
        Ok(())
    }
}

fn make_text(scene: &mut Scene<'_>, kind: &str) -> Vec<u8> {
    const MANY: usize = 100_000;
    let count = |line: &dyn Fn(usize) -> String| (0..MANY).map(line).collect::<String>();
    let text = match kind {
        "empty" => String::new(),
        "nul" => "x\0y = 1\n\0".to_owned(),
        "one-line" => "a".repeat(32 << 20),
        "lines" => "\n".repeat(32 << 20),
        "keys" => count(&|number| format!("key{number} = {number}\n")),
        "tables" => count(&|number| format!("[tool.t{number}]\nx = 1\n")),
        "dotted-key" => format!("{}a = 1\n", "a.".repeat(MANY)),
        "deep-array" => format!("a = {}{}\n", "[".repeat(MANY), "]".repeat(MANY)),
        "deep-inline-table" => format!("a = {}1{}\n", "{ a = ".repeat(MANY), " }".repeat(MANY)),
        "deep-braces" => "{a=".repeat(MANY),
        "deep-parentheses" => format!("{}1{}\n", "(".repeat(MANY), ")".repeat(MANY)),
        "globs" => count(&|number| format!("**/{{a,b}}{number}*/**/x?[a-z]\n")),
        "stars" => format!("{}\n", "*a".repeat(MANY)),
        "classes" => format!("[{}\n", "[!a-".repeat(MANY)),
        "negations" => count(&|number| format!("!/src/../{number}/\n")),
        "not-unicode" => return [&b"a = \"\xff\xfe\xc3\x28\xed\xa0\x80\"\n"[..]; 99].concat(),
        "carriage-returns" => "[tool.x]\ra = 1\r# b\r".repeat(99),
        "mark" => "\u{feff}\u{feff}source = [\"src\"]\n".to_owned(),
        "anchors" => {
            let level = |number: usize| {
                format!(
                    "a{}: &a{} [{}]\n",
                    number + 1,
                    number + 1,
                    format!("*a{number},").repeat(9)
                )
            };
            format!("a0: &a0 [x]\n{}", (0..30).map(level).collect::<String>())
        }
        "long-string" => format!("a = \"\"\"{}\"\"\"\n", "x\n".repeat(4 << 20)),
        "numbers" => {
            format!("a = {}\nb = 1e{}\nc = -0x{}\n", "9".repeat(MANY), MANY, "f".repeat(MANY))
        }
        "quotes" => "\"'\"\"\"'''\\".repeat(MANY),
        "comments" => count(&|number| format!("# {number} \\\n")),
        "percent" => format!("[mypy]\na = {}\n", "%(a)s".repeat(MANY)),
        _ => {
            let length = scene.random.usize(..1 << 20);
            return std::iter::repeat_with(|| scene.random.u8(..)).take(length).collect();
        }
    };
    text.into_bytes()
}
