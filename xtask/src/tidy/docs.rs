//! Checks how a module's documentation begins.
//!
//! Every file but tests has a module doc. Its first sentence is a statement in the field's words:
//! it does not begin with a question word and it ends with a full stop. No sentence of it begins
//! with `Owns`, which once was a formula here.

use super::File;

/// Words that make a first sentence a riddle.
const QUESTIONS: &[&str] = &["How", "What", "Where", "Whether", "Which", "Who", "Whose", "Why"];

/// Names what is wrong with a module's documentation.
pub(super) fn check(file: &File) -> Vec<String> {
    let sentences = sentences(&file.text);
    let mut complaints = Vec::new();
    let mut complain = |fault: &str| complaints.push(format!("{}: {fault}", file.path));
    match sentences.first() {
        // Tests in a file of their own are documented by their module.
        None if file.path.ends_with("/tests.rs") => {}
        None => complain("the module has no documentation: say in a sentence what it does"),
        Some(first) => {
            let end = first.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(first.len());
            if QUESTIONS.contains(&&first[..end]) {
                complain("the module doc begins with a question word");
            }
            if !first.ends_with(['.', ':']) {
                complain("the first sentence of the module doc does not end with a full stop");
            }
        }
    }
    if sentences.iter().any(|sentence| sentence.starts_with("Owns ")) {
        complain("the module doc says `Owns`");
    }
    complaints
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

    fn complaints(text: &str) -> Vec<String> {
        check(&file(text))
    }

    #[test]
    fn a_statement_is_fine() {
        let text =
            "//! Plans a run for a\n//! check. What runs is data.\n//!\n//! More\nfn f() {}\n";
        assert_eq!(complaints(text), [""; 0]);
        assert_eq!(sentences(text)[1], "What runs is data.");
    }

    #[test]
    fn a_missing_doc_is_a_complaint_but_for_tests() {
        assert!(complaints("fn f() {}\n")[0].starts_with("src/plan.rs: "));
        assert_eq!(complaints("#![cfg(x)]\n//! Doc.\n"), [""; 0]);
        let tests = File { path: "src/plan/tests.rs".to_owned(), text: String::new() };
        assert_eq!(check(&tests), [""; 0]);
    }

    #[test]
    fn riddles_and_the_formula_are_found() {
        for word in QUESTIONS {
            let text = format!("//! {word} a run does.\n");
            let complaint = "src/plan.rs: the module doc begins with a question word";
            assert_eq!(complaints(&text), [complaint]);
        }
        let formula = "src/plan.rs: the module doc says `Owns`";
        assert_eq!(complaints("//! Plans. Owns plans.\n"), [formula]);
        assert_eq!(complaints("//! Plans.\n//!\n//! Owns plans\n"), [formula]);
        for open in ["//! May it be planned?\n", "//! Plans\n\nfn f() {}\n"] {
            assert!(complaints(open)[0].ends_with("with a full stop"), "{open}");
        }
    }
}
