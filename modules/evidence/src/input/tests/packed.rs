//! What is packed, cut short, or a bomb.

use std::{fs, io::Write};

use super::{InputLimits, Kind, LINE, XZ, gzip, one, read, tarball, zip};

#[test]
fn every_compression_is_taken_off() {
    let zstandard = ruzstd::encoding::compress_to_vec(LINE, ruzstd::encoding::CompressionLevel::Fastest);
    let skipped = [b"\x50\x2a\x4d\x18\x03\0\0\0abc".as_slice(), &zstandard, &zstandard].concat();
    for (name, packed, times) in [
        ("app.log.gz", gzip(LINE), 1),
        ("app.log.gz", [gzip(LINE), gzip(LINE)].concat(), 2),
        ("app.log.zst", skipped, 2),
        ("app.log.XZ", XZ.to_vec(), 1),
        ("app.log", gzip(&gzip(LINE)), 1),
    ] {
        let seen = one(name, &packed);
        assert_eq!(seen.notes, Vec::<String>::new());
        let expected = (
            name.to_owned(),
            Some("app.log".to_owned()),
            "app.log".to_owned(),
            LINE.repeat(times),
            Kind::Logs,
        );
        assert_eq!(seen.streams, [expected]);
        assert_eq!(seen.progress, (packed.len() as u64, Some(packed.len() as u64)));
    }
}

#[test]
fn archives_are_read_member_by_member_and_two_deep() {
    let inner = gzip(&tarball(&[("b.log", LINE)]));
    let deepest = zip(&[("c.zip", &zip(&[("d.zip", &zip(&[("e.log", LINE)]))]))]);
    let outer = tarball(&[
        ("a.log", LINE),
        ("sub/x.tgz", &inner),
        ("n.gz", &gzip(LINE)),
        ("deep.zip", &deepest),
    ]);
    let seen = one("all.tar.gz", &gzip(&outer));
    let names: Vec<_> = seen
        .streams
        .iter()
        .map(|stream| (stream.1.as_deref().unwrap_or(""), stream.2.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("a.log", "a.log"),
            ("sub/x.tgz!/b.log", "sub/x.tgz!/b.log"),
            ("n.gz!/n", "n")
        ]
    );
    assert!(seen.streams.iter().all(|stream| stream.3 == LINE));
    assert!(
        seen.notes.len() == 1 && seen.notes[0].contains("deep.zip!/c.zip: packed too deep"),
        "{:?}",
        seen.notes
    );
    let zipped = one(
        "all.zip",
        &zip(&[("a.log", LINE), ("in.zip", &zip(&[("b.log", LINE)]))]),
    );
    assert_eq!(
        zipped
            .streams
            .iter()
            .map(|stream| stream.1.clone().unwrap_or_default())
            .collect::<Vec<_>>(),
        ["a.log", "in.zip!/b.log"]
    );
    assert_eq!(zipped.notes, Vec::<String>::new());
}

#[test]
fn a_long_name_of_a_member_is_kept() {
    let mut builder = tar::Builder::new(Vec::new());
    let name = format!("{}/app.log", "folder".repeat(30));
    let mut header = tar::Header::new_gnu();
    header.set_size(LINE.len() as u64);
    builder.append_data(&mut header, &name, LINE).expect("memory");
    let seen = one("a.tar", &builder.into_inner().expect("memory"));
    assert_eq!(seen.streams[0].1.as_deref(), Some(name.as_str()));
}

#[test]
fn names_that_lead_out_of_an_archive_are_led_back_in() {
    // The writer of zip files corrects such a name itself, so that it has to be put in afterwards.
    let mut zipped = zip(&[("x/yy/yy/b.log", LINE)]);
    let places: Vec<_> = zipped
        .windows(5)
        .enumerate()
        .filter(|(_, window)| window == b"yy/yy")
        .map(|(at, _)| at)
        .collect();
    for at in places {
        zipped[at..at + 5].copy_from_slice(b"../..");
    }
    for packed in [tarball(&[("/etc/a.log", LINE), ("../../b.log", LINE)]), zipped] {
        let seen = one("a", &packed);
        assert!(
            seen.streams
                .iter()
                .all(|stream| !stream.2.contains("..") && !stream.2.starts_with('/') && stream.3 == LINE)
        );
        assert_eq!(seen.notes.len(), seen.streams.len());
        assert!(seen.notes[0].contains("its name in the archive is"), "{:?}", seen.notes);
    }
}

#[test]
fn what_stands_before_a_cut_is_read() {
    let content = LINE.repeat(100_000);
    let mut numbered = Vec::new();
    for number in 0..50_000 {
        let _ = writeln!(numbered, "2024-03-01 10:11:12 ERROR request {}", number * 7_919);
    }
    let packed = gzip(&numbered);
    let seen = one("a.log.gz", &packed[..packed.len() / 2]);
    let read = &seen.streams[0].3;
    assert!(read.len() > 100_000 && numbered.starts_with(read));
    assert!(
        seen.notes.len() == 1 && seen.notes[0].contains("What stands before was read"),
        "{:?}",
        seen.notes
    );
    let tarred = tarball(&[("a.log", &content)]);
    let seen = one("a.tar", &tarred[..tarred.len() / 2]);
    assert!(seen.streams[0].3.len() > 1_000_000 && content.starts_with(&seen.streams[0].3));
    assert!(seen.notes[0].contains("reading stopped"), "{:?}", seen.notes);
}

#[test]
fn bombs_are_ended_by_ratio_total_and_members() {
    let zeros = vec![b'a'; 8 << 20];
    let small = InputLimits {
        ratio_from: 1 << 20,
        ..InputLimits::default()
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).expect("written");
    path("a.gz", &gzip(&zeros));
    path("a.zip", &zip(&[("x", &zeros), ("y", &zeros)]));
    path("many.tar", &tarball(&[("a", LINE), ("b", LINE), ("c", LINE)]));
    let seen = read(folder.path(), &["a.gz"], small);
    let length = seen.streams[0].3.len();
    assert!(
        (1 << 20..3 << 20).contains(&length) && seen.notes[0].contains("no ordinary data"),
        "{length} {:?}",
        seen.notes
    );
    let seen = read(folder.path(), &["a.zip"], small);
    assert!(seen.streams.iter().map(|stream| stream.3.len()).sum::<usize>() < 6 << 20);
    assert!(!seen.notes.is_empty());
    let total = InputLimits {
        decompressed: 1 << 20,
        ..InputLimits::default()
    };
    let seen = read(folder.path(), &["a.gz"], total);
    assert!(
        seen.streams[0].3.len() <= 1 << 20 && seen.notes[0].contains("were decompressed in all"),
        "{:?}",
        seen.notes
    );
    let members = InputLimits {
        members: 2,
        ..InputLimits::default()
    };
    let seen = read(folder.path(), &["many.tar"], members);
    assert!(
        seen.streams.len() == 2 && seen.notes[0].contains("only the first 2 members"),
        "{:?}",
        seen.notes
    );
    let laid = InputLimits {
        laid_down: 10,
        ..InputLimits::default()
    };
    path("in.tar", &tarball(&[("a.zip", &zip(&[("x", LINE)]))]));
    assert!(read(folder.path(), &["in.tar"], laid).notes[0].contains("unpack it first"));
}
