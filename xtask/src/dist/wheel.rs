//! Packs a binary into a wheel, so that `pip install` puts it on the `PATH`.
//!
//! The wheel has the form that ruff and uv use: the binary is a script of the package, and no
//! Python is in it. The same binary gives the same bytes. The format is that of the packaging
//! specification, "Binary distribution format".

use std::io::{Cursor, Write};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::PROGRAM;
use crate::failure::{Failure, Result};

/// The name of the package in file names.
const NAME: &str = "cargo_pipe_ci";

/// Contents of a wheel.
pub(super) struct Contents<'a> {
    pub(super) version: &'a str,
    pub(super) summary: &'a str,
    pub(super) license: &'a str,
    pub(super) readme: &'a str,
    /// The platforms that may install it, such as `manylinux_2_17_x86_64`.
    pub(super) tags: &'a [String],
    pub(super) binary: &'a [u8],
}

/// Packs a wheel and returns its file name and bytes.
///
/// # Errors
///
/// When it cannot be packed.
pub(super) fn pack(contents: &Contents<'_>) -> Result<(String, Vec<u8>)> {
    let Contents { version, tags, binary, .. } = contents;
    let info = format!("{NAME}-{version}.dist-info");
    let lines: String = tags.iter().map(|tag| format!("Tag: py3-none-{tag}\n")).collect();
    let wheel =
        format!("Wheel-Version: 1.0\nGenerator: cargo xtask dist\nRoot-Is-Purelib: false\n{lines}");
    let mut files = vec![
        (format!("{NAME}-{version}.data/scripts/{PROGRAM}"), binary.to_vec(), 0o755),
        (format!("{info}/METADATA"), metadata(contents).into_bytes(), 0o644),
        (format!("{info}/WHEEL"), wheel.into_bytes(), 0o644),
    ];
    let line = |(name, bytes, _): &(String, Vec<u8>, u32)| {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(bytes));
        format!("{name},sha256={hash},{}\n", bytes.len())
    };
    let record = format!("{info}/RECORD");
    let lines = files.iter().map(line).collect::<String>() + &record + ",,\n";
    files.push((record, lines.into_bytes(), 0o644));
    let packed = zip(&files).map_err(|error| Failure::new(format!("cannot pack: {error}")))?;
    Ok((format!("{NAME}-{version}-py3-none-{}.whl", tags.join(".")), packed))
}

fn metadata(contents: &Contents<'_>) -> String {
    let Contents { version, summary, license, readme, .. } = contents;
    format!(
        "Metadata-Version: 2.4\nName: cargo-pipe-ci\nVersion: {version}\nSummary: {summary}\n\
         License-Expression: {license}\nDescription-Content-Type: text/markdown\n\n{readme}"
    )
}

fn zip(files: &[(String, Vec<u8>, u32)]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes, mode) in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(*mode);
        archive.start_file(name, options)?;
        archive.write_all(bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use zip::ZipArchive;

    use super::*;

    fn pack_hello() -> (String, Vec<u8>) {
        let contents = Contents {
            version: "1.2.3",
            summary: "Runs checks",
            license: "MIT",
            readme: "# Title\n",
            tags: &["manylinux_2_17_x86_64".to_owned(), "musllinux_1_1_x86_64".to_owned()],
            binary: b"hello",
        };
        pack(&contents).unwrap()
    }

    #[test]
    fn a_wheel_carries_the_binary_as_a_script_and_records_every_file() {
        let (name, packed) = pack_hello();
        assert_eq!(
            name,
            "cargo_pipe_ci-1.2.3-py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl"
        );
        let mut archive = ZipArchive::new(Cursor::new(packed)).unwrap();
        let mut text = |name: &str| {
            let mut file = archive.by_name(name).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            (text, file.unix_mode().unwrap() & 0o777)
        };
        let script = "cargo_pipe_ci-1.2.3.data/scripts/cargo-pipe";
        assert_eq!(text(script), ("hello".to_owned(), 0o755));
        let (record, _) = text("cargo_pipe_ci-1.2.3.dist-info/RECORD");
        let (wheel, _) = text("cargo_pipe_ci-1.2.3.dist-info/WHEEL");
        assert_eq!(wheel.matches("\nTag: py3-none-").count(), 2, "{wheel}");
        // The hash of `hello` in the form of the specification.
        let hash = "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ";
        assert!(record.starts_with(&format!("{script},sha256={hash},5\n")), "{record}");
        assert!(record.ends_with("cargo_pipe_ci-1.2.3.dist-info/RECORD,,\n"), "{record}");
        assert_eq!(record.lines().count(), archive.len());
    }

    #[test]
    fn the_same_binary_gives_the_same_wheel() {
        assert_eq!(pack_hello(), pack_hello());
    }
}
