//! What is hidden, looped, special, or grows.

use std::{
    fs,
    io::{Read, Write},
};

use super::{InputLimits, Inputs, Kind, LINE, read};

#[test]
fn folders_are_read_in_order_without_what_is_hidden() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["b.log", "a/z.log", "a/.git/config", ".env", "a.log", "empty.log"] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(
            path,
            if name.starts_with("empty") {
                b"".as_slice()
            } else {
                LINE
            },
        )
        .expect("written");
    }
    let seen = read(folder.path(), &["."], InputLimits::default());
    let names: Vec<_> = seen
        .streams
        .iter()
        .map(|stream| (stream.2.as_str(), stream.4))
        .collect();
    assert_eq!(
        names,
        [
            (".env", Kind::Logs),
            ("a/z.log", Kind::Logs),
            ("a.log", Kind::Logs),
            ("b.log", Kind::Logs),
            ("empty.log", Kind::Junk),
        ]
    );
    assert!(
        seen.notes.len() == 1 && seen.notes[0].contains(".git") && seen.notes[0].contains("hidden"),
        "{:?}",
        seen.notes
    );
    let few = read(
        folder.path(),
        &["."],
        InputLimits {
            files: 2,
            ..InputLimits::default()
        },
    );
    assert!(few.streams.len() == 2 && few.notes.iter().any(|note| note.contains("only the first 2 files")));
}

#[cfg(unix)]
#[test]
fn loops_of_links_sockets_and_what_is_missing_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    fs::create_dir(root.join("a")).expect("made");
    fs::write(root.join("a/x.log"), LINE).expect("written");
    std::os::unix::fs::symlink(root, root.join("a/up")).expect("linked");
    std::os::unix::fs::symlink(root.join("self"), root.join("self")).expect("linked");
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).expect("bound");
    let seen = read(root, &["", "missing.log"], InputLimits::default());
    assert_eq!(
        seen.streams.iter().map(|stream| stream.2.as_str()).collect::<Vec<_>>(),
        ["a/x.log"]
    );
    let all = seen.notes.join("\n");
    for words in [
        "a/up : read already",
        "self : it cannot be opened",
        "socket : a socket, so it was not read",
        "missing.log : it cannot be opened",
    ] {
        assert!(all.contains(words), "{words} in {all}");
    }
}

#[test]
fn a_file_that_grows_is_read_to_where_it_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("grows.log");
    let mut content = LINE.repeat(10_000);
    fs::write(&path, &content).expect("written");
    let inputs = Inputs::gather(std::slice::from_ref(&path), InputLimits::default());
    let mut file = fs::OpenOptions::new().append(true).open(&path).expect("open");
    let mut read = Vec::new();
    inputs.visit_all(&|_| (), &mut |mut input| {
        assert_eq!(input.known, Some(280_000));
        let mut block = [0; 1_000];
        loop {
            file.write_all(LINE).expect("written");
            let count = input.read(&mut block).expect("never fails");
            if count == 0 {
                return;
            }
            read.extend_from_slice(&block[..count]);
        }
    });
    assert!(read == content, "{} bytes", read.len());
    assert!(
        inputs.notes().0[0]
            .trouble
            .to_string()
            .contains("it grows: the first 280000 bytes were read")
    );
    content.truncate(100);
    let inputs = Inputs::gather(std::slice::from_ref(&path), InputLimits::default());
    fs::write(&path, &content).expect("written");
    inputs.visit_all(&|_| (), &mut |mut input| {
        assert_eq!(std::io::copy(&mut input, &mut std::io::sink()).ok(), Some(100));
    });
    assert!(inputs.notes().0[0].trouble.to_string().contains("100 could be read"));
}
