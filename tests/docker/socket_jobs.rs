//! A CI job in a container with the engine's socket, whose host name is not its id.
//!
//! The project lies in a volume at the path that it has on the host, so that only its files tell one from
//! the other; or it is bound, with its home.

use std::fs;
use std::path::Path;

use crate::container::Container;
use crate::nested_engine::{NestedEngine, nested_engine};
use crate::network::needing;
use crate::package_index::{Index, Wheel};
use crate::project::{Ended, Project, Report, docker, without_the_colon};

tests![
    a_job_with_the_socket_reports_the_same_as_the_host,
    a_job_that_binds_all_it_has_is_bound,
    the_socket_of_a_job_reaches_no_check_of_its_own,
    fixes_come_back_into_a_job,
    a_difference_in_the_job_is_named,
    a_base_that_differs_in_another_engine_is_named
];

/// A job's container.
pub(crate) struct Job {
    container: Container,
    root: String,
}

impl Job {
    /// One with the socket, and with the project in a volume.
    pub(crate) fn new(project: &Project) -> Job {
        let base = project.root.parent().unwrap().to_str().unwrap();
        let job = Job::with(project, &["--volume", base]);
        job.container.copy(&project.root, base);
        job
    }

    /// One with the socket and these options.
    fn with(project: &Project, options: &[&str]) -> Job {
        const SOCKET: &str = "/var/run/docker.sock:/var/run/docker.sock";
        let always = ["--hostname", "foo", "--volume", SOCKET];
        let program = Path::new(env!("CARGO_BIN_EXE_cargo-pipe"));
        let files = [(program, "/usr/local/bin/cargo-pipe")];
        let wait = ["sh", "-c", "echo ready; exec cat"];
        let container = Container::start(&[&always, options].concat(), &files, &wait);
        Job { container, root: project.root.to_str().unwrap().to_owned() }
    }

    /// Runs cargo pipe in it, with these options of `docker exec`.
    pub(crate) fn pipe_with(&self, options: &[&str], args: &[&str]) -> Ended {
        let always = ["--workdir", &self.root, "--env", "CARGO_PIPE_CACHE=off"];
        self.container.run(&[&always, options].concat(), &[&["cargo-pipe"], args].concat())
    }

    fn pipe(&self, args: &[&str]) -> Ended {
        self.pipe_with(&[], args)
    }

    fn report(&self, args: &[&str]) -> Report {
        Report::of(&self.pipe(&[args, &["--message-format", "json"]].concat()))
    }

    /// Writes a file of the project.
    fn write(&self, path: &str, text: &str) {
        let script = "mkdir -p \"$(dirname \"$0\")\" && printf %s \"$1\" > \"$0\"";
        let place = format!("{}/{path}", self.root);
        let ended = self.container.run(&[], &["sh", "-c", script, &place, text]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
    }
}

fn a_job_with_the_socket_reports_the_same_as_the_host() {
    let project = Project::scaffolded();
    let job = Job::new(&project);
    for status in [0, 1] {
        let (host, inside) = (project.report(&["run-all"]), job.report(&["run-all"]));
        assert_eq!(host.json["engine"]["topology"], "bind");
        assert_eq!(inside.json["engine"]["topology"], "stream", "{inside:#?}");
        assert_eq!((host.status, inside.status), (status, status), "{inside:#?}");
        assert_eq!(host.comparable(), inside.comparable());
        assert_eq!(project.leftovers(), [""; 0]);
        project.write("src/bad.py", without_the_colon());
        job.write("src/bad.py", &without_the_colon());
    }
    let forced = job.pipe_with(&["--env", "CARGO_PIPE_TOPOLOGY=bind"], &["run-all"]);
    assert_eq!(forced.status, Some(3), "{forced:?}");
    assert!(forced.stdout.contains("does not see the project"), "{forced:?}");
    assert_eq!(project.leftovers(), [""; 0]);
}

fn a_job_that_binds_all_it_has_is_bound() {
    let project = Project::scaffolded();
    project.write("src/bad.py", without_the_colon());
    let base = project.root.parent().unwrap().to_str().unwrap();
    let (home, bound) = (format!("HOME={base}/home"), format!("{base}:{base}"));
    let job = Job::with(&project, &["--volume", &bound, "--env", &home]);
    let (host, inside) = (project.report(&["run-all"]), job.report(&["run-all"]));
    assert_eq!(inside.json["engine"]["topology"], "bind", "{inside:#?}");
    assert_eq!(inside.status, 1);
    assert_eq!(host.comparable(), inside.comparable());
    assert_eq!(project.leftovers(), [""; 0]);
}

fn the_socket_of_a_job_reaches_no_check_of_its_own() {
    let project = Project::scaffolded();
    let check = "run = [\"test\", \"!\", \"-e\", \"/var/run/docker.sock\"]\n";
    project.write(
        "pipe.toml",
        format!("[checks.own]\n{check}\n[checks.other]\n{check}image = \"python:3.13-slim\"\n"),
    );
    let job = Job::new(&project);
    let report = job.report(&["run-all"]);
    assert_eq!(report.status, 0, "{report:#?}");
    let looked = job.pipe(&["bash", "own", "--", "ls", "/var/run/docker.sock"]);
    assert_ne!(looked.status, Some(0), "{looked:?}");
    // What is asked for is not granted by the job's having it.
    project
        .write("pipe.toml", format!("[checks.own]\n{check}docker-socket = true\ncache = false\n"));
    job.container.copy(&project.root.join("pipe.toml"), &job.root);
    let refused = job.pipe(&["run-all"]);
    assert_eq!(refused.status, Some(2), "{refused:?}");
    let granted = job.pipe(&["run-all", "--allow", "docker-socket"]);
    assert_eq!(granted.status, Some(1), "{granted:?}");
    assert_eq!(project.leftovers(), [""; 0]);
}

fn fixes_come_back_into_a_job() {
    let project = Project::scaffolded();
    let job = Job::new(&project);
    let path = format!("{}/src/main.py", job.root);
    for args in [&["format"][..], &["run-all", "--fix"]] {
        job.write("src/main.py", "\"\"\"Spaces.\"\"\"\n\nVALUE  =  1\n");
        let report = job.report(args);
        assert_eq!(report.status, 0, "{report:#?}");
        assert_eq!(report.json["engine"]["topology"], "stream");
        let fixed = job.container.run(&[], &["cat", &path]).stdout;
        assert_eq!(fixed, "\"\"\"Spaces.\"\"\"\n\nVALUE = 1\n");
    }
    assert_eq!(project.leftovers(), [""; 0]);
}

/// How the settings of that check begin.
const RUFF: &str = "tool = \"ruff\"";

fn a_difference_in_the_job_is_named() {
    let wheels = [Wheel::unheard_of("handmade"), Wheel::unheard_of("handmade")];
    let index = Index::open(wheels.to_vec());
    let project = needing(&wheels[0]);
    // ruff itself comes from elsewhere than the packages.
    assert_eq!(project.pipe(&["build", "ruff"]).status, Some(0));
    let project = project.with("PIP_INDEX_URL", &index.url(""));
    let image =
        |image: &str| format!("checks.image = {{ run = [\"true\"], image = \"{image}\" }}\n");
    let locked = "checks.locked = { run = [\"true\"], requirements = [\"handmade\"] }";
    project.configure(&format!("{locked}\n{}", image("python:3.13-slim")));
    project.write(".docker/requirements/locked.txt", wheels[0].locked());
    project.write("src/gone.py", "");
    let settings = fs::read_to_string(project.root.join("pipe.toml")).unwrap();
    let with_args = settings.replace(RUFF, &format!("{RUFF}\nargs = [\"--preview\"]"));
    project.write("pipe.toml", with_args);
    let names = ["ruff", "imports", "image", "locked"];
    let host = project.report(&[&["run"], &names[..], &["--report", "json=report.json"]].concat());
    assert_eq!(host.status, 0, "{host:#?}");
    let job = Job::new(&project);
    let read = |path: &str| fs::read_to_string(project.root.join(path)).unwrap();
    let edited = |path: &str, from: &str, to: &str| Some(read(path).replace(from, to));
    let set = |line: &str| edited("pipe.toml", RUFF, &format!("{RUFF}\n{line}"));
    let other = |path: &str| (path.to_owned(), Some(wheels[1].locked()));
    let lock = |name: &str| other(&format!(".docker/requirements/{name}.txt"));
    let source =
        |name: &str, text: Option<&str>| (format!("src/{name}.py"), text.map(str::to_owned));
    let in_settings = |text: Option<String>| ("pipe.toml".to_owned(), text);
    let config = ".config/pyproject.toml";
    let line = edited(config, "line-length = 120", "line-length = 99");
    let machine = image("cargo-pipe.local/machine");
    let based = edited("pipe.toml", &image("python:3.13-slim"), &machine);
    let planted = [
        ("ruff", source("main", Some("import os\n")), "file `src/main.py`: changed"),
        ("ruff", source("more", Some("import os\n")), "file `src/more.py`: added"),
        ("ruff", source("gone", None), "file `src/gone.py`: removed"),
        ("ruff", (config.to_owned(), line), "option `tool.ruff.line-length`: changed"),
        ("ruff", in_settings(set("env = { A = \"1\" }")), "command: variable `A`: added"),
        (
            "ruff",
            in_settings(edited("pipe.toml", "--preview", "--no-preview")),
            "command: argument ",
        ),
        ("imports", lock("project"), "package `handmade` of the project: "),
        ("locked", lock("locked"), "package `handmade` of the tool: "),
        (
            "image",
            in_settings(edited(
                "pipe.toml",
                "run = [\"true\"], image",
                "run = [\"true\"], findings-exit = [2], image",
            )),
            "command: exit statuses of findings: changed",
        ),
        ("image", in_settings(based), "base image: python:3.13-slim → cargo-pipe.local/machine"),
    ];
    let variable = format!("PIP_INDEX_URL={}", index.url(""));
    let options = ["--env", &variable, "--env", "CARGO_PIPE_CACHE=on"];
    let plant = |path: &str, text: Option<&str>| match text {
        Some(text) => job.write(path, text),
        None => drop(job.container.run(&[], &["rm", &format!("{}/{path}", job.root)])),
    };
    for (check, (path, text), named) in planted {
        let original = fs::read_to_string(project.root.join(&path)).ok();
        assert_ne!(original, text);
        plant(&path, text.as_deref());
        let there = job.pipe_with(&options, &["run", check, "--message-format", "json"]);
        let there = Report::of(&there);
        let fingerprints = [&host, &there].map(|it| it.check(check)["fingerprint"].clone());
        assert_ne!(fingerprints[0], fingerprints[1], "{path}");
        let ended = job.pipe_with(&options, &["compare", "report.json"]);
        assert_eq!(ended.status, Some(1), "{ended:?}");
        let text = ended.stdout;
        let expected = format!("{check}: different inputs:\n  ");
        assert!(text.contains(&expected) && text.contains(named), "{named}\n{text}");
        assert_eq!(
            text.matches("\n  ").count(),
            text.matches("different inputs").count(),
            "{text}"
        );
        plant(&path, original.as_deref());
    }
    let ended = job.pipe_with(&options, &["compare", "report.json"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(project.leftovers(), [""; 0]);
    project.pipe(&["remove"]);
}

/// Two engines have images of the same names, of which one differs in its platform and one in its
/// files.
fn a_base_that_differs_in_another_engine_is_named() {
    let (machine, here, there) = (nested_engine(), Project::scaffolded(), Project::scaffolded());
    let archives = [archive(&machine, &here, "1"), archive(&machine, &here, "2")];
    let planted = [
        ("platform", 0, "linux/arm64", "platform: linux/amd64 → linux/arm64"),
        ("files", 1, "linux/amd64", "content of `IMAGE`: changed"),
    ];
    let mut images = Vec::new();
    for (check, other, platform, _) in planted {
        let image = format!("cargo-pipe.local/{}:{check}", here.id());
        let line = "run = [\"/init\", \"--version\"], image";
        for project in [&here, &there] {
            project.configure(&format!("checks.{check} = {{ {line} = \"{image}\" }}"));
        }
        let import = |archive: &str, platform: &str, docker: &dyn Fn(&[&str]) -> Ended| {
            let ended = docker(&["import", "--platform", platform, archive, &image]);
            assert_eq!(ended.status, Some(0), "{ended:?}");
        };
        import(&archives[0], "linux/amd64", &docker);
        import(&archives[other], platform, &|args| machine.docker(args));
        images.push(image);
    }
    let path = there.root.join("report.json");
    let report = format!("json={}", path.display());
    let ran = here.pipe(&["run", "platform", "files", "--report", &report]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let ended =
        machine.serve(there).with("CARGO_PIPE_CACHE", "on").pipe(&["compare", "report.json"]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    for (check, _, _, named) in planted {
        let image = format!("cargo-pipe.local/{}:{check}", here.id());
        let named = named.replace("IMAGE", &image);
        let text = format!("{check}: different inputs:\n  {named}\n");
        assert!(ended.stdout.contains(&text), "{text}{ended:?}");
    }
    assert_eq!(ended.stdout.matches("\n  ").count(), 2, "{ended:?}");
    images.iter().for_each(|image| drop(docker(&["image", "rm", image])));
}

/// What an image is imported from: a program that needs nothing, and a file with this text.
fn archive(machine: &NestedEngine, project: &Project, text: &str) -> String {
    let base = project.root.parent().unwrap();
    let (program, path) = (base.join("init"), base.join(format!("{text}.tar")));
    let from = format!("{}:/usr/bin/docker-init", machine.container.name);
    docker(&["cp", "--follow-link", &from, program.to_str().unwrap()]);
    let program = fs::read(program).unwrap();
    let mut archive = tar::Builder::new(fs::File::create(&path).unwrap());
    for (name, bytes) in [("init", program.as_slice()), ("text", text.as_bytes())] {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o755);
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, bytes).unwrap();
    }
    archive.finish().unwrap();
    path.to_str().unwrap().to_owned()
}
