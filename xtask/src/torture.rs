//! Attacks the program and judges how it stands that.
//!
//! An attack has parts, and a part has tries. Each try makes a project in a temporary folder, does
//! something hostile to it, runs the built program there, and is judged:
//!
//! - *held*: the program ended as it may, and the next run has the right result;
//! - *lost*: it crashed, hung, or gave a wrong answer or none;
//! - *left*: a container, a volume or a folder was still there after the next run;
//! - *escape*: code of the project ran on the machine, a file outside was read or changed, or a
//!   result was about other content.
//!
//! [`scene`] is the place of one try, [`arena`] that of all tries of a thread. A part is a file
//! below; its tries are numbered, and a number and a seed always make the same try.

mod arena;
mod cases;
mod parts;
mod scene;
mod score;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::builder::PossibleValuesParser;

use self::arena::Arena;
use self::parts::Part;
use self::scene::Scene;
use self::score::{Score, Scores};
use crate::failure::{Failure, Result};
use crate::process::Command;
use crate::test::signals::Interrupted;
use crate::workspace;

/// The seed, if none is given. It is fixed, so that two runs are comparable.
const SEED: u64 = 17;

/// The time limit of all parts, if none is given.
const TIME: Duration = Duration::from_secs(30 * 60);

/// The time limit of the few tries in the gate.
const QUICK_TIME: Duration = Duration::from_secs(60);

/// Parts, and how long and how often they are tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub(crate) struct Amount {
    /// The parts to try; all of them if none
    #[arg(value_name = "PART", value_parser = PossibleValuesParser::new(parts::names()))]
    parts: Vec<String>,
    /// How many tries each part makes at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    tries: Option<u32>,
    /// The seed of the random choices
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How long all parts take at most, such as `90s`
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    time: Option<Duration>,
    /// Make only a few tries, as in the gate
    #[arg(long)]
    quick: bool,
    /// Make only the try with this number, and print what the program prints
    #[arg(long, value_name = "NUMBER", requires = "parts")]
    only: Option<usize>,
}

impl Amount {
    /// The tries of the gate.
    pub(crate) fn of_the_gate() -> Amount {
        Amount { quick: true, ..Amount::default() }
    }

    fn has(&self, part: &Part) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|name| name == part.name)
    }

    /// The number of tries of a part.
    fn tries(&self, part: &Part) -> usize {
        let default = if self.quick { part.quick } else { part.tries };
        self.tries.map_or(default, |tries| tries as usize).min((part.cases)())
    }
}

/// Tries each part, and prints a table.
///
/// # Errors
///
/// When a try is not held, none is made, or the run is interrupted.
pub(crate) fn run(amount: &Amount) -> Result<()> {
    let stop = Interrupted::listen()?;
    // Without `--workspace` dependencies would have other features and be built again.
    Command::cargo("build --quiet --workspace --all-features --bin cargo-pipe").run()?;
    let program = workspace::target()?.join("debug/cargo-pipe");
    let seed = amount.seed.unwrap_or(SEED);
    let limit = amount.time.unwrap_or(if amount.quick { QUICK_TIME } else { TIME });
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let count = if amount.only.is_some() { 1 } else { processors };
    let arenas = Arena::create_all(&program, count)?;
    build_environments(&arenas, &stop)?;
    let end = Instant::now() + limit;
    let selected: Vec<&Part> = parts::PARTS.iter().filter(|part| amount.has(part)).collect();
    let mut scores = Scores::default();
    println!("{}", score::HEAD);
    for (done, part) in selected.iter().enumerate() {
        if stop.happened() {
            return Err(Failure::new("the tries were interrupted"));
        }
        if let Some(lack) = part.lacks() {
            println!("{:13} not tried: {lack}", part.name);
            continue;
        }
        // Each part gets its share of the time that is left.
        let left = end.saturating_duration_since(Instant::now());
        let parts = u32::try_from(selected.len() - done).unwrap_or(1);
        let deadline = Instant::now() + left / parts;
        let score = try_part(part, amount, seed, &arenas, deadline, &stop)?;
        println!("{}", score.render(part.name));
        scores.add(score);
    }
    println!("{}", scores.total().render("total"));
    scores.judge()
}

/// Builds the environments of each arena's first place, which takes as long as the network does.
fn build_environments(arenas: &[Arena], stop: &Interrupted) -> Result<()> {
    let build = |arena| Scene::create(arena, 0, 0, cases::random(0, "", 0), stop)?.build();
    thread::scope(|scope| {
        let running: Vec<_> =
            arenas.iter().map(|arena| scope.spawn(move || build(arena))).collect();
        let failed = |_| Failure::new("a thread that built environments failed");
        running.into_iter().try_for_each(|thread| thread.join().map_err(failed)?)
    })
}

/// Makes the tries of one part, on all processors.
fn try_part(
    part: &Part,
    amount: &Amount,
    seed: u64,
    arenas: &[Arena],
    deadline: Instant,
    stop: &Interrupted,
) -> Result<Score> {
    let begin = Instant::now();
    let tries = amount.only.map_or_else(
        || cases::choose((part.cases)(), amount.tries(part), seed),
        |number| vec![number],
    );
    let next = AtomicUsize::new(0);
    let score = Mutex::new(Score::of_planned(tries.len()));
    let failed = Mutex::new(None);
    let work = |arena: &Arena, place: usize| {
        while let Some(&number) = tries.get(next.fetch_add(1, Ordering::Relaxed)) {
            if stop.happened() || Instant::now() >= deadline || lock(&failed).is_some() {
                return;
            }
            match try_once(part, seed, number, arena, place, stop) {
                Ok(scene) => {
                    if amount.only.is_some() {
                        println!("{}", scene.transcript());
                    }
                    let mut score = lock(&score);
                    for line in score.count(scene.faults()) {
                        println!("  {} {number}: {line}", part.name);
                    }
                    if !scene.faults().is_held() {
                        let name = part.name;
                        println!("    cargo xtask torture {name} --seed {seed} --only {number}");
                    }
                }
                Err(failure) => *lock(&failed) = Some(failure),
            }
        }
    };
    thread::scope(|scope| {
        let is_alone = part.per_processor == 0;
        for arena in &arenas[..if is_alone { 1 } else { arenas.len() }] {
            for place in 0..part.per_processor.max(1) {
                let work = &work;
                scope.spawn(move || work(arena, place));
            }
        }
    });
    if let Some(failure) = lock(&failed).take() {
        return Err(failure);
    }
    let mut score = lock(&score).clone();
    score.took = begin.elapsed();
    Ok(score)
}

fn try_once<'a>(
    part: &Part,
    seed: u64,
    number: usize,
    arena: &'a Arena,
    place: usize,
    stop: &'a Interrupted,
) -> Result<Scene<'a>> {
    let random = cases::random(seed, part.name, number);
    let mut scene = Scene::create(arena, place, number, random, stop)?;
    (part.attack)(&mut scene)?;
    scene.close();
    Ok(scene)
}

/// The content of a mutex, also after a panic of another thread.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
