//! `cache`: keys for a remote cache, and the size of the local one.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::pipeline;
use crate::cache::{RemoteCache, remote};
use crate::cli::exit::Failure;
use crate::cli::settings::ProjectLocation;
use crate::cli::terminal::Term;
use crate::limits::ByteSize;
use crate::outcome::Verdict;
use crate::report::count::Count;

/// Writes a new private key to a file that only this user can read, and prints its public key.
pub(super) fn generate_key(path: &Path, term: &mut Term) -> Result<Verdict, Failure> {
    let private = remote::generate();
    let public = private.as_deref().and_then(remote::public_key);
    let written = match &private {
        Some(private) => write_private(path, private),
        None => Err(io::Error::other("the system has no random numbers")),
    };
    written.map_err(|source| {
        let what = format!("cannot write the private key to `{}`", path.display());
        Failure::System { what, source }
    })?;
    term.data(&format!("{}\n", public.unwrap_or_default()));
    Ok(Verdict::Passed)
}

fn write_private(path: &Path, private: &str) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{private}")
}

/// Shows the number and the size of results, and the remote cache.
pub(super) fn show_stats(place: ProjectLocation, term: &mut Term) -> Result<Verdict, Failure> {
    let pipeline = pipeline(place)?;
    let (number, size) = pipeline.measure_cache();
    let (size, limit) = (ByteSize(size), ByteSize(pipeline.config.cache_size));
    let files = Count(number, "file");
    let remote = match RemoteCache::of(&pipeline.environment, None) {
        Ok(Some(remote)) => remote.describe(),
        Ok(None) => "none".to_owned(),
        Err(error) => return Err(Failure::usage(error)),
    };
    term.text(&format!("results  {files}, {size} of {limit}\nremote   {remote}\n"));
    Ok(Verdict::Passed)
}
