//! Detects a docker engine for tests that need one.

use std::process::Stdio;
use std::sync::LazyLock;

use cargo_pipe::env_vars::EnvVars;

use crate::start;

/// Whether `docker` finds an engine.
pub(crate) static HAS_ENGINE: LazyLock<bool> = LazyLock::new(|| {
    let mut command = start::command("docker");
    command.args(["version", "--format", "{{.Server.Version}}"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
});

/// Whether tests that need an engine run: where one answers, and where the lack of one is a failure.
pub(crate) fn is_wanted() -> bool {
    is_required() || *HAS_ENGINE
}

/// Whether the lack of an engine is a failure.
pub(crate) fn is_required() -> bool {
    EnvVars::of_process().get("CARGO_PIPE_TEST_ENGINE") == Some("required")
}
