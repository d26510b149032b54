//! After an edit, only files are parsed that linting needs.

use crate::project::Project;

tests![
    no_unneeded_file_is_parsed,
    modules_are_begun_in_the_order_of_all_files,
    attributes_that_others_set_on_a_dependency_are_known,
    all_is_parsed_where_a_file_looks_further,
    all_is_parsed_where_a_build_looks_elsewhere,
    the_first_of_two_modules_of_a_name_is_meant,
    a_module_that_no_file_looks_into_gives_otherwise
];

fn no_unneeded_file_is_parsed() {
    let project = Project::of(&[
        ("base.py", "VALUE = 1\n"),
        ("leaf.py", "from base import VALUE\n\nprint(VALUE)\n"),
        ("other.py", "from base import VALUE\n\nprint(VALUE.missing)\n"),
        ("wrong.py", "print(missing\n"),
    ]);
    assert_eq!(project.agrees().parsed, 3);
    assert_eq!(project.agrees().parsed, 0);
    project.write("leaf.py", "from base import VALUE\n\nprint(VALUE.missing)\n");
    assert_eq!(project.agrees().parsed, 2);
    assert_eq!(project.audit().refuted.len(), 0);
}

/// Of modules that import each other, those that are begun first see the least of the others.
fn modules_are_begun_in_the_order_of_all_files() {
    let project = Project::of(&[
        ("early.py", "from z import *\n"),
        ("m.py", "from n import *\n\nM = 1\n"),
        ("n.py", "from z import *\n\nN = 1\n"),
        ("user.py", "from n import M, Z\n\nprint(M, Z)\n"),
        ("z.py", "from m import *\n\nZ = 1\n"),
    ]);
    assert!(!project.agrees().of("user.py").is_empty());
    project.write("user.py", "from n import M, N\n\nprint(M, N)\n");
    assert_eq!(project.agrees().parsed, 4);
}

fn attributes_that_others_set_on_a_dependency_are_known() {
    let project = Project::of(&[
        ("other.py", "print(1)\n"),
        ("reader.py", "from thing import Thing\n\nprint(Thing())\n"),
        ("thing.py", "class Thing:\n    pass\n"),
        ("writer.py", "from thing import Thing\n\nTHING = Thing()\nTHING.extra = 1\n"),
    ]);
    project.agrees();
    project.write("reader.py", "from thing import Thing\n\nprint(Thing().extra)\n");
    let run = project.agrees();
    assert_eq!((run.of("reader.py").len(), run.parsed), (0, 3));
}

fn all_is_parsed_where_a_file_looks_further() {
    let project = Project::of(&[
        ("other.py", "import thing\n"),
        ("reader.py", "import other\n\nprint(other)\n"),
        ("thing.py", "class Thing:\n    pass\n"),
        ("writer.py", "from thing import Thing\n\nTHING = Thing()\nTHING.extra = 1\n"),
    ]);
    project.agrees();
    project.write("reader.py", "import other\n\nprint(other.thing.Thing().extra)\n");
    let run = project.agrees();
    assert_eq!((run.of("reader.py").len(), run.parsed), (0, 4));
}

fn all_is_parsed_where_a_build_looks_elsewhere() {
    let maker =
        "from other import Other\nfrom thing import Thing\n\ndef make():\n    return Thing()\n";
    let project = Project::of(&[
        ("maker.py", maker),
        ("other.py", "class Other:\n    pass\n"),
        ("reader.py", "from other import Other\n\nprint(Other().extra)\n"),
        ("thing.py", "class Thing:\n    pass\n"),
        ("writer.py", "from maker import make\n\nmake().extra = 1\n"),
    ]);
    assert!(!project.agrees().of("reader.py").is_empty());
    project.write("maker.py", &maker.replace("return Thing()", "return Other()"));
    let run = project.agrees();
    assert_eq!((run.of("reader.py").len(), run.parsed), (0, 5));
}

fn the_first_of_two_modules_of_a_name_is_meant() {
    let project = Project::of(&[
        ("a/util.py", "VALUE = 1\n"),
        ("b/util.py", "VALUE = 2\n"),
        ("c/holder.py", "import util\n"),
        ("c/user.py", "import holder\n\nprint(holder)\n"),
    ]);
    project.agrees();
    project.write("b/util.py", "VALUE = OTHER = 2\n");
    project.write("c/user.py", "import holder\n\nprint(holder.util.OTHER)\n");
    let run = project.agrees();
    assert_eq!((run.of("c/user.py").is_empty(), run.parsed), (false, 4));
}

/// It is still built, because it is imported.
fn a_module_that_no_file_looks_into_gives_otherwise() {
    let options = ["--disable=C,R,W,E", "--enable=no-member", "--ignore=writer.py"];
    let maker = "from thing import Thing\n\nprint(Thing())\n\ndef make():\n    return 1\n";
    let project = Project::of(&[
        ("importer.py", "import writer\n"),
        ("maker.py", maker),
        ("reader.py", "from thing import Thing\n\nprint(Thing().extra)\n"),
        ("thing.py", "class Thing:\n    pass\n"),
        ("writer.py", "from maker import make\n\nmake().extra = 1\n"),
    ]);
    assert!(!project.run(&options).1.of("reader.py").is_empty());
    project.write("maker.py", &maker.replace("return 1", "return Thing()"));
    assert_eq!(project.run(&options).1.of("reader.py").len(), 0);
}
