//! The steps of checks that run with the Rust toolchain.

use super::{EnvironmentSpec, RustCompilation, Step};
use crate::project::ProjectPath;
use crate::tools::{Command, Tool, ToolInvocation};

/// The lock of the packages that a Rust project depends on.
const CARGO_LOCK: &str = "Cargo.lock";

/// Variables that every check of Rust code gets.
const RUST_ENV: [(&str, &str); 4] = [
    ("CARGO_HOME", "/tmp/cargo"),
    ("CARGO_INCREMENTAL", "0"),
    (TARGET_DIR, "/app/target"),
    ("CARGO_TERM_COLOR", "never"),
];

/// The variable with the folder of cargo's output.
const TARGET_DIR: &str = "CARGO_TARGET_DIR";

/// Makes a step one of a tool of the Rust toolchain.
pub(super) fn complete(step: &mut Step, tool: &dyn Tool, args: &[String]) {
    let own = RUST_ENV.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let of_check = std::mem::take(&mut step.env);
    step.env = own.into_iter().chain(of_check).collect();
    step.tool = tool.name().to_owned();
    step.args = args.to_vec();
    step.endings = tool.endings().iter().map(|ending| (*ending).to_owned()).collect();
    let invocation = invocation(args);
    let compilation = match tool.compile(&invocation) {
        Some(Command::Exec(command)) => Some(RustCompilation {
            folder: step.folder.clone(),
            command,
            env: step.env.clone(),
            exclude: step.file_set.exclude.clone(),
        }),
        _ => None,
    };
    let folder = manifest_folder(&step.folder, args);
    let check = step.id.check().clone();
    step.environment = EnvironmentSpec::Rust { folder, check, compilation };
    // cargo writes its output next to the manifest.
    step.writable |= tool.runs_project();
    // Such as `.cargo/config.toml` and `.rustfmt.toml`.
    step.file_set.hidden = vec![".toml".to_owned()];
    // A library may ignore its lock.
    step.file_set.generated =
        step.searched_folders().filter_map(|folder| folder.child(CARGO_LOCK)).collect();
    step.file_set.generated.sort();
    step.command = tool.check(&invocation);
}

/// The folder of the manifest that the arguments name, or that in which cargo runs.
fn manifest_folder(folder: &ProjectPath, args: &[String]) -> ProjectPath {
    const OPTION: &str = "--manifest-path";
    let attached = args.iter().find_map(|arg| arg.strip_prefix(OPTION)?.strip_prefix('='));
    let separate = args.iter().skip_while(|arg| *arg != OPTION).nth(1).map(String::as_str);
    let named = attached.or(separate).and_then(|manifest| folder.join(manifest).ok());
    let named =
        named.map(|manifest| manifest.folders_above().last().unwrap_or_else(ProjectPath::root));
    named.unwrap_or_else(|| folder.clone())
}

/// Makes cargo write its output outside of the files of the project.
pub(super) fn build_outside(step: &mut Step) {
    step.env.insert(TARGET_DIR.to_owned(), "/tmp/target".to_owned());
}

/// The arguments of a tool of the toolchain, which finds its files itself.
pub(super) fn invocation(args: &[String]) -> ToolInvocation<'_> {
    ToolInvocation {
        config: None,
        source: &[],
        scripts: &[],
        args,
        sees_project: false,
        installs_project: false,
        version: None,
    }
}
