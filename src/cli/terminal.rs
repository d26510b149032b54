//! The only printer.
//!
//! Owns both streams: data and reports go to standard output, everything else to standard error,
//! each piece in one write, so that nothing is interleaved. It must not decide what a command does;
//! that a stream cannot be written is remembered and ends the process as an error, except when the
//! reader has gone.

mod board;
mod lines;
mod snippet;
mod watcher;

use std::collections::BTreeSet;
use std::io::{self, ErrorKind, IsTerminal, Write};

use anstream::adapter::strip_str;

use crate::error::Error;
use crate::outcome::Verdict;
use crate::report::human::fold::labelled;
use crate::report::human::style::{self, paint};
use crate::report::human::{self, Detail, Links, Options, Piece, Sections};
use crate::report::{Preview, Report, github, harmless, short};
use crate::scaffold::ScaffoldError;

pub(crate) use watcher::Watcher;

use crate::cli::exit::Failure;
use crate::cli::markdown;
use crate::cli::pager::Pager;
use crate::cli::settings::Verbosity;
use crate::program::Program;

/// The width of text that is not shown on a terminal.
const PLAIN_WIDTH: usize = 80;

/// The width of text on a wide terminal: longer lines are hard to read.
const MAX_WIDTH: usize = 100;

/// The terminal, or whatever the streams are.
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

    /// What a person typed to come here.
    pub(crate) fn program(&self) -> Program {
        self.program
    }

    /// Says from now on as much as is wanted.
    pub(crate) fn set_verbosity(&mut self, verbosity: Verbosity) {
        self.verbosity = verbosity;
    }

    /// Offers from now on commands that begin with these words.
    pub(crate) fn set_typed(&mut self, words: Vec<String>) {
        self.typed = words;
    }

    /// Asks a question on standard error, and reads from standard input whether it is answered with
    /// yes.
    pub(crate) fn confirm(&mut self, question: &str) -> Result<bool, Failure> {
        self.say(question);
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(|source| Failure::System {
            what: "cannot read the answer".to_owned(),
            source,
        })?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// Writes what was asked for to standard output.
    pub(crate) fn data(&mut self, text: &str) {
        let written = write(&mut anstream::stdout().lock(), text);
        self.remember(written);
    }

    /// Writes to standard output what may offer commands to a person.
    pub(crate) fn text(&mut self, text: &str) {
        let spelled = self.program.spell(text);
        self.data(&spelled);
    }

    /// Shows Markdown, in a pager if there is one and standard output is a terminal.
    pub(crate) fn page_markdown(&mut self, markdown: &str, pager: Option<&Pager>) {
        let width = Stream::Out.width().unwrap_or(PLAIN_WIDTH).min(MAX_WIDTH);
        let text = markdown::render(markdown, width);
        // A line of prose that begins with the name offers no command, unlike one of a help text.
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

    /// Writes a note to standard error, unless quiet is wanted.
    pub(crate) fn note(&mut self, text: &str) {
        if self.verbosity != Verbosity::Quiet {
            self.say(text);
        }
    }

    /// Says on standard error what to do next, unless quiet is wanted.
    pub(crate) fn hint(&mut self, text: &str) {
        self.note(&hint(Some(text)));
    }

    /// Shows why a command could not do its work. What clap prints as help is data.
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

    /// Watches a run and shows how it goes.
    pub(crate) fn watcher(&self) -> Watcher {
        Watcher::new(self.program, self.verbosity)
    }

    /// Takes over from a watcher whose run is over.
    pub(crate) fn watched(&mut self, watcher: Watcher) {
        let (shown, written) = watcher.finish();
        self.shown.extend(shown);
        self.remember(written);
    }

    /// Shows a finished run to a person.
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

    /// Shows a finished run in a line a finding.
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

    /// Writes what was made for a stream, and is not adapted to it any more.
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

    /// Shows what fixes would change.
    pub(crate) fn preview(&mut self, preview: &Preview) {
        self.patch(&preview.patch);
        let text = human::preview(preview, &self.shown, width_of_stderr());
        match self.verbosity {
            Verbosity::Quiet => self.data(&human::preview_verdict(preview)),
            _ => self.say(&text),
        }
    }

    /// Shows a difference, unless quiet is wanted: it is data, and goes in the bytes of the files to
    /// whatever reads it; only a terminal gets none that it would obey.
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

    /// How the process ends whose command came to this verdict: not well if what it had to say
    /// could not be written.
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

/// How a finished run is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Showing<'a> {
    /// Where to.
    pub(crate) stream: Stream,
    /// What sets the parts of a log apart.
    pub(crate) sections: Sections,
    /// The files that hold the whole report.
    pub(crate) reports: &'a [String],
}

impl Showing<'_> {
    /// On standard output, with nothing besides.
    pub(crate) const PLAIN: Showing<'static> =
        Showing { stream: Stream::Out, sections: Sections::None, reports: &[] };
}

/// One of the two streams.
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

    fn width(self) -> Option<usize> {
        match self {
            Stream::Out => width_of(io::stdout()),
            Stream::Error => width_of(io::stderr()),
        }
    }

    /// Whether it gets styled text.
    fn colors(self) -> bool {
        let choice = match self {
            Stream::Out => anstream::AutoStream::choice(&io::stdout()),
            Stream::Error => anstream::AutoStream::choice(&io::stderr()),
        };
        choice != anstream::ColorChoice::Never
    }
}

/// A piece as it goes to a stream. No text but a command is one for a CI runner.
fn printed(piece: &Piece, colors: bool) -> String {
    match piece {
        Piece::Command(line) => line.clone(),
        Piece::Text(text) if colors => github::inert(text).into_owned(),
        Piece::Text(text) => github::inert(&strip_str(text).to_string()).into_owned(),
    }
}

/// Writes to standard error. If that cannot be written, nobody is left to tell.
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

/// A hint after a blank line; nothing if there is none.
fn hint(hint: Option<&str>) -> String {
    let shown = |hint| labelled((style::INFO, "hint:"), hint, width_of_stderr());
    hint.map(|hint| "\n".to_owned() + &shown(hint)).unwrap_or_default()
}

fn width_of_stderr() -> Option<usize> {
    width_of(io::stderr())
}

/// A terminal's width in columns; none for a stream that is no terminal.
fn width_of(stream: impl IsTerminal + std::os::fd::AsFd) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(&stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}
