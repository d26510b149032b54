//! Random edits of a package, like those of developers, mistakes included.
//!
//! A seed decides which edits are made, where and in which order, the same everywhere. Edits accumulate.

use std::fmt::Write;

use crate::project::Project;

/// Makes one edit after the other.
pub(crate) struct Editor<'p> {
    project: &'p Project,
    package: &'p str,
    random: Random,
    /// What broken files were before, the last one last.
    broken: Vec<(String, String)>,
}

type Edit = fn(&mut Editor<'_>) -> Option<String>;

const EDITS: &[Edit] = &[
    |it| it.add_function(),
    |it| it.add_class(),
    |it| it.comment(),
    |it| it.rename(),
    |it| it.remove(),
    |it| it.change_signature(),
    |it| it.toggle_file(),
    |it| it.import_missing(),
    |it| it.toggle_missing(),
    |it| it.delete(),
    |it| it.move_file(),
    |it| it.close_cycle(),
    |it| it.write_attribute(),
    |it| it.change_init(),
    |it| it.toggle_init(),
    |it| it.ignore(),
    |it| it.destroy(),
    |it| it.mend(),
];

impl<'p> Editor<'p> {
    /// An editor of the package in this folder of a project.
    pub(crate) fn new(project: &'p Project, package: &'p str, seed: u64) -> Editor<'p> {
        Editor { project, package, random: Random(seed), broken: Vec::new() }
    }

    /// Makes the next edit, and says what it did.
    pub(crate) fn edit(&mut self) -> String {
        loop {
            let edit = *self.random.of(EDITS);
            if let Some(what) = edit(self) {
                return what;
            }
        }
    }

    fn any(&mut self) -> String {
        self.random.of(&self.project.sources()).clone()
    }

    fn append(&self, path: &str, text: &str) {
        self.project.write(path, &format!("{}\n{text}", self.project.read(path)));
    }

    fn add_function(&mut self) -> Option<String> {
        let (path, number) = (self.any(), self.random.below(1000));
        let text = "(value):\n    other = value.missing\n    return None\n";
        self.append(&path, &format!("\ndef added_{number}{text}"));
        Some(format!("a function in {path}"))
    }

    fn add_class(&mut self) -> Option<String> {
        let (path, number) = (self.any(), self.random.below(1000));
        let text = ":\n    shared = 1\n\n    def __init__(self):\n        self.own = 1\n";
        self.append(&path, &format!("\nclass Added{number}{text}"));
        Some(format!("a class in {path}"))
    }

    fn comment(&mut self) -> Option<String> {
        let path = self.any();
        let lines = "# a comment\n".repeat(1 + self.random.below(3));
        self.project.write(&path, &format!("{lines}{}", self.project.read(&path)));
        Some(format!("a comment in {path}"))
    }

    /// The numbers of the lines that define something.
    fn definitions(&mut self, path: &str, start: &str) -> Option<(Vec<String>, usize)> {
        let lines: Vec<String> = self.project.read(path).lines().map(str::to_owned).collect();
        let starts = |(_, line): &(usize, &String)| line.starts_with(start);
        let found: Vec<usize> = lines.iter().enumerate().filter(starts).map(|(at, _)| at).collect();
        let at = (!found.is_empty()).then(|| *self.random.of(&found))?;
        Some((lines, at))
    }

    fn rename(&mut self) -> Option<String> {
        let path = self.any();
        let start = *self.random.of(&["def ", "class ", "    def "]);
        let (mut lines, at) = self.definitions(&path, start)?;
        let end = lines[at].find(['(', ':'])?;
        lines[at].insert_str(end, "_renamed");
        self.project.write(&path, &format!("{}\n", lines.join("\n")));
        Some(format!("another name in {path}:{}", at + 1))
    }

    fn remove(&mut self) -> Option<String> {
        let path = self.any();
        let start = *self.random.of(&["def ", "class "]);
        let (mut lines, at) = self.definitions(&path, start)?;
        let is_inside = |line: &&String| line.is_empty() || line.starts_with([' ', ')', '#']);
        let end = at + 1 + lines[at + 1..].iter().take_while(is_inside).count();
        lines.drain(at..end);
        self.project.write(&path, &format!("{}\n", lines.join("\n")));
        Some(format!("removed a definition in {path}:{}", at + 1))
    }

    fn change_signature(&mut self) -> Option<String> {
        let path = self.any();
        let (mut lines, at) = self.definitions(&path, "    def ")?;
        let end = lines[at].find("(self")? + "(self".len();
        lines[at].insert_str(end, ", more");
        self.project.write(&path, &format!("{}\n", lines.join("\n")));
        Some(format!("a parameter in {path}:{}", at + 1))
    }

    fn toggle(&mut self, path: &str, text: &str) -> Option<String> {
        match self.project.has(path) {
            true => self.project.remove(path),
            false => self.project.write(path, text),
        }
        Some(format!("{path} comes or goes"))
    }

    /// A name of the standard library, or one of a new package.
    fn toggle_file(&mut self) -> Option<String> {
        let sibling = self.any();
        let (folder, _) = sibling.rsplit_once('/')?;
        let name = *self.random.of(&["typing", "types", "fresh", "json", "new/__init__"]);
        let folder = *self.random.of(&[folder, "lib"]);
        self.toggle(&format!("{folder}/{name}.py"), "VALUE = 1\n")
    }

    fn import_missing(&mut self) -> Option<String> {
        let (path, number) = (self.any(), self.random.below(100));
        let package = self.package;
        self.append(&path, &format!("from {package}.not_yet import VALUE as VALUE_{number}\n"));
        Some(format!("an import of something missing in {path}"))
    }

    fn toggle_missing(&mut self) -> Option<String> {
        self.toggle(&format!("{}/not_yet.py", self.package), "VALUE = 1\n")
    }

    fn delete(&mut self) -> Option<String> {
        let path = self.any();
        self.project.remove(&path);
        Some(format!("removed {path}"))
    }

    fn move_file(&mut self) -> Option<String> {
        let path = self.any();
        let to = path.replace(".py", "_moved.py");
        self.project.write(&to, &self.project.read(&path));
        self.project.remove(&path);
        Some(format!("{path} is {to}"))
    }

    fn close_cycle(&mut self) -> Option<String> {
        let (path, other) = (self.any(), module(&self.any()));
        self.append(&path, &format!("import {other}\n"));
        Some(format!("an import of {other} in {path}"))
    }

    fn write_attribute(&mut self) -> Option<String> {
        let (writer, path, reader) = (self.any(), self.any(), self.any());
        let (lines, at) = self.definitions(&path, "class ")?;
        let class = lines[at].strip_prefix("class ")?.split(['(', ':']).next()?.to_owned();
        let (other, mut text) = (module(&path), String::new());
        let _ = writeln!(text, "import {other} as written");
        let _ = writeln!(text, "written.{class}.planted = 1\nTHING = written.{class}()");
        let _ = writeln!(text, "THING.sown = 2");
        self.append(&writer, &text);
        let read = format!("print(read.{class}.planted, read.{class}().sown)");
        self.append(&reader, &format!("import {other} as read\n{read}\n"));
        Some(format!("attributes of {class} of {path} from {writer} in {reader}"))
    }

    fn change_init(&mut self) -> Option<String> {
        let inits: Vec<String> =
            self.project.sources().into_iter().filter(|it| it.ends_with("__init__.py")).collect();
        let path = (!inits.is_empty()).then(|| self.random.of(&inits).clone())?;
        let star = format!("from {} import *\n", module(&self.any()));
        let all = "__all__ = ['nothing']\n";
        let getattr = "def __getattr__(name):\n    return name\n";
        let text = *self.random.of(&[all, getattr, &star]);
        self.append(&path, text);
        Some(format!("{path} ends with {}", text.lines().next()?))
    }

    fn toggle_init(&mut self) -> Option<String> {
        let sibling = self.any();
        let (folder, _) = sibling.rsplit_once('/')?;
        self.toggle(&format!("{folder}/__init__.py"), "")
    }

    fn ignore(&mut self) -> Option<String> {
        let path = self.any();
        let what =
            *self.random.of(&["skip-file", "disable=no-member,cyclic-import,duplicate-code"]);
        let source = self.project.read(&path);
        self.project.write(&path, &format!("# pylint: {what}\n{source}"));
        Some(format!("{what} in {path}"))
    }

    fn destroy(&mut self) -> Option<String> {
        let path = self.any();
        let source = self.project.read(&path);
        self.project.write(&path, &format!("{source}\ndef broken(:\n"));
        self.broken.push((path.clone(), source));
        Some(format!("a mistake in {path}"))
    }

    fn mend(&mut self) -> Option<String> {
        let (path, source) = self.broken.pop()?;
        self.project.write(&path, &source);
        Some(format!("no mistake in {path}"))
    }
}

/// The name of a module as the project's root would import it.
fn module(path: &str) -> String {
    path.trim_end_matches(".py").trim_end_matches("/__init__").replace('/', ".")
}

/// Numbers that a seed decides: <https://prng.di.unimi.it/splitmix64.c>.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut next = self.0;
        next = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        next = (next ^ (next >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        next ^ (next >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn of<'a, T>(&mut self, some: &'a [T]) -> &'a T {
        &some[self.below(some.len())]
    }
}
