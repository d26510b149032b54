//! Arguments of `hook`.

use super::help;
use crate::hook::HookKind;

/// Arguments of `hook`.
#[derive(Debug, clap::Args)]
pub(crate) struct HookArgs {
    #[command(subcommand)]
    pub(crate) command: HookCommandArgs,
}

/// The commands of `hook`.
#[derive(Debug, clap::Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum HookCommandArgs {
    /// Install the hook in this repository
    #[command(after_help = help::HOOK_INSTALL)]
    Install(HookInstallArgs),

    /// Remove the hook of this project
    Uninstall(HookUninstallArgs),

    /// Check what is staged, as the hook does
    #[command(after_help = help::HOOK_RUN)]
    Run(HookRunArgs),
}

/// Arguments of `hook install`.
#[derive(Debug, clap::Args)]
pub(crate) struct HookInstallArgs {
    /// Install this hook; repeatable [default: pre-commit]
    #[arg(long = "type", value_name = "HOOK")]
    pub(crate) kinds: Vec<HookArg>,

    /// Fix what is staged before checking it
    #[arg(long)]
    pub(crate) fix: bool,
}

/// Arguments of `hook uninstall`.
#[derive(Debug, clap::Args)]
pub(crate) struct HookUninstallArgs {
    /// Remove only this hook; repeatable [default: all]
    #[arg(long = "type", value_name = "HOOK")]
    pub(crate) kinds: Vec<HookArg>,
}

/// Arguments of `hook run`.
#[derive(Debug, clap::Args)]
pub(crate) struct HookRunArgs {
    /// The hook
    #[arg(value_name = "HOOK", default_value = "pre-commit")]
    pub(crate) kind: HookArg,

    /// Fix what is staged, then check it
    ///
    /// A fix is staged, and made in your work tree as well. Where the work tree has other lines there,
    /// the file stays as it is and the fix is shown.
    #[arg(long)]
    pub(crate) fix: bool,

    /// Stop at the first check that does not pass
    #[arg(long)]
    pub(crate) fail_fast: bool,
}

/// A hook of git.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum HookArg {
    /// Before a commit: checks what is staged
    PreCommit,
    /// Before a push: checks the pushed commits, which git lists on standard input
    PrePush,
}

impl From<HookArg> for HookKind {
    fn from(hook: HookArg) -> HookKind {
        match hook {
            HookArg::PreCommit => HookKind::PreCommit,
            HookArg::PrePush => HookKind::PrePush,
        }
    }
}
