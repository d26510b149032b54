//! Selects the images that no project needs.
//!
//! An image has a tag for its content, a tag for each project that refers to it, and a tag for the day
//! of its last use. All of this is in the engine, so that CI jobs that share an engine and nothing else
//! know what the others use. A project whose folder is known on this machine refers to an image for as
//! long as it has the lock. Where it may have several images of one lock, for packages or versions of
//! Python, and where it is not known whether the project exists, the reference counts for two weeks after
//! the last use.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::image::REPOSITORY;
use super::podman::short_name;
use crate::hash::Hash;

/// The format of a line of `docker image ls`.
pub(super) const LINE: &str = "{{.ID}} {{.Repository}} {{.Tag}} {{.CreatedAt}}";

/// The time until an unused image is removed: two weeks after the day of its last use.
const UNUSED: Duration = Duration::from_secs(15 * 24 * 3600);

/// The start of the tag by which a project refers to an image.
const PROJECT: &str = "project-";

/// The character between the id of a project, which does not have it, and a qualifier.
const SEPARATOR: char = '-';

/// The start of the tag with the day of an image's last use.
const USED: &str = "used-";

/// The number of characters of a day such as `2026-11-30`.
const DAY: usize = 10;

/// The tag by which a project refers to an image. It may refer to several images of one lock, of which all
/// but one have a qualifier.
pub(super) fn project_tag(project: &str, qualifier: &str) -> String {
    match qualifier {
        "" => format!("{PROJECT}{project}"),
        _ => format!("{PROJECT}{project}{SEPARATOR}{:.12}", Hash::of(qualifier.as_bytes()).short()),
    }
}

/// The tag of an image that is used on this day; `key` belongs to its content.
pub(super) fn use_tag(now: SystemTime, key: &str) -> String {
    let day = humantime::format_rfc3339_seconds(now).to_string();
    format!("{USED}{:.DAY$}-{key:.12}", day)
}

/// A line of `docker image ls`.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    id: String,
    repository: String,
    tag: String,
    /// The day on which the image was created.
    created: String,
}

impl Listed {
    pub(super) fn read(line: &str) -> Option<Listed> {
        let mut words = line.split(' ').map(str::to_owned);
        Some(Listed {
            id: words.next()?,
            repository: words.next()?,
            tag: words.next()?,
            created: words.next()?,
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The name of its environment, if it has a name of ours.
    fn environment(&self) -> Option<&str> {
        short_name(&self.repository).strip_prefix(REPOSITORY)?.strip_prefix('/')
    }

    fn reference(&self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }

    /// The day of the last use, if that is what its tag says.
    fn used(&self) -> Option<&str> {
        self.tag.strip_prefix(USED)?.get(..DAY)
    }

    /// The project that refers to the image with this tag.
    fn project(&self) -> Option<&str> {
        self.tag.strip_prefix(PROJECT)?.split(SEPARATOR).next()
    }

    /// Whether the project may refer to several images of the lock, so that its folder does not tell
    /// whether it still needs this one.
    fn is_qualified(&self) -> bool {
        self.tag.strip_prefix(PROJECT).is_some_and(|rest| rest.contains(SEPARATOR))
    }
}

/// The need of a project for an image that it refers to, as far as this machine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// The project needs the image.
    Needed,
    /// The project is gone, or has no lock for the image.
    Obsolete,
    /// The project is not known on this machine.
    Unknown,
}

/// A selection of the images that no project refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unneeded {
    /// Those that were not used for two weeks.
    Old,
    /// All of them.
    All,
}

/// An image that no project needs, or superfluous names of one that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unused {
    /// The image's id.
    pub(super) id: String,
    /// The names to remove.
    pub(super) references: Vec<String>,
    /// Whether the image goes with them.
    pub(super) is_image: bool,
}

/// Whether this is the name of an image with the day of its last use.
pub(super) fn is_use(reference: &str) -> bool {
    reference.rsplit_once(':').is_some_and(|(_, tag)| tag.starts_with(USED))
}

/// Selects what is removed. `look_up` says what is known of a project that refers to the image of an
/// environment.
pub(super) fn select(
    listed: &[Listed],
    which: Unneeded,
    now: SystemTime,
    look_up: impl Fn(&str, &str) -> Reference,
) -> Vec<Unused> {
    let mut by_image: BTreeMap<&str, Vec<&Listed>> = BTreeMap::new();
    for image in listed {
        by_image.entry(&image.id).or_default().push(image);
    }
    let mut unused = Vec::new();
    for (id, names) in by_image {
        let last_use = names.iter().filter_map(|name| name.used()).max();
        let is_old = is_old(last_use.unwrap_or(&names[0].created), now);
        let known = |name: &Listed| match (name.environment(), name.project()) {
            (Some(environment), Some(project)) => Some(match look_up(environment, project) {
                Reference::Needed if name.is_qualified() => Reference::Unknown,
                reference => reference,
            }),
            _ => None,
        };
        let is_needed = names.iter().any(|name| match known(name) {
            Some(Reference::Needed) => true,
            Some(Reference::Unknown) => !is_old,
            Some(Reference::Obsolete) | None => false,
        });
        let goes = !is_needed && (is_old || which == Unneeded::All);
        let is_obsolete = |name: &Listed| match name.used() {
            Some(day) => Some(day) < last_use,
            None => known(name) == Some(Reference::Obsolete),
        };
        let ours = names.iter().filter(|name| name.environment().is_some());
        let mut references: Vec<String> =
            ours.filter(|name| goes || is_obsolete(name)).map(|name| name.reference()).collect();
        // An image without a tag is referred to by its id.
        if goes && names.iter().all(|name| name.tag == "<none>") {
            references.push(id.to_owned());
        }
        if !references.is_empty() {
            unused.push(Unused { id: id.to_owned(), references, is_image: goes });
        }
    }
    unused
}

/// Whether a day of the last use is long ago.
fn is_old(day: &str, now: SystemTime) -> bool {
    // A day that cannot be read was not written by cargo pipe or an engine.
    let began = humantime::parse_rfc3339(&format!("{day}T00:00:00Z"));
    began.is_ok_and(|began| now.duration_since(began).is_ok_and(|age| age > UNUSED))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: &str = "2026-11-30";
    const LONG_AGO: &str = "2026-11-01";

    fn now() -> SystemTime {
        humantime::parse_rfc3339("2026-11-30T12:00:00Z").unwrap()
    }

    fn listed(id: &str, repository: &str, tag: &str) -> Listed {
        Listed::read(&format!("{id} {repository} {tag} {LONG_AGO} 10:00:00 +0000 UTC")).unwrap()
    }

    /// The names that go. The project `me` leaves, `you` stays, and nothing is known of others.
    fn selected(images: &[Listed], which: Unneeded) -> Vec<String> {
        let look_up = |_: &str, project: &str| match project {
            "me" => Reference::Obsolete,
            "you" => Reference::Needed,
            _ => Reference::Unknown,
        };
        let unused = select(images, which, now(), look_up);
        unused.into_iter().flat_map(|image| image.references).collect()
    }

    #[test]
    fn an_image_of_another_project_only_loses_the_reference() {
        let images = [
            listed("1", "cargo-pipe/ruff", "aaaa"),
            listed("1", "cargo-pipe/ruff", "project-me"),
            listed("1", "cargo-pipe/ruff", "project-you"),
        ];
        for which in [Unneeded::All, Unneeded::Old] {
            assert_eq!(selected(&images, which), ["cargo-pipe/ruff:project-me"]);
        }
    }

    #[test]
    fn an_unused_image_goes_and_foreign_names_stay() {
        let images = [
            listed("1", "cargo-pipe/ruff", "aaaa"),
            listed("1", "cargo-pipe/ruff", "project-me"),
            listed("1", "registry.test/ruff", "kept"),
            listed("2", "localhost/cargo-pipe/mypy", "bbbb"),
            listed("3", "<none>", "<none>"),
        ];
        let removed = [
            "cargo-pipe/ruff:aaaa",
            "cargo-pipe/ruff:project-me",
            "localhost/cargo-pipe/mypy:bbbb",
            "3",
        ];
        assert_eq!(selected(&images, Unneeded::All), removed);
    }

    #[test]
    fn only_what_is_old_goes_without_being_asked_for() {
        let used = |day: &str| format!("used-{day}-aaaa");
        let images = |tag: &str, days: &[&str]| {
            let days = days.iter().map(|day| listed("1", "cargo-pipe/ruff", &used(day)));
            [listed("1", "cargo-pipe/ruff", tag)].into_iter().chain(days).collect::<Vec<_>>()
        };
        let goes = |tag: &str, days: &[&str], which| {
            selected(&images(tag, days), which).contains(&format!("cargo-pipe/ruff:{tag}"))
        };
        use Unneeded::{All, Old};
        for (tag, days, which, is_gone) in [
            // Without a day of use, the day of its creation counts.
            ("aaaa", &[][..], Old, true),
            ("aaaa", &[LONG_AGO], Old, true),
            ("aaaa", &[TODAY], Old, false),
            ("aaaa", &[LONG_AGO, TODAY], Old, false),
            ("aaaa", &["2026-11-16"], Old, false),
            ("aaaa", &["2026-11-15"], Old, true),
            ("aaaa", &[TODAY], All, true),
            ("project-you", &[LONG_AGO], All, false),
            ("project-job", &[LONG_AGO], Old, true),
            ("project-job", &[TODAY], All, false),
            // One of several images of a lock.
            ("project-you-0123", &[LONG_AGO], Old, true),
            ("project-you-0123", &[TODAY], All, false),
            ("project-me-0123", &[TODAY], All, true),
        ] {
            assert_eq!(goes(tag, days, which), is_gone, "{tag} {days:?} {which:?}");
        }
        let days = images("project-you", &[LONG_AGO, TODAY]);
        assert_eq!(selected(&days, Old), [format!("cargo-pipe/ruff:{}", used(LONG_AGO))]);
    }

    #[test]
    fn a_qualified_tag_names_its_project() {
        assert_eq!(project_tag("0123", ""), "project-0123");
        let [one, other] = [".api", ".api-3.11"].map(|qualifier| project_tag("0123", qualifier));
        assert_ne!(one, other);
        for tag in [one, other] {
            assert_eq!(listed("1", "cargo-pipe/ruff", &tag).project(), Some("0123"));
        }
    }

    #[test]
    fn the_tag_of_a_use_names_its_day() {
        let tag = use_tag(now(), "0123456789abcdef");
        assert_eq!(tag, "used-2026-11-30-0123456789ab");
        assert_eq!(listed("1", "cargo-pipe/ruff", &tag).used(), Some(TODAY));
    }
}
