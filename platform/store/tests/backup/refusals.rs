//! What a backup and a restore refuse, and what they leave behind when they do.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use mainstay_kernel::World;
use mainstay_store::{
    Database, DatabaseConfig, DatabaseUrl,
    backup::{BackupError, BackupOptions, CheckedBackup, Watcher, back_up, holdings},
    sql,
};
use mainstay_testkit::databases;

use crate::support::{FIRST, Thing, check, everything, file, put, reopened, restore, save, things};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_backup_is_for_its_owner_alone_and_leaves_nothing_else() {
    let db = mainstay_testkit::sqlite(&[FIRST]).await;
    let (folder, file) = file();
    save(&db, &[FIRST], &file).await.unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(names(folder.path()), ["mainstay.backup"]);
}

#[tokio::test]
async fn a_file_that_is_there_is_replaced_only_when_asked() {
    let db = mainstay_testkit::sqlite(&[FIRST]).await;
    let (folder, file) = file();
    fs::write(&file, "dear").unwrap();
    assert!(matches!(save(&db, &[FIRST], &file).await, Err(BackupError::Exists)));
    assert_eq!(fs::read(&file).unwrap(), b"dear");
    let options = BackupOptions {
        migrations: &[FIRST],
        left_out: &[],
        overwrite: true,
    };
    back_up(db.config(), &World::system(), options, &file, &Watcher::silent())
        .await
        .unwrap();
    check(&file, &[FIRST]).await.unwrap();
    // A folder and a device are never replaced.
    for other in [folder.path(), Path::new("/dev/null")] {
        let error = back_up(db.config(), &World::system(), options, other, &Watcher::silent())
            .await
            .unwrap_err();
        assert!(matches!(error, BackupError::NotAFile), "{error}");
    }
    assert_eq!(names(folder.path()), ["mainstay.backup"]);
}

#[tokio::test]
async fn a_database_that_is_absent_or_empty_is_refused_in_words_and_not_made() {
    let (folder, file) = file();
    let absent = folder.path().join("mainstay.db");
    let config = DatabaseConfig::new(DatabaseUrl::Sqlite(absent.clone()));
    let options = BackupOptions {
        migrations: &[FIRST],
        left_out: &[],
        overwrite: false,
    };
    let error = back_up(&config, &World::system(), options, &file, &Watcher::silent())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("there is no database at"), "{error}");
    for db in databases(&[]).await {
        let error = save(&db, &[FIRST], &file).await.unwrap_err();
        assert!(error.to_string().contains("nothing to back up"), "{error}");
        assert_eq!(holdings(db.config(), &[FIRST]).await.unwrap(), []);
    }
    assert_eq!(names(folder.path()), [""; 0]);
}

#[tokio::test]
async fn a_value_that_the_other_database_cannot_hold_is_named_and_nothing_changes() {
    let both = databases(&[FIRST]).await;
    let [small, large] = both.as_slice() else { return };
    let (_folder, from_small) = file();
    let (_folder, from_large) = file();
    let nul = Thing {
        words: Some("a\0b".to_owned()),
        ..Thing::plain(2)
    };
    put(small, [Thing::plain(1), nul]).await;
    let nan = Thing {
        ratio: Some(f64::NAN.to_bits()),
        ..Thing::plain(4)
    };
    put(large, [Thing::plain(3), nan]).await;
    save(small, &[FIRST], &from_small).await.unwrap();
    save(large, &[FIRST], &from_large).await.unwrap();
    let (before_small, before_large) = (everything(small).await, everything(large).await);
    small.close().await;

    let error = restore(large, &[FIRST], &from_small).await.unwrap_err().to_string();
    assert!(error.contains("PostgreSQL cannot hold"), "{error}");
    assert!(error.contains("demo_value.words has it in row 2"), "{error}");
    let error = restore(small, &[FIRST], &from_large).await.unwrap_err().to_string();
    assert!(error.contains("SQLite cannot hold"), "{error}");
    assert!(error.contains("demo_value.ratio has it in row 2"), "{error}");
    assert_eq!(everything(large).await, before_large);
    assert_eq!(everything(&reopened(small).await).await, before_small);
    assert_eq!(
        names(small.directory().unwrap()),
        ["mainstay.db", "mainstay.db-shm", "mainstay.db-wal"]
    );
}

#[tokio::test]
async fn the_database_that_is_replaced_is_kept_with_what_stood_in_its_log() {
    let db = mainstay_testkit::sqlite(&[FIRST]).await;
    let (_folder, file) = file();
    put(&db, [Thing::plain(1)]).await;
    save(&db, &[FIRST], &file).await.unwrap();
    put(&db, [Thing::plain(2)]).await;
    let folder = db.directory().unwrap();
    let before = everything(&db).await;
    // As after a kill: the log is there, and nobody has the database open.
    let killed = tempfile::tempdir().unwrap();
    for name in ["mainstay.db", "mainstay.db-wal", "mainstay.db-shm"] {
        fs::copy(folder.join(name), killed.path().join(name)).unwrap();
    }
    fs::set_permissions(killed.path().join("mainstay.db"), fs::Permissions::from_mode(0o640)).unwrap();
    let path = killed.path().join("mainstay.db");
    let config = DatabaseConfig::new(DatabaseUrl::Sqlite(path.clone()));
    let checked = CheckedBackup::read(&file, &Watcher::silent()).await.unwrap();
    let restorable = checked.restorable(&[FIRST]).await.unwrap();
    let restored = restorable
        .restore(&config, &World::system(), &Watcher::silent())
        .await
        .unwrap();
    let kept = restored.kept.unwrap();
    assert_eq!(names(killed.path()).len(), 2, "{:?}", names(killed.path()));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    let kept = Database::open(&DatabaseConfig::new(DatabaseUrl::Sqlite(kept)))
        .await
        .unwrap();
    assert_eq!(everything(&kept).await, before);
    let found = Database::open(&config).await.unwrap();
    assert_eq!(things(&found).await, [Thing::plain(1)]);
}

#[tokio::test]
async fn a_damaged_database_can_be_replaced_and_is_kept_with_its_log() {
    let db = mainstay_testkit::sqlite(&[FIRST]).await;
    let (_folder, file) = file();
    put(&db, [Thing::plain(1)]).await;
    save(&db, &[FIRST], &file).await.unwrap();
    db.close().await;
    let folder = db.directory().unwrap();
    fs::write(folder.join("mainstay.db"), "no database at all, whatever it once was").unwrap();
    fs::write(folder.join("mainstay.db-wal"), "its log").unwrap();
    let restored = restore(&db, &[FIRST], &file).await.unwrap();
    assert_eq!(things(&reopened(&db).await).await, [Thing::plain(1)]);
    let kept = restored.kept.unwrap();
    assert!(fs::read_to_string(&kept).unwrap().starts_with("no database"));
}

#[tokio::test]
async fn a_database_that_somebody_reads_is_not_replaced() {
    let db = mainstay_testkit::sqlite(&[FIRST]).await;
    let (_folder, file) = file();
    put(&db, [Thing::plain(1)]).await;
    save(&db, &[FIRST], &file).await.unwrap();
    put(&db, [Thing::plain(2)]).await;
    let before = everything(&db).await;
    let reading = reopened(&db).await;
    let mut tx = reading.begin().await.unwrap();
    tx.fetch_all(sql("SELECT * FROM demo_value")).await.unwrap();
    db.close().await;
    let error = restore(&db, &[FIRST], &file).await.unwrap_err();
    assert!(matches!(error, BackupError::Busy(_)), "{error}");
    tx.rollback().await.unwrap();
    assert_eq!(everything(&reading).await, before);
}

#[tokio::test]
async fn what_killed_restores_left_is_cleared_away() {
    let db = mainstay_testkit::sqlite(&[FIRST]).await;
    let (_folder, file) = file();
    put(&db, [Thing::plain(1)]).await;
    save(&db, &[FIRST], &file).await.unwrap();
    db.close().await;
    let folder = db.directory().unwrap();
    fs::write(folder.join("mainstay.db.restoring"), "half a database").unwrap();
    let second_name = folder.join("mainstay.db.before-restore-20200101T000000Z");
    fs::hard_link(folder.join("mainstay.db"), &second_name).unwrap();
    let earlier = folder.join("mainstay.db.before-restore-20190101T000000Z");
    fs::write(&earlier, "a database that was really replaced").unwrap();
    let restored = restore(&db, &[FIRST], &file).await.unwrap();
    assert!(!second_name.exists());
    assert!(earlier.exists());
    assert!(restored.kept.unwrap().exists());
    assert_eq!(names(folder).len(), 3, "{:?}", names(folder));
}
