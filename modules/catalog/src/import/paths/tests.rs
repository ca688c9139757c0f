//! What is read, what is left out, and under which names, on real folders.

use std::os::unix::{ffi::OsStrExt as _, fs::symlink, net::UnixListener};

use super::*;

fn write(root: &Path, paths: &[&str]) {
    for path in paths {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x: 1").unwrap();
    }
}

/// Paths relative to `root`, for comparison.
fn relative(root: &Path, paths: impl Iterator<Item = String>) -> Vec<String> {
    let prefix = format!("{}/", root.display());
    paths
        .map(|path| path.strip_prefix(&prefix).unwrap_or(&path).to_owned())
        .collect()
}

fn read(root: &Path) -> (Vec<String>, Vec<(String, LeftOutKind)>) {
    let found = read_paths(&[root.to_owned()]).unwrap();
    let files = relative(root, found.files.into_iter().map(|file| file.path));
    let (paths, kinds): (Vec<_>, Vec<_>) = found
        .left_out
        .into_iter()
        .map(|left| {
            assert!(!left.note.is_empty());
            (left.path, left.kind)
        })
        .unzip();
    (
        files,
        relative(root, paths.into_iter()).into_iter().zip(kinds).collect(),
    )
}

#[test]
fn folders_are_read_in_order_and_build_output_is_only_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(
        root,
        &[
            "b.yaml",
            "a/z.yaml",
            "a/b.yaml",
            "target/x.json",
            ".git/config",
            "a/node_modules/p.json",
        ],
    );
    let (files, left_out) = read(root);
    assert_eq!(files, ["a/b.yaml", "a/z.yaml", "b.yaml"]);
    let folders = [".git", "a/node_modules", "target"].map(|path| (path.to_owned(), LeftOutKind::Folder));
    assert_eq!(left_out, folders);
}

#[test]
fn a_missing_path_is_named_in_the_error() {
    let error = read_paths(&[PathBuf::from("no/such/place")]).unwrap_err().to_string();
    assert!(error.contains("no/such/place"), "{error}");
}

#[test]
fn equal_names_in_two_folders_stay_two_files_however_the_folders_are_given() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &["repo-a/compose.yml", "repo-b/compose.yml", "repo-a/sub/x.yml"],
    );
    let one = |path: &str| {
        let found = read_paths(&[folder.path().join(path)]).unwrap();
        found.files.into_iter().map(|file| file.path).collect::<Vec<_>>()
    };
    let (a, b) = (one("repo-a"), one("repo-b/"));
    assert!(a.iter().all(|path| !b.contains(path)), "{a:?} {b:?}");
    assert_eq!(a, one("./repo-a/."), "the spelling of the path does not matter");
    // What was given by its place alone has the folder's own name.
    assert_eq!(one("repo-a/sub/.."), ["repo-a/compose.yml", "repo-a/sub/x.yml"]);
}

#[test]
fn a_relative_path_is_shown_as_it_was_given() {
    for (given, expected) in [
        ("a/b", "a/b"),
        ("./a//b/./", "a/b"),
        ("../a", "../a"),
        ("/a/b", "/a/b"),
        ("/", "/"),
    ] {
        assert_eq!(shown(Path::new(given)), expected);
    }
    assert_eq!(join("/", "a"), "/a");
    let here = shown(Path::new("."));
    assert!(!here.is_empty() && !here.contains(['.', '/']), "{here}");
}

#[test]
fn what_is_too_large_special_or_a_link_away_is_listed_with_its_reason() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = folder.path();
    write(root, &["real/a.yaml"]);
    write(elsewhere.path(), &["secret.yaml"]);
    let large = usize::try_from(MAX_FILE_BYTES).unwrap();
    fs::write(root.join("fits.json"), vec![b' '; large]).unwrap();
    fs::write(root.join("large.json"), vec![b' '; large + 1]).unwrap();
    symlink("real/a.yaml", root.join("inside.yaml")).unwrap();
    symlink(elsewhere.path().join("secret.yaml"), root.join("outside.yaml")).unwrap();
    symlink("..", root.join("real/circle")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    symlink("nothing", root.join("dangling")).unwrap();
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    let (files, left_out) = read(root);
    assert_eq!(files, ["fits.json", "inside.yaml", "real/a.yaml"]);
    let expected = [
        ("dangling", LeftOutKind::Link),
        ("large.json", LeftOutKind::TooLarge),
        ("loop", LeftOutKind::Link),
        ("outside.yaml", LeftOutKind::Link),
        ("real/circle", LeftOutKind::Link),
        ("socket", LeftOutKind::Special),
    ];
    assert_eq!(left_out, expected.map(|(path, kind)| (path.to_owned(), kind)));
    let alone = read_paths(&[root.join("large.json")]).unwrap();
    assert!(
        alone.files.is_empty() && !alone.is_empty(),
        "a large file is listed even when it is given by name"
    );
}

/// Root may read everything, so a file that cannot be read is one whose reading fails: `/proc/self/mem` does at address 0.
#[test]
fn a_file_that_cannot_be_read_is_listed_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &["a.yaml"]);
    let paths = [PathBuf::from("/proc/self/mem"), folder.path().to_owned()];
    let found = read_paths(&paths).unwrap();
    assert_eq!(found.files.len(), 1);
    let [left] = found.left_out.as_slice() else {
        panic!("{:?}", found.left_out);
    };
    assert_eq!(
        (left.path.as_str(), left.kind),
        ("/proc/self/mem", LeftOutKind::Unreadable)
    );
}

#[test]
fn a_mounted_volume_is_read_under_the_names_that_stay() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, &["..2026_03_01/fleet.yaml"]);
    symlink("..2026_03_01", root.join("..data")).unwrap();
    symlink("..data/fleet.yaml", root.join("fleet.yaml")).unwrap();
    let (files, left_out) = read(root);
    assert_eq!(files, ["fleet.yaml"]);
    assert_eq!(left_out.len(), 2);
}

#[test]
fn names_that_are_no_text_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    for name in [&b"a\xff"[..], b"a\xfe", b"a\nb"] {
        fs::write(folder.path().join(OsStr::from_bytes(name)), "x").unwrap();
    }
    assert_eq!(read(folder.path()).0, ["a\\nb", "a\\xfe", "a\\xff"]);
}
