//! Output to the terminal. No other module prints.
//!
//! Data and reports go to standard output, everything else to standard error, each piece in one write,
//! so that nothing is interleaved. A failed write makes the process fail, except when the reader has
//! gone.

mod board;
mod lines;
mod observer;
mod screen;
mod snippet;

use std::collections::BTreeSet;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use anstream::adapter::strip_str;

use crate::error::Error;
use crate::outcome::Verdict;
use crate::report::human::fold::{folded, labelled};
use crate::report::human::style::{self, paint};
use crate::report::human::{self, Detail, Links, Options, Piece, Sections};
use crate::report::{Preview, Report, github, harmless, short};
use crate::scaffold::ScaffoldError;

pub(crate) use observer::TermObserver;

use crate::cli::exit::Failure;
use crate::cli::markdown;
use crate::cli::pager::Pager;
use crate::cli::settings::Verbosity;
use crate::program::Program;

/// The width of text outside of a terminal.
const PLAIN_WIDTH: usize = 80;

/// The time for the last line of a process that has to end at once.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The width of text on a wide terminal: longer lines are hard to read.
const MAX_WIDTH: usize = 100;

/// Both output streams.
#[derive(Debug, Default)]
pub(crate) struct Term {
    program: Program,
    verbosity: Verbosity,
    shown: BTreeSet<String>,
    typed: Vec<String>,
    broken: Option<io::Error>,
}

impl Term {
    /// The terminal of this program.
    pub(crate) fn of(program: Program) -> Self {
        Term { program, ..Term::default() }
    }

    /// The program that the user typed.
    pub(crate) fn program(&self) -> Program {
        self.program
    }

    /// Sets the amount of output.
    pub(crate) fn set_verbosity(&mut self, verbosity: Verbosity) {
        self.verbosity = verbosity;
    }

    /// Sets the words that suggested commands start with.
    pub(crate) fn set_typed(&mut self, words: Vec<String>) {
        self.typed = words;
    }

    /// Whether standard error is a terminal.
    pub(crate) fn is_interactive(&self) -> bool {
        Stream::Error.is_terminal()
    }

    /// Asks a question on standard error, and reads the answer from standard input.
    pub(crate) fn confirm(&mut self, question: &str) -> Result<bool, Failure> {
        self.say(question);
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(|source| Failure::System {
            what: "cannot read the answer".to_owned(),
            source,
        })?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// Writes data to standard output.
    pub(crate) fn data(&mut self, text: &str) {
        let written = write(&mut anstream::stdout().lock(), text);
        self.remember(written);
    }

    /// Writes text with suggested commands to standard output.
    pub(crate) fn text(&mut self, text: &str) {
        let spelled = self.program.spell(text);
        self.data(&spelled);
    }

    /// Shows Markdown, in a pager if there is one and standard output is a terminal.
    pub(crate) fn page_markdown(&mut self, markdown: &str, pager: Option<&Pager>) {
        let width = Stream::Out.width().unwrap_or(PLAIN_WIDTH).min(MAX_WIDTH);
        let text = markdown::render(markdown, width);
        // In prose, a line that starts with the name is not a suggested command.
        let spell = |line: &str| self.program.spell(&format!(" {line}")).into_owned().split_off(1);
        let spelled: String = text.split_inclusive('\n').map(spell).collect();
        self.page_spelled(&spelled, pager);
    }

    /// Shows a help text, in a pager if there is one and standard output is a terminal.
    pub(crate) fn page(&mut self, text: &str, pager: Option<&Pager>) {
        let spelled = self.program.spell(text).into_owned();
        self.page_spelled(&spelled, pager);
    }

    fn page_spelled(&mut self, text: &str, pager: Option<&Pager>) {
        let shown = match pager.filter(|_| Stream::Out.is_terminal()) {
            Some(pager) if Stream::Out.colors() => pager.show(text).is_ok(),
            Some(pager) => pager.show(&strip_str(text).to_string()).is_ok(),
            None => false,
        };
        if !shown {
            self.data(text);
        }
    }

    /// Writes a note to standard error, except with `--quiet`.
    pub(crate) fn note(&mut self, text: &str) {
        if self.verbosity != Verbosity::Quiet {
            self.say(text);
        }
    }

    /// Writes a note of whole sentences to standard error, folded, except with `--quiet`.
    pub(crate) fn prose(&mut self, text: &str) {
        self.note(&folded(text, width_of_stderr()));
    }

    /// Writes a suggestion to standard error, except with `--quiet`.
    pub(crate) fn hint(&mut self, text: &str) {
        self.note(&hint(Some(text)));
    }

    /// Shows the failure of a command. Clap's help is data.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        match failure {
            Failure::Clap(error) if !error.use_stderr() => {
                self.text(&error.render().ansi().to_string());
            }
            Failure::Clap(error) => self.say(&error.render().ansi().to_string()),
            Failure::Library(Error::Config(error))
            | Failure::Scaffold(ScaffoldError::Config(error)) => {
                self.say(&snippet::of(error, width_of_stderr()))
            }
            _ => {
                let width = width_of_stderr();
                self.say(&labelled((style::ERROR, "error:"), &failure.to_string(), width));
                self.say(&hint(failure.hint().as_deref()));
            }
        }
    }

    /// Makes an observer that shows the progress of a run.
    pub(crate) fn observer(&self) -> TermObserver {
        TermObserver::new(self.program, self.verbosity)
    }

    /// Takes over from a finished observer.
    pub(crate) fn observed(&mut self, observer: TermObserver) {
        let (shown, written) = observer.finish();
        self.shown.extend(shown);
        self.remember(written);
    }

    /// Shows the report of a finished run.
    pub(crate) fn report(&mut self, report: &Report, showing: &Showing<'_>) {
        let Showing { stream, sections, reports } = *showing;
        let colors = stream.colors();
        let links = match stream.is_terminal() && colors {
            true => Links::Hidden,
            false => Links::Written,
        };
        let shown = std::mem::take(&mut self.shown);
        let options = Options {
            width: stream.width(),
            detail: self.detail(),
            links,
            sections,
            shown: &shown,
            typed: &self.typed,
            reports,
        };
        let pieces = human::render(report, &options);
        self.shown = shown;
        let text: String = pieces.iter().map(|piece| printed(piece, colors)).collect();
        self.people(stream, &text);
    }

    /// Shows the findings of a finished run, one a line.
    pub(crate) fn short(&mut self, report: &Report, stream: Stream) {
        let findings = match self.detail() {
            Detail::Full => short::to_short(report),
            Detail::Verdict => String::new(),
        };
        if self.detail() == Detail::Full {
            self.say(&human::warnings(report, &self.shown, width_of_stderr()));
        }
        let verdict = human::verdict(report, stream.width());
        let pieces = [Piece::Text(findings), Piece::Text(verdict)];
        let colors = stream.colors();
        let text: String = pieces.iter().map(|piece| printed(piece, colors)).collect();
        self.people(stream, &text);
    }

    fn detail(&self) -> Detail {
        match self.verbosity {
            Verbosity::Quiet => Detail::Verdict,
            Verbosity::Normal | Verbosity::Verbose => Detail::Full,
        }
    }

    /// Writes text that is already adapted to the stream.
    fn people(&mut self, stream: Stream, text: &str) {
        let text = &self.program.spell(text);
        match stream {
            Stream::Out => {
                let written = write(&mut io::stdout().lock(), text);
                self.remember(written);
            }
            Stream::Error => drop(write(&mut io::stderr().lock(), text)),
        }
    }

    /// Shows the changes that fixes would make.
    pub(crate) fn preview(&mut self, preview: &Preview) {
        self.patch(&preview.patch);
        let text = human::preview(preview, &self.shown, width_of_stderr());
        match self.verbosity {
            Verbosity::Quiet => self.data(&human::preview_verdict(preview)),
            _ => self.say(&text),
        }
    }

    /// Shows a diff, except with `--quiet`. Its bytes are those of the files; only for a terminal are
    /// control characters escaped.
    pub(crate) fn patch(&mut self, patch: &[u8]) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        if io::stdout().is_terminal() {
            let text = String::from_utf8_lossy(patch).into_owned();
            self.data(&harmless::text(&text));
        } else {
            let written = io::stdout().lock().write_all(patch);
            self.remember(written);
        }
    }

    /// Returns the final verdict: an error if standard output could not be written.
    pub(crate) fn finish(self, verdict: Verdict) -> Verdict {
        let Some(broken) = &self.broken else {
            return verdict;
        };
        let label = paint(style::ERROR, "error:");
        self.say(&format!("{label} cannot write to standard output: {broken}\n"));
        match verdict {
            Verdict::Passed | Verdict::Findings => Verdict::Error,
            worse => worse,
        }
    }

    /// Writes to standard error.
    fn say(&self, text: &str) {
        say(&self.program.spell(text));
    }

    fn remember(&mut self, written: io::Result<()>) {
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                self.broken.get_or_insert(error);
            }
            _ => {}
        }
    }
}

/// The presentation of a finished run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Showing<'a> {
    /// The stream.
    pub(crate) stream: Stream,
    /// The sections of a CI log.
    pub(crate) sections: Sections,
    /// The files that contain the whole report.
    pub(crate) reports: &'a [String],
}

impl Showing<'_> {
    /// On standard output, without sections and files.
    pub(crate) const PLAIN: Showing<'static> =
        Showing { stream: Stream::Out, sections: Sections::None, reports: &[] };
}

/// An output stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Error,
}

impl Stream {
    fn is_terminal(self) -> bool {
        match self {
            Stream::Out => io::stdout().is_terminal(),
            Stream::Error => io::stderr().is_terminal(),
        }
    }

    /// The width of its terminal, if it is one.
    pub(crate) fn width(self) -> Option<usize> {
        match self {
            Stream::Out => width_of(io::stdout()),
            Stream::Error => width_of(io::stderr()),
        }
    }

    /// Whether it supports styles.
    fn colors(self) -> bool {
        let choice = match self {
            Stream::Out => anstream::AutoStream::choice(&io::stdout()),
            Stream::Error => anstream::AutoStream::choice(&io::stderr()),
        };
        choice != anstream::ColorChoice::Never
    }
}

/// Renders a piece for a stream. Only commands may be commands for a CI runner.
fn printed(piece: &Piece, colors: bool) -> String {
    match piece {
        Piece::Command(line) => line.clone(),
        Piece::Text(text) if colors => github::inert(text).into_owned(),
        Piece::Text(text) => github::inert(&strip_str(text).to_string()).into_owned(),
    }
}

/// Writes a line to standard error before the process ends, even if nothing reads that stream.
pub(crate) fn print_last_words(text: &str) {
    let line = format!("\n{} {text}\n", paint(style::WARNING, "warning:"));
    let (done, is_done) = channel();
    let copy = line.clone();
    let thread = thread::Builder::new().spawn(move || {
        say(&copy);
        done.send(())
    });
    if thread.is_err() {
        return say(&line);
    }
    // The process ends now, whether or not the line was written.
    let _ = is_done.recv_timeout(LAST_WORDS);
}

/// Writes to standard error. A failure cannot be reported anywhere.
fn say(text: &str) {
    drop(write(&mut anstream::stderr().lock(), &github::inert(text)));
}

fn write(stream: &mut dyn Write, text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

/// Renders a hint after a blank line; empty if there is none.
fn hint(hint: Option<&str>) -> String {
    let shown = |hint| labelled((style::INFO, "hint:"), hint, width_of_stderr());
    hint.map(|hint| "\n".to_owned() + &shown(hint)).unwrap_or_default()
}

fn width_of_stderr() -> Option<usize> {
    width_of(io::stderr())
}

/// A terminal's width in columns; none for other streams.
fn width_of(stream: impl IsTerminal + std::os::fd::AsFd) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(&stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}
