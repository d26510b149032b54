//! Runs the commands of a project by hand: in virtual environments, in a container of the base image.
//!
//! The output of the same commands is reused, since the releases of the project and its tools are pinned.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::json;

use super::output;
use super::projects::{HandCommand, PublicProject};
use super::verdict::ToolVerdict;
use crate::failure::Result;
use crate::fixtures;
use crate::process::Command;
use crate::workspace;

const SELECT_FILES: &str = include_str!("select_files.py");

/// Runs all commands of a project whose files are in `folder`, and writes their output to `output`.
/// Downloads are kept in `cache`.
///
/// # Errors
///
/// When the container cannot run. A command that fails has a verdict.
pub(super) fn run(
    project: &PublicProject,
    folder: &Path,
    output: &Path,
    cache: &Path,
    image: &str,
) -> Result<Vec<(String, ToolVerdict)>> {
    let script = script(project);
    let is_known = fs::read_to_string(output.join("complete")).is_ok_and(|known| known == script);
    if !is_known {
        workspace::remove_folder(output)?;
        workspace::create_folder(output)?;
        workspace::create_folder(cache)?;
        let listed = Command::new("git", ["ls-files"]).folder(folder).read()?;
        workspace::write(&output.join("files"), &format!("{listed}\n"))?;
        workspace::write(&output.join("select_files.py"), SELECT_FILES)?;
        workspace::write(&output.join("script.sh"), &script)?;
        let mounts = [(folder, "/app"), (output, "/out"), (cache, "/cache")]
            .map(|(path, inside)| format!("{}:{inside}", path.display()));
        Command::new("docker", ["run", "--rm", "--pull", "never"])
            .arguments(mounts.iter().flat_map(|mount| ["--volume", mount]))
            .arguments(fixtures::index_variables())
            .arguments([image, "bash", "/out/script.sh"])
            .read()?;
        workspace::write(&output.join("complete"), &script)?;
    }
    let mut verdicts: Vec<(String, ToolVerdict)> = Vec::new();
    for (number, command) in project.commands.iter().enumerate() {
        let read = |name: &str| {
            let bytes = fs::read(output.join(format!("{number}.{name}"))).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let status = read("status").trim().parse().unwrap_or(127);
        let (stdout, stderr) = (read("out"), read("err"));
        let verdict = ToolVerdict::of_output(&command.tool, status, &stdout, &stderr);
        match verdicts.iter_mut().find(|(tool, _)| *tool == command.tool) {
            Some((_, known)) => known.merge(verdict),
            None => verdicts.push((command.tool.clone(), verdict)),
        }
    }
    Ok(verdicts)
}

/// The script that makes the environments and runs the commands in them.
fn script(project: &PublicProject) -> String {
    // The variables make uv trust the certificates of the system, as pip does.
    let mut text = format!("# {}\n", project.requirement());
    text.push_str(
        "cd /app\n\
         export HOME=/tmp/home UV_SYSTEM_CERTS=1 SETUPTOOLS_SCM_PRETEND_VERSION=1\n\
         export SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt UV_CACHE_DIR=/cache/downloads\n\
         mkdir -p $HOME\n\
         [ -x /cache/uv/bin/uv ] || { python3 -m venv /cache/uv && /cache/uv/bin/pip install --quiet \
         uv 2>/out/pip.err; }\n\
         export PATH=$PATH:/cache/uv/bin\n",
    );
    if project.commands.iter().any(|command| !command.types.is_empty()) {
        text += "uv venv --no-config --quiet /tmp/select\n\
                 uv pip install --no-config --quiet --python /tmp/select identify\n";
    }
    // isort asks git about ignored files, and a hook about a merge.
    let asks_git = |line: &str| line.starts_with("isort") || line == "check-merge-conflict";
    if project.commands.iter().any(|command| asks_git(&command.line)) {
        text += "(apt-get update && apt-get install --yes --no-install-recommends git) \
                 >/out/git.out 2>&1\ngit config --global --add safe.directory /app\n";
    }
    let mut environments: Vec<&[String]> = Vec::new();
    for (number, command) in project.commands.iter().enumerate() {
        let known = environments.iter().position(|installs| *installs == command.install);
        let place = known.unwrap_or(environments.len());
        if known.is_none() {
            environments.push(&command.install);
            text += &environment(command, place);
        }
        let names = names(command);
        let line = output::add_options(&command.tool, &command.line);
        let rest = if command.types.is_empty() { "" } else { " \"${NAMES[@]}\"" };
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "{names}PATH=/tmp/v{place}/bin:$PATH {line}{rest} >/out/{number}.out 2>/out/{number}.err; \
             echo $? >/out/{number}.status"
        );
    }
    text
}

fn environment(command: &HandCommand, place: usize) -> String {
    let python = format!("/tmp/v{place}");
    // The settings of uv in the project are about its lock, and not about this environment.
    let install = format!("uv pip install --no-config --quiet --python {python}");
    let mut text = format!("uv venv --no-config --quiet {python}\n");
    let mut packages = String::new();
    for wanted in &command.install {
        if let Some(group) = wanted.strip_prefix("--locked-group ") {
            text += &format!(
                "uv export --quiet --frozen --no-hashes --no-emit-project --no-default-groups \
                 --group {group} --output-file /tmp/{group}.txt >/out/export.out\n\
                 {install} --requirement /tmp/{group}.txt 2>>/out/install.err\n"
            );
        } else if wanted.starts_with('-') {
            packages += &format!(" {wanted}");
        } else {
            packages += &format!(" '{wanted}'");
        }
    }
    if packages.is_empty() {
        return text;
    }
    text + &format!("{install}{packages} 2>>/out/install.err\n")
}

/// Reads the names of the files into an array, which the line of the command then ends with.
fn names(command: &HandCommand) -> String {
    if command.types.is_empty() {
        return String::new();
    }
    let hook = json!({
        "types": command.types, "files": command.files, "exclude": command.exclude,
    })
    .to_string()
    .replace('\'', "'\\''");
    format!(
        "mapfile -t NAMES < <(/tmp/select/bin/python /out/select_files.py '{hook}' </out/files)\n"
    )
}
