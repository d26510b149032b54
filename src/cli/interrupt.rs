//! Signals that interrupt a run, or the process.
//!
//! A thread turns the first INT, TERM or HUP into [`Cancel::interrupt`]. The run then stops its
//! containers and returns. The second one ends the process at once, whatever hangs, and says what may
//! be left. While no run listens, a signal has its default effect.

use std::fs;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::outcome::Verdict;
use crate::process::{self, Cancel};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::{flag, low_level};

use super::terminal;

/// The time in which a second signal counts as the first one: `timeout` of coreutils sends TERM to
/// its program and then to the whole group, so that the program gets it twice.
const SAME: Duration = Duration::from_millis(100);

/// The signals that interrupt.
const INTERRUPTING: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// The number of listeners: one command may run another one.
static LISTENING: AtomicUsize = AtomicUsize::new(0);

/// Whether signals have their default effect because no run listens.
static IS_IDLE: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Whether the default effect was restored once for every signal.
static CAN_IDLE: AtomicBool = AtomicBool::new(false);

/// A listener for signals, until it is dropped.
pub(crate) struct Interrupts {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
    happened: Arc<AtomicBool>,
}

impl Interrupts {
    /// Starts the listener, which interrupts a run.
    pub(crate) fn listen(cancel: Cancel) -> io::Result<Self> {
        let ignored = ignored_signals();
        let wanted: Vec<i32> =
            INTERRUPTING.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0).collect();
        LISTENING.fetch_add(1, Ordering::AcqRel);
        IS_IDLE.store(false, Ordering::Release);
        if !CAN_IDLE.swap(true, Ordering::AcqRel) {
            for signal in &wanted {
                flag::register_conditional_default(*signal, Arc::clone(&IS_IDLE))?;
            }
        }
        let mut signals = Signals::new(wanted)?;
        let handle = signals.handle();
        let happened = Arc::new(AtomicBool::new(false));
        let noticed = Arc::clone(&happened);
        let listen = move || {
            let mut first = None;
            for _ in signals.forever() {
                noticed.store(true, Ordering::Release);
                cancel.interrupt();
                let first = *first.get_or_insert_with(Instant::now);
                if first.elapsed() > SAME {
                    end_now(&cancel);
                }
            }
        };
        let thread = thread::Builder::new().name("signals".to_owned()).spawn(listen)?;
        Ok(Interrupts { handle, thread: Some(thread), happened })
    }

    /// Whether there was a signal.
    pub(crate) fn happened(&self) -> bool {
        self.happened.load(Ordering::Acquire)
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        self.handle.close();
        if let Some(thread) = self.thread.take() {
            // A panic of that thread was already printed.
            drop(thread.join());
        }
        let is_last = LISTENING.fetch_sub(1, Ordering::AcqRel) == 1;
        if is_last {
            IS_IDLE.store(true, Ordering::Release);
        }
    }
}

/// Ends this process and the programs that it has started.
fn end_now(cancel: &Cancel) -> ! {
    process::end_all();
    let left = cancel.leftovers().map(|left| format!("; {left}")).unwrap_or_default();
    terminal::print_last_words(&format!("interrupted again, so the run ends at once{left}"));
    low_level::exit(i32::from(Verdict::Interrupted.exit_code()))
}

/// Turns a write beyond the allowed size of files into an error, in place of the end of this process.
/// Other programs get the default effect back when they are started, because the signal is handled and
/// not ignored.
pub(crate) fn survive_file_limit() -> io::Result<()> {
    flag::register(SIGXFSZ, Arc::default()).map(drop)
}

/// The mask of signals that were ignored when the process started, as with `nohup`. Zero if the system
/// does not tell.
fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}
