//! The word that somebody probably meant.
//!
//! Owns the measure of likeness for keys, values, tools, checks and commands alike, so that all
//! suggestions are equally bold. Pure; the result is a hint of an error.

/// The word that is most like `text`; none if none is.
#[must_use]
pub fn nearest<'a>(text: &str, words: &[&'a str]) -> Option<&'a str> {
    let distance =
        |word: &str| strsim::damerau_levenshtein(&text.to_lowercase(), &word.to_lowercase());
    let limit = (text.chars().count() / 3).max(1);
    words.iter().copied().filter(|word| distance(word) <= limit).min_by_key(|word| distance(word))
}

/// A hint that names the nearest word, or all there are.
#[must_use]
pub fn advise(text: &str, words: &[&str]) -> String {
    match nearest(text, words) {
        Some(word) => format!("did you mean `{word}`?"),
        None => {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            format!("there are: {}", words.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        assert_eq!(nearest("pylnit", &["mypy", "pylint"]), Some("pylint"));
        assert_eq!(nearest("Ruff", &["mypy", "ruff"]), Some("ruff"));
    }

    #[test]
    fn another_word_is_not_taken_for_a_slip() {
        assert_eq!(nearest("spelling", &["mypy", "pylint", "ruff"]), None);
        assert_eq!(nearest("", &["mypy"]), None);
    }

    #[test]
    fn where_nothing_is_near_all_are_named() {
        assert_eq!(advise("x-ray", &["mypy", "ruff"]), "there are: `mypy`, `ruff`");
    }
}
