//! Sessions: going on, ending, and being stolen.

use futures::future::join_all;
use proptest::prelude::*;

use super::*;
use crate::crypto::TokenError;

#[tokio::test]
async fn a_refresh_token_is_good_for_one_use_and_brings_the_next() {
    for bench in staffed().await {
        let mut now = bench.sign_in("viewer").await;
        for _ in 0..5 {
            bench.advance(SignedDuration::from_mins(20));
            assert_eq!(bench.auth.check(now.access.reveal()), Err(TokenError::Expired));
            let next = bench.auth.refresh(now.refresh.reveal(), &home()).await.unwrap();
            assert_eq!(next.session, now.session);
            assert!(bench.auth.check(next.access.reveal()).is_ok());
            now = next;
        }
        assert_eq!(
            bench
                .auth
                .sessions(&bench.auth.check(now.access.reveal()).unwrap())
                .await
                .unwrap()
                .len(),
            2
        );
    }
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_ends_the_session_for_everybody() {
    for bench in staffed().await {
        let stolen = bench.sign_in("viewer").await;
        let other = bench.sign_in("viewer").await;
        let owner = bench.auth.refresh(stolen.refresh.reveal(), &home()).await.unwrap();
        let thief = bench.auth.refresh(stolen.refresh.reveal(), &from("203.0.113.66")).await;
        assert!(matches!(thief, Err(AuthError::SessionOver)));
        assert!(matches!(
            bench.auth.refresh(owner.refresh.reveal(), &home()).await,
            Err(AuthError::SessionOver)
        ));
        assert_eq!(bench.auth.check(owner.access.reveal()), Err(TokenError::Revoked));
        assert_eq!(bench.auth.check(stolen.access.reveal()), Err(TokenError::Revoked));
        assert!(
            bench.auth.check(other.access.reveal()).is_ok(),
            "another session of the same account goes on"
        );
        let filter = LogFilter {
            action: Some("session.reuse".to_owned()),
            ..LogFilter::default()
        };
        let written = bench.auth.changes(OrganizationId::DEFAULT, &filter, 10).await.unwrap();
        assert_eq!(written.len(), 1);
        assert_eq!(written[0].address.as_deref(), Some("203.0.113.66"));
    }
}

#[tokio::test]
async fn of_several_who_use_a_token_at_once_one_gets_the_next_and_the_session_ends() {
    for bench in staffed().await {
        let session = bench.sign_in("viewer").await;
        let origin = home();
        let all = join_all((0..5).map(|_| bench.auth.refresh(session.refresh.reveal(), &origin))).await;
        let good: Vec<_> = all.iter().filter_map(|result| result.as_ref().ok()).collect();
        assert!(good.len() <= 1);
        for next in good {
            assert!(bench.auth.refresh(next.refresh.reveal(), &home()).await.is_err());
        }
    }
}

#[tokio::test]
async fn a_session_that_is_not_used_ends_and_so_does_one_that_always_is() {
    for bench in staffed().await {
        let idle = bench.sign_in("viewer").await;
        bench.advance(SignedDuration::from_hours(24 * 7) - SignedDuration::from_secs(1));
        let mut busy = bench.auth.refresh(idle.refresh.reveal(), &home()).await.unwrap();
        bench.advance(SignedDuration::from_hours(24 * 7));
        assert!(matches!(
            bench.auth.refresh(busy.refresh.reveal(), &home()).await,
            Err(AuthError::SessionOver)
        ));

        busy = bench.sign_in("viewer").await;
        for day in 1..30 {
            bench.advance(SignedDuration::from_hours(24));
            busy = bench.auth.refresh(busy.refresh.reveal(), &home()).await.unwrap();
            assert!(busy.refresh_expires_in_s <= (30 - day) * 86_400);
        }
        bench.advance(SignedDuration::from_hours(24));
        assert!(matches!(
            bench.auth.refresh(busy.refresh.reveal(), &home()).await,
            Err(AuthError::SessionOver)
        ));
    }
}

#[tokio::test]
async fn a_session_on_one_of_two_devices_is_ended_from_the_other() {
    for bench in staffed().await {
        let (phone, laptop) = (bench.sign_in("viewer").await, bench.sign_in("viewer").await);
        let identity = bench.auth.check(laptop.access.reveal()).unwrap();
        let sessions = bench.auth.sessions(&identity).await.unwrap();
        assert_eq!(sessions.len(), 3, "one more from setting the password");
        assert_eq!(sessions.iter().filter(|session| session.is_this).count(), 1);
        assert_eq!((sessions[0].id, sessions[0].is_this), (laptop.session, true));
        assert_eq!(sessions[0].address.as_deref(), Some("192.0.2.1"));
        bench.auth.end_session(&identity, &home(), phone.session).await.unwrap();
        assert_eq!(bench.auth.check(phone.access.reveal()), Err(TokenError::Revoked));
        assert!(bench.auth.refresh(phone.refresh.reveal(), &home()).await.is_err());
        assert!(bench.auth.check(laptop.access.reveal()).is_ok());
        let again = bench.auth.end_session(&identity, &home(), phone.session).await;
        assert!(matches!(again, Err(AuthError::NoSuch { .. })));

        bench.auth.sign_out(&identity, &home()).await.unwrap();
        assert_eq!(bench.auth.check(laptop.access.reveal()), Err(TokenError::Revoked));
    }
}

#[tokio::test]
async fn a_session_of_somebody_else_does_not_exist() {
    for bench in staffed().await {
        let theirs = bench.sign_in("admin").await;
        for role in ["viewer", "editor"] {
            let identity = bench.identity(role).await;
            let result = bench.auth.end_session(&identity, &home(), theirs.session).await;
            assert!(matches!(result, Err(AuthError::NoSuch { .. })), "{role}");
        }
        assert!(bench.auth.check(theirs.access.reveal()).is_ok());
    }
}

#[tokio::test]
async fn everything_somebody_holds_is_revoked_at_once_and_they_can_sign_in_again() {
    for bench in staffed().await {
        let (one, two) = (bench.sign_in("editor").await, bench.sign_in("editor").await);
        let identity = bench.auth.check(one.access.reveal()).unwrap();
        let new = NewToken {
            name: "deploy".parse().unwrap(),
            scopes: [Permission::CatalogRead].into_iter().collect(),
            lifetime: SignedDuration::from_hours(24),
        };
        let token = bench.auth.create_token(&identity, &home(), new).await.unwrap();
        assert!(bench.auth.check(token.secret.reveal()).is_ok());
        let admin = bench.by("admin").await;
        bench.auth.revoke_everything(&admin, identity.user).await.unwrap();
        for bearer in [one.access.reveal(), two.access.reveal(), token.secret.reveal()] {
            assert_eq!(bench.auth.check(bearer), Err(TokenError::Revoked));
        }
        assert!(bench.auth.refresh(two.refresh.reveal(), &home()).await.is_err());
        bench.sign_in("editor").await;
    }
}

#[tokio::test]
async fn one_token_is_revoked_and_the_session_goes_on() {
    for bench in staffed().await {
        let session = bench.sign_in("viewer").await;
        bench.auth.revoke(session.access.reveal(), &home()).await.unwrap();
        assert_eq!(bench.auth.check(session.access.reveal()), Err(TokenError::Revoked));
        let next = bench.auth.refresh(session.refresh.reveal(), &home()).await.unwrap();
        assert!(bench.auth.check(next.access.reveal()).is_ok());
        // A refresh token ends its session.
        bench.auth.revoke(next.refresh.reveal(), &home()).await.unwrap();
        assert_eq!(bench.auth.check(next.access.reveal()), Err(TokenError::Revoked));
        // What is no token is no error.
        for nothing in ["", "nonsense", "msr_x", "a.b.c"] {
            bench.auth.revoke(nothing, &home()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_clock_that_is_an_hour_wrong_ends_no_session() {
    for bench in staffed().await {
        let hour = SignedDuration::from_hours(1);
        for step in [hour, -hour, -hour, hour] {
            let before = bench.sign_in("viewer").await;
            bench.advance(step);
            assert!(bench.auth.check(before.access.reveal()).is_err(), "from another time");
            let next = bench.auth.refresh(before.refresh.reveal(), &home()).await.unwrap();
            assert!(bench.auth.check(next.access.reveal()).is_ok());
        }
    }
}

#[tokio::test]
async fn an_ended_session_stays_ended_when_the_clock_steps_back() {
    for bench in staffed().await {
        let session = bench.sign_in("viewer").await;
        let identity = bench.auth.check(session.access.reveal()).unwrap();
        bench.auth.sign_out(&identity, &home()).await.unwrap();
        bench.advance(SignedDuration::from_hours(2));
        bench.hire("newcomer", Role::Viewer).await;
        bench.advance(-SignedDuration::from_hours(2));
        assert_eq!(bench.auth.check(session.access.reveal()), Err(TokenError::Revoked));
    }
}

/// What an owner and a thief may do with the refresh tokens of one session, in any order.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Uses the newest token.
    Newest,
    /// Uses an older one.
    Older(prop::sample::Index),
    /// Time passes, in hours.
    Wait(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Newest),
        1 => any::<prop::sample::Index>().prop_map(Step::Older),
        3 => (0_u8..200).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// In whatever order tokens are used: the newest works until one is used twice or the session's time is over, and from then
    /// on nothing does.
    #[test]
    fn a_session_goes_on_until_a_token_is_used_twice(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let db = mainstay_testkit::sqlite(MIGRATIONS).await;
            let clock = ManualClock::at(from_micros(START));
            let auth = Auth::open(db.clone(), World::simulated(clock.clone(), 1), settings(), sealing()).await.unwrap();
            let bench = Bench { auth, clock, db };
            bench.hire("ada", Role::Viewer).await;
            let first = bench.sign_in("ada").await;
            let began = bench.auth.now();
            let mut used: Vec<crate::model::Secret> = Vec::new();
            let mut newest = (first.refresh.clone(), bench.auth.now());
            let mut access = first.access;
            let mut over = false;
            for step in steps {
                let (token, is_newest) = match step {
                    Step::Newest => (newest.0.clone(), true),
                    Step::Older(_) if used.is_empty() => continue,
                    Step::Older(index) => (used[index.index(used.len())].clone(), false),
                    Step::Wait(hours) => {
                        bench.advance(SignedDuration::from_hours(hours.into()));
                        continue;
                    }
                };
                let now = bench.auth.now();
                let idle = now.duration_since(newest.1) >= SignedDuration::from_hours(24 * 7);
                let old = now.duration_since(began) >= SignedDuration::from_hours(24 * 30);
                let good = is_newest && !over && !idle && !old;
                match bench.auth.refresh(token.reveal(), &home()).await {
                    Ok(next) => {
                        prop_assert!(good, "a token worked that must not");
                        used.push(token);
                        newest = (next.refresh, now);
                        access = next.access;
                        prop_assert!(bench.auth.check(access.reveal()).is_ok());
                    }
                    Err(AuthError::SessionOver) => {
                        prop_assert!(!good, "the newest token must work");
                        over |= !is_newest;
                        if over {
                            prop_assert!(bench.auth.check(access.reveal()).is_err());
                        }
                    }
                    Err(other) => return Err(TestCaseError::fail(other.to_string())),
                }
            }
            Ok(())
        })?;
    }
}
