//! Notices what happens while `watch` waits or checks, and decides what comes next.
//!
//! A change of a file is only a reason to look. The files that decide what the checks report are then
//! hashed, and only if one of them differs, the checks start again. So ignored files, files that are
//! saved without a change, and edits that were undone cause nothing.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::event::Silent;
use crate::hash::Hash;
use crate::outcome::Verdict;
use crate::pipeline::Pipeline;
use crate::plan::{Plan, Request};
use crate::process::{Cancel, Emitter, Listening};
use crate::report::Report;
use crate::run::CoveredFiles;

use super::cause::Cause;
use super::folders::FolderWatch;
use crate::cli::commands::pipeline;
use crate::cli::exit::Failure;
use crate::cli::settings::{Polling, ProjectLocation};

/// Changes that follow each other within this time are one: a program writes a file in several steps, and
/// git changes many files.
const QUIET: Duration = Duration::from_millis(100);

/// The time after which changes are looked at even if more of them follow.
const LONGEST: Duration = Duration::from_secs(2);

/// The interval at which files are looked at where the system reports no changes.
const POLLING: Duration = Duration::from_secs(1);

/// The number of notices that wait. Further changes are dropped, because a change waits already.
const WAITING: usize = 1024;

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// A file or folder in a watched folder may have changed.
    Changed,
    /// The user typed a key.
    Key(TypedKey),
    /// A signal interrupts the command.
    Interrupted,
    /// The round of this number ended.
    RoundEnded(u64),
}

/// A key with a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypedKey {
    /// Run again.
    Again,
    /// Fix.
    Fix,
    /// Leave.
    Leave,
}

/// The next step of the command.
pub(super) enum Next {
    /// Another round.
    Round(Box<Round>),
    /// The end, with this verdict.
    Leave(Verdict),
}

/// A round that is about to begin.
pub(super) struct Round {
    pub(super) cause: Cause,
    /// The project and its plan, or why there is none.
    pub(super) ready: Result<(Pipeline, Plan), Failure>,
}

/// The state of the project that the last round was started for.
#[derive(Debug, PartialEq)]
enum State {
    /// It can be checked.
    Ready(Box<Plan>),
    /// It cannot, and this is the error.
    Wrong(String),
}

/// Notices changes, keys and signals.
pub(super) struct Lookout {
    place: ProjectLocation,
    request: Request,
    cancel: Cancel,
    sender: SyncSender<Notice>,
    notices: Receiver<Notice>,
    /// Notices that came while changes were awaited.
    kept: VecDeque<Notice>,
    folders: FolderWatch,
    state: Option<State>,
    /// The files of the last state that could be checked.
    covered: CoveredFiles,
    number: u64,
    _listening: Listening,
}

/// Tells the lookout that a round has ended, when it is dropped.
pub(super) struct RoundEnd {
    sender: SyncSender<Notice>,
    number: u64,
}

impl Drop for RoundEnd {
    fn drop(&mut self) {
        // Without a receiver the command ends as well.
        let _ = self.sender.send(Notice::RoundEnded(self.number));
    }
}

impl Lookout {
    /// A lookout for the files of these checks. It ends with `cancel`.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread.
    pub(super) fn new(
        place: ProjectLocation,
        request: Request,
        polling: Polling,
        cancel: Cancel,
    ) -> io::Result<Self> {
        let (sender, notices) = sync_channel(WAITING);
        let listening = forward_interrupt(&cancel, sender.clone())?;
        Ok(Lookout {
            place,
            request,
            cancel,
            folders: FolderWatch::new(polling, sender.clone())?,
            sender,
            notices,
            kept: VecDeque::new(),
            state: None,
            covered: CoveredFiles::default(),
            number: 0,
            _listening: listening,
        })
    }

    /// A sender of notices to this lookout.
    pub(super) fn sender(&self) -> SyncSender<Notice> {
        self.sender.clone()
    }

    /// The number of watched folders, or why there are none.
    pub(super) fn folders(&self) -> Result<usize, &str> {
        self.folders.number()
    }

    /// The first round.
    ///
    /// # Errors
    ///
    /// When the project, its configuration or the request is wrong.
    pub(super) fn begin(&mut self) -> Result<Next, Failure> {
        let round = self.load_round(Cause::Start);
        let ready = round.ready?;
        Ok(Next::Round(Box::new(Round { cause: round.cause, ready: Ok(ready) })))
    }

    /// Waits for what comes next.
    pub(super) fn wait(&mut self) -> Next {
        loop {
            let notice = self.receive();
            if let Some(next) = self.answer(notice) {
                return next;
            }
        }
    }

    /// Begins a round, which lasts until the returned value is dropped.
    pub(super) fn begin_round(&mut self) -> RoundEnd {
        self.number += 1;
        RoundEnd { sender: self.sender.clone(), number: self.number }
    }

    /// Waits for the end of a round. Returns what comes next if that is known before; the round has then
    /// to be stopped. Changes do not stop a round that fixes; they are looked at afterwards.
    pub(super) fn watch_round(&mut self, is_fixing: bool) -> Option<Next> {
        let mut is_changed = false;
        loop {
            match self.receive() {
                Notice::RoundEnded(number) if number == self.number => {
                    self.kept.extend(is_changed.then_some(Notice::Changed));
                    return None;
                }
                Notice::Changed if is_fixing => is_changed = true,
                notice => {
                    if let Some(next) = self.answer(notice) {
                        return Some(next);
                    }
                }
            }
        }
    }

    /// Learns which files a round has fixed and then checked.
    pub(super) fn learn_fixes(&mut self, report: &Report) {
        let checked: BTreeMap<&String, &Hash> = report.snapshots.values().flatten().collect();
        for path in &report.changed_files {
            if let Some(hash) = checked.get(path) {
                self.covered.files.insert(path.clone(), **hash);
            }
        }
    }

    /// Decides what a notice leads to.
    fn answer(&mut self, notice: Notice) -> Option<Next> {
        match notice {
            Notice::Changed => self.look().map(|round| Next::Round(Box::new(round))),
            Notice::Key(TypedKey::Again) => {
                Some(Next::Round(Box::new(self.load_round(Cause::Again))))
            }
            Notice::Key(TypedKey::Fix) => Some(Next::Round(Box::new(self.load_round(Cause::Fix)))),
            Notice::Key(TypedKey::Leave) => Some(Next::Leave(Verdict::Passed)),
            Notice::Interrupted => Some(Next::Leave(Verdict::Interrupted)),
            Notice::RoundEnded(_) => None,
        }
    }

    fn receive(&mut self) -> Notice {
        if let Some(kept) = self.kept.pop_front() {
            return kept;
        }
        match self.folders.number() {
            Ok(_) => self.notices.recv().unwrap_or(Notice::Interrupted),
            Err(_) => self.notices.recv_timeout(POLLING).unwrap_or(Notice::Changed),
        }
    }

    /// Waits until no change follows another one.
    fn settle(&mut self) {
        let began = Instant::now();
        while began.elapsed() < LONGEST {
            match self.notices.recv_timeout(QUIET) {
                Ok(Notice::Changed) => {}
                Ok(other) => self.kept.push_back(other),
                Err(_) => return,
            }
        }
    }

    /// Looks whether the project differs from that of the last round.
    fn look(&mut self) -> Option<Round> {
        self.settle();
        let before = self.state.take();
        let files = self.covered.clone();
        let round = self.load_round(Cause::Changed(Vec::new()));
        if self.state == before && self.covered == files {
            return None;
        }
        let changed = match &self.state {
            Some(State::Ready(_)) => list_changed(&files.files, &self.covered.files),
            _ => Vec::new(),
        };
        Some(Round { cause: Cause::Changed(changed), ..round })
    }

    /// Loads the project for a round.
    fn load_round(&mut self, cause: Cause) -> Round {
        let ready = match self.load() {
            Ok((pipeline, plan, covered)) => {
                self.covered = covered;
                self.state = Some(State::Ready(Box::new(plan.clone())));
                Ok((pipeline, plan))
            }
            Err(failure) => {
                self.state = Some(State::Wrong(failure.to_string()));
                Err(failure)
            }
        };
        Round { cause, ready }
    }

    /// Loads the project, watches its folders and hashes its files, in this order: a later change is
    /// noticed.
    fn load(&mut self) -> Result<(Pipeline, Plan, CoveredFiles), Failure> {
        let pipeline = pipeline(self.place.clone())?;
        let plan = pipeline.plan(&self.request)?;
        let mut silent = Silent;
        let emitter = Emitter::new(&mut silent);
        let context = pipeline.context(&self.cancel, &emitter);
        let root = &pipeline.project.root;
        let folders = context.list_covered_folders(&plan);
        let is_new = self.folders.watch(folders.iter().map(|path| path.on_disk(root)).collect());
        if is_new {
            // The project may have changed before they were watched.
            send_change(&self.sender);
        }
        let covered = context.hash_covered_files(&plan).map_err(Error::from)?;
        Ok((pipeline, plan, covered))
    }
}

/// Sends a change, unless as many notices wait as can.
pub(super) fn send_change(sender: &SyncSender<Notice>) {
    let _ = sender.try_send(Notice::Changed);
}

/// Passes on that `cancel` was interrupted, until the returned guard is dropped.
fn forward_interrupt(cancel: &Cancel, sender: SyncSender<Notice>) -> io::Result<Listening> {
    let (wake, woken) = channel();
    let listening = cancel.listen(wake);
    thread::Builder::new().spawn(move || {
        if woken.recv().is_ok() {
            // Without a receiver the command ends already.
            let _ = sender.send(Notice::Interrupted);
        }
    })?;
    Ok(listening)
}

/// The files that are new, gone or different, sorted.
fn list_changed(before: &BTreeMap<String, Hash>, after: &BTreeMap<String, Hash>) -> Vec<String> {
    let new = after.iter().filter(|(path, hash)| before.get(*path) != Some(hash));
    let gone = before.keys().filter(|path| !after.contains_key(*path));
    let mut changed: Vec<String> = new.map(|(path, _)| path).chain(gone).cloned().collect();
    changed.sort();
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_gone_and_different_files_have_changed() {
        let files = |list: &[(&str, &[u8])]| -> BTreeMap<String, Hash> {
            list.iter().map(|(path, text)| ((*path).to_owned(), Hash::of(text))).collect()
        };
        let before = files(&[("a", b"1"), ("b", b"1"), ("d", b"1")]);
        let after = files(&[("a", b"1"), ("c", b"1"), ("d", b"2")]);
        assert_eq!(list_changed(&before, &after), ["b", "c", "d"]);
    }
}
