//! Replicas share accounts, keys and revocations through the database.

use futures::future::join_all;

use super::*;
use crate::crypto::TokenError;

const PERIOD: SignedDuration = SignedDuration::from_hours(24 * 30);
const LEAD: SignedDuration = SignedDuration::from_mins(10);

#[tokio::test]
async fn replicas_that_start_together_share_one_key() {
    for bench in empty().await {
        let replicas = join_all((1..4).map(|seed| bench.replica(seed))).await;
        for replica in &replicas {
            assert_eq!(replica.public_keys(), bench.auth.public_keys());
        }
        assert_eq!(bench.auth.public_keys().len(), 1);
    }
}

#[tokio::test]
async fn a_token_of_one_replica_is_good_at_the_other_and_so_is_its_revocation() {
    for bench in staffed().await {
        let other = bench.replica(3).await;
        let session = bench.sign_in("viewer").await;
        let identity = other.check(session.access.reveal()).unwrap();
        other.sign_out(&identity, &home()).await.unwrap();
        assert_eq!(other.check(session.access.reveal()), Err(TokenError::Revoked));
        assert!(
            bench.auth.check(session.access.reveal()).is_ok(),
            "it has not looked yet"
        );
        assert!(bench.auth.catch_up().await.unwrap());
        assert!(!bench.auth.catch_up().await.unwrap());
        assert_eq!(bench.auth.check(session.access.reveal()), Err(TokenError::Revoked));
    }
}

#[tokio::test]
async fn keys_are_rotated_with_overlap_in_mid_session() {
    for bench in staffed().await {
        let other = bench.replica(3).await;
        let first = bench.auth.public_keys();
        bench.advance(PERIOD - LEAD);
        let before = bench.sign_in("viewer").await;
        bench.auth.keep_up().await.unwrap();
        other.keep_up().await.unwrap();
        other.catch_up().await.unwrap();
        let both = bench.auth.public_keys();
        assert_eq!(
            (both.len(), &both[0]),
            (2, &first[0]),
            "the next key is published before it signs"
        );
        assert_eq!(other.public_keys(), both);

        bench.advance(LEAD);
        let with_next = bench.sign_in("viewer").await;
        for auth in [&bench.auth, &other] {
            assert!(
                auth.check(before.access.reveal()).is_ok(),
                "signed by the old key, verified during the overlap"
            );
            assert!(auth.check(with_next.access.reveal()).is_ok());
        }
        bench.advance(SignedDuration::from_hours(4));
        bench.auth.keep_up().await.unwrap();
        assert_eq!(bench.auth.public_keys(), both[1..]);
        let next = bench.auth.refresh(before.refresh.reveal(), &home()).await.unwrap();
        assert!(bench.auth.check(next.access.reveal()).is_ok());
        assert!(other.check(next.access.reveal()).is_ok());
    }
}

#[tokio::test]
async fn a_key_that_another_replica_made_a_moment_ago_is_looked_for() {
    for bench in staffed().await {
        let other = bench.replica(3).await;
        bench.auth.replace_keys(&By::console()).await.unwrap();
        let session = bench.sign_in("viewer").await;
        assert_eq!(other.check(session.access.reveal()), Err(TokenError::UnknownKey));
        assert!(other.authenticate(session.access.reveal()).await.is_ok());
    }
}

#[tokio::test]
async fn replaced_keys_take_everything_they_signed_with_them_and_sessions_go_on() {
    for bench in staffed().await {
        let session = bench.sign_in("viewer").await;
        assert!(bench.auth.check(session.access.reveal()).is_ok());
        let viewer = bench.by("viewer").await;
        assert!(matches!(
            bench.auth.replace_keys(&viewer).await,
            Err(AuthError::Forbidden(_))
        ));
        bench.auth.replace_keys(&By::console()).await.unwrap();
        assert_eq!(
            bench.auth.check(session.access.reveal()),
            Err(TokenError::UnknownKey),
            "known, yet refused"
        );
        let next = bench.auth.refresh(session.refresh.reveal(), &home()).await.unwrap();
        assert!(bench.auth.check(next.access.reveal()).is_ok());
        assert_eq!(bench.auth.public_keys().len(), 1);
    }
}

#[tokio::test]
async fn a_role_taken_away_at_one_replica_counts_at_the_other_even_before_it_looked() {
    for bench in staffed().await {
        let other = bench.replica(3).await;
        let second = bench.hire("second", Role::Admin).await;
        other.catch_up().await.unwrap();
        let session = bench.sign_in("second").await;
        let stale = By::person(other.check(session.access.reveal()).unwrap(), home());
        let demoted = UserEdit {
            role: Some(Role::Viewer),
            ..UserEdit::default()
        };
        bench
            .auth
            .update_user(&By::console(), second.id, None, demoted.clone())
            .await
            .unwrap();
        // The other replica still takes them for an administrator, but what changes anything looks behind the lock.
        let victim = bench.user("admin").await;
        let result = other.update_user(&stale, victim.id, None, demoted).await;
        assert!(matches!(result, Err(AuthError::Forbidden(Permission::UserWrite))));
    }
}

#[tokio::test]
async fn what_is_over_is_forgotten_after_its_time() {
    for bench in staffed().await {
        let session = bench.sign_in("viewer").await;
        let identity = bench.auth.check(session.access.reveal()).unwrap();
        bench.auth.sign_out(&identity, &home()).await.unwrap();
        let _wrong = bench.try_sign_in("viewer", "wrong", None, &from("203.0.113.5")).await;
        bench.advance(SignedDuration::from_hours(24 * 200));
        bench.auth.keep_up().await.unwrap();
        for table in [
            "auth_session",
            "auth_refresh",
            "auth_throttle",
            "auth_link",
            "auth_known_address",
        ] {
            let rows = bench
                .db
                .fetch_all(mainstay_store::sql_owned(format!("SELECT 1 AS one FROM {table}")))
                .await
                .unwrap();
            assert_eq!(rows.len(), 0, "{table}");
        }
        bench.sign_in("viewer").await;
        assert_eq!(
            bench.auth.verify_log(OrganizationId::DEFAULT).await.unwrap().broken,
            None
        );
    }
}
