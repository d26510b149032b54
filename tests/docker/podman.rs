//! Podman instead of docker, as root and as a user.
//!
//! It runs inside the container of the nested engine and loads its images from the archive there.

use crate::nested_engine::{IMAGES, NestedEngine, nested_engine};
use crate::network::needing;
use crate::package_index::{Index, Wheel};
use crate::project::{Ended, Project, Report, without_the_colon};

tests![podman_without_root_reports_the_same_as_docker, docker_is_not_podman];

tests!(SOAK, [podman_with_root_reports_the_same_as_docker]);

/// Podman of a user on the other machine.
struct Podman<'a> {
    machine: &'a NestedEngine,
    user: &'static str,
    home: &'static str,
}

impl<'a> Podman<'a> {
    fn new(machine: &'a NestedEngine, user: &'static str, home: &'static str) -> Self {
        let podman = Podman { machine, user, home };
        podman.ask("", &["podman", "load", "--quiet", "--input", IMAGES]);
        podman
    }

    /// Runs a program in a folder below the user's home, with these variables.
    fn run(&self, folder: &str, variables: &[&str], command: &[&str]) -> Ended {
        let folder = format!("{}/{folder}", self.home);
        let home = format!("HOME={}", self.home);
        let runtime = format!("XDG_RUNTIME_DIR=/run/{}", self.user);
        let always = [
            "--user",
            self.user,
            "--workdir",
            &folder,
            "--env",
            &home,
            "--env",
            &runtime,
            "--env",
            "CARGO_PIPE_CACHE=off",
        ];
        let variables = variables.iter().flat_map(|variable| ["--env", variable]);
        let options: Vec<&str> = always.into_iter().chain(variables).collect();
        self.machine.container.run(&options, command)
    }

    /// What it prints, which has to succeed.
    fn ask(&self, folder: &str, command: &[&str]) -> String {
        let ended = self.run(folder, &[], command);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        ended.stdout
    }

    /// Copies a project into the user's home, or what changed in it.
    fn copy(&self, project: &Project, name: &str) {
        let (place, own) = (format!("{}/{name}", self.home), format!("{0}:{0}", self.user));
        self.machine.container.run(&[], &["rm", "-rf", &place]);
        self.machine.container.copy(&project.root, &place);
        self.machine.container.run(&[], &["chown", "-R", &own, &place]);
    }

    fn report(&self, name: &str, variables: &[&str], args: &[&str]) -> Report {
        let always = ["cargo-pipe", "--engine", "podman"];
        let json = ["--message-format", "json"];
        Report::of(&self.run(name, variables, &[&always, args, &json].concat()))
    }

    /// The containers and volumes that there are.
    fn leftovers(&self) -> String {
        let containers = self.ask("", &["podman", "ps", "--all", "--quiet"]);
        containers + &self.ask("", &["podman", "volume", "ls", "--quiet"])
    }
}

/// Root differs in who owns what; the rest is tried without root.
fn podman_with_root_reports_the_same_as_docker() {
    let machine = nested_engine();
    let podman = Podman::new(&machine, "root", "/root");
    findings_are_the_same(&podman);
    fixes_come_back(&podman);
    removal_takes_every_image(&podman);
}

fn podman_without_root_reports_the_same_as_docker() {
    let machine = nested_engine();
    let podman = Podman::new(&machine, "user", "/home/user");
    let project = Project::scaffolded();
    says_what_docker_says(&podman, &project, "bind", 0);
    doctor_finds_nothing_that_stops_a_check(&podman);
    findings_are_the_same(&podman);
    fixes_come_back(&podman);
    an_environment_is_built(&podman);
    a_termination_leaves_nothing(&podman);
    removal_takes_every_image(&podman);
}

/// What is copied differs most where there is something to find.
fn findings_are_the_same(podman: &Podman<'_>) {
    let project = Project::scaffolded();
    project.write("src/bad.py", without_the_colon());
    for topology in ["bind", "stream"] {
        says_what_docker_says(podman, &project, topology, 1);
    }
}

fn says_what_docker_says(podman: &Podman<'_>, project: &Project, topology: &str, status: i32) {
    let docker = project.report(&["run-all"]);
    podman.copy(project, "project");
    let forced = format!("CARGO_PIPE_TOPOLOGY={topology}");
    let variables = if topology == "bind" { vec![] } else { vec![forced.as_str()] };
    let report = podman.report("project", &variables, &["run-all"]);
    assert_eq!(report.json["engine"]["kind"], "podman", "{report:#?}");
    assert_eq!(report.json["engine"]["topology"], topology);
    assert_eq!((docker.status, report.status), (status, status), "{report:#?}");
    assert_eq!(docker.comparable(), report.comparable());
    assert_eq!(podman.leftovers(), "");
}

fn doctor_finds_nothing_that_stops_a_check(podman: &Podman<'_>) {
    let printed = podman.ask("project", &["cargo-pipe", "--engine", "podman", "doctor", "--json"]);
    let diagnosis: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let found = |subject: &str| {
        let mut all = diagnosis["examined"].as_array().unwrap().iter();
        let one = all.find(|one| one["subject"] == subject).unwrap_or_else(|| panic!("{printed}"));
        (one["state"].as_str().unwrap(), one["found"].as_str().unwrap())
    };
    assert!(found("engine").0 == "good" && found("engine").1.contains("podman"), "{printed}");
    let topology = "bind: containers see your folders and can write to them";
    assert_eq!(found("topology"), ("good", topology), "{printed}");
    assert!(found("base").1.starts_with("`python:3.13-slim` is here"), "{printed}");
    assert_eq!(podman.leftovers(), "");
}

fn removal_takes_every_image(podman: &Podman<'_>) {
    let look = ["podman", "image", "ls", "--quiet", "--filter", "label=dev.cargo-pipe.image"];
    assert_ne!(podman.ask("", &look), "");
    podman.ask("project", &["cargo-pipe", "--engine", "podman", "remove"]);
    assert_eq!(podman.ask("", &look), "");
}

fn fixes_come_back(podman: &Podman<'_>) {
    let project = Project::scaffolded();
    project.write("src/main.py", "\"\"\"Spaces.\"\"\"\n\nVALUE  =  1\n");
    for topology in ["bind", "stream"] {
        podman.copy(&project, "fixed");
        let forced = format!("CARGO_PIPE_TOPOLOGY={topology}");
        let report = podman.report("fixed", &[&forced], &["format"]);
        assert_eq!(report.status, 0, "{report:#?}");
        let fixed = podman.ask("fixed", &["cat", "src/main.py"]);
        assert_eq!(fixed, "\"\"\"Spaces.\"\"\"\n\nVALUE = 1\n");
        let owner = podman.ask("fixed", &["stat", "--format", "%U", "src/main.py"]);
        assert_eq!(owner.trim(), podman.user);
        assert_eq!(podman.leftovers(), "");
    }
    podman.ask("fixed", &["cargo-pipe", "--engine", "podman", "remove"]);
}

fn an_environment_is_built(podman: &Podman<'_>) {
    let wheel = Wheel::unheard_of("handmade");
    let index = Index::open(vec![wheel.clone()]);
    let project = needing(&wheel);
    project.write(".docker/requirements/own.txt", wheel.locked());
    let code = format!("import {}", wheel.name);
    project.configure(&format!(
        "checks.own = {{ run = [\"python3\", \"-c\", \"{code}\"], requirements = [\"{}\"] }}",
        wheel.name
    ));
    podman.copy(&project, "built");
    let variable = format!("PIP_INDEX_URL={}", index.url(""));
    let report = podman.report("built", &[&variable], &["run", "imports", "own"]);
    assert_eq!(report.status, 0, "{report:#?}");
    podman.ask("built", &["cargo-pipe", "--engine", "podman", "remove"]);
}

fn a_termination_leaves_nothing(podman: &Podman<'_>) {
    let project = Project::scaffolded();
    project.write("pipe.toml", "[checks.one]\nrun = [\"sleep\", \"1000\"]\n");
    podman.copy(&project, "endless");
    let script = "cargo-pipe --engine podman run one >&2 & \
                  until podman ps --quiet | grep -q .; do kill -0 $! || exit 1; done; \
                  kill -TERM $!; wait $!; echo $?";
    assert_eq!(podman.ask("endless", &["sh", "-c", script]), "130\n");
    assert_eq!(podman.leftovers(), "");
}

fn docker_is_not_podman() {
    let project = Project::scaffolded().with("CARGO_PIPE_DOCKER", "docker");
    let ended = project.pipe(&["--engine", "podman", "run-all"]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(ended.stdout.contains("`docker` is not podman"), "{ended:?}");
    assert_eq!(project.leftovers(), [""; 0]);
}
