//! The session that `mainstay login` keeps: one for each server, in a file that only its owner can read.
//!
//! A refresh token is good for one use, so of several commands that run at once one refreshes and the others wait for it and
//! take what it got.

use std::{
    collections::BTreeMap,
    fs::{DirBuilder, File, OpenOptions},
    io::{Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::PathBuf,
};

use anyhow::{Context, bail};
use jiff::{SignedDuration, Timestamp};
use mainstay_kernel::World;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cli::client::ServerUrl;

/// A token that expires sooner than this is refreshed first.
const SOON: SignedDuration = SignedDuration::from_secs(30);

/// The sessions that are kept, by the address of their server.
#[derive(Default, Serialize, Deserialize)]
pub struct Kept(BTreeMap<String, KeptSession>);

#[derive(Serialize, Deserialize)]
struct KeptSession {
    access_token: String,
    refresh_token: String,
    expires_at: Timestamp,
}

impl KeptSession {
    fn of(answer: &Value) -> Option<Self> {
        let text = |field: &str| answer[field].as_str().map(str::to_owned);
        let lifetime = SignedDuration::from_secs(answer["expires_in"].as_i64()?);
        Some(Self {
            access_token: text("access_token")?,
            refresh_token: text("refresh_token")?,
            expires_at: World::system().now().checked_add(lifetime).ok()?,
        })
    }
}

impl Kept {
    /// Keeps the session of an answer to a sign-in.
    ///
    /// # Errors
    /// When the answer holds none, or the file cannot be written.
    pub fn keep(server: &ServerUrl, answer: &Value) -> anyhow::Result<()> {
        let session = KeptSession::of(answer).context("the answer holds no tokens; is this a Mainstay?")?;
        let mut file = OpenKept::open()?;
        file.kept.0.insert(server.origin(), session);
        file.write()
    }

    /// Forgets the session of a server; answers whether there was one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget(server: &ServerUrl) -> anyhow::Result<bool> {
        let mut file = OpenKept::open()?;
        let there = file.kept.0.remove(&server.origin()).is_some();
        file.write()?;
        Ok(there)
    }

    /// An access token of the session that is kept for a server, refreshed when it is about to expire.
    ///
    /// # Errors
    /// When the file cannot be read or the server does not refresh the session.
    pub async fn access_token(server: &ServerUrl) -> anyhow::Result<Option<String>> {
        // Where there is no home, as in a container, nobody has signed in.
        if !path().is_ok_and(|path| path.exists()) {
            return Ok(None);
        }
        let mut file = OpenKept::open()?;
        let Some(session) = file.kept.0.get(&server.origin()) else {
            return Ok(None);
        };
        let soon = World::system().now().checked_add(SOON).unwrap_or(Timestamp::MAX);
        if session.expires_at > soon {
            return Ok(Some(session.access_token.clone()));
        }
        let body = json!({ "refresh_token": session.refresh_token });
        let answer = match server.post_unsigned("/api/v1/auth/refresh", &body).await {
            Ok(answer) => answer,
            Err(error) => {
                return Err(error.context(format!(
                    "the session at {server} cannot go on; sign in with `mainstay login`"
                )));
            }
        };
        let session = KeptSession::of(&answer).context("the answer holds no tokens; is this a Mainstay?")?;
        let token = session.access_token.clone();
        file.kept.0.insert(server.origin(), session);
        file.write()?;
        Ok(Some(token))
    }
}

/// The file, read and locked until it is dropped.
struct OpenKept {
    file: File,
    kept: Kept,
}

impl OpenKept {
    fn open() -> anyhow::Result<Self> {
        let path = path()?;
        let cannot = || format!("cannot open {}, where sessions are kept", path.display());
        if let Some(folder) = path.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .with_context(cannot)?;
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).with_context(cannot)?;
        file.lock().with_context(cannot)?;
        let mut text = String::new();
        file.read_to_string(&mut text).with_context(cannot)?;
        // What cannot be read is of no use, and signing in again writes it anew.
        let kept = serde_json::from_str(&text).unwrap_or_default();
        Ok(Self { file, kept })
    }

    fn write(&mut self) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(&self.kept)?;
        self.file.rewind()?;
        self.file.set_len(0)?;
        self.file.write_all(text.as_bytes())?;
        Ok(self.file.sync_all()?)
    }
}

fn path() -> anyhow::Result<PathBuf> {
    let Some(home) = std::env::home_dir().filter(|home| !home.as_os_str().is_empty()) else {
        bail!("it is not known where your home folder is, so no session can be kept; use MAINSTAY_TOKEN");
    };
    Ok(home.join(".config/mainstay/sessions.json"))
}
