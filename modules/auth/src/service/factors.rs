//! The second factor: an authenticator app, and recovery codes for when it is lost.

use jiff::Timestamp;
use mainstay_kernel::TypedId;
use mainstay_store::Transaction;
use serde_json::json;

use super::{Auth, By, Identity, Origin};
use crate::{
    crypto::{Purpose, random},
    error::AuthError,
    model::{Permission, RECOVERY_CODES, RecoveryCode, Totp, UserId},
    store::{StoredTotp, StoredUser},
};

/// What authenticator apps show beside the account.
const ISSUER: &str = "Mainstay";

/// A secret that an authenticator app is to take over; it counts once a code of it was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// For typing it in.
    pub secret: String,
    /// For the square that apps read.
    pub uri: String,
}

/// Which second factors an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factors {
    /// Since when an authenticator app is asked for.
    pub totp_since: Option<Timestamp>,
    /// How many recovery codes are unused.
    pub recovery_codes_left: i64,
}

/// What somebody showed beside a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proof {
    /// The account has no second factor.
    NotNeeded,
    /// A code of this time step.
    Step(i64),
    /// A recovery code, which may have been used.
    Recovery(RecoveryCode),
}

impl Auth {
    /// What somebody showed beside a password, if the account wants something.
    pub(super) async fn prove(&self, user: &StoredUser, code: Option<&str>) -> Result<Proof, AuthError> {
        let Some(totp) = self.confirmed(user.id).await? else {
            return Ok(Proof::NotNeeded);
        };
        let code = code
            .map(str::trim)
            .filter(|code| !code.is_empty())
            .ok_or(AuthError::SecondFactorNeeded)?;
        let secret = self.opened(&totp)?;
        if let Some(step) = secret.accepts(code, self.now().as_second(), totp.last_step) {
            return Ok(Proof::Step(step));
        }
        RecoveryCode::read(code)
            .map(Proof::Recovery)
            .ok_or(AuthError::WrongCode)
    }

    /// Uses up what was shown, so that nobody can show it again; `true` when it was a second factor.
    pub(super) async fn use_proof(
        &self,
        tx: &mut Transaction,
        user: &StoredUser,
        proof: Proof,
    ) -> Result<bool, AuthError> {
        let good = match proof {
            Proof::NotNeeded => return Ok(false),
            Proof::Step(step) => self.inner.store.use_step(tx, user.id, step).await?,
            Proof::Recovery(code) => {
                self.inner
                    .store
                    .spend_recovery_code(tx, user.id, &code, self.now())
                    .await?
            }
        };
        good.then_some(true).ok_or(AuthError::WrongCode)
    }

    /// Which second factors an account has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn factors(&self, user: UserId) -> Result<Factors, AuthError> {
        Ok(Factors {
            totp_since: self.confirmed(user).await?.and_then(|totp| totp.confirmed_at),
            recovery_codes_left: self.inner.store.recovery_codes_left(user).await?,
        })
    }

    /// Makes a secret for an authenticator app, in the place of one that was never confirmed.
    ///
    /// # Errors
    /// When an API token asks, the password is wrong, or there is an authenticator app already.
    pub async fn enrol_totp(
        &self,
        identity: &Identity,
        origin: &Origin,
        password: String,
    ) -> Result<Enrolment, AuthError> {
        self.in_person(identity, origin, password, None).await?;
        let by = By::person(identity.clone(), origin.clone());
        let secret = Totp::of(random::<{ crate::model::TOTP_SECRET }>()?.to_vec());
        let mut tx = self.begin_change(&by, Permission::AccountWrite).await?;
        let user = self.load_in(&mut tx, identity.organization, identity.user).await?;
        let new = StoredTotp {
            user: user.id,
            organization: user.organization,
            sealed: self
                .inner
                .sealing
                .seal(Purpose::Totp, user.id.as_uuid(), secret.as_bytes())?,
            created_at: self.now(),
            confirmed_at: None,
            last_step: 0,
        };
        if !self.inner.store.insert_totp(&mut tx, &new).await? {
            return Err(AuthError::Factor(
                "This account has an authenticator app already. Remove that one first.",
            ));
        }
        self.commit(tx).await?;
        Ok(Enrolment {
            secret: secret.text(),
            uri: secret.uri(ISSUER, user.username.as_str()),
        })
    }

    /// Confirms the authenticator app by a code of it. From then on every sign-in wants one. Answers the recovery codes, this once.
    ///
    /// # Errors
    /// When the code is wrong, or there is nothing to confirm.
    pub async fn confirm_totp(
        &self,
        identity: &Identity,
        origin: &Origin,
        code: &str,
    ) -> Result<Vec<RecoveryCode>, AuthError> {
        let user = self.load(identity.organization, identity.user).await?;
        let waiting = self
            .inner
            .store
            .totp(user.id)
            .await?
            .filter(|totp| totp.confirmed_at.is_none());
        let waiting = waiting.ok_or(AuthError::Factor(
            "There is no authenticator app to confirm. Begin with a new one.",
        ))?;
        let charges = self.charge(user.username.as_str(), Some(&user), origin).await?;
        let accepted = self
            .opened(&waiting)?
            .accepts(code, self.now().as_second(), waiting.last_step);
        let step = accepted.ok_or(AuthError::WrongCode)?;
        self.refund(&charges).await?;

        let by = By::person(identity.clone(), origin.clone());
        let codes = recovery_codes()?;
        let mut tx = self.begin_change(&by, Permission::AccountWrite).await?;
        let store = &self.inner.store;
        let good =
            store.use_step(&mut tx, user.id, step).await? && store.confirm_totp(&mut tx, user.id, self.now()).await?;
        if !good {
            return Err(AuthError::WrongCode);
        }
        store
            .replace_recovery_codes(&mut tx, user.id, user.organization, &codes)
            .await?;
        let shown = json!({ "second_factor": "totp", "recovery_codes": codes.len() });
        self.record(&mut tx, &by, "factor.add", user.target(), None, Some(shown))
            .await?;
        self.commit(tx).await?;
        Ok(codes)
    }

    /// New recovery codes in the place of all earlier ones, shown this once.
    ///
    /// # Errors
    /// When password or code are wrong, or the account has no second factor.
    pub async fn renew_recovery_codes(
        &self,
        identity: &Identity,
        origin: &Origin,
        password: String,
        code: &str,
    ) -> Result<Vec<RecoveryCode>, AuthError> {
        let (user, proof) = self.in_person(identity, origin, password, Some(code)).await?;
        if proof == Proof::NotNeeded {
            return Err(AuthError::Factor(
                "This account has no second factor, so it needs no recovery codes.",
            ));
        }
        let by = By::person(identity.clone(), origin.clone());
        let codes = recovery_codes()?;
        let mut tx = self.begin_change(&by, Permission::AccountWrite).await?;
        self.use_proof(&mut tx, &user, proof).await?;
        self.inner
            .store
            .replace_recovery_codes(&mut tx, user.id, user.organization, &codes)
            .await?;
        let shown = json!({ "recovery_codes": codes.len() });
        self.record(&mut tx, &by, "factor.recovery-codes", user.target(), None, Some(shown))
            .await?;
        self.commit(tx).await?;
        Ok(codes)
    }

    /// Takes the second factor away.
    ///
    /// # Errors
    /// When password or code are wrong, or there is none.
    pub async fn remove_totp(
        &self,
        identity: &Identity,
        origin: &Origin,
        password: String,
        code: &str,
    ) -> Result<(), AuthError> {
        let (user, proof) = self.in_person(identity, origin, password, Some(code)).await?;
        let by = By::person(identity.clone(), origin.clone());
        let mut tx = self.begin_change(&by, Permission::AccountWrite).await?;
        self.use_proof(&mut tx, &user, proof).await?;
        self.drop_factors(&mut tx, &by, &user).await?;
        self.commit(tx).await
    }

    /// Takes somebody's second factor away who has lost it with their recovery codes.
    ///
    /// # Errors
    /// When the caller may not, it is their own account, or there is none.
    pub async fn remove_factors_of(&self, by: &By, id: UserId) -> Result<(), AuthError> {
        by.somebody_else(id)?;
        let mut tx = self.begin_change(by, Permission::UserWrite).await?;
        let user = self.load_in(&mut tx, by.organization(), id).await?;
        self.drop_factors(&mut tx, by, &user).await?;
        self.commit(tx).await
    }

    async fn drop_factors(&self, tx: &mut Transaction, by: &By, user: &StoredUser) -> Result<(), AuthError> {
        if !self.inner.store.delete_factors(tx, user.id).await? {
            return Err(AuthError::Factor("This account has no second factor."));
        }
        let shown = json!({ "second_factor": "totp" });
        self.record(tx, by, "factor.remove", user.target(), Some(shown), None)
            .await
    }

    /// Makes sure that the owner is there: a session that somebody else got hold of must not change how its owner signs in.
    async fn in_person(
        &self,
        identity: &Identity,
        origin: &Origin,
        password: String,
        code: Option<&str>,
    ) -> Result<(StoredUser, Proof), AuthError> {
        if identity.session().is_none() {
            return Err(AuthError::OnlyInPerson);
        }
        let user = self.load(identity.organization, identity.user).await?;
        let charges = self.charge(user.username.as_str(), Some(&user), origin).await?;
        let compared = self.inner.hasher.compare(password, user.password_hash.clone()).await?;
        if !compared.matches {
            return Err(AuthError::Credentials);
        }
        let proof = match code {
            Some(code) => self.prove(&user, Some(code)).await?,
            None => Proof::NotNeeded,
        };
        self.refund(&charges).await?;
        Ok((user, proof))
    }

    async fn confirmed(&self, user: UserId) -> Result<Option<StoredTotp>, AuthError> {
        let totp = self.inner.store.totp(user).await?;
        Ok(totp.filter(|totp| totp.confirmed_at.is_some()))
    }

    fn opened(&self, totp: &StoredTotp) -> Result<Totp, AuthError> {
        let bytes = self
            .inner
            .sealing
            .open(Purpose::Totp, totp.user.as_uuid(), &totp.sealed)?;
        Ok(Totp::of(bytes))
    }
}

fn recovery_codes() -> Result<Vec<RecoveryCode>, AuthError> {
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        codes.push(RecoveryCode::of(random()?));
    }
    Ok(codes)
}
