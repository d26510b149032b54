//! Projects of odd size and shape, and projects that change while they are checked.

use super::super::scene::{LIMIT, Machine, Scene};
use crate::failure::Result;
use crate::process::Command;

/// Shell commands that make a project odd.
const SHAPES: &[&str] = &[
    "mkdir -p src/m && cd src/m && seq 50000 | sed 's/.*/m&.py/' | xargs touch",
    "mkdir -p data && cd data && seq 50000 | xargs touch",
    "head -c 104857600 /dev/zero > src/zero.bin",
    "head -c 104857600 /dev/zero | tr '\\0' '#' > src/long.py; echo >> src/long.py",
    "yes 'x = 1' | head -c 8000000 > src/big.py",
    "p=src; for i in $(seq 400); do p=$p/d; done; mkdir -p $p; echo 'import os' > $p/x.py",
    "p=src; for i in $(seq 60); do p=$p/$(printf 'd%.0s' $(seq 60)); done; mkdir -p $p; echo > $p/x.py",
    "cd src; for i in $(seq 1500); do mkdir d && cd d; done; echo > x.py",
    "touch \"src/$(printf '\\377\\376').py\"",
    "touch \"src/$(printf 'a\\nb').py\"",
    "touch 'src/ x .py' 'src/--fix.py' 'src/-.py' 'src/*.py' 'src/[a].py' 'src/{a}.py'",
    "touch \"src/$(printf '\\033[2J').py\"",
    "touch \"src/$(printf '\\342\\200\\256').py\"",
    "touch \"src/$(printf 'é').py\" \"src/$(printf 'e\\314\\201').py\"",
    "mkdir src/d.py; touch src/d.py/x.py",
    "mkdir 'src/a b'; touch 'src/a b/c d.py'",
    "touch src/Main.py src/MAIN.py",
    "ln -s . src/a",
    "ln -s .. src/b",
    "ln -s . src/a; ln -s .. src/b",
    "ln -s main.py src/alias.py",
    "ln src/main.py src/hard.py",
    "ln -s /etc src/etc",
    "mkfifo src/pipe.py",
    "mkfifo src/pipe",
    "chmod 000 src/other.py",
    "chmod 000 src",
    "chmod 777 -R .",
    "chmod u+s src/main.py",
    "rm -r src",
    "rm src/*",
    "rm -r src; touch src",
    "mkdir -p src/.git/objects",
    "touch src/.gitignore; echo '*' > .gitignore",
    "echo 'src/' > .gitignore",
    "mkdir -p .venv/lib && cp -r src .venv/lib",
    "truncate -s 1T src/data.bin",
    "truncate -s 3G src/data.bin",
    "touch -d 1901-01-01 src/main.py",
    "touch -d 2400-01-01 src/main.py",
    "mkdir -p a/b/c; cp -r .docker .config pipe.toml src a/b/c",
    "mkdir node_modules; cd node_modules; seq 20000 | xargs mkdir",
    "printf 'x = 1' > src/other.py",
    "printf '\\357\\273\\277import os\\n' > src/other.py",
    "printf 'import os\\r\\n' > src/other.py",
    "printf 'import os\\r' > src/other.py",
    "printf 'x = \"\\000\"\\n' > src/other.py",
    "printf '# coding: latin-1\\nx = \"\\351\"\\n' > src/other.py",
    "printf '# coding: x\\n' > src/other.py",
    "python3 -c \"print('('*5000)\" > src/other.py",
    "python3 -c \"print('x = '+'-'*20000+'1')\" > src/other.py",
    "python3 -c \"print('if x:\\n'+''.join(' '*i+'if x:\\n' for i in range(1,99)))\" > src/other.py",
    // While files change.
    "(for i in $(seq 400); do echo \"x = $i\" > src/other.py; done) &",
    "(for i in $(seq 200); do echo > src/n$i.py; rm -f src/n$i.py; done) &",
    "(for i in $(seq 200); do mv src src2; mv src2 src; done) &",
    "(for i in $(seq 100); do rm -f src/other.py; ln -s ../../outside/secret.txt src/other.py; rm -f src/other.py; echo > src/other.py; done) &",
    "(for i in $(seq 100); do rm -rf src/d; mkdir -p src/d; echo > src/d/x.py; rm -rf src/d; ln -s ../../outside src/d; done) &",
    "(for i in $(seq 200); do echo 'source = [\"src\"]' > pipe.toml; : > pipe.toml; done; echo > pipe.toml) &",
    "(sleep 0.05; rm -rf src) &",
    "(sleep 0.1; rm -rf .docker .config) &",
    "yes 'x = 1' | head -c 300000000 > src/other.py & sleep 0.2",
];

/// Commands that look at such a project.
const COMMANDS: &[&[&str]] = &[
    &["run", "--check", "ruff"],
    &["run", "--check", "ruff", "format"],
    &["run", "--fix", "ruff"],
    &["list"],
    &["run", "--check", "lint", "--timeout", "20s"],
];

/// The number of tries.
pub(super) fn cases() -> usize {
    SHAPES.len() * COMMANDS.len()
}

pub(super) fn attack(scene: &mut Scene<'_>) -> Result<()> {
    let [shape, command] = super::super::cases::split(scene.case, [SHAPES.len(), COMMANDS.len()]);
    let (shape, command) = (SHAPES[shape], COMMANDS[command]);
    scene.name(format!("{shape}, {}", command.join(" ")));
    scene.build()?;
    let changes = shape.contains('&') && shape.contains("src") && !shape.contains("&&");
    let project = scene.folder("project");
    if changes {
        // It goes on in the background while the program runs.
        let program = scene.program();
        let script = format!("{shape}\nexec \"$0\" \"$@\"");
        let start = Command::new("/bin/sh", ["-c", &script, &program]);
        let command =
            scene.settle_at(Machine::Bubblewrap, start.arguments(command.iter().copied()));
        scene.run(&command, LIMIT * 3, &[0, 1, 2, 3])?;
    } else {
        Command::new("sh", ["-c", shape]).folder(&project).attempt().ok();
        let mut words = command.to_vec();
        if command[0] == "run" {
            words.extend(["--timeout", "40s"].iter().filter(|_| !command.contains(&"--timeout")));
        }
        let command = scene.pipe(Machine::Bubblewrap, &words);
        scene.run(&command, LIMIT * 3, &[0, 1, 2, 3])?;
    }
    if shape.contains("20000+'1'") {
        // The stack of ruff overflows, by hand as well.
        scene.write("src/other.py", "")?;
    }
    scene.expect_right(Machine::Bubblewrap, &["ruff"])
}
