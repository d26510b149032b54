//! Suggestions for misspelled words.
//!
//! Keys, values, tools, checks and commands use the same distance limit.

/// Finds the word that is most similar to `text`, if one is similar enough.
#[must_use]
pub fn nearest<'a>(text: &str, words: &[&'a str]) -> Option<&'a str> {
    let distance =
        |word: &str| strsim::damerau_levenshtein(&text.to_lowercase(), &word.to_lowercase());
    let limit = (text.chars().count() / 3).max(1);
    words.iter().copied().filter(|word| distance(word) <= limit).min_by_key(|word| distance(word))
}

/// Makes a hint that suggests the nearest word, or lists all words.
#[must_use]
pub fn advise(text: &str, words: &[&str]) -> String {
    match nearest(text, words) {
        Some(word) => format!("did you mean `{word}`?"),
        None => {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            format!("expected one of: {}", words.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_word_has_a_suggestion() {
        assert_eq!(nearest("pylnit", &["mypy", "pylint"]), Some("pylint"));
        assert_eq!(nearest("Ruff", &["mypy", "ruff"]), Some("ruff"));
    }

    #[test]
    fn a_different_word_has_no_suggestion() {
        assert_eq!(nearest("spelling", &["mypy", "pylint", "ruff"]), None);
        assert_eq!(nearest("", &["mypy"]), None);
    }

    #[test]
    fn without_a_suggestion_all_words_are_listed() {
        assert_eq!(advise("x-ray", &["mypy", "ruff"]), "expected one of: `mypy`, `ruff`");
    }
}
