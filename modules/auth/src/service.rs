//! The use cases: load, decide, save, write down. Knows no SQL and no HTTP.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use mainstay_kernel::{OrganizationId, World, from_micros};
use mainstay_runtime::Tasks;
use mainstay_store::{Database, Transaction};

use crate::{
    crypto::{Hasher, SealingKeys},
    error::AuthError,
    model::{Permission, TokenId},
    store::Store,
};

mod accounts;
mod by;
mod check;
mod factors;
mod keys;
mod links;
mod log;
mod passwords;
mod refresh;
mod sessions;
mod settings;
mod sign_in;
mod standing;
mod teams;
mod tokens;

pub use accounts::{NewUser, User, UserEdit};
pub use by::{By, Doer, Identity, Origin, Via};
pub use factors::{Enrolment, Factors};
pub use keys::PublicKey;
pub use links::{IssuedLink, LINK_LIFETIME};
pub use log::{LogFilter, LogReport};
pub use sessions::SessionView;
pub use settings::{Limits, Settings};
pub use sign_in::{SignIn, SignedIn};
pub use teams::{NewTeam, Team};
pub use tokens::{IssuedToken, LONGEST_TOKEN_LIFE, NewToken, TokenView};

use self::{check::Verified, standing::Standing};

/// How often another replica's changes are looked for. It is also how long a revocation takes to reach every replica, beside
/// the time of one reading.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);
/// How often keys are looked after, what is over is forgotten and the use of tokens is written down.
const UPKEEP_EVERY: Duration = Duration::from_secs(30);
/// How long sessions, tokens and addresses are kept after their end.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);

/// Who somebody is, what they may do, and what they did. Cheap to clone.
#[derive(Clone)]
pub struct Auth {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    world: World,
    settings: Settings,
    sealing: SealingKeys,
    hasher: Hasher,
    standing: RwLock<Arc<Standing>>,
    verified: Verified,
    /// When tokens were last used, as far as it is not written down yet.
    uses: Mutex<HashMap<TokenId, Timestamp>>,
    /// Held while the standing is replaced, so that an older one never follows a newer one.
    refreshing: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth")
            .field("version", &self.standing().version)
            .finish_non_exhaustive()
    }
}

impl Auth {
    /// Opens the accounts: makes sure that there is an organisation and a key that signs, and reads what every check needs.
    ///
    /// # Errors
    /// When the database cannot be read. Keys that were sealed with another key than those of `sealing` are said in the log.
    pub async fn open(
        database: Database,
        world: World,
        settings: Settings,
        sealing: SealingKeys,
    ) -> Result<Self, AuthError> {
        let store = Store::new(database);
        store
            .ensure_organization(OrganizationId::DEFAULT, "Mainstay", world.now())
            .await?;
        let auth = Self {
            inner: Arc::new(Inner {
                hasher: Hasher::new(settings.password_cost)?,
                store,
                world,
                settings,
                sealing,
                standing: RwLock::default(),
                verified: Verified::default(),
                uses: Mutex::default(),
                refreshing: tokio::sync::Mutex::new(()),
            }),
        };
        auth.refresh_standing().await?;
        auth.keep_keys().await?;
        Ok(auth)
    }

    /// Begins to follow other replicas and to look after keys.
    pub fn start(&self, tasks: &Tasks) {
        if self.inner.store.is_shared() {
            let auth = self.clone();
            tasks.spawn("auth.follow", |context| async move {
                while context.sleep(FOLLOW_EVERY).await {
                    match auth.catch_up().await {
                        Ok(true) => context.ran(format!("took up version {}", auth.standing().version)),
                        Ok(false) => context.ran("nothing new"),
                        Err(error) => context.failed(error),
                    }
                }
                Ok::<(), Infallible>(())
            });
        }
        let auth = self.clone();
        tasks.spawn("auth.upkeep", |context| async move {
            while context.sleep(UPKEEP_EVERY).await {
                match auth.keep_up().await {
                    Ok(said) => context.ran(said),
                    Err(error) => context.failed(error),
                }
            }
            // What was used since the last round is not lost at a shutdown.
            if let Err(error) = auth.write_uses().await {
                context.failed(error);
            }
            Ok::<(), Infallible>(())
        });
    }

    /// One round of upkeep.
    ///
    /// # Errors
    /// When the database fails; the next round does what is left.
    pub async fn keep_up(&self) -> Result<String, AuthError> {
        // A change whose caller went away between its commit and what follows is taken up here at the latest.
        self.catch_up().await?;
        let rotated = self.keep_keys().await?;
        self.write_uses().await?;
        let now = self.now();
        let forgotten = self.inner.store.forget(now, before(now, KEPT)).await?;
        let keys = if rotated { "changed the signing keys, " } else { "" };
        Ok(format!("{keys}forgot {forgotten} rows"))
    }

    /// Takes over what other replicas have committed; `true` when there was something.
    ///
    /// # Errors
    /// When the database fails; then what is known goes on being used.
    pub async fn catch_up(&self) -> Result<bool, AuthError> {
        if self.inner.store.version().await? == self.standing().version {
            return Ok(false);
        }
        self.refresh_standing().await?;
        Ok(true)
    }

    /// Who issues access tokens: the address under which browsers reach Mainstay.
    pub fn issuer(&self) -> &str {
        &self.inner.settings.issuer
    }

    /// What an organisation is called.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn organization_name(&self, id: OrganizationId) -> Result<Option<String>, AuthError> {
        Ok(self.inner.store.organization_name(id).await?)
    }

    /// The present, as it is stored: what is answered at once and what is read back later are the same.
    fn now(&self) -> Timestamp {
        from_micros(self.inner.world.now_micros())
    }

    fn standing(&self) -> Arc<Standing> {
        self.inner
            .standing
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn refresh_standing(&self) -> Result<(), AuthError> {
        let _alone = self.inner.refreshing.lock().await;
        let before = self.standing();
        let next = Standing::load(&self.inner, &before).await?;
        *self.inner.standing.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(())
    }

    /// Begins a change that every replica has to take up, after looking whether whoever makes it still may: their rights are
    /// read behind the lock, so that of two administrators who demote each other one comes too late.
    async fn begin_change(&self, by: &By, permission: Permission) -> Result<Transaction, AuthError> {
        let mut tx = self.inner.store.begin().await?;
        self.inner.store.lock(&mut tx).await?;
        if let Doer::Person(identity) = &by.who {
            let user = self.inner.store.user_in(&mut tx, identity.user).await?;
            let role = user.filter(|user| user.active).map(|user| user.role);
            let may = role.is_some_and(|role| permission.least_role() <= role) && identity.permissions.has(permission);
            if !may {
                return Err(AuthError::Forbidden(permission));
            }
        }
        Ok(tx)
    }

    /// Makes a change durable and takes it up here at once.
    async fn commit(&self, tx: Transaction) -> Result<(), AuthError> {
        tx.commit().await?;
        self.refresh_standing().await
    }
}

/// The time so long ago.
fn before(now: Timestamp, ago: SignedDuration) -> Timestamp {
    now.checked_sub(ago).unwrap_or(Timestamp::MIN)
}

/// The time so far ahead.
fn after(now: Timestamp, ahead: SignedDuration) -> Timestamp {
    now.checked_add(ahead).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
