//! Runs that leave something for the next one: the memory of pylint and mypy here, the copy of the
//! sources in [`kept`], and results with secrets in [`secrets`].
//!
//! Code of a branch shapes what the tools remember, and replaces what they report by nothing. After it,
//! the clean project must have all of its findings, whether what the branch left was believed or not.

use super::super::scene::{LIMIT, Machine, Scene};
use super::{kept, secrets};
use crate::failure::Result;

/// Code that silences pylint and mypy, and the records that are written afterwards.
const PAYLOADS: &[&str] = &[
    "import sys\ntry:\n    import pylint.lint.pylinter as p\n    \
     p.PyLinter.add_message = lambda *a, **k: None\nexcept ImportError:\n    pass\n",
    "try:\n    import astroid\n    astroid.nodes.Import.root = None\nexcept Exception:\n    pass\n",
    "import json\nold = json.dumps\njson.dumps = lambda *a, **k: old([])\n",
    "import pickle\npickle.dumps = lambda *a, **k: b''\n",
    "import os, atexit\natexit.register(lambda: os._exit(0))\n",
    "import os\nos._exit(0)\n",
    "import hashlib\nhashlib.sha256 = hashlib.blake2b = lambda *a, **k: hashlib.md5(b'')\n",
    "import builtins\nold = builtins.open\nbuiltins.open = lambda p, *a, **k: \
     old('/dev/null' if 'main' in str(p) else p, *a, **k)\n",
    "import tokenize\ntokenize.tokenize = lambda r: iter(())\n",
    "import sys\nsys.stdout.write = sys.stderr.write = lambda t: 0\n",
];

/// Modules that a branch may add below `src`.
const MODULES: &str = "isort dill tomlkit mccabe platformdirs astroid pylint typing_extensions mypy \
                       mypy_extensions sitecustomize usercustomize conftest tomllib json pickle re \
                       collections pathspec librt ast_serialize";

/// Ways in which code of a branch gets into a tool: files with their text, where `NAME` is replaced by
/// a module, and the check that executes it.
const WAYS: &[(&str, &[(&str, &str)])] = &[
    ("lint", &[("src/NAME.py", "PAYLOAD")]),
    ("lint", &[("src/NAME/__init__.py", "PAYLOAD")]),
    ("mypy", &[("src/NAME.py", "PAYLOAD")]),
    (
        "lint",
        &[
            (
                ".config/.pylintrc",
                "[MAIN]\ninit-hook=import sys; sys.path.insert(0, 'src'); import evil\n",
            ),
            ("src/evil.py", "PAYLOAD"),
        ],
    ),
    (
        "lint",
        &[
            (
                ".config/.pylintrc",
                "[MAIN]\ninit-hook=import sys; sys.path.insert(0, '/app/src'); import NAME\n",
            ),
            ("src/NAME.py", "PAYLOAD"),
        ],
    ),
    (
        "lint",
        &[
            (".config/.pylintrc", "[MAIN]\nload-plugins=evil\n"),
            ("src/evil.py", "PAYLOAD\ndef register(linter):\n    pass\n"),
        ],
    ),
    (
        "lint",
        &[
            (".config/.pylintrc", "[MAIN]\nload-plugins=evil\n"),
            ("src/evil.py", "import NAME_helper\ndef register(linter):\n    pass\n"),
            ("src/NAME_helper.py", "PAYLOAD"),
        ],
    ),
    (
        "lint",
        &[
            (".config/.pylintrc", "[MAIN]\noutput-format=evil.Evil\n"),
            ("src/evil.py", "PAYLOAD\nclass Evil:\n    name = 'x'\n"),
        ],
    ),
    (
        "mypy",
        &[
            (".config/mypy.ini", "[mypy]\nplugins = src/evil.py\n"),
            (
                "src/evil.py",
                "PAYLOAD\nfrom mypy.plugin import Plugin\ndef plugin(version):\n    return Plugin\n",
            ),
        ],
    ),
    (
        "mypy",
        &[
            (".config/mypy.ini", "[mypy]\nplugins = src/evil.py\n"),
            (
                "src/evil.py",
                "import mypy.build\nold = mypy.build.build\ndef plugin(version):\n    import os\n    os._exit(0)\n",
            ),
        ],
    ),
    (
        "lint",
        &[
            ("src/pylintrc", "[MAIN]\ninit-hook=PAYLINE\n"),
            (".config/.pylintrc", "[MAIN]\nrcfile=src/pylintrc\ninit-hook=PAYLINE\n"),
        ],
    ),
    ("lint", &[("src/other.py", "# pylint: skip-file\n"), ("src/__init__.py", "PAYLOAD")]),
    ("lint", &[("src/main.pyi", "NUMBER: int\n"), ("src/os.py", "PAYLOAD")]),
    ("mypy", &[("src/os.pyi", "import NAME\n"), ("src/main.pyi", "NUMBER: str\n")]),
];

/// Settings of the check in the branch.
const SETTINGS: &[&str] = &[
    "",
    "",
    "",
    "env = { PYTHONPATH = \"/app/src\" }\n",
    "args = [\"--disable=all\"]\n",
    "inputs = [\"*.py\"]\n",
];

pub(super) fn attack(scene: &mut Scene<'_>) -> Result<()> {
    let kind = scene.case % 3;
    scene.case /= 3;
    match kind {
        0 => shape_memory(scene),
        1 => kept::attack(scene),
        _ => secrets::attack(scene),
    }
}

fn shape_memory(scene: &mut Scene<'_>) -> Result<()> {
    scene.build()?;
    let modules: Vec<&str> = MODULES.split_whitespace().collect();
    let module = modules[scene.random.usize(..modules.len())];
    let payload = PAYLOADS[scene.random.usize(..PAYLOADS.len())];
    let (check, files) = WAYS[scene.case % WAYS.len()];
    let settings = SETTINGS[scene.random.usize(..SETTINGS.len())];
    let line =
        payload.lines().filter(|line| !line.starts_with([' ', 't', 'e'])).collect::<Vec<_>>();
    let line = line.join("; ");
    scene.name(format!("{check} after {:?} as {module} {settings}{:.40?}", files[0].0, payload));
    if scene.random.bool() {
        // The branch starts with what main remembers.
        let command = scene.pipe(Machine::Bubblewrap, &["run", "--check", check]);
        scene.run(&command, LIMIT, &[1])?;
    }
    for (path, text) in files {
        let text = text.replace("PAYLOAD", payload).replace("PAYLINE", &line);
        scene.write(&path.replace("NAME", module), text.replace("NAME", module))?;
    }
    let head = format!("[checks.{check}]\n");
    let text = std::fs::read_to_string(scene.path("pipe.toml")).unwrap_or_default();
    scene.write("pipe.toml", text.replace(&head, &format!("{head}{settings}")))?;
    if scene.random.u8(..4) == 0 {
        scene.append("src/main.py", "# A change of the branch.\n")?;
    }
    for _ in 0..2 {
        scene.try_pipe(Machine::Bubblewrap, &["run", "--check", check])?;
    }
    scene.expect_right(Machine::Bubblewrap, &[check])
}
