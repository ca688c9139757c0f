//! The use cases on real databases of both kinds.

mod accounts;
mod factors;
mod links;
mod log;
mod matrix;
mod replicas;
mod sessions;
mod sign_in;
mod tokens;

use std::{net::IpAddr, sync::Arc};

use jiff::SignedDuration;
use mainstay_kernel::{ManualClock, World, from_micros};
use mainstay_testkit::{START, TestDatabase, databases};

use super::*;
use crate::{
    MIGRATIONS, PasswordCost,
    crypto::SealingKey,
    model::{Role, Username},
};

/// A good password.
const PASSWORD: &str = "correct horse battery staple";
/// Another one.
const OTHER_PASSWORD: &str = "seven purple lanterns drift";

/// An installation and its clock.
struct Bench {
    auth: Auth,
    clock: Arc<ManualClock>,
    db: TestDatabase,
}

fn sealing() -> SealingKeys {
    SealingKeys::new(
        SealingKey::parse("mainstay-seal-1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=").unwrap(),
        [],
    )
}

fn settings() -> Settings {
    Settings {
        password_cost: PasswordCost::CHEAP,
        ..Settings::at("https://mainstay.example")
    }
}

/// An empty installation on each database.
async fn empty() -> Vec<Bench> {
    let mut benches = Vec::new();
    for db in databases(MIGRATIONS).await {
        let clock = ManualClock::at(from_micros(START));
        let world = World::simulated(clock.clone(), 42);
        let auth = Auth::open(db.clone(), world, settings(), sealing()).await.unwrap();
        benches.push(Bench { auth, clock, db });
    }
    benches
}

/// An installation with one account of each role, called by its name, whose password is [`PASSWORD`].
async fn staffed() -> Vec<Bench> {
    let benches = empty().await;
    for bench in &benches {
        for role in Role::ALL {
            bench.hire(role.as_str(), role).await;
        }
    }
    benches
}

/// From an address of a network.
fn from(address: &str) -> Origin {
    Origin {
        address: Some(address.parse::<IpAddr>().unwrap()),
        user_agent: Some("test".to_owned()),
        request_id: Some("request-1".to_owned()),
    }
}

fn home() -> Origin {
    from("192.0.2.1")
}

impl Bench {
    async fn hire(&self, name: &str, role: Role) -> User {
        let new = NewUser {
            username: name.parse().unwrap(),
            email: None,
            display_name: None,
            role,
        };
        let (user, link) = self.auth.create_user(&By::console(), new).await.unwrap();
        let secret = link.secret.reveal();
        self.auth
            .redeem_link(secret, PASSWORD.to_owned(), None, &home())
            .await
            .unwrap();
        user
    }

    async fn try_sign_in(
        &self,
        name: &str,
        password: &str,
        code: Option<&str>,
        origin: &Origin,
    ) -> Result<SignedIn, AuthError> {
        let attempt = SignIn {
            username: name.to_owned(),
            password: password.to_owned(),
            code: code.map(str::to_owned),
        };
        self.auth.sign_in(attempt, origin).await
    }

    async fn sign_in(&self, name: &str) -> SignedIn {
        self.try_sign_in(name, PASSWORD, None, &home()).await.unwrap()
    }

    async fn identity(&self, name: &str) -> Identity {
        self.auth.check(self.sign_in(name).await.access.reveal()).unwrap()
    }

    async fn by(&self, name: &str) -> By {
        By::person(self.identity(name).await, home())
    }

    async fn user(&self, name: &str) -> User {
        let name: Username = name.parse().unwrap();
        self.auth.user_named(OrganizationId::DEFAULT, &name).await.unwrap()
    }

    fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    /// Another replica of the same installation.
    async fn replica(&self, seed: u64) -> Auth {
        let world = World::simulated(self.clock.clone(), seed);
        Auth::open(self.db.clone(), world, settings(), sealing()).await.unwrap()
    }
}
