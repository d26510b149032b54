//! Checks that the name of a type says which type it is, without the name of its module.
//!
//! Every struct, enum, union, trait and alias of the crate that is visible outside of its module
//! has a name that no other one has. Private types are free.

use std::collections::BTreeMap;

use super::File;
use super::lexer;

/// Keywords in front of the name of a type.
const KINDS: &[&str] = &["struct", "enum", "union", "trait", "type"];

/// Names the definitions whose name an earlier file has already, in the order of the paths.
pub(super) fn check(files: &[File]) -> Vec<String> {
    let mut places = BTreeMap::<String, Vec<String>>::new();
    for file in files.iter().filter(|file| is_of_crate(&file.path)) {
        let code = lexer::blank_all_but_code(&file.path, file.without_tests());
        for (line, name) in visible_types(&code) {
            places.entry(name).or_default().push(format!("{}:{line}", file.path));
        }
    }
    let mut complaints = Vec::new();
    for (name, places) in places {
        for place in places.iter().skip(1) {
            complaints.push(format!("{place}: type `{name}` is defined in {} already", places[0]));
        }
    }
    complaints
}

/// The build script and the program are crates of their own, and tests may name as they like.
fn is_of_crate(path: &str) -> bool {
    path.strip_prefix("src/").is_some_and(|path| {
        path.ends_with(".rs")
            && path != "build.rs"
            && !path.starts_with("bin/")
            && !path.ends_with("/tests.rs")
    })
}

/// The names of types behind a `pub`, whatever it is restricted to, with their lines.
fn visible_types(code: &str) -> Vec<(usize, String)> {
    let mut types = Vec::new();
    for (at, _) in code.match_indices("pub") {
        let rest = &code[at + "pub".len()..];
        if code[..at].ends_with(lexer::is_word) || rest.starts_with(lexer::is_word) {
            continue;
        }
        let rest = rest.trim_start();
        let rest = match rest.strip_prefix('(').and_then(|it| it.split_once(')')) {
            Some(("self", _)) => continue,
            Some((_, rest)) => rest,
            None => rest,
        };
        let mut words = rest.split_whitespace().skip_while(|word| *word == "unsafe");
        if words.next().is_some_and(|word| KINDS.contains(&word))
            && let Some(name) = words.next()
        {
            let end = name.find(|letter| !lexer::is_word(letter)).unwrap_or(name.len());
            let line = 1 + code[..at].matches('\n').count();
            types.push((line, name[..end].to_owned()));
        }
    }
    types
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(code: &str) -> Vec<String> {
        visible_types(code).into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn every_kind_of_visible_type_is_seen() {
        let code = "pub struct A;\npub(crate) enum B<'a> {}\npub(super) trait C: D {}\n\
                    pub type E<T> = F<T>;\npub(in crate::run) union G {}\npub unsafe trait H {}\n";
        assert_eq!(names(code), ["A", "B", "C", "E", "G", "H"]);
    }

    #[test]
    fn private_types_functions_and_fields_are_not() {
        let code = "struct A { pub b: u8, pub(crate) c: u8 }\npub fn d() {}\npub(self) struct E;\n\
                    impl F for A { type G = u8; }\n";
        assert_eq!(names(code), [""; 0]);
    }

    #[test]
    fn a_name_defined_twice_is_found_once() {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let files = [
            file("src/a.rs", "pub struct Settings;\n"),
            file("src/b.rs", "// pub struct Settings;\n\npub(crate) struct Settings;\n"),
            file("src/bin/c.rs", "pub struct Settings;\n"),
            file("src/d.rs", "fn d() {}\n#[cfg(test)]\nmod tests { pub struct Settings; }\n"),
            file("xtask/src/a.rs", "pub struct Settings;\n"),
        ];
        let complaint = "src/b.rs:3: type `Settings` is defined in src/a.rs:1 already";
        assert_eq!(check(&files), [complaint]);
    }
}
