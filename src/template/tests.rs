use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::config::layer::Layer;
use crate::config::{GitlabJobs, Install};
use crate::configure;
use crate::project::{Project, ProjectPath, ProjectPlacement};

/// The default settings.
fn config() -> Config {
    let project = Project::in_folder("/nowhere".into(), None);
    let environment = crate::env_vars::EnvVars::default();
    configure::load_config(&project, &environment, Layer::default()).unwrap().0
}

/// The values of a project with default settings.
fn values() -> Values {
    Values::of(&config())
}

#[test]
fn no_template_uses_an_unknown_name() {
    for file in GENERATED.iter() {
        let text = file.render(&values());
        assert!(!text.contains("@{"), "{}", file.path);
    }
}

#[test]
fn the_first_line_of_every_file_has_its_origin() {
    for file in GENERATED.iter() {
        let text = file.render(&values());
        let made = format!("Made by cargo pipe {VERSION}. ");
        let starts = ["# ", "{\n  \"$comment\": \""].map(|start| format!("{start}{made}"));
        assert!(starts.iter().any(|start| text.starts_with(start)), "{}: {text}", file.path);
        assert_eq!(origin(&text), FileOrigin::Generated);
        assert!(text.ends_with('\n'), "{}", file.path);
        assert!(!text.contains("\n\n\n\n"), "{}", file.path);
    }
}

#[test]
fn no_two_files_of_a_project_have_the_same_location() {
    let config = ProjectPath::new(".config").unwrap();
    let at_root = ProjectPlacement::at_root(Path::new("/repository"));
    let below = |folder| {
        ProjectPlacement::below(Path::new("/repository"), ProjectPath::new(folder).unwrap())
    };
    // The names of projects in folders with similar names differ, too.
    let placements = [at_root, below("a/b"), below("a-b"), below("a")];
    let mut locations: Vec<_> = placements
        .iter()
        .flat_map(|place| {
            GENERATED.iter().filter_map(|file| Some((file, file.locate(place, &config)?)))
        })
        .filter(|(file, _)| file.need != Need::GitlabRoot)
        .map(|(_, location)| location.on_disk())
        .collect();
    let all = locations.len();
    locations.sort();
    locations.dedup();
    assert_eq!(locations.len(), all);
}

#[test]
fn pipelines_of_a_project_in_a_folder_name_nothing_at_the_root() {
    let folder = ProjectPath::new("svc/api").unwrap();
    for gitlab in [GitlabJobs::Image, GitlabJobs::Socket, GitlabJobs::Dind] {
        let ci = |folder| {
            let mut config = config();
            config.ci.gitlab = Some(gitlab);
            config.ci.install = Install::Xtask;
            let values = CiValues::of(&config, &JobGrants::default()).in_folder(folder);
            Values { ci: Some(values), ..Values::of(&config) }
        };
        for path in [GITLAB_INCLUDED, GITHUB_WORKFLOW] {
            let file = generated(path).unwrap();
            let scalars = yaml_scalars(&file.render(&ci(Some(&folder)))).unwrap();
            let paths = [".cache/", ".docker/", "target", "Cargo.lock", "cargo-pipe.json"];
            for scalar in scalars.iter().filter(|text| !text.contains('\n') && !text.contains(' '))
            {
                assert!(!paths.iter().any(|path| scalar.starts_with(path)), "{scalar} in {path}");
            }
            let at_root = yaml_scalars(&file.render(&ci(None))).unwrap();
            assert!(
                at_root.iter().any(|scalar| scalar == "cargo-pipe.json") || path == GITHUB_WORKFLOW
            );
        }
    }
}

#[test]
fn no_pipeline_breaks_the_rules_that_yamllint_has_for_the_files_of_the_project() {
    for file in GENERATED.iter().filter(|file| file.path.ends_with(".yml")) {
        let text = file.render(&values());
        let mut lines = text.lines();
        // No comment can switch off the rules for the first line, of which only this one applies.
        assert!(lines.next().unwrap().len() <= 80, "{}: {text}", file.path);
        assert_eq!(lines.next(), Some("# yamllint disable"), "{}", file.path);
    }
}

#[test]
#[should_panic(expected = "UndefinedError")]
fn an_unknown_name_is_an_error() {
    let _ = render("a @{{ nothing }}", &Values::for_python("3.13"));
}

#[test]
fn delimiters_of_other_languages_are_left_alone() {
    let text = "${{ x }} {{ y }} {% z %} {# w #} $[[ v ]]\n";
    assert_eq!(render(text, &Values::for_python("3.13")), text);
}

#[test]
fn a_value_is_written_as_it_is() {
    let values =
        Values { apt: vec!["g++".to_owned(), "libpq5".to_owned()], ..Values::for_python("3.13") };
    let text = "@{{ python_nodot }}\n@{% for name in apt %}\n  @{{ name }}\n@{% endfor %}\n";
    assert_eq!(render(text, &values), "313\n  g++\n  libpq5\n");
}

/// The scalars of a text in YAML, in their order; an error if the text is not YAML.
fn yaml_scalars(text: &str) -> Result<Vec<String>, String> {
    let mut scalars = Vec::new();
    for event in saphyr_parser::Parser::new_from_str(text) {
        if let (saphyr_parser::Event::Scalar(value, ..), _) =
            event.map_err(|error| format!("{error}:\n{text}"))?
        {
            scalars.push(value.into_owned());
        }
    }
    Ok(scalars)
}

#[test]
fn every_value_of_a_pipeline_is_itself_in_yaml() {
    for nasty in [
        "{a:b/c}",
        "${X}/pipe:1",
        "a: b",
        "a #b",
        "- a",
        "[a]",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a`",
        "'a'",
        "\"a\"",
        "a\nb: c",
        "\ttab",
        "true",
        "No",
        "null",
        "~",
        "1.5",
        "0x10",
        "",
        " a ",
        "a:",
        "\\",
        "é\u{2028}",
        "\u{7}",
    ] {
        let mut values = values();
        nasty.clone_into(&mut values.settings.gitlab_stage);
        let ci = values.ci.clone().unwrap();
        for image in [
            JobsIn::Base(BTreeMap::from([(config().python.image, nasty.to_owned())])),
            JobsIn::Everything(nasty.to_owned()),
        ] {
            values.ci = Some(ci.clone().in_image(image));
            for path in [GITLAB_CI, GITLAB_INCLUDED, GITHUB_WORKFLOW] {
                let text = generated(path).unwrap().render(&values);
                let scalars = yaml_scalars(&text).unwrap();
                let found = scalars.iter().filter(|scalar| *scalar == nasty).count();
                assert!(found >= 2 || path == GITHUB_WORKFLOW, "{nasty:?} in {path}:\n{text}");
            }
        }
    }
}
