//! Who gets in, who does not, and what each of them learns from the answer.

use futures::future::join_all;
use mainstay_kernel::Problem;

use super::*;

#[tokio::test]
async fn whoever_knows_name_and_password_gets_in() {
    for bench in staffed().await {
        let signed_in = bench.try_sign_in(" Editor ", PASSWORD, None, &home()).await.unwrap();
        assert_eq!(
            (signed_in.expires_in_s, signed_in.refresh_expires_in_s),
            (900, 7 * 86_400)
        );
        let identity = bench.auth.check(signed_in.access.reveal()).unwrap();
        assert_eq!((identity.username.as_str(), identity.role), ("editor", Role::Editor));
        assert_eq!(identity.session(), Some(signed_in.session));
        assert!(identity.may(Permission::CatalogWrite) && !identity.may(Permission::UserWrite));
        assert!(bench.user("editor").await.last_sign_in_at.is_some());
    }
}

#[tokio::test]
async fn a_refusal_does_not_say_whether_there_is_such_an_account() {
    for bench in staffed().await {
        let off = bench.user("viewer").await;
        let edit = UserEdit {
            active: Some(false),
            ..UserEdit::default()
        };
        bench
            .auth
            .update_user(&By::console(), off.id, None, edit)
            .await
            .unwrap();
        let mut answers = Vec::new();
        for (name, password) in [
            ("admin", "wrong"),
            ("nobody", PASSWORD),
            ("viewer", PASSWORD),
            ("<script>", ""),
            ("", ""),
        ] {
            let error = bench.try_sign_in(name, password, None, &home()).await.unwrap_err();
            assert!(matches!(error, AuthError::Credentials), "{name}: {error}");
            answers.push(Problem::from(error));
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    }
}

#[tokio::test]
async fn an_account_without_a_password_lets_nobody_in() {
    for bench in empty().await {
        bench.auth.first_administrator().await.unwrap().unwrap();
        for password in ["", "admin", "password"] {
            assert!(matches!(
                bench.try_sign_in("admin", password, None, &home()).await,
                Err(AuthError::Credentials)
            ));
        }
    }
}

#[tokio::test]
async fn guesses_from_one_address_have_to_wait() {
    for bench in staffed().await {
        let origin = from("198.51.100.7");
        let mut tries = 0;
        let wait = loop {
            match bench.try_sign_in("admin", "wrong", None, &origin).await {
                Err(AuthError::Credentials) => tries += 1,
                Err(AuthError::Throttled { retry_after_s }) => break retry_after_s,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(tries, 10, "the limit of an account for strangers");
        assert!((1..=61).contains(&wait), "{wait}");
        bench.advance(SignedDuration::from_secs(i64::try_from(wait).unwrap()));
        assert!(matches!(
            bench.try_sign_in("admin", "wrong", None, &origin).await,
            Err(AuthError::Credentials)
        ));
        assert!(matches!(
            bench.try_sign_in("admin", PASSWORD, None, &origin).await,
            Err(AuthError::Throttled { .. })
        ));
    }
}

#[tokio::test]
async fn a_thousand_addresses_cannot_keep_the_owner_out() {
    for bench in staffed().await {
        // The owner signed in from home when the account was made.
        let mut allowed = 0;
        for number in 0..1_000_u32 {
            let address = from(&format!("10.{}.{}.7", number / 250, number % 250));
            match bench.try_sign_in("admin", "wrong", None, &address).await {
                Err(AuthError::Credentials) => allowed += 1,
                Err(AuthError::Throttled { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(allowed, 10, "all strangers together have one allowance");
        bench.sign_in("admin").await;
        // A mistyped password at home is no reason to wait either.
        let wrong = bench.try_sign_in("admin", "wrong", None, &home()).await;
        assert!(matches!(wrong, Err(AuthError::Credentials)));
        bench.sign_in("admin").await;
    }
}

#[tokio::test]
async fn neighbours_in_one_network_share_an_allowance_over_ipv6() {
    for bench in staffed().await {
        for number in 0..10 {
            let origin = from(&format!("2001:db8:1:2::{number}"));
            let _wrong = bench
                .try_sign_in(&format!("nobody{number}"), "wrong", None, &origin)
                .await;
        }
        // The address bucket holds thirty, each name is another account.
        for number in 10..30 {
            let origin = from(&format!("2001:db8:1:2:ffff::{number}"));
            let wrong = bench
                .try_sign_in(&format!("nobody{number}"), "wrong", None, &origin)
                .await;
            assert!(matches!(wrong, Err(AuthError::Credentials)), "{number}");
        }
        let next = bench
            .try_sign_in("nobody30", "wrong", None, &from("2001:db8:1:2::1"))
            .await;
        assert!(matches!(next, Err(AuthError::Throttled { .. })));
        let elsewhere = bench
            .try_sign_in("nobody30", "wrong", None, &from("2001:db8:1:3::1"))
            .await;
        assert!(matches!(elsewhere, Err(AuthError::Credentials)));
    }
}

#[tokio::test]
async fn many_guesses_at_once_get_no_further_than_many_in_a_row() {
    for bench in staffed().await {
        let origin = from("198.51.100.8");
        let all = join_all((0..40).map(|_| bench.try_sign_in("admin", "wrong", None, &origin))).await;
        let compared = all
            .iter()
            .filter(|result| matches!(result, Err(AuthError::Credentials)))
            .count();
        assert_eq!(compared, 10);
    }
}

#[tokio::test]
async fn good_sign_ins_use_up_nothing() {
    for bench in staffed().await {
        for _ in 0..40 {
            bench.sign_in("admin").await;
        }
    }
}

#[tokio::test]
async fn a_clock_that_was_wrong_locks_nobody_out() {
    for bench in staffed().await {
        let origin = from("198.51.100.9");
        let day = SignedDuration::from_hours(24);
        bench.advance(day);
        for _ in 0..12 {
            let _wrong = bench.try_sign_in("admin", "wrong", None, &origin).await;
        }
        bench.advance(-day);
        // The bucket is not empty until tomorrow.
        assert!(bench.try_sign_in("admin", PASSWORD, None, &origin).await.is_ok());
    }
}

#[tokio::test]
async fn a_password_hashed_at_another_cost_is_hashed_again_at_the_next_sign_in() {
    for bench in staffed().await {
        let dearer = Settings {
            password_cost: PasswordCost {
                passes: 2,
                ..PasswordCost::CHEAP
            },
            ..settings()
        };
        let world = World::simulated(bench.clock.clone(), 7);
        let auth = Auth::open(bench.db.clone(), world, dearer, sealing()).await.unwrap();
        let next = Bench {
            auth,
            clock: bench.clock.clone(),
            db: bench.db,
        };
        for _ in 0..2 {
            next.sign_in("admin").await;
            let stored = next
                .auth
                .inner
                .store
                .user_named(&"admin".parse().unwrap())
                .await
                .unwrap()
                .unwrap();
            assert!(stored.password_hash.unwrap().contains(",t=2,"));
        }
    }
}

#[tokio::test]
async fn a_change_of_password_ends_other_sessions_and_keeps_this_one() {
    for bench in staffed().await {
        let elsewhere = bench.sign_in("editor").await;
        let here = bench.sign_in("editor").await;
        let identity = bench.auth.check(here.access.reveal()).unwrap();
        let change = |present: &str, new: &str| {
            let (identity, present, new) = (identity.clone(), present.to_owned(), new.to_owned());
            let auth = bench.auth.clone();
            async move { auth.change_password(&identity, &home(), present, new).await }
        };
        assert!(matches!(
            change("wrong", OTHER_PASSWORD).await,
            Err(AuthError::Credentials)
        ));
        assert!(matches!(
            change(PASSWORD, "password1234").await,
            Err(AuthError::Weak(_))
        ));
        assert!(matches!(change(PASSWORD, "editor12345").await, Err(AuthError::Weak(_))));
        change(PASSWORD, OTHER_PASSWORD).await.unwrap();
        assert!(bench.auth.check(here.access.reveal()).is_ok());
        assert!(bench.auth.check(elsewhere.access.reveal()).is_err());
        assert!(bench.auth.refresh(elsewhere.refresh.reveal(), &home()).await.is_err());
        assert!(bench.try_sign_in("editor", PASSWORD, None, &home()).await.is_err());
        assert!(bench.try_sign_in("editor", OTHER_PASSWORD, None, &home()).await.is_ok());
    }
}
