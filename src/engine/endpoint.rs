//! The address of docker's engine, by the rules of docker's client and without starting it.
//!
//! `DOCKER_HOST` has precedence over a context. Without it, `DOCKER_CONTEXT` or docker's settings choose
//! a context, whose metadata has the address; see
//! <https://docs.docker.com/engine/manage-resources/contexts/>.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::EngineError;
use crate::env_vars::EnvVars;
use crate::read::{self, SizeLimit};

/// The path of the socket by default, and in a container that is granted the socket.
pub(crate) const SOCKET: &str = "/var/run/docker.sock";

/// The name of the context without metadata, which has the default address.
const DEFAULT: &str = "default";

/// The address of the engine, such as `unix:///var/run/docker.sock`; none if the metadata of docker's
/// current context is missing.
pub(crate) fn address(variables: &EnvVars) -> Option<String> {
    if let Some(host) = variables.get("DOCKER_HOST") {
        return Some(host.to_owned());
    }
    let name = context_name(variables);
    if name == DEFAULT {
        return Some(format!("unix://{SOCKET}"));
    }
    let texts = read_metadata(variables);
    let mut contexts = texts.iter().filter_map(|text| serde_json::from_slice::<Value>(text).ok());
    let context = contexts.find(|context| context["Name"] == *name)?;
    context["Endpoints"]["docker"]["Host"].as_str().map(str::to_owned)
}

/// The path of the engine's socket on this machine.
///
/// # Errors
///
/// When the engine has another kind of address.
pub(super) fn socket(variables: &EnvVars) -> Result<PathBuf, EngineError> {
    let address = address(variables);
    let path = address.as_deref().and_then(socket_path).map(Path::to_owned);
    path.ok_or_else(|| EngineError::RemoteSocket {
        address: address.unwrap_or_else(|| format!("context {}", context_name(variables))),
    })
}

/// The path of the socket in an address; none for another kind of address.
pub(crate) fn socket_path(address: &str) -> Option<&Path> {
    address.strip_prefix("unix://").map(Path::new).filter(|path| path.is_absolute())
}

/// The name of docker's current context, which is also that of its engine's own builder.
pub(super) fn context_name(variables: &EnvVars) -> String {
    let chosen = match variables.get("DOCKER_HOST") {
        Some(_) => None,
        None => chosen_context(variables),
    };
    chosen.unwrap_or_else(|| DEFAULT.to_owned())
}

/// Docker's current context and the metadata of all contexts, as text; empty if no context is chosen.
pub(super) fn read_context(variables: &EnvVars) -> Vec<u8> {
    let Some(name) = chosen_context(variables) else {
        return Vec::new();
    };
    let mut texts = read_metadata(variables);
    texts.push(name.into_bytes());
    texts.concat()
}

/// The context that a variable or docker's settings choose.
fn chosen_context(variables: &EnvVars) -> Option<String> {
    if let Some(name) = variables.get("DOCKER_CONTEXT") {
        return Some(name.to_owned());
    }
    read_settings(variables)["currentContext"].as_str().map(str::to_owned)
}

/// The settings of docker's client; null if it has none that can be read.
pub(super) fn read_settings(variables: &EnvVars) -> Value {
    let text = config_folder(variables)
        .and_then(|folder| read::read_file(&folder.join("config.json"), SizeLimit::Config).ok());
    text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

/// The metadata of each context, sorted.
fn read_metadata(variables: &EnvVars) -> Vec<Vec<u8>> {
    let folder = config_folder(variables).map(|folder| folder.join("contexts/meta"));
    // A context's folder is named after a SHA-256 of its name, so all of them are read.
    let entries = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten();
    let read = |entry: fs::DirEntry| {
        read::read_file(&entry.path().join("meta.json"), SizeLimit::Config).ok()
    };
    let mut texts: Vec<Vec<u8>> = entries.flatten().filter_map(read).collect();
    texts.sort();
    texts
}

fn config_folder(variables: &EnvVars) -> Option<PathBuf> {
    let chosen = variables.get("DOCKER_CONFIG").map(PathBuf::from);
    chosen.or_else(|| Some(Path::new(variables.get("HOME")?).join(".docker")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_that_of_the_context_that_docker_uses() {
        let home = tempfile::tempdir().unwrap();
        let docker = home.path().join(".docker");
        fs::create_dir(&docker).unwrap();
        fs::write(docker.join("config.json"), r#"{"currentContext": "far"}"#).unwrap();
        for (name, host) in [("far", "ssh://me@far"), ("near", "unix:///run/near.sock")] {
            let folder = docker.join("contexts/meta").join(name);
            fs::create_dir_all(&folder).unwrap();
            let host = format!(r#"{{"docker": {{"Host": "{host}"}}}}"#);
            let text = format!(r#"{{"Name": "{name}", "Endpoints": {host}}}"#);
            fs::write(folder.join("meta.json"), text).unwrap();
        }
        let folder = home.path().to_str().unwrap();
        let near = Ok("/run/near.sock");
        for (variable, value, context, expected) in [
            ("LANG", "C", "far", Err("ssh://me@far")),
            ("DOCKER_CONTEXT", "near", "near", near),
            ("DOCKER_CONTEXT", "default", "default", Ok(SOCKET)),
            ("DOCKER_CONTEXT", "gone", "gone", Err("context gone")),
            ("DOCKER_HOST", "unix:///run/near.sock", "default", near),
            ("DOCKER_HOST", "tcp://a:1", "default", Err("tcp://a:1")),
            ("DOCKER_CONFIG", "/missing", "default", Ok(SOCKET)),
        ] {
            let variables = EnvVars::from([("HOME", folder), (variable, value)]);
            assert_eq!(context_name(&variables), context, "{variable}={value}");
            let found = match socket(&variables) {
                Ok(path) => Ok(path.to_str().unwrap().to_owned()),
                Err(EngineError::RemoteSocket { address }) => Err(address),
                Err(error) => panic!("{error}"),
            };
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(found, expected, "{variable}={value}");
        }
    }
}
