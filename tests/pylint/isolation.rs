//! Files that are linted one after the other in one process, and must not affect each other.
//!
//! With one processor no child is forked, on any machine. State that a file leaves in the process must
//! neither be seen by the next file nor hide what that file depends on.

use std::collections::BTreeMap;

use crate::other_files::changes;
use crate::project::Project;

tests![
    one_file_reads_through_another_what_a_third_inferred,
    two_files_ask_for_the_same_slots,
    two_files_ask_for_the_same_metaclass,
    the_kind_of_a_class_is_decided_in_its_own_module,
    the_kind_of_a_class_inferred_elsewhere_does_not_stay,
    a_module_is_counted_apart_from_its_stub,
    modules_built_for_one_file_do_not_affect_another,
    modules_built_for_a_file_are_forgotten_with_it,
    an_imported_module_is_built_for_every_importer,
    a_generic_class_is_one_for_every_file,
    a_module_found_by_a_call_has_no_parent,
    the_known_bases_of_a_class_are_recomputed_for_each_file
];

pub(crate) const ONE_PROCESSOR: (&str, &str) =
    ("sitecustomize.py", "import os\n\nos.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n");

fn project(files: &[(&str, &str)]) -> Project {
    Project::of(files).with_modules(&[ONE_PROCESSOR])
}

fn one_file_reads_through_another_what_a_third_inferred() {
    let reader = "from p.m import VALUE\n\nprint(VALUE.missing)\n";
    let project = project(&[
        ("p/__init__.py", ""),
        ("p/c1.py", reader),
        ("p/c2.py", reader),
        ("p/m.py", "from p import n\n\nVALUE = n.make()\n"),
        ("p/n.py", "def make():\n    return 1\n"),
    ]);
    let run = changes(&project, "p/c2.py", |it| {
        it.write("p/n.py", "def make():\n    return ''\n");
    });
    assert!(run.linted.contains("p/c1.py"));
}

fn two_files_ask_for_the_same_slots() {
    let writer = "from thing import Thing\n\nTHING = Thing()\nTHING.extra = 1\n";
    let project = project(&[
        ("names.py", "NAMES = (\"x\", \"extra\")\n"),
        ("thing.py", "from names import NAMES\n\nclass Thing:\n    __slots__ = NAMES\n"),
        ("writer1.py", writer),
        ("writer2.py", writer),
    ]);
    let run = changes(&project, "writer2.py", |it| it.write("names.py", "NAMES = (\"x\",)\n"));
    assert!(run.linted.contains("writer1.py"));
}

fn two_files_ask_for_the_same_metaclass() {
    let reader = "from thing import Thing\n\nprint(Thing.extra)\n";
    let project = project(&[
        ("meta.py", "class Meta(type):\n    extra = 1\n"),
        ("reader1.py", reader),
        ("reader2.py", reader),
        ("thing.py", "from meta import Meta\n\nclass Thing(metaclass=Meta):\n    pass\n"),
    ]);
    let run = changes(&project, "reader2.py", |it| {
        it.write("meta.py", "class Meta(type):\n    other = 1\n");
    });
    assert!(run.linted.contains("reader1.py"));
}

/// What it took it for while another module was half built, and that stays so.
fn the_kind_of_a_class_is_decided_in_its_own_module() {
    let project = project(&[
        ("a.py", "from z import *\nfrom meta import *\n\nprint(Thing, Meta)\n"),
        ("meta.py", "class Meta(type):\n    pass\n"),
        (
            "z.py",
            "from a import Meta\n\nclass Thing(Meta):\n    def run(cls):\n        cls.x = 1\n",
        ),
    ]);
    let run = project.agrees();
    let taken = |message: &String| message.contains("no-self-argument");
    assert!(run.messages.iter().any(taken), "{run:#?}");
}

/// In plain pylint it does, and so its answer depends on who asked first.
fn the_kind_of_a_class_inferred_elsewhere_does_not_stay() {
    let thing = "from a import Meta, wrap\n\n\
                 class Thing(Meta):\n    def run(cls):\n        global LEAK\n        LEAK = cls\n\n\
                 class Other:\n    @wrap\n    def run(cls):\n        return cls\n";
    let project = project(&[
        ("a.py", "from z import *\nfrom meta import *\n\nprint(Meta, wrap)\n"),
        ("meta.py", "class wrap(classmethod):\n    pass\n\nclass Meta(type):\n    pass\n"),
        ("thing.py", thing),
        ("z.py", "from thing import LEAK, Other\n\nLEAK.x = 1\nOther().run().x = 1\n"),
    ]);
    let (_, run) = project.run(&[]);
    let taken = |message: &&str| message.contains("no-self-argument");
    assert_eq!(run.of("thing.py").into_iter().find(taken), None, "{run:#?}");
}

/// pylint takes both for one tree, and plain pylint counts the branches of that twice.
fn a_module_is_counted_apart_from_its_stub() {
    let branches = "    if value:\n        return 1\n".repeat(8);
    let text = format!("def many(value):\n{branches}    return 2\n");
    let project = project(&[("m.py", &*text), ("m.pyi", &*text)]);
    let (_, run) = project.run(&["--enable=R0911,R0912"]);
    let has = |symbol: &str| run.messages.iter().any(|message| message.contains(symbol));
    assert!(has("too-many-return-statements"), "{run:#?}");
    assert!(!has("too-many-branches"), "{run:#?}");
}

const THING: (&str, &str) = ("thing.py", "class Thing:\n    pass\n");
const WRITER: (&str, &str) =
    ("writer.py", "from thing import Thing\n\nVALUE = 1\nTHING = Thing()\nTHING.extra = 1\n");
const READER: (&str, &str) = ("reader.py", "from thing import Thing\n\nprint(Thing().extra)\n");

/// For plain pylint it does, and so its answer depends on the order of the files.
fn modules_built_for_one_file_do_not_affect_another() {
    let through = ("through.py", "import writer\n");
    let project =
        Project::of(&[("asker.py", "import through\n\nprint(through.writer.VALUE)\n"), READER])
            .with_modules(&[ONE_PROCESSOR, THING, WRITER, through]);
    let (_, run) = project.run(&[]);
    assert!(!run.of("reader.py").is_empty(), "{run:#?}");
}

/// To look at `open`, pylint builds `io` as a module of `builtins`, which writes to that exception.
fn modules_built_for_a_file_are_forgotten_with_it() {
    let project = project(&[
        (
            "reader.py",
            "with open(\"x\", encoding=\"utf-8\") as file:\n\n\n    print(file.read())\n",
        ),
        (
            "user.py",
            "from io import UnsupportedOperation\n\nprint(UnsupportedOperation().__module__)\n",
        ),
    ]);
    project.agrees();
    assert_eq!(project.audit().refuted, BTreeMap::new());
}

fn an_imported_module_is_built_for_every_importer() {
    let project = Project::of(&[("asker.py", "import writer\n\nprint(writer.VALUE)\n"), READER])
        .with_modules(&[ONE_PROCESSOR, THING, WRITER]);
    let run = project.agrees();
    assert!(run.of("reader.py").is_empty(), "{run:#?}");
}

/// When `Generic[T]` is inferred, astroid gives `Generic` another method, once for each place of it.
/// Up to Python 3.11 its own method makes something other than a class.
fn a_generic_class_is_one_for_every_file() {
    let project = project(&[
        (
            "base.py",
            "from typing import Generic, TypeVar\n\nT = TypeVar(\"T\")\n\n\n\
             class Base(Generic[T]):\n    pass\n\n\nclass Own(Base[str]):\n    pass\n",
        ),
        ("user.py", "from base import Base\n\n\nclass User(Base[int]):\n    pass\n"),
    ]);
    let run = project.agrees();
    assert_eq!((run.of("base.py").len(), run.of("user.py").len()), (0, 0), "{run:?}");
}

/// What has no parent gets the call for one that it is the result of.
fn a_module_found_by_a_call_has_no_parent() {
    let project = project(&[
        ("p/__init__.py", ""),
        ("p/sub.py", "from . import missing\n"),
        ("user.py", "import p.sub\n\nSUB = getattr(p, \"sub\")\n\nprint(SUB.missing.more)\n"),
    ]);
    project.agrees();
    assert_eq!(project.audit().refuted, BTreeMap::new());
}

/// Behind a hundred things that it infers at once astroid gives up, and keeps that for the file: there
/// the base is unknown. Plain pylint still does, from when it built the module.
fn the_known_bases_of_a_class_are_recomputed_for_each_file() {
    let sum = "0 + ".repeat(30);
    let own = format!(
        "class Base:\n    pass\n\n\n\
         def run():\n    print(({sum}Own[0]).real)\n    print(Own.missing)\n\n\n\
         class Own([Base][{sum}0]):\n    pass\n"
    );
    let asker = "from own import Own\n\nprint(Own.missing)\n";
    let project = project(&[("asker.py", asker), ("own.py", &own)]);
    let (_, run) = project.run(&[]);
    let found = |path| run.of(path).iter().any(|message| message.contains("no-member"));
    assert_eq!((found("own.py"), found("asker.py")), (false, true), "{run:#?}");
    assert_eq!(project.audit().refuted, BTreeMap::new());
}
