//! Edits that change the messages of files that were not edited.
//!
//! Each is a way for a file to depend on another one that its import statements do not show. A test
//! asserts first that the edit matters: with a rule left out, the worker repeats its old messages.

use crate::project::{Project, Run};

tests![
    a_writer_drops_its_attribute,
    a_writer_writes_something_else,
    there_is_a_new_writer,
    a_writer_is_deleted,
    a_helper_decides_whose_attribute_is_written,
    a_module_of_the_standard_library_is_written_to,
    an_attribute_set_on_a_module_is_in_its_dict,
    a_comment_moves_an_attribute_that_hides_a_method,
    a_comment_moves_a_tuple_that_is_unpacked,
    a_comment_moves_what_cannot_be_unpacked,
    a_comment_moves_a_mistake_of_a_file_that_is_not_linted,
    a_comment_moves_a_mistake_of_a_broken_module,
    an_edited_comment_reaches_no_other_file,
    nothing_is_linted_where_nothing_has_changed,
    a_docstring_is_used_as_a_format,
    two_modules_have_one_name,
    a_new_file_shadows_the_standard_library,
    a_missing_module_is_created,
    there_is_a_new_source_root,
    a_namespace_package_becomes_a_regular_one,
    a_name_becomes_the_projects_own_below_src,
    a_comment_makes_a_package_be_in_several_folders,
    a_folder_becomes_a_package,
    a_package_is_built_as_two_modules,
    a_name_in_a_package_becomes_a_module,
    star_imports_form_a_chain,
    a_star_import_finds_another_module,
    a_type_comment_counts_as_code,
    a_stub_is_a_dependency,
    an_init_is_deleted,
    an_alias_in_a_third_file_decides_how_a_class_is_transformed,
    slots_are_decided_in_a_third_file,
    a_script_without_an_ending_is_edited
];

/// Makes one edit and asserts that it changes the messages of an unchanged file.
pub(crate) fn changes(project: &Project, path: &str, edit: impl FnOnce(&Project)) -> Run {
    let (_, before) = project.run(&[]);
    edit(project);
    let after = project.agrees();
    assert_eq!(after.cold, "");
    assert_ne!(before.of(path), after.of(path), "the edit does not matter");
    assert!(after.linted.contains(path), "{after:#?}");
    after
}

const THING: (&str, &str) = ("thing.py", "class Thing:\n    pass\n");
const WRITER: &str = "from thing import Thing\n\nTHING = Thing()\nTHING.extra = 1\n";
const READER: (&str, &str) = ("reader.py", "from thing import Thing\n\nprint(Thing().extra)\n");

fn a_writer_drops_its_attribute() {
    let project = Project::of(&[THING, READER, ("writer.py", WRITER)]);
    changes(&project, "reader.py", |it| {
        it.write("writer.py", "from thing import Thing\n\nTHING = Thing()\n")
    });
}

fn a_writer_writes_something_else() {
    let project = Project::of(&[
        THING,
        ("reader.py", "from thing import Thing\n\nprint(Thing().extra.upper())\n"),
        ("writer.py", WRITER),
    ]);
    changes(&project, "reader.py", |it| it.write("writer.py", &WRITER.replace("= 1", "= \"\"")));
}

fn there_is_a_new_writer() {
    let project = Project::of(&[THING, READER]);
    changes(&project, "reader.py", |it| it.write("writer.py", WRITER));
}

fn a_writer_is_deleted() {
    let project = Project::of(&[THING, READER, ("writer.py", WRITER)]);
    changes(&project, "reader.py", |it| it.remove("writer.py"));
}

fn a_helper_decides_whose_attribute_is_written() {
    let helper = "from thing import Thing\n\ndef make():\n    return Thing()\n";
    let project = Project::of(&[
        THING,
        READER,
        ("helper.py", helper),
        ("writer.py", "from helper import make\n\nmake().extra = 1\n"),
    ]);
    changes(&project, "reader.py", |it| {
        it.write("helper.py", &helper.replace("return Thing()", "return None"));
    });
}

fn a_module_of_the_standard_library_is_written_to() {
    let project = Project::of(&[
        ("reader.py", "import json\n\nprint(json.extra)\n"),
        ("writer.py", "import json\n\njson.extra = 1\n"),
    ]);
    changes(&project, "reader.py", |it| it.write("writer.py", "import json\n\nprint(json)\n"));
}

/// Who looks at all of its attributes depends on everybody who wrote one.
fn an_attribute_set_on_a_module_is_in_its_dict() {
    let writer = "import thing\n\nthing.extra = 1\n";
    let project = Project::of(&[
        ("reader.py", "import thing\n\nprint(thing.__dict__['extra'].missing)\n"),
        ("thing.py", "VALUE = 1\n"),
        ("writer.py", writer),
    ]);
    changes(&project, "reader.py", |it| it.write("writer.py", &writer.replace("= 1", "= ''")));
}

fn a_comment_moves_an_attribute_that_hides_a_method() {
    let base = "class Base:\n    def __init__(self):\n        self.run = 1\n";
    let child =
        "from base import Base\n\nclass Child(Base):\n    def run(self):\n        return 1\n";
    let project = Project::of(&[("base.py", base), ("child.py", child)]);
    changes(&project, "child.py", |it| it.write("base.py", &format!("# more\n{base}")));
}

fn a_comment_moves_a_tuple_that_is_unpacked() {
    let project = Project::of(&[
        ("data.py", "PAIR = (1, 2, 3)\n"),
        ("user.py", "from data import PAIR\n\nFIRST, SECOND = PAIR\n"),
    ]);
    changes(&project, "user.py", |it| it.write("data.py", "# more\nPAIR = (1, 2, 3)\n"));
}

fn a_comment_moves_what_cannot_be_unpacked() {
    let project = Project::of(&[
        ("data.py", "DATA = 1\n"),
        ("user.py", "from data import DATA\n\nFIRST, SECOND = DATA\n"),
    ]);
    changes(&project, "user.py", |it| it.write("data.py", "# more\nDATA = 1\n"));
}

fn a_comment_moves_a_mistake_of_a_file_that_is_not_linted() {
    let broken = "VALUE = = 1\n";
    let files = [("broken.py", broken), ("user.py", "import broken\n\nprint(broken)\n")];
    let project = Project::of(&files);
    let ignored = ["--ignore=broken.py"];
    let (_, first) = project.run(&ignored);
    project.write("broken.py", &format!("# more\n{broken}"));
    let (_, second) = project.run(&ignored);
    project.write("broken.py", &format!("# more\n\n{broken}"));
    let third = project.agrees_with(&ignored);
    assert!(first.messages != second.messages && second.messages != third.messages);
}

fn a_comment_moves_a_mistake_of_a_broken_module() {
    let project = Project::of(&[
        ("broken.py", "def x(:\n    pass\n"),
        ("user.py", "import broken\n\nprint(broken)\n"),
    ]);
    changes(&project, "user.py", |it| it.write("broken.py", "# more\ndef x(:\n    pass\n"));
    changes(&project, "user.py", |it| it.write("broken.py", "# more\n\ndef x(:\n    pass\n"));
}

fn an_edited_comment_reaches_no_other_file() {
    let project = Project::of(&[THING, READER]);
    project.agrees();
    project.write("thing.py", &format!("# more\n\n{}", THING.1));
    assert_eq!(Vec::from_iter(project.agrees().linted), ["thing.py"]);
}

fn nothing_is_linted_where_nothing_has_changed() {
    let project = Project::of(&[THING, READER, ("writer.py", WRITER)]);
    project.agrees();
    let left = project.left();
    let run = project.agrees();
    assert!(run.cold.is_empty() && run.linted.is_empty(), "{run:?}");
    assert_eq!(project.left(), left);
}

fn a_docstring_is_used_as_a_format() {
    let project = Project::of(&[
        ("text.py", "\"\"\"%s\"\"\"\n"),
        ("user.py", "import text\n\nprint((text.__doc__ % (1,)).missing)\n"),
    ]);
    changes(&project, "user.py", |it| it.write("text.py", "\"\"\"%s and %s\"\"\"\n"));
}

fn two_modules_have_one_name() {
    let project = Project::of(&[
        ("a/util.py", "VALUE = 1\n"),
        ("b/util.py", "VALUE = 2\n"),
        ("c/user.py", "import util\n\nprint(util.VALUE, util.OTHER)\n"),
    ]);
    changes(&project, "c/user.py", |it| it.write("a/util.py", "VALUE = OTHER = 1\n"));
    project.write("b/util.py", "VALUE = OTHER = 1\n");
    project.agrees();
}

fn a_new_file_shadows_the_standard_library() {
    let project = Project::of(&[
        ("other.py", "print(1)\n"),
        ("user.py", "import colorsys\n\nprint(colorsys.rgb_to_hsv(1, 1, 1))\n"),
    ]);
    changes(&project, "user.py", |it| it.write("colorsys.py", "VALUE = 1\n"));
}

fn a_missing_module_is_created() {
    let project = Project::of(&[("user.py", "from missing import VALUE\n\nprint(VALUE)\n")]);
    changes(&project, "user.py", |it| it.write("missing.py", "VALUE = 1\n"));
}

fn there_is_a_new_source_root() {
    let project = Project::of(&[("app/user.py", "import found\n\nprint(found)\n")]);
    project.agrees();
    project.write("lib/found.py", "VALUE = 1\n");
    let run = project.agrees();
    assert!(!run.cold.is_empty(), "{run:?}");
}

fn a_namespace_package_becomes_a_regular_one() {
    let project = Project::of(&[
        ("space/part.py", "VALUE = 1\n"),
        ("user.py", "from space import VALUE\n\nprint(VALUE)\n"),
    ]);
    project.agrees();
    project.write("space/__init__.py", "VALUE = 1\n");
    project.agrees();
}

fn a_name_becomes_the_projects_own_below_src() {
    let project = Project::of(&[("user.py", "import mine\nimport yours\n\nprint(mine, yours)\n")]);
    changes(&project, "user.py", |it| it.write("src/mine/data.txt", ""));
}

/// astroid looks for the words in the file's text.
fn a_comment_makes_a_package_be_in_several_folders() {
    let project = Project::of(&[
        ("app/pack/extra.py", "VALUE = 1\n"),
        ("app/user.py", "import pack.extra\n\nprint(pack.extra)\n"),
        ("lib/pack/__init__.py", ""),
    ]);
    let (_, before) = project.run(&[]);
    project.write("lib/pack/__init__.py", "# pkgutil.extend_path(__path__, __name__)\n");
    let after = project.agrees();
    assert_ne!(before.of("app/user.py"), after.of("app/user.py"));
}

fn a_folder_becomes_a_package() {
    let project = Project::of(&[
        ("a.py", "print(1)\n"),
        ("space/deep/part.py", "VALUE = 1\n"),
        ("user.py", "from space import VALUE\n\nprint(VALUE)\n"),
    ]);
    changes(&project, "user.py", |it| it.write("space/__init__.py", "VALUE = 1\n"));
}

/// The one that is linted and the one that is imported are one tree if it is linted first.
fn a_package_is_built_as_two_modules() {
    let project = Project::of(&[
        ("a.py", "print(1)\n"),
        ("pack/__init__.py", "class Thing:\n    pass\n\n\nprint(Thing().extra)\n"),
        ("pack/part.py", "from pack import Thing\n\nTHING = Thing()\nTHING.extra = 1\n"),
    ]);
    changes(&project, "pack/__init__.py", |it| {
        it.write("a.py", "from pack import *\n\nprint(Thing)\n");
    });
}

fn a_name_in_a_package_becomes_a_module() {
    let project = Project::of(&[
        ("pack/__init__.py", "part = 1\n"),
        ("user.py", "from pack import part\n\nprint(part)\n"),
    ]);
    project.run(&[]);
    project.write("pack/part.py", "import user\n\nprint(user)\n");
    let after = project.agrees();
    assert!(after.cold.is_empty() && format!("{after:?}").contains("cyclic"), "{after:#?}");
}

fn a_star_import_finds_another_module() {
    let project = Project::of(&[
        ("a/other.py", "VALUE = 1\n"),
        ("b/util.py", "OTHER = 2\n"),
        ("c/mid.py", "from util import *\n"),
        ("c/user.py", "from mid import VALUE\n\nprint(VALUE)\n"),
    ]);
    changes(&project, "c/user.py", |it| it.write("a/util.py", "VALUE = 1\n"));
}

fn star_imports_form_a_chain() {
    let project = Project::of(&[
        ("first.py", "VALUE = 1\n"),
        ("second.py", "from first import *\n"),
        ("third.py", "from second import *\n"),
        ("user.py", "from third import VALUE\n\nprint(VALUE)\n"),
    ]);
    changes(&project, "user.py", |it| it.write("first.py", "OTHER = 1\n"));
}

fn a_type_comment_counts_as_code() {
    let project = Project::of(&[
        ("typed.py", "VALUE = [] # type: list[int]\n"),
        ("user.py", "from typed import VALUE\n\nprint(VALUE)\n"),
    ]);
    project.agrees();
    project.write("typed.py", "VALUE = [] # type: list[str]\n");
    assert!(project.agrees().linted.contains("user.py"));
}

fn a_stub_is_a_dependency() {
    let project = Project::of(&[
        ("stub.pyi", "VALUE: int\n"),
        ("user.py", "from stub import VALUE\n\nprint(VALUE)\n"),
    ]);
    changes(&project, "user.py", |it| it.write("stub.pyi", "OTHER: int\n"));
}

fn an_init_is_deleted() {
    let project = Project::of(&[
        ("pack/__init__.py", "VALUE = 1\n"),
        ("pack/part.py", "PART = 1\n"),
        ("user.py", "from pack import VALUE\n\nprint(VALUE)\n"),
    ]);
    project.agrees();
    project.remove("pack/__init__.py");
    project.agrees();
}

fn an_alias_in_a_third_file_decides_how_a_class_is_transformed() {
    let project = Project::of(&[
        ("alias.py", "from dataclasses import dataclass as data\n"),
        ("point.py", "from alias import data\n\n@data\nclass Point:\n    x: int\n"),
        ("user.py", "from point import Point\n\nprint(Point(1, 2))\n"),
    ]);
    changes(&project, "user.py", |it| {
        it.write("alias.py", "def data(it):\n    return it\n");
    });
}

fn slots_are_decided_in_a_third_file() {
    let project = Project::of(&[
        ("names.py", "NAMES = (\"x\", \"extra\")\n"),
        ("thing.py", "from names import NAMES\n\nclass Thing:\n    __slots__ = NAMES\n"),
        READER,
        ("writer.py", WRITER),
    ]);
    changes(&project, "reader.py", |it| it.write("names.py", "NAMES = (\"x\",)\n"));
}

fn a_script_without_an_ending_is_edited() {
    let project = Project::of(&[("a.py", "import os\n"), ("bin/run", "import a\nprint(a.os)\n")]);
    assert!(!project.agrees_with(&["bin/run"]).messages.iter().any(|it| it.starts_with("bin/")));
    project.write("bin/run", "import a\nprint(a.missing)\n");
    let run = project.agrees_with(&["bin/run"]);
    assert!(run.messages.iter().any(|it| it.contains("no-member")), "{run:?}");
    assert_eq!(run.linted, ["bin/run".to_owned()].into());
    project.agrees_with(&["bin/run"]);
}
