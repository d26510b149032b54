//! Compares the times of two programs on a machine that does other work as well.
//!
//! The programs run in pairs, one right after the other, and the result is the median of the pairs'
//! ratios. [`Table`] shows them.

use std::fmt::Write;
use std::time::Duration;

use crate::failure::Result;
use crate::process::Measured;

/// Measurements of two programs that ran in turns.
pub(super) struct Pairs {
    ours: Vec<Measured>,
    theirs: Vec<Measured>,
}

/// Selects one of the times of a measurement.
type Time = fn(&Measured) -> Duration;

impl Pairs {
    /// The median of the ratios of the pairs, as text.
    fn render_ratio(&self, select: Time) -> String {
        let mut ratios = Vec::new();
        for (one, other) in self.ours.iter().zip(&self.theirs) {
            ratios.push(select(one).as_secs_f64() / select(other).as_secs_f64());
        }
        ratios.sort_by(f64::total_cmp);
        match ratios.get(ratios.len() / 2) {
            Some(ratio @ ..0.1) => format!("{ratio:.4}"),
            Some(ratio) => format!("{ratio:.2}"),
            None => String::new(),
        }
    }
}

/// Measures two programs in turns, `times` times.
///
/// # Errors
///
/// When one of them cannot be run.
pub(super) fn measure_pairs(
    times: usize,
    mut ours: impl FnMut() -> Result<Measured>,
    theirs: impl FnMut() -> Result<Measured>,
) -> Result<Pairs> {
    let [pairs] = measure_turns(times, [&mut ours], theirs)?;
    Ok(pairs)
}

/// Measures several programs in turns with one other, `times` times. Each forms pairs with that
/// one.
///
/// # Errors
///
/// When one of them cannot be run.
pub(super) fn measure_turns<const N: usize>(
    times: usize,
    mut ours: [&mut dyn FnMut() -> Result<Measured>; N],
    mut theirs: impl FnMut() -> Result<Measured>,
) -> Result<[Pairs; N]> {
    let mut turns = [const { Pairs { ours: Vec::new(), theirs: Vec::new() } }; N];
    for time in 0..times {
        // The program that runs second finds warmer caches.
        let before = if time % 2 == 1 { Some(theirs()?) } else { None };
        for (pairs, ours) in turns.iter_mut().zip(&mut ours) {
            pairs.ours.push(ours()?);
        }
        let theirs = before.map_or_else(&mut theirs, Ok)?;
        turns.iter_mut().for_each(|pairs| pairs.theirs.push(theirs));
    }
    Ok(turns)
}

/// A table of pairs.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<[String; 9]>,
}

const HEAD: [&str; 9] =
    ["what", "cargo pipe", "cpu", "peak", "compared with", "takes", "cpu", "ratio", "of cpu"];

/// The columns that hold words, which are aligned to the left.
const WORDS: [usize; 2] = [0, 4];

impl Table {
    /// Adds a row of two programs that do their own work.
    pub(super) fn add(&mut self, what: &str, pairs: &Pairs, other: &str) {
        self.row(what, pairs, other, true);
    }

    /// Adds a row of two programs that have an engine do their work. The processor time of the
    /// engine is not known, so the row shows none.
    pub(super) fn add_contained(&mut self, what: &str, pairs: &Pairs, other: &str) {
        self.row(what, pairs, other, false);
    }

    /// Adds a row, and prints it while the others are still measured.
    fn row(&mut self, what: &str, pairs: &Pairs, other: &str, has_cpu: bool) {
        let cpu = |text: String| if has_cpu { text } else { String::new() };
        let Pairs { ours, theirs } = pairs;
        let time = |all: &[Measured], select: Time| {
            median(all.iter().map(select).collect()).map(render_time).unwrap_or_default()
        };
        let peak = median(ours.iter().map(|it| it.peak).collect()).unwrap_or_default();
        let row = [
            format!("{what} ({}×)", ours.len()),
            time(ours, |it| it.wall),
            cpu(time(ours, |it| it.cpu)),
            format!("{} MB", peak.div_ceil(1_000_000)),
            other.to_owned(),
            time(theirs, |it| it.wall),
            cpu(time(theirs, |it| it.cpu)),
            pairs.render_ratio(|it| it.wall),
            cpu(pairs.render_ratio(|it| it.cpu)),
        ];
        eprintln!("bench: {}", row.join(" | "));
        self.rows.push(row);
    }

    /// Renders the table as text.
    pub(super) fn render(&self) -> String {
        let head = HEAD.map(str::to_owned);
        let all = || std::iter::once(&head).chain(&self.rows);
        let width =
            |column: usize| all().map(|row| row[column].chars().count()).max().unwrap_or_default();
        let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
        all().fold(String::new(), |mut text, row| {
            let cells = row.iter().zip(&widths).enumerate();
            let cells = cells.map(|(column, (cell, width))| match column {
                column if WORDS.contains(&column) => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            });
            let line: Vec<String> = cells.collect();
            let _ = writeln!(text, "{}", line.join("  ").trim_end());
            text
        })
    }
}

fn median<T: Ord + Copy>(mut values: Vec<T>) -> Option<T> {
    values.sort();
    values.get(values.len() / 2).copied()
}

fn render_time(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.0} ms", seconds * 1000.0),
        seconds => format!("{seconds:.1} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_measured_in_turns_and_shown_by_their_medians() {
        let order = std::cell::RefCell::new(String::new());
        let millis = |name: char, times: &mut dyn Iterator<Item = u64>| {
            order.borrow_mut().push(name);
            let wall = Duration::from_millis(times.next().unwrap());
            Ok(Measured { wall, cpu: 2 * wall, peak: 2_000_000, status: 0 })
        };
        let (mut ours, mut theirs) = ([30, 10, 20].into_iter(), [10, 10, 10].into_iter());
        let pairs =
            measure_pairs(3, || millis('o', &mut ours), || millis('t', &mut theirs)).unwrap();
        assert_eq!(*order.borrow(), "ottoot");
        let mut table = Table::default();
        table.add("no change", &pairs, "git status");
        table.add_contained("first run", &pairs, "docker run");
        let text = "what            cargo pipe    cpu  peak  compared with  takes    cpu  ratio  of cpu\n\
             no change (3×)       20 ms  40 ms  2 MB  git status     10 ms  20 ms   2.00    2.00\n\
             first run (3×)       20 ms         2 MB  docker run     10 ms          2.00\n";
        assert_eq!(table.render(), text);
    }

    #[test]
    fn several_programs_share_the_one_they_are_compared_with() {
        let order = std::cell::RefCell::new(String::new());
        let measured = |name: char| {
            order.borrow_mut().push(name);
            let wall = Duration::from_millis(u64::from(u32::from(name)));
            Ok(Measured { wall, cpu: wall, peak: 0, status: 0 })
        };
        let [one, two] =
            measure_turns(3, [&mut || measured('a'), &mut || measured('b')], || measured('t'))
                .unwrap();
        assert_eq!(*order.borrow(), "abttababt");
        let walls =
            |all: &[Measured]| -> Vec<u128> { all.iter().map(|it| it.wall.as_millis()).collect() };
        assert_eq!((walls(&one.ours), walls(&two.ours)), (vec![97; 3], vec![98; 3]));
        assert_eq!((walls(&one.theirs), walls(&two.theirs)), (vec![116; 3], vec![116; 3]));
    }
}
