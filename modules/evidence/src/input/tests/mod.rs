//! Bad days of inputs: what is packed, broken, hidden, looped or growing.

use std::{
    cell::RefCell,
    fs,
    io::{Cursor, Read, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;

mod folders;
mod packed;

use super::{InputLimits, Inputs, Kind};

const LINE: &[u8] = b"2024-03-01 10:11:12 ERROR x\n";
/// `LINE` as `xz` packs it.
const XZ: [u8; 84] = [
    0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4, 0xe6, 0xd6, 0xb4, 0x46, 2, 0, 0x21, 1, 0x16, 0, 0, 0, 0x74, 0x2f, 0xe5,
    0xa3, 1, 0, 0x1b, 0x32, 0x30, 0x32, 0x34, 0x2d, 0x30, 0x33, 0x2d, 0x30, 0x31, 0x20, 0x31, 0x30, 0x3a, 0x31, 0x31,
    0x3a, 0x31, 0x32, 0x20, 0x45, 0x52, 0x52, 0x4f, 0x52, 0x20, 0x78, 0x0a, 0, 0xd6, 0xf5, 0x70, 0x39, 0x88, 0x4c,
    0xe9, 0xad, 0, 1, 0x34, 0x1c, 0x93, 0x1a, 0xad, 0x8f, 0x1f, 0xb6, 0xf3, 0x7d, 1, 0, 0, 0, 0, 4, 0x59, 0x5a,
];

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}

fn tarball(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        // Written by hand: the builder refuses what an attacker would write.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *content).expect("memory");
    }
    builder.into_inner().expect("memory")
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = rawzip::ZipArchiveWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        let (mut entry, config) = archive
            .new_file(*name)
            .compression_method(rawzip::CompressionMethod::DEFLATE)
            .start()
            .expect("memory");
        let encoder = flate2::write::DeflateEncoder::new(&mut entry, Compression::default());
        let mut writer = config.wrap(encoder);
        writer.write_all(content).expect("memory");
        let (encoder, descriptor) = writer.finish().expect("memory");
        encoder.finish().expect("memory");
        entry.finish(descriptor).expect("memory");
    }
    archive.finish().expect("memory").into_inner()
}

/// A stream: its file without the folder, its member, its path for comparing, its content and its kind.
type Stream = (String, Option<String>, String, Vec<u8>, Kind);

/// Streams, notes, and the last progress.
#[derive(Debug, Default)]
struct Seen {
    streams: Vec<Stream>,
    notes: Vec<String>,
    progress: (u64, Option<u64>),
}

fn read(root: &Path, paths: &[&str], limits: InputLimits) -> Seen {
    let paths: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
    let inputs = Inputs::gather(&paths, limits);
    let seen = RefCell::new(Seen::default());
    let short = |name: &str| {
        Path::new(name)
            .strip_prefix(root)
            .map_or(name.to_owned(), |path| path.to_string_lossy().into_owned())
    };
    inputs.visit_all(
        &|progress| seen.borrow_mut().progress = (progress.read, progress.known),
        &mut |mut input| {
            let mut content = Vec::new();
            input.read_to_end(&mut content).expect("never fails");
            assert!(content.starts_with(&input.prefix()[..input.prefix().len().min(content.len())]));
            let kind = input.recognised.kind;
            let stream = (
                short(&input.origin.file),
                input.origin.member.clone(),
                input.relative.clone(),
                content,
                kind,
            );
            seen.borrow_mut().streams.push(stream);
        },
    );
    let mut seen = seen.into_inner();
    for note in inputs.notes().0 {
        seen.notes.push(format!(
            "{} {}: {}",
            short(&note.origin.file),
            note.origin.member.unwrap_or_default(),
            note.trouble
        ));
    }
    seen
}

fn one(name: &str, content: &[u8]) -> Seen {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(name), content).expect("written");
    read(folder.path(), &[name], InputLimits::default())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_bytes_end_without_a_failure(
        kind in 0..6_usize,
        at in any::<prop::sample::Index>(),
        faults in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        rest in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut bytes = match kind {
            0 => gzip(LINE),
            1 => zip(&[("a.log", LINE), ("b.zip", &zip(&[("c", LINE)]))]),
            2 => tarball(&[("a.log", LINE), ("b.gz", &gzip(LINE))]),
            3 => XZ.to_vec(),
            4 => ruzstd::encoding::compress_to_vec(LINE, ruzstd::encoding::CompressionLevel::Fastest),
            _ => Vec::new(),
        };
        bytes.truncate(at.index(bytes.len() + 1));
        bytes.extend(rest);
        for (at, fault) in faults {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] ^= fault;
            }
        }
        let _ = one("any", &bytes);
    }
}
