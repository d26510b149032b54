//! Code of the project on a machine without docker and bubblewrap, where `host` was not granted.
//!
//! A try asks a tool to execute or to write something: by a variable, an argument, a key of one of
//! its configuration files in one of many notations, a file that Python executes by its name, or a
//! setting of cargo pipe. Whatever the program does with that, nothing of it may happen.

mod notations;
mod words;

use std::path::Path;

use fastrand::Rng;

use self::notations::{INI, SECTIONS, SETTINGS, TOML};
use self::words::{ARGUMENTS, FILES, KEYS, NAMES, PLACES, VARIABLES};
use super::super::arena;
use super::super::scene::{Machine, Scene};
use crate::failure::Result;
use crate::process::Command;

/// The built-in checks.
const CHECKS: &[&str] = &["lint", "format", "mypy", "ruff"];

pub(super) fn attack(scene: &mut Scene<'_>) -> Result<()> {
    write_payloads(scene)?;
    let mut random = scene.random.clone();
    let check = match random.u8(..16) {
        0..4 => ask_by_variable(scene, &mut random)?,
        4..7 => ask_by_argument(scene, &mut random)?,
        7..13 => ask_by_config(scene, &mut random)?,
        13 | 14 => ask_by_name(scene, &mut random)?,
        _ => ask_by_setting(scene, &mut random)?,
    };
    scene.build()?;
    let fixes = random.u8(..8) == 0;
    let words: &[&str] = if fixes { &["run", "--fix", check] } else { &["run", check] };
    let mut machine = Machine::Bare;
    if random.u8(..6) == 0 {
        // The project asks for less isolation than the machine has.
        machine = Machine::DockerAlone;
        let settings = std::fs::read_to_string(scene.path("pipe.toml")).unwrap_or_default();
        let settings = settings.replace("engine = \"auto\"\n", "");
        scene.write("pipe.toml", format!("engine = \"venv\"\n{settings}"))?;
    }
    scene.try_pipe(machine, words)?;
    let after = if check == "own" { "ruff" } else { check };
    if random.u8(..4) == 0 { scene.expect_right(Machine::Bare, &[after]) } else { Ok(()) }
}

fn pick<T: Copy>(random: &mut Rng, list: &[T]) -> T {
    list[random.usize(..list.len())]
}

/// Picks a word of a list.
fn pick_word(random: &mut Rng, words: &'static str) -> &'static str {
    pick(random, &words.split_whitespace().collect::<Vec<_>>())
}

/// The row of a check.
fn row<T: Copy>(table: &[(&str, T)], check: &str) -> T {
    let row = table.iter().find(|(name, _)| *name == check).unwrap_or(&table[0]);
    row.1
}

fn ask_by_variable(scene: &mut Scene<'_>, random: &mut Rng) -> Result<&'static str> {
    let (check, name) = (pick(random, CHECKS), pick_word(random, VARIABLES));
    let value = fill(scene, pick_word(random, PLACES));
    scene.name(format!("{check} with {name}={value}"));
    let settings = if random.bool() { "config = false\n" } else { "" };
    set_check(scene, check, &format!("{settings}env = {{ {name} = \"{value}\" }}\n"))?;
    Ok(check)
}

fn ask_by_argument(scene: &mut Scene<'_>, random: &mut Rng) -> Result<&'static str> {
    let check = pick(random, CHECKS);
    let arguments = fill(scene, pick_word(random, row(ARGUMENTS, check)));
    scene.name(format!("{check} {arguments}"));
    let arguments: Vec<String> = arguments.split('|').map(|word| format!("'''{word}'''")).collect();
    set_check(scene, check, &format!("args = [{}]\n", arguments.join(", ")))?;
    Ok(check)
}

fn ask_by_config(scene: &mut Scene<'_>, random: &mut Rng) -> Result<&'static str> {
    // Those that can execute something are tried more often.
    let check = pick(random, &["lint", "lint", "lint", "mypy", "mypy", "ruff", "format"]);
    let file = pick_word(random, row(FILES, check));
    let (key, value) = pick_word(random, row(KEYS, check)).split_once('=').unwrap_or_default();
    let section = pick(random, row(SECTIONS, check));
    let is_toml = file.ends_with(".toml");
    let notation = pick(random, if is_toml { TOML } else { INI });
    let escaped = format!("\"{}\\u{:04x}{}\"", &key[..1], key.as_bytes()[1], &key[2..]);
    let text = notation
        .replace("SECTION", section)
        .replace("ESCAPED", &escaped)
        .replace("UPPER", &key.to_uppercase())
        .replace("UNDERSCORED", &key.replace('-', "_"))
        .replace("KEY", key)
        .replace("VALUE", &fill(scene, value));
    scene.name(format!("{check} with {file}: {text:?}"));
    let extra = if key.contains("any-ext") || value == "evilext" { "import evilext\n" } else { "" };
    scene.append("src/main.py", extra)?;
    scene.write(file, text)?;
    if !file.starts_with(".config/") && random.u8(..8) > 0 {
        let setting = if random.bool() { "false".to_owned() } else { format!("\"{file}\"") };
        set_check(scene, check, &format!("config = {setting}\n"))?;
    }
    Ok(check)
}

fn ask_by_name(scene: &mut Scene<'_>, random: &mut Rng) -> Result<&'static str> {
    let (check, name) = (pick(random, CHECKS), pick_word(random, NAMES));
    let folder = pick(random, &["src/", ""]);
    scene.name(format!("{check} with {folder}{name}"));
    let payload = fill(scene, "import os\nPAYLOAD\n");
    let text = match name.rsplit_once('.') {
        Some((_, "pth")) => fill(scene, "import os; PAYLOAD\n"),
        Some((_, "cfg")) => {
            fill(scene, "home = PROJECT/src\nexecutable = PROJECT/src/bin/python\n")
        }
        _ => payload,
    };
    scene.write(&format!("{folder}{name}"), text)?;
    if folder.is_empty() {
        let settings = std::fs::read_to_string(scene.path("pipe.toml")).unwrap_or_default();
        scene.write("pipe.toml", settings.replace("source = [\"src\"]", "source = [\".\"]"))?;
    }
    Ok(check)
}

fn ask_by_setting(scene: &mut Scene<'_>, random: &mut Rng) -> Result<&'static str> {
    let text = fill(scene, pick(random, SETTINGS));
    scene.name(format!("pipe.toml {text:?}"));
    scene.write("pipe.toml", format!("source = [\"src\"]\n{text}"))?;
    Ok(if text.contains("[checks.own]") { "own" } else { "lint" })
}

/// Adds settings to a built-in check.
fn set_check(scene: &Scene<'_>, check: &str, settings: &str) -> Result<()> {
    let text = std::fs::read_to_string(scene.path("pipe.toml")).unwrap_or_default();
    let head = format!("[checks.{check}]\n");
    // `env` and the like come after `tool`, which is the line below the head.
    let text = text.replace(&head, &format!("{head}{settings}"));
    scene.write("pipe.toml", text)
}

/// Fills in what depends on the place of a try.
fn fill(scene: &Scene<'_>, text: &str) -> String {
    let marker = scene.marker().to_string_lossy().into_owned();
    text.replace("PAYLOAD", &format!("open('{marker}', 'a').write('x')"))
        .replace("SHELL", &format!("echo x >> {marker}"))
        .replace("PROJECT", &scene.folder("project").to_string_lossy())
        .replace("OUTSIDE", &scene.folder("outside").to_string_lossy())
}

/// Writes files of the project that leave a mark if they are executed.
fn write_payloads(scene: &Scene<'_>) -> Result<()> {
    let python = fill(
        scene,
        "\"\"\"Evil.\"\"\"\nPAYLOAD\n\n\nclass Evil(Warning):\n    \"\"\"Evil.\"\"\"\n    name = 'evil'\n",
    );
    for name in ["evil", "evilext", "sitecustomize", "usercustomize"] {
        if name != "sitecustomize" || scene.case.is_multiple_of(2) {
            scene.write(&format!("src/{name}.py"), &python)?;
        }
    }
    scene.write("src/evil.rc", fill(scene, "[MAIN]\ninit-hook=PAYLOAD\n"))?;
    scene.write("src/xdg/pylintrc", fill(scene, "[MAIN]\ninit-hook=PAYLOAD\n"))?;
    scene.write("src/xdg/mypy/config", "[mypy]\nplugins = evil\n")?;
    scene.write("src/evil.ini", "[mypy]\nplugins = src/evil.py\n")?;
    scene.write("src/evil.toml", fill(scene, "cache-dir = \"OUTSIDE/written\"\n"))?;
    scene
        .write("src/arguments", fill(scene, "--init-hook=PAYLOAD\n--config-file=src/evil.ini\n"))?;
    let shell = fill(scene, "#!/bin/sh\nSHELL\nexec python3 \"$@\"\n");
    for name in ["python", "python3", "python3.13", "uname", "ldconfig", "git", "sh", "gcc", "ruff"]
    {
        arena::write_script(&scene.path(&format!("src/bin/{name}")), &shell)?;
    }
    if scene.case.is_multiple_of(3) {
        compile_library(scene, &scene.path("src/evil.so"))?;
    }
    Ok(())
}

/// Compiles a library that leaves a mark when it is loaded, also as a module of Python.
fn compile_library(scene: &Scene<'_>, output: &Path) -> Result<()> {
    let marker = scene.marker().to_string_lossy().into_owned();
    let code = format!(
        "#include <fcntl.h>\n#include <unistd.h>\n\
         __attribute__((constructor)) static void mark(void) \
         {{ int f = open(\"{marker}\", O_CREAT | O_WRONLY, 0644); if (f >= 0) close(f); }}\n\
         unsigned int la_version(unsigned int version) {{ return version; }}\n\
         void *PyInit_evilext(void) {{ mark(); return 0; }}\n"
    );
    let output = output.to_string_lossy();
    let compiler = Command::new("cc", ["-shared", "-fPIC", "-x", "c", "-o", &output, "-"]);
    // Without a compiler the file is missing, and the try is about that.
    let _ = compiler.input(code).attempt();
    let _ = std::fs::copy(&*output, scene.path("src/evilext.so"));
    Ok(())
}
