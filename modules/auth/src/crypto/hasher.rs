//! Password hashes: Argon2id (RFC 9106), away from the threads that probe and answer, and no more at a time than leaves those
//! their share of the machine.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use tokio::sync::Semaphore;

use super::{NoEntropy, random};

/// Random bytes of a salt (RFC 9106, section 3.1).
const SALT: usize = 16;
/// Bytes of a hash.
const OUTPUT: usize = Params::DEFAULT_OUTPUT_LEN;
/// How many may wait for a turn. At 25 ms each, the last of them waits less than two seconds.
const MOST_WAITING: usize = 64;

/// What a hash costs, whoever makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Hashes at a time.
    pub at_once: usize,
}

impl Default for PasswordCost {
    /// 19 MiB and two passes, as OWASP's Password Storage Cheat Sheet has it; one at a time.
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
            at_once: 1,
        }
    }
}

impl PasswordCost {
    /// Next to nothing: for tests.
    pub const CHEAP: Self = Self {
        memory_kib: 8,
        passes: 1,
        at_once: 2,
    };
}

/// A hash could not be made or compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HashError {
    /// Too many are waiting.
    #[error("too many passwords are being checked at the moment")]
    Busy,
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    #[error("a password could not be hashed: {0}")]
    Failed(String),
}

/// Makes and compares hashes. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Hasher {
    argon: Argon2<'static>,
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    /// What a password is compared with when there is no account, so that the answer takes as long.
    nobody: Arc<str>,
}

/// The result of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Compared {
    pub(crate) matches: bool,
    /// Whether the hash was made at another cost than is asked for now.
    pub(crate) outdated: bool,
}

impl Hasher {
    pub(crate) fn new(cost: PasswordCost) -> Result<Self, HashError> {
        let failed = |error: argon2::Error| HashError::Failed(error.to_string());
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(failed)?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // Random bytes in the place of a hash: nobody knows the password to them, and nothing has to be computed for them.
        let encode = |bytes: &[u8]| STANDARD_NO_PAD.encode(bytes);
        let (salt, output) = (encode(&random::<SALT>()?), encode(&random::<OUTPUT>()?));
        let (memory, passes) = (cost.memory_kib, cost.passes);
        let nobody = format!("$argon2id$v=19$m={memory},t={passes},p=1${salt}${output}");
        Ok(Self {
            argon,
            turns: Arc::new(Semaphore::new(cost.at_once.max(1))),
            waiting: Arc::default(),
            nobody: nobody.into(),
        })
    }

    /// The hash of a password, in PHC form.
    pub(crate) async fn hash(&self, password: String) -> Result<String, HashError> {
        let argon = self.argon.clone();
        self.in_turn(move || hash(&argon, &password)).await
    }

    /// Compares a password with a stored hash, or with nobody's in the same time.
    pub(crate) async fn compare(&self, password: String, stored: Option<String>) -> Result<Compared, HashError> {
        let argon = self.argon.clone();
        let exists = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.to_string());
        let compared = self
            .in_turn(move || {
                let parsed = PasswordHash::new(&stored).map_err(|error| HashError::Failed(error.to_string()))?;
                let matches = argon.verify_password(password.as_bytes(), &parsed).is_ok();
                let outdated = Params::try_from(&parsed).map_or(true, |params| {
                    (params.m_cost(), params.t_cost()) != (argon.params().m_cost(), argon.params().t_cost())
                });
                Ok(Compared { matches, outdated })
            })
            .await?;
        Ok(Compared {
            matches: compared.matches && exists,
            ..compared
        })
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let place = Place::take(&self.waiting)?;
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| HashError::Busy)?;
        drop(place);
        // The turn goes with the work: somebody who hangs up does not make room while the work still goes on.
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await
            .unwrap_or_else(|error| Err(HashError::Failed(error.to_string())))
    }
}

/// A place in the queue, given back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Result<Self, HashError> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::AcqRel) < MOST_WAITING {
            Ok(place)
        } else {
            Err(HashError::Busy)
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn hash(argon: &Argon2<'_>, password: &str) -> Result<String, HashError> {
    let salt = random::<SALT>()?;
    let hash = argon
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|error| HashError::Failed(error.to_string()))?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_alone() {
        let hasher = Hasher::new(PasswordCost::CHEAP).unwrap();
        let stored = hasher.hash("correct horse".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{stored}");
        assert_ne!(
            stored,
            hasher.hash("correct horse".to_owned()).await.unwrap(),
            "each has its salt"
        );
        let good = hasher
            .compare("correct horse".to_owned(), Some(stored.clone()))
            .await
            .unwrap();
        assert_eq!(
            good,
            Compared {
                matches: true,
                outdated: false
            }
        );
        assert!(
            !hasher
                .compare("Correct horse".to_owned(), Some(stored))
                .await
                .unwrap()
                .matches
        );
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        let hasher = Hasher::new(PasswordCost::CHEAP).unwrap();
        for password in ["", "nobody"] {
            assert!(!hasher.compare(password.to_owned(), None).await.unwrap().matches);
        }
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_matches_and_is_outdated() {
        let earlier = Hasher::new(PasswordCost::CHEAP).unwrap();
        let stored = earlier.hash("correct horse".to_owned()).await.unwrap();
        let now = Hasher::new(PasswordCost {
            passes: 2,
            ..PasswordCost::CHEAP
        })
        .unwrap();
        let compared = now.compare("correct horse".to_owned(), Some(stored)).await.unwrap();
        assert_eq!(
            compared,
            Compared {
                matches: true,
                outdated: true
            }
        );
    }

    #[tokio::test]
    async fn a_damaged_hash_is_an_error_and_no_entry() {
        let hasher = Hasher::new(PasswordCost::CHEAP).unwrap();
        let result = hasher.compare(String::new(), Some("not a hash".to_owned())).await;
        assert!(matches!(result, Err(HashError::Failed(_))));
    }

    #[tokio::test]
    async fn a_crowd_waits_in_line_and_beyond_that_is_sent_away() {
        let hasher = Hasher::new(PasswordCost::CHEAP).unwrap();
        let all = join_all((0..MOST_WAITING + 40).map(|_| hasher.compare("x".to_owned(), None))).await;
        let away = all
            .iter()
            .filter(|result| matches!(result, Err(HashError::Busy)))
            .count();
        assert!(away > 0 && away <= 40, "{away}");
        assert!(
            hasher.compare("x".to_owned(), None).await.is_ok(),
            "there is room again"
        );
    }
}
