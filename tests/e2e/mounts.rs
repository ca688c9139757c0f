//! Small file systems of their own, to be filled up or made read-only. They need the right to mount; without it the tests that
//! use them say that they were skipped.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

/// A file system in memory; unmounted when dropped.
pub struct Mount(PathBuf);

impl Mount {
    /// Mounts one of `megabytes` at `path`; `None`, with a word on standard error, where mounting is not allowed.
    pub fn small(path: &Path, megabytes: u32) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let options = format!("size={megabytes}m");
        let arguments = ["-t", "tmpfs", "-o", &options, "tmpfs"];
        let output = Command::new("mount").args(arguments).arg(path).output();
        if output.as_ref().is_ok_and(|output| output.status.success()) {
            return Some(Self(path.to_owned()));
        }
        eprintln!("SKIPPED: this test needs the right to mount a file system ({output:?})");
        None
    }

    pub fn make_read_only(&self) {
        let status = Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(&self.0)
            .status()
            .unwrap();
        assert!(status.success());
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Writes until nothing more fits.
    pub fn fill(&self) {
        let mut file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.ballast())
            .unwrap();
        for size in [65_536, 4096, 1] {
            while file.write_all(&vec![b'x'; size]).is_ok() {}
        }
    }

    /// Frees what [`Self::fill`] took.
    pub fn relieve(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
