//! Many runs at once, and thousands of edits with one cache.

use std::fs;
use std::time::{Duration, Instant};

use super::super::arena;
use super::super::scene::{LIMIT, Machine, Scene};
use crate::failure::Result;
use crate::process::Command;

/// How many runs are started at once.
const RUNS: usize = 50;

/// Edits of a try.
const EDITS: usize = 100;

/// Bytes of results that the cache may keep, and what it may have on disk with everything else.
const CACHE_SIZE: (&str, u64) = ("1M", 8 << 20);

/// Ways of running at once: a prelude for each run, where `$i` is its number, and its words.
const WAYS: &[(&str, &str)] = &[
    (":", "run --check ruff"),
    (":", "run --check ruff format"),
    (":", "run --check ruff --no-cache"),
    ("cp -r . $TMPDIR/project-$i; cd $TMPDIR/project-$i", "run --check ruff"),
    (":", "run --check ruff --cache off"),
    ("export CARGO_PIPE_CACHE_DIR=$TMPDIR/cache", "run --check ruff"),
];

/// The number of ways.
pub(super) fn ways() -> usize {
    WAYS.len()
}

/// Starts many runs at once: each must end with the finding.
pub(super) fn attack(scene: &mut Scene<'_>) -> Result<()> {
    let (prelude, words) = WAYS[scene.case];
    scene.name(format!("{RUNS} at once: {prelude} {words}"));
    scene.build()?;
    let program = scene.program();
    let script = format!(
        "for i in $(seq {RUNS}); do ({prelude}; \"$0\" {words} > $TMPDIR/out-$i 2>&1; \
         echo $? > $TMPDIR/status-$i) & done; wait; cat $TMPDIR/status-* | sort | uniq -c; \
         grep -l 'panicked' $TMPDIR/out-*; rm -rf $TMPDIR/*"
    );
    let command = Command::new("/bin/sh", ["-c", &script, &program]);
    let command = scene.settle_at(Machine::Bubblewrap, command);
    let ended = scene.run(&command, LIMIT * 5, &[0, 1, 2])?;
    let statuses = ended.output.split_whitespace().collect::<Vec<_>>().join(" ");
    if statuses != format!("{RUNS} 1") {
        scene.lose(format!("expected {RUNS} times exit status 1, got {statuses}"));
    }
    scene.expect_right(Machine::Bubblewrap, &["ruff", "format"])
}

/// Edits a source many times, and runs checks after each edit.
pub(super) fn edit(scene: &mut Scene<'_>) -> Result<()> {
    scene.name(format!("{EDITS} edits"));
    scene.build()?;
    let begin = Instant::now();
    let mut random = scene.random.clone();
    for edit in 0..EDITS {
        if scene.stop().happened() || begin.elapsed() > Duration::from_secs(600) {
            return Ok(());
        }
        let path = if random.bool() { "src/main.py" } else { "src/other.py" };
        let imports = ["os", "sys", "re", "json"][random.usize(..4)];
        let text =
            if random.u8(..4) == 0 { "x = 1\n".to_owned() } else { format!("import {imports}\n") };
        let number = random.u8(..20);
        scene.write(path, format!("\"\"\"Edit {number}.\"\"\"\n\n{text}"))?;
        let checks: &[&str] = if edit % 25 == 24 { &["ruff", "lint"] } else { &["ruff"] };
        if edit % 10 == 9 {
            scene.expect_like_uncached(Machine::Bubblewrap, checks)?;
        } else {
            let words = [&["run", "--check"], checks].concat();
            let command = scene.pipe(Machine::Bubblewrap, &words);
            let command = command.variable("CARGO_PIPE_CACHE_SIZE", CACHE_SIZE.0);
            scene.run(&command, LIMIT, &[0, 1])?;
        }
    }
    let size = measure(&scene.folder("cache"));
    if size > CACHE_SIZE.1 {
        scene.leave(format!("{size} bytes in the cache, apart from environments"));
    }
    Ok(())
}

/// The bytes in a cache, without environments.
fn measure(cache: &std::path::Path) -> u64 {
    let files = arena::list(cache).into_iter().filter(|path| !path.ends_with("environments"));
    let files = files.flat_map(|path| arena::survey(&path).into_keys().chain([path]));
    files
        .filter_map(|path| fs::metadata(path).ok())
        .filter(|it| it.is_file())
        .map(|it| it.len())
        .sum()
}
