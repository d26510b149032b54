//! The launcher, run by the Python of this machine. Without Python, its tests are skipped with a message.

use std::fs;
use std::path::Path;
use std::process::Output;

use snapbox::{assert_data_eq, str};
use tempfile::TempDir;

const PROOF: &str = "5f0f4b9f8c1f4e0f9d7a1c2b3e4d5f60718293a4b5c6d7e8f90a1b2c3d4e5f60";

/// A folder with a launcher, a proof, and a module `fake` that is installed with its command.
fn control() -> TempDir {
    let folder = TempDir::with_prefix("launcher").unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("launcher.py"), include_str!("../../templates/launcher.py")).unwrap();
    fs::write(at(".cargo-pipe-proof"), format!("{PROOF}\n")).unwrap();
    fs::create_dir(at("empty")).unwrap();
    fs::create_dir_all(at("site/fake-1.dist-info")).unwrap();
    let fake = "import os, sys\n\ndef run():\n    print([*sys.argv[:3], len(sys.argv)])\n    \
                print([os.path.exists(entry + '/launcher.py') for entry in sys.path].count(True))\n    \
                return 7\n";
    fs::write(at("site/fake.py"), fake).unwrap();
    fs::write(at("site/fake-1.dist-info/METADATA"), "Name: fake\nVersion: 1\n").unwrap();
    let entry_points = "[console_scripts]\nother = fake:nothing\nfake = fake:run\n";
    fs::write(at("site/fake-1.dist-info/entry_points.txt"), entry_points).unwrap();
    folder
}

/// Runs the launcher; none without Python.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn launch(folder: &Path, arguments: &[&str]) -> Option<Output> {
    let output = crate::start::command("python3")
        .arg(folder.join("launcher.py"))
        .args(arguments)
        .current_dir(folder)
        .env("PYTHONPATH", folder.join("site"))
        .output();
    if output.is_err() {
        eprintln!("skipped: python3 not found");
    }
    output.ok()
}

fn text(stream: &[u8]) -> String {
    String::from_utf8(stream.to_vec()).unwrap()
}

#[test]
fn a_program_starts_behind_its_proofs() {
    let folder = control();
    let program = "import sys; print(sys.argv); sys.stderr.write('mine\\n'); sys.exit(5)";
    let arguments = ["--proof", ".", "--proof", ".", "exec", "--"];
    let program = ["python3", "-c", program, "--", "a b"];
    let Some(output) = launch(folder.path(), &[&arguments[..], &program].concat()) else {
        return;
    };
    assert_eq!(output.status.code(), Some(5));
    assert_data_eq!(
        text(&output.stdout),
        str![[r#"
['-c', '--', 'a b']

"#]]
    );
    let expected = format!("cargo-pipe-proof: {PROOF} {PROOF}\nmine\n");
    assert_eq!(text(&output.stderr), expected);
}

#[test]
fn the_result_is_printed_to_both_streams() {
    let folder = control();
    for (program, code) in [
        ("print('text')", 0),
        ("import sys; print('text'); sys.exit(7)", 7),
        ("import os; print('text', flush=True); os.kill(os.getpid(), 9)", 137),
        ("import fcntl, os; fcntl.fcntl(1, fcntl.F_SETFL, os.O_NONBLOCK); print('text')", 0),
    ] {
        let arguments = ["--proof", ".", "--mark-end", "exec", "--", "python3", "-c", program];
        let Some(output) = launch(folder.path(), &arguments) else {
            return;
        };
        assert_eq!(output.status.code(), Some(code), "{program}");
        assert_eq!(text(&output.stdout), "text\ncargo-pipe-end\n", "{program}");
        let expected = format!("cargo-pipe-proof: {PROOF}\ncargo-pipe-end\n");
        assert_eq!(text(&output.stderr), expected, "{program}");
    }
    let arguments = ["--proof", ".", "--mark-end", "module", "fake", "--", "--option"];
    let output = launch(folder.path(), &arguments).unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert!(text(&output.stdout).ends_with("\n0\ncargo-pipe-end\n"));
}

#[test]
fn packages_of_another_environment_are_found_by_old_pythons_too() {
    let folder = control();
    // Python 3.9 and 3.10 lack this scheme.
    let old = "import sysconfig\nsysconfig._INSTALL_SCHEMES.pop('venv', None)\n";
    fs::write(folder.path().join("site/sitecustomize.py"), old).unwrap();
    let arguments = ["--proof", ".", "module", "fake", "--last", "other", "--", "--option"];
    let Some(output) = launch(folder.path(), &arguments) else {
        return;
    };
    assert_eq!(output.status.code(), Some(7), "{}", text(&output.stderr));
}

#[test]
fn nothing_starts_without_every_proof() {
    let folder = control();
    let marker = folder.path().join("marker");
    let touch = format!("open({:?}, 'w')", marker.display());
    for proof in ["", "short\n", &format!("{}\n", PROOF.to_uppercase()), &format!("{PROOF}0\n")] {
        fs::write(folder.path().join("empty/.cargo-pipe-proof"), proof).unwrap();
        let arguments = ["--proof", ".", "--proof", "empty", "exec", "--", "python3", "-c", &touch];
        let Some(output) = launch(folder.path(), &arguments) else {
            return;
        };
        assert_eq!(output.status.code(), Some(96));
        assert_eq!(text(&output.stderr), format!("cargo-pipe-proof: {PROOF} -\n"));
    }
    let arguments = ["--proof", "nowhere", "exec", "--", "python3", "-c", &touch];
    let output = launch(folder.path(), &arguments).unwrap();
    assert_eq!(output.status.code(), Some(96));
    assert_eq!(text(&output.stderr), "cargo-pipe-proof: -\n");
    assert!(!marker.exists());
}

#[test]
fn a_program_that_is_not_there_ends_as_in_a_shell() {
    let folder = control();
    for (program, code) in [("no-such-program", 127), ("./site/fake.py", 126)] {
        let Some(output) = launch(folder.path(), &["--proof", ".", "exec", "--", program]) else {
            return;
        };
        assert_eq!(output.status.code(), Some(code), "{program}");
        assert!(text(&output.stderr).contains(&format!("cannot start {program}: ")));
    }
}

#[test]
fn the_end_of_a_program_is_marked_unless_other_code_ends_it() {
    let folder = control();
    for (body, code, stdout, stderr) in [
        ("return 7", 7, "text\n", "cargo-pipe-done\n"),
        ("sys.exit('why')", 1, "text\n", "why\ncargo-pipe-done\n"),
        ("os._exit(0)", 0, "", ""),
    ] {
        let fake = format!("import os, sys\n\ndef run():\n    print('text')\n    {body}\n");
        fs::write(folder.path().join("site/fake.py"), fake).unwrap();
        let arguments = ["module", "fake", "--keep-own", "--mark-done", "--"];
        let Some(output) = launch(folder.path(), &arguments) else {
            return;
        };
        let seen = (output.status.code(), text(&output.stdout), text(&output.stderr));
        assert_eq!(seen, (Some(code), stdout.to_owned(), stderr.to_owned()), "{body}");
    }
    fs::write(folder.path().join("site/fake.py"), "def run():\n    1 / 0\n").unwrap();
    let output = launch(folder.path(), &["module", "fake", "--mark-done", "--"]).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert!(stderr.contains("ZeroDivisionError"), "{stderr}");
    assert!(stderr.ends_with("cargo-pipe-done\n"), "{stderr}");
}

/// Virtual environments `tool` and `project`, each with a module `dependency` of its own; the tool's
/// command says which it imports and where sources would find it.
fn environments(folder: &Path) -> Option<()> {
    const SITE: &str = "import sysconfig, sys; base = {'base': sys.argv[1], 'platbase': sys.argv[1]}; \
                        print(sysconfig.get_path('purelib', 'venv', base))";
    let python = |arguments: &[&str]| {
        let output = crate::start::command("python3").args(arguments).output();
        output.ok().map(|output| text(&output.stdout).trim().to_owned())
    };
    for name in ["tool", "project"] {
        let place = folder.join(name).display().to_string();
        python(&["-m", "venv", "--without-pip", &place])?;
        let site = Path::new(&python(&["-c", SITE, &place])?).to_owned();
        fs::write(site.join("dependency.py"), format!("OF = {name:?}\n")).unwrap();
        fs::write(site.join("more.pth"), "more\n").unwrap();
        fs::create_dir(site.join("more")).unwrap();
        fs::write(site.join("more").join(format!("{name}s_more.py")), "").unwrap();
        if name == "tool" {
            let fake = "import sys\nfrom importlib.machinery import PathFinder\n\ndef run():\n    \
                        found = PathFinder.find_spec('dependency').origin\n    \
                        more = PathFinder.find_spec('projects_more') is not None\n    \
                        sys.path.insert(0, 'src')\n    \
                        import dependency, elsewhere, wave\n    \
                        assert '/src/' in PathFinder.find_spec('dependency').origin\n    \
                        assert elsewhere.OF == 'src' and hasattr(wave, 'open')\n    \
                        print(dependency.OF, found.count('/project/'), more)\n";
            fs::write(site.join("fake.py"), fake).unwrap();
            fs::create_dir(site.join("fake-1.dist-info")).unwrap();
            let info = site.join("fake-1.dist-info");
            fs::write(info.join("METADATA"), "Name: fake\nVersion: 1\n").unwrap();
            fs::write(info.join("entry_points.txt"), "[console_scripts]\nfake = fake:run\n")
                .unwrap();
        }
    }
    Some(())
}

#[test]
fn a_tool_starts_only_if_it_can_write_where_it_has_to() {
    let folder = control();
    let program =
        ["exec", "--", "python3", "-c", "print(open('.cargo-pipe-proof').read(), end='')"];
    let launched = |written: &str| {
        let arguments = ["--proof", ".", "--write", written, "--mark-end"];
        launch(folder.path(), &[&arguments[..], &program].concat())
    };
    let (Some(there), Some(missing)) = (launched("."), launched("missing")) else {
        return;
    };
    let first = format!("cargo-pipe-proof: {PROOF}\n");
    let (end, proof) = ("cargo-pipe-end\n", folder.path().join(".cargo-pipe-proof"));
    // The tool sees the same proof as one that only reads.
    assert_eq!(text(&there.stdout), format!("{PROOF}\n{end}"));
    assert_eq!(text(&there.stderr), format!("{first}{end}"));
    assert_eq!(fs::read_to_string(&proof).unwrap(), format!("{PROOF}\nwritten\n"));
    let refused = format!("{first}cargo-pipe-read-only: No such file or directory\n");
    assert_eq!((text(&missing.stdout), text(&missing.stderr)), (String::new(), refused));
    assert_eq!(missing.status.code(), Some(96));
    // The proof is still one, for the next tool that gets this folder.
    assert_eq!(text(&launched(".").unwrap().stderr), format!("{first}{end}"));
}

#[test]
fn the_projects_packages_stand_where_they_are_wanted_and_never_replace_the_tools_own() {
    let folder = TempDir::with_prefix("launcher").unwrap();
    if environments(folder.path()).is_none() {
        return;
    }
    fs::write(folder.path().join("launcher.py"), include_str!("../../templates/launcher.py"))
        .unwrap();
    // A source root, which the tool searches first from then on.
    fs::create_dir(folder.path().join("src")).unwrap();
    for name in ["elsewhere", "dependency", "fake", "wave"] {
        fs::write(folder.path().join(format!("src/{name}.py")), "OF = 'src'\n").unwrap();
    }
    let project = folder.path().join("project").display().to_string();
    for (options, expected) in [
        (&["--keep-own"][..], "tool 0 False\n"),
        (&["--keep-own", "--first", &project][..], "tool 1 True\n"),
        (&["--last", &project, "--keep-own"][..], "tool 0 True\n"),
    ] {
        let output = crate::start::command(folder.path().join("tool/bin/python3"))
            .arg(folder.path().join("launcher.py"))
            .args([&["module", "fake"], options, &["--"]].concat())
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(text(&output.stdout), expected, "{options:?}: {}", text(&output.stderr));
    }
}
