use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;

fn path(text: &str) -> ProjectPath {
    ProjectPath::new(text).unwrap()
}

fn error(root: &Path, name: &str) -> String {
    read_project_file(root, &path(name), SizeLimit::Config).unwrap_err().to_string()
}

fn make_pipe(place: &Path) {
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, place, rustix::fs::FileType::Fifo, mode, 0).unwrap();
}

#[test]
fn a_regular_file_is_read_through_links_inside_the_project() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("real")).unwrap();
    fs::write(root.path().join("real/a"), "text").unwrap();
    symlink("real", root.path().join("folder")).unwrap();
    symlink("folder/a", root.path().join("link")).unwrap();
    for name in ["real/a", "folder/a", "link"] {
        let text = read_project_text(root.path(), &path(name), SizeLimit::Config).unwrap();
        assert_eq!(text, "text", "{name}");
    }
}

#[test]
fn a_file_that_is_not_regular_is_named_and_never_waited_for() {
    let root = tempfile::tempdir().unwrap();
    make_pipe(&root.path().join("pipe"));
    let _socket = UnixListener::bind(root.path().join("socket")).unwrap();
    fs::create_dir(root.path().join("folder")).unwrap();
    symlink("pipe", root.path().join("linked")).unwrap();
    for (name, kind) in
        [("pipe", "a pipe"), ("socket", "a socket"), ("folder", "a folder"), ("linked", "a pipe")]
    {
        assert_eq!(error(root.path(), name), format!("it is {kind}, not a regular file"));
    }
}

#[test]
fn a_link_out_of_the_project_is_refused_whatever_it_leads_to() {
    let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(other.path().join("secret"), "secret").unwrap();
    symlink(other.path().join("secret"), root.path().join("file")).unwrap();
    symlink("/dev/zero", root.path().join("zero")).unwrap();
    symlink(other.path(), root.path().join("folder")).unwrap();
    symlink("/nowhere/at/all", root.path().join("broken")).unwrap();
    symlink("loop", root.path().join("loop")).unwrap();
    for (name, part) in [
        ("file", "leaves the project through the link `file`"),
        ("zero", "leaves the project through the link `zero`"),
        ("folder/secret", "leaves the project through the link `folder`"),
        ("broken", "contains the broken link `broken`"),
        ("loop", "cannot inspect `loop`"),
    ] {
        let error = error(root.path(), name);
        assert!(error.contains(part), "{name}: {error}");
    }
}

#[test]
fn a_file_is_read_up_to_the_limit_of_its_kind() {
    let root = tempfile::tempdir().unwrap();
    let file = File::create(root.path().join("sparse")).unwrap();
    for (size, expected) in [
        (4 * MIB + 1, "its size is 4 MiB, and the limit is 4 MiB"),
        (1 << 40, "its size is 1 TiB, and the limit is 4 MiB"),
    ] {
        file.set_len(size).unwrap();
        assert_eq!(error(root.path(), "sparse"), expected);
    }
    file.set_len(4 * MIB).unwrap();
    let content = read_project_file(root.path(), &path("sparse"), SizeLimit::Config).unwrap();
    assert_eq!(content.len() as u64, 4 * MIB);
}

#[test]
fn a_device_without_an_end_is_read_up_to_the_limit() {
    let error = read_named_text(Path::new("/dev/zero"), SizeLimit::Config).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge { .. }), "{error}");
    let error = read_file(Path::new("/dev/zero"), SizeLimit::Config).unwrap_err();
    assert_eq!(error.to_string(), "it is a device, not a regular file");
}

#[test]
fn a_file_whose_size_is_unknown_is_read_whole() {
    let status = read_file(Path::new("/proc/self/status"), SizeLimit::Config).unwrap();
    assert!(status.starts_with(b"Name:"));
}

#[test]
fn a_missing_file_is_told_from_an_unreadable_one() {
    let root = tempfile::tempdir().unwrap();
    let missing = read_project_file(root.path(), &path("a/b"), SizeLimit::Config).unwrap_err();
    assert!(missing.is_missing());
    assert_eq!(missing.to_string(), "it does not exist");
    fs::write(root.path().join("latin"), b"\xe9").unwrap();
    let latin = read_project_text(root.path(), &path("latin"), SizeLimit::Config).unwrap_err();
    assert!(!latin.is_missing());
    assert_eq!(latin.to_string(), "it is not UTF-8");
}

#[test]
fn a_size_has_the_largest_unit_that_fits() {
    let shown = |bytes| Size(bytes).to_string();
    let sizes = [0, 1023, 1024, 1536, 4 * MIB + 1, 1 << 30, (1 << 40) + (1 << 39)];
    let expected = ["0 bytes", "1023 bytes", "1 KiB", "1.5 KiB", "4 MiB", "1 GiB", "1.5 TiB"];
    assert_eq!(sizes.map(shown), expected);
}
