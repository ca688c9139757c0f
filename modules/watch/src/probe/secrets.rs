//! Values of secret headers, read from files of one folder and read again when a file changes. They leave this file only
//! as header values marked sensitive, which nothing prints.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use http::HeaderValue;

/// A secret longer than this is not one.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// The folder of secrets, with what was read from it.
#[derive(Debug, Default)]
pub struct Secrets {
    folder: Option<PathBuf>,
    read: Mutex<HashMap<String, Read>>,
}

#[derive(Debug, Clone)]
struct Read {
    modified: Option<SystemTime>,
    bytes: u64,
    value: HeaderValue,
}

impl Secrets {
    /// Reads from `folder`; without one, every secret is missing.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            read: Mutex::default(),
        }
    }

    /// The value in the file called `name`, without the line break at its end.
    ///
    /// # Errors
    /// A sentence about the file, never about its content.
    pub async fn get(&self, name: &str) -> Result<HeaderValue, String> {
        let Some(folder) = &self.folder else {
            return Err(format!(
                "the secret `{name}` cannot be read: no secrets folder is configured"
            ));
        };
        let path = folder.join(name);
        let unreadable = |error: std::io::Error| format!("the secret file `{name}` cannot be read: {error}");
        let metadata = tokio::fs::metadata(&path).await.map_err(unreadable)?;
        let (modified, bytes) = (metadata.modified().ok(), metadata.len());
        if let Some(known) = self.known(name)
            && known.modified == modified
            && known.bytes == bytes
        {
            return Ok(known.value);
        }
        if bytes > SECRET_BYTES_MAX || !metadata.is_file() {
            return Err(format!("the secret file `{name}` is not a small file"));
        }
        let content = tokio::fs::read(&path).await.map_err(unreadable)?;
        let mut value = HeaderValue::from_bytes(content.trim_ascii())
            .map_err(|_| format!("the secret file `{name}` holds what no header can carry"))?;
        value.set_sensitive(true);
        let read = Read {
            modified,
            bytes,
            value: value.clone(),
        };
        self.read
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), read);
        Ok(value)
    }

    fn known(&self, name: &str) -> Option<Read> {
        self.read
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_changed_file_is_read_again_and_never_printed() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(Some(folder.path().to_owned()));
        std::fs::write(folder.path().join("token"), "hush\n").unwrap();
        assert_eq!(secrets.get("token").await.unwrap(), "hush");
        std::fs::write(folder.path().join("token"), "hush-hush\n").unwrap();
        assert_eq!(secrets.get("token").await.unwrap(), "hush-hush");
        assert!(!format!("{secrets:?}").contains("hush"));
        assert!(secrets.get("absent").await.unwrap_err().contains("`absent`"));
        assert!(
            Secrets::default()
                .get("token")
                .await
                .unwrap_err()
                .contains("no secrets folder")
        );
    }
}
