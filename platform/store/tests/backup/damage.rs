//! A file that is not what was written is refused, with words that tell what it is, before anything is replaced.

use std::{fs, path::Path};

use mainstay_store::backup::BackupError;
use mainstay_testkit::{TestDatabase, databases};
use sha2::{Digest, Sha256};

use crate::support::{FIRST, Thing, check, everything, file, put, reopened, restore, save};

/// A small backup, as bytes.
async fn small(db: &TestDatabase, file: &Path) -> Vec<u8> {
    put(db, [Thing::plain(1), Thing::plain(2)]).await;
    save(db, &[FIRST], file).await.unwrap();
    fs::read(file).unwrap()
}

async fn refusal(file: &Path, bytes: &[u8]) -> BackupError {
    fs::write(file, bytes).unwrap();
    check(file, &[FIRST]).await.unwrap_err()
}

#[tokio::test]
async fn a_change_of_any_byte_is_called_damage() {
    let db = mainstay_testkit::sqlite(&[FIRST]).await;
    let (_folder, file) = file();
    let good = small(&db, &file).await;
    for at in 0..good.len() {
        for flip in [1, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            let error = refusal(&file, &bad).await;
            assert!(
                matches!(error, BackupError::Damaged { .. }),
                "byte {at} of {}, {flip:#x}: {error}",
                good.len()
            );
        }
    }
}

#[tokio::test]
async fn a_file_that_ends_early_is_called_cut_short_wherever_it_ends() {
    let db = mainstay_testkit::sqlite(&[FIRST]).await;
    let (_folder, file) = file();
    let good = small(&db, &file).await;
    for length in 1..good.len() {
        let error = refusal(&file, &good[..length]).await;
        let BackupError::CutShort { bytes } = error else {
            panic!("{length} of {} bytes: {error}", good.len());
        };
        assert_eq!(bytes, length as u64);
    }
}

#[tokio::test]
async fn other_files_newer_formats_and_additions_are_told_apart() {
    let db = mainstay_testkit::sqlite(&[FIRST]).await;
    let (_folder, file) = file();
    let good = small(&db, &file).await;
    for foreign in [&b""[..], b"SQLite format 3\0 and so on and on", b"x", b"PK\x03\x04"] {
        let error = refusal(&file, foreign).await;
        assert!(matches!(error, BackupError::Foreign), "{error}");
    }
    let mut newer = good.clone();
    newer[19] = 7;
    let check = Sha256::digest(&newer[..20]);
    newer[20..24].copy_from_slice(&check[..4]);
    let error = refusal(&file, &newer).await;
    assert!(matches!(error, BackupError::NewerFormat { found: 7 }), "{error}");
    assert!(error.to_string().contains("format 7"), "{error}");
    let longer = [good.as_slice(), b"x"].concat();
    let error = refusal(&file, &longer).await;
    assert!(error.to_string().contains("after its end"), "{error}");
    let twice = [good.as_slice(), &good].concat();
    assert!(matches!(refusal(&file, &twice).await, BackupError::Damaged { .. }));
}

#[tokio::test]
async fn the_last_32_bytes_are_the_digest_of_all_the_others() {
    let db = mainstay_testkit::sqlite(&[FIRST]).await;
    let (_folder, file) = file();
    let good = small(&db, &file).await;
    let (all, digest) = good.split_at(good.len() - 32);
    assert_eq!(Sha256::digest(all)[..], *digest);
    assert_eq!(check(&file, &[FIRST]).await.unwrap().sha256, hex::encode(digest));
}

#[tokio::test]
async fn a_damaged_file_changes_nothing() {
    let (_folder, file) = file();
    for db in databases(&[FIRST]).await {
        let _ = fs::remove_file(&file);
        let mut bad = small(&db, &file).await;
        put(&db, [Thing::plain(3)]).await;
        let before = everything(&db).await;
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        fs::write(&file, &bad).unwrap();
        db.close().await;
        restore(&db, &[FIRST], &file).await.unwrap_err();
        if let Some(folder) = db.directory() {
            assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
        }
        assert_eq!(everything(&reopened(&db).await).await, before);
    }
}
