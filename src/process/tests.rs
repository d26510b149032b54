use super::*;
use crate::event::Silent;
use crate::network::{Address, Network};

const FOREVER: Duration = Duration::MAX;

fn shell(script: &str) -> Invocation {
    Invocation::new("/bin/sh", ["-c", script])
}

#[test]
fn both_streams_and_the_status_are_kept() {
    let output = run(
        &shell("echo out; echo err >&2; exit 7"),
        Until { cancel: None, limit: FOREVER },
        &Emitter::new(&mut Silent),
    )
    .unwrap();
    assert_eq!((output.code, &*output.stdout, &*output.stderr), (7, &b"out\n"[..], &b"err\n"[..]));
}

#[test]
fn a_program_that_takes_too_long_is_ended_with_its_children() {
    let limit = Duration::from_millis(50);
    let error =
        run(&shell("sleep 1000 & wait"), Until { cancel: None, limit }, &Emitter::new(&mut Silent))
            .unwrap_err();
    assert!(matches!(error, ProcessError::TimedOut { .. }), "{error}");
}

#[test]
fn a_stop_ends_a_program_that_runs() {
    let cancel = Cancel::default();
    let mut lines = Vec::new();
    let error = stream(
        &shell("echo up >&2; exec sleep 1000"),
        Until { cancel: Some(&cancel), limit: FOREVER },
        &Emitter::new(&mut Silent),
        |line| {
            lines.push(line.to_owned());
            cancel.interrupt();
        },
    )
    .unwrap_err();
    assert!(matches!(error, ProcessError::Stopped), "{error}");
    assert_eq!(lines, ["up"]);
}

#[test]
fn nothing_of_a_program_tells_its_secrets() {
    struct Commands(Vec<String>);
    impl Observer for Commands {
        fn observe(&mut self, event: &Event<'_>) {
            if let Event::Spawned { command } = event {
                self.0.push((*command).to_owned());
            }
        }
    }
    let index = Address::of_index("https://me:pass-of-mine@host/").unwrap();
    let network = Network { index: Some(index), ..Network::default() };
    let mut program = shell("echo $PIP_INDEX_URL; echo $PIP_INDEX_URL >&2; : pass-of-mine");
    program.env =
        network.variables(None).into_iter().map(|(name, value)| (name.into(), value)).collect();
    program.secrets = network.secrets();
    let (mut commands, mut lines) = (Commands(Vec::new()), Vec::new());
    let until = Until { cancel: None, limit: FOREVER };
    let output = stream(&program, until, &Emitter::new(&mut commands), |line| {
        lines.push(line.to_owned());
    })
    .unwrap();
    let output = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output, "https://me:***@host/\n".repeat(2));
    assert_eq!(lines, ["https://me:***@host/"]);
    assert!(commands.0[0].ends_with(": ***'"), "{}", commands.0[0]);
    assert!(!format!("{program:?}").contains("pass-of-mine"));
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let nothing = Invocation::new("/nowhere/docker", ["ps"]);
    let until = Until { cancel: None, limit: FOREVER };
    let error = run(&nothing, until, &Emitter::new(&mut Silent)).unwrap_err();
    assert!(error.to_string().starts_with("cannot start `/nowhere/docker`"), "{error}");
}

#[test]
fn a_command_is_shown_as_it_could_be_typed() {
    assert_eq!(
        Invocation::new("docker", ["run", "a b", "x'y"]).display(),
        "docker run 'a b' \"x'y\""
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_has_as_many_processors_as_it_was_given() {
    let processors = |number| {
        let counted = Invocation { processors: number, ..shell("exec nproc") };
        let until = Until { cancel: None, limit: FOREVER };
        let output = run(&counted, until, &Emitter::new(&mut Silent)).unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse::<usize>().unwrap()
    };
    let all = processors(None);
    for _ in 0..3 {
        assert_eq!(processors(Some(1)), 1);
    }
    assert_eq!(processors(Some(all)), all);
    assert_eq!(processors(Some(all + 1)), all);
}

#[test]
fn variables_are_added_to_those_that_alone_are_for_it() {
    let only = BTreeMap::from([("A".to_owned(), "1".into()), ("B".to_owned(), "1".into())]);
    let invocation = Invocation {
        env: vec![("B".into(), "2".to_owned()), ("C".into(), "2".to_owned())],
        only: Some(only),
        ..shell("echo $A$B$C$HOME")
    };
    let until = Until { cancel: None, limit: FOREVER };
    let output = run(&invocation, until, &Emitter::new(&mut Silent)).unwrap();
    assert_eq!(output.stdout, b"122\n");
}
