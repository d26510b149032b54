//! The packages that a project installs before it runs a tool.

/// Packages, and the places in the project that name more of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Installed {
    /// Requirements that are named one by one.
    pub(super) packages: Vec<String>,
    /// Lists of requirements.
    pub(super) files: Vec<String>,
    /// Dependency groups.
    pub(super) groups: Vec<String>,
    /// Extras of the project.
    pub(super) extras: Vec<String>,
}

impl Installed {
    /// Reads the arguments of `pip install` and similar commands.
    pub(super) fn from_words(words: impl IntoIterator<Item = String>) -> Installed {
        let mut installed = Installed::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            if !word.starts_with('-') {
                installed.add_requirement(&word);
                continue;
            }
            let (name, attached) = match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None if word.starts_with("-r") && word.len() > 2 => {
                    ("-r".to_owned(), Some(word[2..].to_owned()))
                }
                None => (word.clone(), None),
            };
            let is_valued = installed.is_known(&name) || OTHER_VALUED.contains(&name.as_str());
            let value = attached.or_else(|| if is_valued { words.next() } else { None });
            if let Some(value) = value {
                installed.add_option(&name, &value);
            }
        }
        installed
    }

    /// Reads a list in which each item is a requirement or an option, such as `-r dev.txt`.
    pub(super) fn from_lines(lines: &[String]) -> Installed {
        let mut installed = Installed::default();
        for line in lines {
            let is_option = line.starts_with('-');
            let words = if is_option { line.split_whitespace().collect() } else { vec![&**line] };
            installed.extend(Installed::from_words(words.into_iter().map(str::to_owned)));
        }
        installed
    }

    pub(super) fn extend(&mut self, other: Installed) {
        self.packages.extend(other.packages);
        self.files.extend(other.files);
        self.groups.extend(other.groups);
        self.extras.extend(other.extras);
    }

    fn is_known(&self, option: &str) -> bool {
        let known = [FILES, GROUPS, EXTRAS, EDITABLE];
        known.iter().any(|names| names.contains(&option))
    }

    /// Adds the value of an option, if it installs something.
    pub(super) fn add_option(&mut self, name: &str, value: &str) {
        let names = || value.split([',', ' ']).filter(|name| !name.is_empty()).map(str::to_owned);
        if FILES.contains(&name) {
            let path = value.trim_start_matches("./").to_owned();
            self.files.push(path);
        } else if GROUPS.contains(&name) {
            self.groups.extend(names());
        } else if EXTRAS.contains(&name) {
            self.extras.extend(names());
        } else if EDITABLE.contains(&name) {
            self.add_requirement(value);
        }
    }

    fn add_requirement(&mut self, text: &str) {
        let is_path = text.starts_with(['.', '/', '$']);
        if !is_path {
            self.packages.push(text.to_owned());
            return;
        }
        // The project with extras: `.[dev,docs]`.
        let inside = text.split_once('[').and_then(|(path, rest)| {
            let is_root = matches!(path.trim_end_matches('/'), "." | "");
            rest.strip_suffix(']').filter(|_| is_root)
        });
        self.extras.extend(
            inside
                .into_iter()
                .flat_map(|names| names.split(','))
                .map(|name| name.trim().to_owned()),
        );
    }
}

const FILES: &[&str] = &["-r", "--requirement", "--requirements", "--with-requirements"];
const GROUPS: &[&str] = &["--group", "--only-group", "-G", "--with"];
const EXTRAS: &[&str] = &["--extra", "--extras", "-E"];
const EDITABLE: &[&str] = &["-e", "--editable"];

/// Options with a value that install nothing.
const OTHER_VALUED: &[&str] = &[
    "-c",
    "--constraint",
    "-i",
    "--index-url",
    "--extra-index-url",
    "--python",
    "-p",
    "--target",
    "-t",
    "--prefix",
    "--index",
    "--find-links",
    "-f",
    "--no-group",
    "--no-extra",
    "--without",
    "--resolution",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_files_groups_and_extras_are_told_apart() {
        let words = "-U -c c.txt -r a.txt -rb.txt --group lint -e .[x,y] mypy==1.0 ./other";
        let installed = Installed::from_words(words.split(' ').map(str::to_owned));
        let texts =
            |texts: &[&str]| -> Vec<String> { texts.iter().map(ToString::to_string).collect() };
        assert_eq!(installed.packages, texts(&["mypy==1.0"]));
        assert_eq!(installed.files, texts(&["a.txt", "b.txt"]));
        assert_eq!(installed.groups, texts(&["lint"]));
        assert_eq!(installed.extras, texts(&["x", "y"]));
        let lines = ["-r a.txt".to_owned(), "uvloop>=1; sys_platform != 'win32'".to_owned()];
        let installed = Installed::from_lines(&lines);
        assert_eq!(installed.files, texts(&["a.txt"]));
        assert_eq!(installed.packages, lines[1..]);
    }
}
