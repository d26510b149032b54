//! Nasty texts as values of settings, and what they do to generated files and to docker's arguments.
//!
//! A value is refused, or it stays a value: the pipelines, the Dockerfile and the command line have
//! the same structure with it as with a harmless one.

use std::fs;

use saphyr::{LoadableYamlNode, Yaml};

use super::super::cases;
use super::super::scene::{Machine, Scene};
use crate::failure::Result;
use crate::workspace;

/// Texts that mean something to a shell, YAML, docker, a template, a terminal or a parser.
const VALUES: &[&str] = &[
    "$(touch MARKER)",
    "`touch MARKER`",
    "; touch MARKER",
    "x && touch MARKER",
    "x | tee MARKER",
    "${IFS}touch${IFS}MARKER",
    "x\ntouch MARKER",
    "'; touch MARKER; '",
    "\"; touch MARKER; \"",
    "x' \"$(touch MARKER)\"",
    "--privileged",
    "-v/:/host",
    "--volume=/:/host",
    "--network=host",
    "-x",
    "--",
    "a,source=/,target=/host",
    "type=bind,source=/,target=/x",
    ":/host",
    "/etc:/etc",
    "{a: b}",
    "{a:b/c}",
    "[a, b]",
    "a: b",
    "- a",
    "&a",
    "*a",
    "!!python/object x",
    "!reference [x]",
    "| x",
    "> x",
    "# x",
    "x # y",
    "@x",
    "%x",
    "%(x)s",
    "? x",
    "x:",
    "'",
    "\"",
    "\\",
    "\\n",
    "yes",
    "null",
    "~",
    "1e3",
    "0x10",
    "2001-01-01",
    "{{ x }}",
    "{% x %}",
    "${{ secrets.X }}",
    "$CI_JOB_TOKEN",
    "$$",
    "%{x}",
    "\u{1b}[2J",
    "\u{1b}]0;x\u{7}",
    "\u{202e}x",
    "\u{0}",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\r\nx: y",
    "\n\nx:\n  script: [y]",
    "\t",
    " x",
    "x ",
    "",
    " ",
    "é",
    "😀",
    "x\u{301}",
    "::error::x",
    "##[group]x",
    "::set-output name=x::y",
    "section_start:1:x\r",
    "FROM x",
    "\nRUN touch MARKER\n",
    "\\\nRUN x",
    "<<EOF\nx\nEOF",
    "x@sha256:0",
    "x:y:z",
    "//x",
    "http://user:pass@x/",
    "file:///etc/passwd",
    "../x",
    "/",
    "-",
    ".",
    "a=b",
    "a b",
    "x;y",
    "x%0Ay",
    "con",
    "*",
    "?",
    "[!a]",
    "<x>",
    "x>y",
    "--index-url=http://x",
    "-e .",
    "x --hash=sha256:0",
    "x\\",
    "LONG",
];

/// Settings that take a text, where `VALUE` is one.
const SETTINGS: &[&str] = &[
    "[python]\nimage = VALUE\n",
    "[python]\nversion = VALUE\n",
    "[python]\nrequirements = [VALUE]\n",
    "[python]\ngroups = [VALUE]\n",
    "[python]\nextras = [VALUE]\n",
    "[python]\nfrom-source = [VALUE]\n",
    "[python]\nminimum-age = VALUE\n",
    "[image]\nregistry = VALUE\n",
    "[image]\napt = [VALUE]\n",
    "[image]\ndockerfile = VALUE\n",
    "[network]\nindex = VALUE\n",
    "[network]\nextra-index = [VALUE]\n",
    "[network]\nhttps-proxy = VALUE\n",
    "[network]\nno-proxy = [VALUE]\n",
    "[network]\nca-bundle = VALUE\n",
    "[ci]\ninstall = VALUE\n",
    "[ci]\nbuilder = VALUE\n",
    "source = [VALUE]\n",
    "exclude = [VALUE]\n",
    "include = [VALUE]\n",
    "config = VALUE\n",
    "platform = VALUE\n",
    "timeout = VALUE\n",
    "baseline = VALUE\n",
    "topology = VALUE\n",
    "engine = VALUE\n",
    "[checks.ruff]\ntool = \"ruff\"\nargs = [VALUE]\n",
    "[checks.ruff]\ntool = \"ruff\"\nenv = { X = VALUE }\n",
    "[checks.ruff]\ntool = \"ruff\"\nenv = { VALUE = \"x\" }\n",
    "[checks.ruff]\ntool = \"ruff\"\nversion = VALUE\n",
    "[checks.ruff]\ntool = \"ruff\"\nrequirements = [VALUE]\n",
    "[checks.VALUE]\nrun = [\"true\"]\n",
    "[checks.own]\nrun = [VALUE]\n",
    "[checks.own]\nrun = [\"x\", VALUE]\n",
    "[checks.own]\nrun = [\"x\"]\nimage = VALUE\n",
    "[checks.own]\nrun = [\"x\"]\nfindings = VALUE\n",
    "[checks.own]\nrun = [\"x\"]\ninputs = [VALUE]\n",
    "[checks.ruff]\ntool = VALUE\n",
    "[checks.own]\nrun = [\"x\"]\nenv = { HOME = VALUE, PATH = VALUE }\n",
    "[packages.VALUE]\n",
    "VALUE = 1\n",
];

/// The number of tries.
pub(super) fn cases() -> usize {
    VALUES.len() * SETTINGS.len()
}

pub(super) fn attack(scene: &mut Scene<'_>) -> Result<()> {
    let [value, setting] = cases::split(scene.case, [VALUES.len(), SETTINGS.len()]);
    let (value, setting) = (VALUES[value], SETTINGS[setting]);
    scene.name(format!("{setting:?} with {value:?}"));
    let marker = scene.marker().to_string_lossy().into_owned();
    let value = value.replace("MARKER", &marker).replace("LONG", &"x".repeat(70_000));
    let quoted = serde_json::to_string(&value).unwrap_or_default();
    // JSON's escapes are those of TOML, but for DEL, which JSON leaves as it is.
    let quoted = quoted.replace('\u{7f}', "\\u007F");
    prepare_docker(scene)?;
    let ours = generate(scene, "source = [\"src\"]\n")?;
    let calls = list_options(scene);
    let nasty = generate(scene, &setting.replace("VALUE", &quoted))?;
    if let (Some(ours), Some(nasty)) = (ours, nasty) {
        let changes = ours.iter().zip(&nasty).filter(|(ours, nasty)| {
            // A setting may add lines of its own, but no jobs, and no instruction.
            nasty.0 == ".gitlab-ci.yml" && ours.1 != nasty.1
        });
        for (_, (file, shape)) in changes {
            scene.escape(format!("`{file}` has another structure: {shape:.300}"));
        }
    }
    for option in list_options(scene) {
        let is_known = calls.contains(&option) || KNOWN.contains(&option.as_str());
        if !is_known {
            scene.escape(format!("docker got the option `{option:.200}`"));
        }
    }
    Ok(())
}

/// Options of docker that only some settings bring.
const KNOWN: &[&str] = &[
    "--platform",
    "--env",
    "--env-file",
    "--entrypoint",
    "--secret",
    "--pull",
    "--build-arg",
    "--file",
    "--tag",
    "--target",
    "--mount",
    "--user",
    "--tmpfs",
    "--volume",
];

/// Generates all files and runs a check, and returns the structure of the pipelines if that is possible.
fn generate(scene: &mut Scene<'_>, settings: &str) -> Result<Option<Vec<(String, String)>>> {
    let ci = "[ci]\ngitlab = \"dind\"\ngithub = true\n";
    let text = if settings.contains("[ci]\n") {
        settings.replace("[ci]\n", ci)
    } else {
        format!("{settings}\n{ci}")
    };
    scene.write("pipe.toml", text)?;
    let ended = scene.try_pipe(Machine::Fake, &["sync", "--force"])?;
    if ended.status == Some(0) {
        scene.try_pipe(Machine::Fake, &["run", "ruff"])?;
    }
    scene.try_pipe(Machine::Fake, &["list"])?;
    if ended.output.contains('\u{1b}') || ended.output.contains('\u{202e}') {
        scene.escape("the output has a control character");
    }
    if ended.status != Some(0) {
        return Ok(None);
    }
    let mut shapes = Vec::new();
    for file in [".gitlab-ci.yml", ".github/workflows/pipe.yml"] {
        let text = fs::read_to_string(scene.path(file)).unwrap_or_default();
        match Yaml::load_from_str(&text) {
            Ok(documents) => {
                let shape = documents.iter().map(render_shape).collect::<String>();
                shapes.push((file.to_owned(), shape));
            }
            Err(error) => scene.lose(format!("`{file}` cannot be parsed: {error}")),
        }
    }
    let dockerfile = fs::read_to_string(scene.path(".docker/Dockerfile")).unwrap_or_default();
    if dockerfile.contains("\nRUN touch") {
        scene.escape("the Dockerfile has an instruction of the value");
    }
    Ok(Some(shapes))
}

/// Keys and lists of a document, without its texts.
fn render_shape(yaml: &Yaml<'_>) -> String {
    match yaml {
        Yaml::Sequence(items) => {
            format!("[{}]", items.iter().map(render_shape).collect::<String>())
        }
        Yaml::Mapping(entries) => {
            let entry = |(key, value): (&Yaml<'_>, &Yaml<'_>)| {
                format!("{} {},", key.as_str().unwrap_or("?"), render_shape(value))
            };
            format!("{{{}}}", entries.iter().map(entry).collect::<String>())
        }
        _ => ".".to_owned(),
    }
}

/// Lets the fake docker answer as an engine with all images.
fn prepare_docker(scene: &Scene<'_>) -> Result<()> {
    let image = r#"{"Id":"sha256:1","RepoTags":[],"Os":"linux","Architecture":"amd64","RootFS":{"Layers":["sha256:1"]},"Config":{"Env":["PYTHON_VERSION=3.13.5"]}}"#;
    for (number, words, stdout) in [(0, "version", "27.0.0\n"), (1, "image\ninspect", image)] {
        let folder = scene.folder("docker/replies").join(number.to_string());
        workspace::write(&folder.join("words"), words)?;
        workspace::write(&folder.join("stdout"), stdout)?;
    }
    Ok(())
}

/// The options of docker's calls so far, each up to its `=`, before the name or id of an image.
fn list_options(scene: &Scene<'_>) -> Vec<String> {
    let calls = fs::read_to_string(scene.folder("docker/calls")).unwrap_or_default();
    let mut options = Vec::new();
    for call in calls.lines() {
        let is_image = |word: &str| word.starts_with("cargo-pipe/") || word.starts_with("sha256:");
        let before = call.split('\t').take_while(|word| !is_image(word));
        for word in before.filter(|word| word.starts_with('-') && word.len() > 1) {
            options.push(word.split('=').next().unwrap_or(word).to_owned());
        }
    }
    options.sort_unstable();
    options.dedup();
    options
}
