//! The files of `--report`.
//!
//! Before a run, checks that they can be written. Reports are written atomically; only lines of events
//! are appended during the run, so that they can be followed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::args::{MessageFormat, ReportTarget};
use crate::cli::exit::Failure;
use crate::cli::terminal::TermObserver;
use crate::event::{Event, Observer};
use crate::report::{Format, Report, jsonl, markdown};

/// Checks that the reports can be written.
pub(super) fn validate(targets: &[ReportTarget], printed: MessageFormat) -> Result<(), Failure> {
    let to_stdout = targets.iter().filter(|target| target.path.is_none()).count();
    let is_data = !matches!(printed, MessageFormat::Human | MessageFormat::Short);
    if to_stdout > 1 || (to_stdout == 1 && is_data) {
        let message = "two reports would be written to standard output".to_owned();
        let hint = "write one of them to a file: `--report FORMAT=PATH`".to_owned();
        return Err(Failure::usage(message).with_hint(hint));
    }
    let paths: Vec<&PathBuf> = targets.iter().filter_map(|target| target.path.as_ref()).collect();
    for (index, path) in paths.iter().enumerate() {
        validate_path(path)?;
        if paths[..index].contains(path) {
            let shown = path.display();
            return Err(Failure::usage(format!("two reports would be written to `{shown}`")));
        }
    }
    Ok(())
}

fn validate_path(path: &Path) -> Result<(), Failure> {
    let (shown, folder) = (path.display(), folder_of(path));
    if !folder.is_dir() {
        let hint = format!("make it with `mkdir -p {}`", folder.display());
        return Err(Failure::usage(format!("the folder of the report `{shown}` does not exist"))
            .with_hint(hint));
    }
    if path.is_dir() {
        return Err(Failure::usage(format!(
            "the report `{shown}` cannot be written: it is a folder"
        )));
    }
    let written = if is_replaced(path) { &folder } else { path };
    if rustix::fs::access(written, rustix::fs::Access::WRITE_OK).is_err() {
        return Err(Failure::usage(format!("no permission to write the report `{shown}`")));
    }
    Ok(())
}

/// Observes a run, and records its events in the files that need them.
pub(super) struct Recorder {
    observer: TermObserver,
    lines: Vec<Lines>,
}

/// A file of event lines, and the error that stopped it.
struct Lines {
    path: PathBuf,
    file: File,
    written: io::Result<()>,
}

impl Recorder {
    /// Starts recording.
    pub(super) fn begin(targets: &[ReportTarget], observer: TermObserver) -> Result<Self, Failure> {
        let files = targets.iter().filter(|target| target.format == Format::Jsonl);
        let lines =
            files.filter_map(|target| target.path.clone()).map(|path| match File::create(&path) {
                Ok(file) => Ok(Lines { path, file, written: Ok(()) }),
                Err(source) => Err(unwritten(&path, source)),
            });
        Ok(Recorder { observer, lines: lines.collect::<Result<_, _>>()? })
    }

    /// Returns the observer of the run, and the files of events.
    pub(super) fn end(self) -> (TermObserver, Recorded) {
        (self.observer, Recorded(self.lines))
    }
}

impl Observer for Recorder {
    fn observe(&mut self, event: &Event<'_>) {
        self.observer.observe(event);
        if self.lines.is_empty() {
            return;
        }
        if let Some(line) = jsonl::of_event(event) {
            self.lines.iter_mut().for_each(|lines| lines.push(&line));
        }
    }
}

impl Lines {
    /// Appends a line in one write, so that readers see whole lines.
    fn push(&mut self, line: &str) {
        if self.written.is_ok() {
            self.written = self.file.write_all(line.as_bytes());
        }
    }
}

/// Files of events without their last line.
pub(super) struct Recorded(Vec<Lines>);

/// Writes the reports of a finished run. A failure does not stop the others.
pub(super) fn write(targets: &[ReportTarget], recorded: Recorded, report: &Report) -> Vec<Failure> {
    let lines = recorded.0.into_iter().map(|mut lines| {
        lines.push(&jsonl::of_report(report));
        lines.written.map_err(|source| unwritten(&lines.path, source))
    });
    let files = targets.iter().filter(|target| target.format != Format::Jsonl);
    let files = files.filter_map(|target| Some((target.format, target.path.as_ref()?)));
    let files = files.map(|(format, path)| {
        replace(path, &format.render(report)).map_err(|source| unwritten(path, source))
    });
    lines.chain(files).filter_map(Result::err).collect()
}

/// Appends the summary of a GitHub step to the file that the runner names.
pub(super) fn summarize(path: &Path, report: &Report) -> Result<(), Failure> {
    let added = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(markdown::to_markdown(report).as_bytes()));
    added.map_err(|source| unwritten(path, source))
}

fn unwritten(path: &Path, source: io::Error) -> Failure {
    Failure::System { what: format!("cannot write the report `{}`", path.display()), source }
}

/// Whether a path is a device such as /dev/stdout, which cannot be replaced.
fn is_replaced(path: &Path) -> bool {
    !path.metadata().is_ok_and(|metadata| !metadata.is_file())
}

/// Writes a file atomically.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    if !is_replaced(path) {
        return fs::write(path, text);
    }
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let partial = format!(".{}.{}.partial", name.to_string_lossy(), std::process::id());
    let partial = folder_of(path).join(partial);
    let written = File::create_new(&partial)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // Best effort: the first error is reported.
        drop(fs::remove_file(&partial));
    }
    written
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
