//! The folder of the backups: names that sort by time, and which of them go.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

const PREFIX: &str = "mainstay-";
const SUFFIX: &str = ".backup";
const TIME: &str = "%Y%m%dT%H%M%SZ";
/// What unfinished files begin with: those not verified yet, and those not even written to their end.
const UNFINISHED: [&str; 2] = [".mainstay-", "..mainstay-"];
/// No backup takes longer, so what is older was left by a process that was killed.
const ABANDONED_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// The folder.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes it, for its owner alone, when it is absent.
    pub fn make(path: &Path) -> anyhow::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("the folder {} of the backups cannot be made", path.display()))?;
        Ok(Self(path.to_owned()))
    }

    /// A file to be, named after the moment.
    pub fn unverified(&self, now: Timestamp) -> Unverified {
        let name = format!("{PREFIX}{}{SUFFIX}", now.to_zoned(TimeZone::UTC).strftime(TIME));
        Unverified {
            path: self.0.join(format!(".{name}.unverified")),
            named: self.0.join(name),
        }
    }

    /// The oldest backup that was begun at `moment` or later: its name knows the second, and its file when it was finished.
    pub fn taken_since(&self, moment: Timestamp) -> anyhow::Result<Option<PathBuf>> {
        let since = moment
            .to_zoned(TimeZone::UTC)
            .datetime()
            .with()
            .subsec_nanosecond(0)
            .build()?;
        let mut names = self.backups()?;
        names.retain(|name| {
            let finished = fs::metadata(self.0.join(name)).and_then(|file| file.modified());
            let finished = finished.ok().and_then(|finished| Timestamp::try_from(finished).ok());
            taken_at(name).is_some_and(|taken| taken >= since) && finished.is_some_and(|finished| finished >= moment)
        });
        Ok(names.into_iter().min().map(|name| self.0.join(name)))
    }

    /// Deletes all but the newest backups that were taken here; other files stay. Answers the names of those deleted.
    pub fn keep_newest(&self, keep: usize) -> anyhow::Result<Vec<String>> {
        let mut names = self.backups()?;
        names.sort_unstable_by(|a, b| b.cmp(a));
        let old = names.split_off(keep.min(names.len()));
        for name in &old {
            fs::remove_file(self.0.join(name)).with_context(|| format!("the old backup {name} cannot be deleted"))?;
        }
        Ok(old)
    }

    fn backups(&self) -> anyhow::Result<Vec<String>> {
        let unread = || format!("the folder {} of the backups cannot be read", self.0.display());
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0).with_context(unread)? {
            let name = entry.with_context(unread)?.file_name().to_string_lossy().into_owned();
            if taken_at(&name).is_some() {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// Deletes what a killed process left behind.
    pub fn remove_unfinished(&self, now: Timestamp) {
        let Ok(entries) = fs::read_dir(&self.0) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let modified = entry.metadata().and_then(|file| file.modified()).ok();
            let modified = modified.and_then(|modified| Timestamp::try_from(modified).ok());
            let abandoned = modified.is_some_and(|modified| now.duration_since(modified) > ABANDONED_AFTER);
            if abandoned && UNFINISHED.iter().any(|start| name.starts_with(start)) && name.contains(SUFFIX) {
                match fs::remove_file(entry.path()) {
                    Ok(()) => tracing::info!(file = name, "deleted a backup that was never finished"),
                    Err(error) => tracing::warn!(file = name, %error, "an unfinished backup cannot be deleted"),
                }
            }
        }
    }
}

/// When a backup of that name was taken; `None` when it is no such name.
fn taken_at(name: &str) -> Option<jiff::civil::DateTime> {
    let time = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    jiff::civil::DateTime::strptime(TIME, time).ok()
}

/// A file that is no backup yet; deleted unless it becomes one.
#[derive(Debug)]
pub(super) struct Unverified {
    path: PathBuf,
    named: PathBuf,
}

impl Unverified {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder it is in.
    pub fn folder(&self) -> &Path {
        self.named.parent().unwrap_or(Path::new("."))
    }

    /// Gives it its name; answers that.
    pub fn publish(self) -> anyhow::Result<PathBuf> {
        let named = self.named.clone();
        fs::rename(&self.path, &named)
            .and_then(|()| sync(self.folder()))
            .with_context(|| format!("the backup cannot be named {}", named.display()))?;
        Ok(named)
    }
}

impl Drop for Unverified {
    fn drop(&mut self) {
        // Most often it is gone already: it has its name, or was never written.
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes names as durable as what they name.
fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn only_the_oldest_of_its_own_files_go() {
        let outside = tempfile::tempdir().unwrap();
        let folder = Folder::make(&outside.path().join("a/b")).unwrap();
        let own: Vec<String> = (1..=4)
            .map(|day| format!("mainstay-2026010{day}T033000Z.backup"))
            .collect();
        let others = [
            "mainstay-2026-01-01.backup",
            "mainstay-20261301T033000Z.backup",
            "mainstay.backup",
            "notes.txt",
        ];
        for name in own.iter().map(String::as_str).chain(others) {
            fs::write(folder.0.join(name), "").unwrap();
        }
        let mut removed = folder.keep_newest(2).unwrap();
        removed.sort();
        assert_eq!(removed, own[..2]);
        let left = names(&folder.0);
        assert!(own[2..].iter().all(|name| left.contains(name)), "{left:?}");
        assert!(others.iter().all(|name| left.contains(&(*name).to_owned())), "{left:?}");
        assert!(folder.keep_newest(9).unwrap().is_empty());
    }

    #[test]
    fn a_file_has_the_name_of_a_backup_only_once_it_is_published() {
        let outside = tempfile::tempdir().unwrap();
        let folder = Folder::make(outside.path()).unwrap();
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        let given_up = folder.unverified(now);
        fs::write(given_up.path(), "half").unwrap();
        assert!(names(outside.path()).iter().all(|name| taken_at(name).is_none()));
        drop(given_up);
        assert!(names(outside.path()).is_empty());
        let file = folder.unverified(now);
        fs::write(file.path(), "whole").unwrap();
        file.publish().unwrap();
        assert_eq!(names(outside.path()), ["mainstay-20260102T030405Z.backup"]);
        assert!(taken_at("mainstay-20260102T030405Z.backup").is_some());
    }

    #[test]
    fn a_backup_that_was_begun_since_a_moment_is_found() {
        let outside = tempfile::tempdir().unwrap();
        let folder = Folder::make(outside.path()).unwrap();
        for (name, finished) in [
            ("mainstay-20260102T030405Z.backup", "2026-01-02T03:04:05.5Z"),
            ("mainstay-20260103T030405Z.backup", "2026-01-03T03:04:08Z"),
            ("mainstay-other", "2026-01-03T03:04:08Z"),
        ] {
            let file = fs::File::create(outside.path().join(name)).unwrap();
            file.set_modified(finished.parse::<Timestamp>().unwrap().into())
                .unwrap();
        }
        let since = |moment: &str| {
            let found = folder.taken_since(moment.parse().unwrap()).unwrap()?;
            Some(found.file_name().unwrap().to_string_lossy().into_owned())
        };
        let (first, second) = ("mainstay-20260102T030405Z.backup", "mainstay-20260103T030405Z.backup");
        assert_eq!(since("2026-01-02T03:04:05.2Z").unwrap(), first);
        // Begun in this second, and finished before.
        assert_eq!(since("2026-01-02T03:04:05.9Z").unwrap(), second);
        assert_eq!(since("2026-01-02T03:04:06Z").unwrap(), second);
        assert_eq!(since("2026-01-03T03:04:09Z"), None);
    }

    #[test]
    fn what_a_killed_process_left_goes_a_day_later() {
        let outside = tempfile::tempdir().unwrap();
        let folder = Folder::make(outside.path()).unwrap();
        let now: Timestamp = "2026-01-02T03:30:01Z".parse().unwrap();
        let (old, young) = (
            now - ABANDONED_AFTER - SignedDuration::from_mins(1),
            now - SignedDuration::from_mins(1),
        );
        for (name, age) in [
            (".mainstay-20260101T033000Z.backup.unverified", old),
            ("..mainstay-20260101T033000Z.backup.unverified.x.part", old),
            (".mainstay-20260102T033000Z.backup.unverified", young),
            (".other", old),
        ] {
            let file = fs::File::create(outside.path().join(name)).unwrap();
            file.set_modified(age.into()).unwrap();
        }
        folder.remove_unfinished(now);
        assert_eq!(
            names(outside.path()),
            [".mainstay-20260102T033000Z.backup.unverified", ".other"]
        );
    }
}
