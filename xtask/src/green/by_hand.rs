//! Runs the commands of a project by hand: in virtual environments, in a container of the base image.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::projects::{HandCommand, Install, PublicProject};
use super::verdict::ToolVerdict;
use crate::failure::Result;
use crate::fixtures;
use crate::process::Command;
use crate::workspace;

/// Runs all commands of a project whose files are in `folder`, and writes their output to `output`.
///
/// # Errors
///
/// When the container cannot run. A command that fails has a verdict.
pub(super) fn run(
    project: &PublicProject,
    folder: &Path,
    output: &Path,
    image: &str,
) -> Result<Vec<(&'static str, ToolVerdict)>> {
    workspace::remove_folder(output)?;
    workspace::create_folder(output)?;
    let listed = Command::new("git", ["ls-files"]).folder(folder).read()?;
    workspace::write(&output.join("files"), &format!("{listed}\n"))?;
    workspace::write(&output.join("script.sh"), &script(project))?;
    let mounts = [format!("{}:/app", folder.display()), format!("{}:/out", output.display())];
    Command::new("docker", ["run", "--rm", "--pull", "never"])
        .arguments(mounts.iter().flat_map(|mount| ["--volume", mount]))
        .arguments(fixtures::index_variables())
        .arguments([image, "bash", "/out/script.sh"])
        .read()?;
    let mut verdicts: Vec<(&'static str, ToolVerdict)> = Vec::new();
    for (number, command) in project.commands.iter().enumerate() {
        let read = |name: &str| {
            let bytes = fs::read(output.join(format!("{number}.{name}"))).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let status = read("status").trim().parse().unwrap_or(127);
        let verdict = ToolVerdict::of_output(command.tool, status, &(read("out") + &read("err")));
        match verdicts.iter_mut().find(|(tool, _)| *tool == command.tool) {
            Some((_, known)) => known.merge(verdict),
            None => verdicts.push((command.tool, verdict)),
        }
    }
    Ok(verdicts)
}

/// The script that makes the environments and runs the commands in them.
fn script(project: &PublicProject) -> String {
    // The variables make uv trust the certificates of the system, as pip does.
    let mut text = String::from(
        "cd /app\n\
         export HOME=/tmp/home UV_SYSTEM_CERTS=1 SETUPTOOLS_SCM_PRETEND_VERSION=1\n\
         export SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt\n\
         mkdir -p $HOME\n\
         python3 -m pip install --quiet --root-user-action ignore uv 2>/out/pip.err\n",
    );
    // isort asks git about ignored files.
    if project.commands.iter().any(|command| command.tool == "isort") {
        text += "(apt-get update && apt-get install --yes --no-install-recommends git) \
                 >/out/git.out 2>&1\ngit config --global --add safe.directory /app\n";
    }
    let mut environments: Vec<&[Install]> = Vec::new();
    for (number, command) in project.commands.iter().enumerate() {
        let known = environments.iter().position(|installs| *installs == command.installs);
        let place = known.unwrap_or(environments.len());
        if known.is_none() {
            environments.push(command.installs);
            text += &environment(command, place);
        }
        let names = names(command);
        let line = command.to_shell();
        let rest = if command.files.is_some() { " \"${NAMES[@]}\"" } else { "" };
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
    for wanted in command.installs {
        match wanted {
            Install::Package(package) => packages += &format!(" '{package}'"),
            Install::List(file) => packages += &format!(" --requirement {file}"),
            Install::LockedGroup(group) => {
                text += &format!(
                    "uv export --quiet --frozen --no-hashes --no-emit-project --no-default-groups \
                     --group {group} --output-file /tmp/{group}.txt >/out/export.out\n\
                     {install} --requirement /tmp/{group}.txt 2>>/out/install.err\n"
                );
            }
        }
    }
    text + &format!("{install}{packages} 2>>/out/install.err\n")
}

/// Reads the names of the files into an array, which the line of the command then ends with.
fn names(command: &HandCommand) -> String {
    let Some(files) = &command.files else { return String::new() };
    let mut text = String::from("mapfile -t NAMES < <(cat /out/files");
    for wanted in files.wanted {
        text += &format!(" | grep -E '{wanted}'");
    }
    for excluded in files.excluded {
        text += &format!(" | grep -vE '{excluded}'");
    }
    text + ")\n"
}
