//! Checks how a module's documentation begins.
//!
//! Every file but tests has a module doc. Its first sentence is a statement in the field's words:
//! it does not begin with a question word and it ends with a full stop. No sentence of it begins
//! with `Owns`, which once was a formula here.

use super::File;
use super::ratchet::Found;

/// Words that make a first sentence a riddle.
const QUESTIONS: &[&str] = &["How", "What", "Where", "Whether", "Which", "Who", "Whose", "Why"];

/// Says that a module has no documentation.
pub(super) fn check(file: &File) -> Option<String> {
    // Tests in a file of their own are documented by their module.
    let is_tests = file.path.ends_with("/tests.rs");
    (sentences(&file.text).is_empty() && !is_tests).then(|| {
        format!("{}: the module has no documentation: say in a sentence what it does", file.path)
    })
}

/// Module docs that are no statement or follow the old formula.
pub(super) fn find(file: &File) -> Vec<Found> {
    let folder = file.path.split('/').next().unwrap_or_default();
    let found = |fault: &str| Found {
        rule: format!("{folder} module docs: {fault}"),
        place: file.path.clone(),
    };
    let sentences = sentences(&file.text);
    let mut faults = Vec::new();
    if let Some(first) = sentences.first() {
        let word = first.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
        if QUESTIONS.contains(&word) {
            faults.push(found("begins with a question word"));
        }
        if !first.ends_with(['.', ':']) {
            faults.push(found("first sentence does not end with a full stop"));
        }
    }
    if sentences.iter().any(|sentence| sentence.starts_with("Owns ")) {
        faults.push(found("says `Owns`"));
    }
    faults
}

/// The sentences of a file's module doc, as far as full stops and empty lines show them.
fn sentences(text: &str) -> Vec<String> {
    let doc = text
        .lines()
        .skip_while(|line| line.starts_with("#!") || line.is_empty())
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim);
    let mut sentences = vec![String::new()];
    for line in doc {
        for part in line.split_inclusive(". ") {
            if let Some(sentence) = sentences.last_mut() {
                sentence.push_str(part);
                sentence.push(' ');
            }
            if part.ends_with(". ") {
                sentences.push(String::new());
            }
        }
        if line.is_empty() || line.ends_with('.') {
            sentences.push(String::new());
        }
    }
    let trimmed = sentences.iter().map(|sentence| sentence.trim().to_owned());
    trimmed.filter(|sentence| !sentence.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        File { path: "src/plan.rs".to_owned(), text: text.to_owned() }
    }

    fn rules(text: &str) -> Vec<String> {
        find(&file(text)).into_iter().map(|found| found.rule).collect()
    }

    #[test]
    fn a_statement_is_fine() {
        let text =
            "//! Plans a run for a\n//! check. What runs is data.\n//!\n//! More\nfn f() {}\n";
        assert_eq!(rules(text), [""; 0]);
        assert_eq!(sentences(text)[1], "What runs is data.");
        assert_eq!(check(&file(text)), None);
    }

    #[test]
    fn a_missing_doc_is_a_complaint_but_for_tests() {
        assert!(check(&file("fn f() {}\n")).is_some_and(|it| it.starts_with("src/plan.rs: ")));
        assert!(check(&file("#![cfg(x)]\n//! Doc.\n")).is_none());
        let tests = File { path: "src/plan/tests.rs".to_owned(), text: String::new() };
        assert_eq!(check(&tests), None);
    }

    #[test]
    fn riddles_and_the_formula_are_found() {
        for word in QUESTIONS {
            let text = format!("//! {word} a run does.\n");
            assert_eq!(rules(&text), ["src module docs: begins with a question word"]);
        }
        assert_eq!(rules("//! Plans. Owns plans.\n"), ["src module docs: says `Owns`"]);
        assert_eq!(rules("//! Plans.\n//!\n//! Owns plans\n"), ["src module docs: says `Owns`"]);
        let open = ["src module docs: first sentence does not end with a full stop"];
        assert_eq!(rules("//! May it be planned?\n"), open);
        assert_eq!(rules("//! Plans\n\nfn f() {}\n"), open);
    }
}
