//! The change log: complete, without secrets, and impossible to change unseen.

use mainstay_store::sql;

use super::*;
use crate::model::Broken;

const ORGANIZATION: OrganizationId = OrganizationId::DEFAULT;

async fn report(bench: &Bench) -> LogReport {
    bench.auth.verify_log(ORGANIZATION).await.unwrap()
}

#[tokio::test]
async fn what_was_done_is_written_with_who_what_before_after_and_from_where() {
    for bench in staffed().await {
        let admin = bench.by("admin").await;
        let viewer = bench.user("viewer").await;
        let edit = UserEdit {
            role: Some(Role::Responder),
            ..UserEdit::default()
        };
        bench.auth.update_user(&admin, viewer.id, None, edit).await.unwrap();
        let newest = bench
            .auth
            .changes(ORGANIZATION, &LogFilter::default(), 1)
            .await
            .unwrap()
            .remove(0);
        assert_eq!((newest.actor_kind.as_str(), newest.actor.as_str()), ("person", "admin"));
        assert_eq!(
            (newest.action.as_str(), newest.target.as_str()),
            ("user.update", "viewer")
        );
        assert!(newest.before.unwrap().contains(r#""role":"viewer""#));
        assert!(newest.after.unwrap().contains(r#""role":"responder""#));
        assert_eq!(newest.address.as_deref(), Some("192.0.2.1"));
        assert_eq!(newest.request_id.as_deref(), Some("request-1"));
    }
}

#[tokio::test]
async fn entries_are_found_by_who_what_and_when() {
    for bench in staffed().await {
        let viewer = bench.user("viewer").await;
        let began = bench.auth.now();
        bench.advance(SignedDuration::from_secs(10));
        bench.sign_in("viewer").await;
        let found = async |filter: LogFilter| bench.auth.changes(ORGANIZATION, &filter, 100).await.unwrap();
        let by_actor = found(LogFilter {
            actor: Some(mainstay_kernel::TypedId::as_uuid(viewer.id)),
            from: Some(after(began, SignedDuration::from_secs(1))),
            ..LogFilter::default()
        })
        .await;
        assert_eq!(
            by_actor.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(),
            ["session.begin"]
        );
        let by_target = found(LogFilter {
            target_kind: Some("user".to_owned()),
            target: Some(viewer.id.to_string()),
            ..LogFilter::default()
        })
        .await;
        let actions: Vec<_> = by_target.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(actions, ["user.password", "user.link", "user.create"]);
        let all = found(LogFilter::default()).await;
        let page = found(LogFilter {
            before: Some(all[2].position),
            ..LogFilter::default()
        })
        .await;
        assert_eq!(page[0], all[3]);
        let past = LogFilter {
            to: Some(began),
            ..LogFilter::default()
        };
        assert_eq!(found(past).await.len(), 0, "everything happened at one time or later");
    }
}

#[tokio::test]
async fn a_log_that_nobody_touched_is_whole_whoever_wrote_it() {
    for bench in staffed().await {
        let replica = bench.replica(5).await;
        let two = Bench {
            auth: replica,
            clock: bench.clock.clone(),
            db: bench.db,
        };
        let origin = from("203.0.113.1");
        let (a, b, c) = tokio::join!(
            two.try_sign_in("viewer", "wrong", None, &origin),
            bench.auth.sign_in(
                SignIn {
                    username: "editor".to_owned(),
                    password: PASSWORD.to_owned(),
                    code: None
                },
                &origin
            ),
            two.try_sign_in("admin", PASSWORD, None, &origin),
        );
        assert!(a.is_err() && b.is_ok() && c.is_ok());
        let report = two.auth.verify_log(ORGANIZATION).await.unwrap();
        assert_eq!(report.broken, None);
        assert!(report.good.entries > 15);
    }
}

#[tokio::test]
async fn whatever_is_done_to_the_log_in_the_database_is_found() {
    for bench in staffed().await {
        let whole = report(&bench).await;
        assert_eq!(whole.broken, None);
        let run = async |statement: mainstay_store::Statement| {
            bench.db.execute(statement).await.unwrap();
        };

        run(sql("UPDATE auth_change SET actor = 'somebody else' WHERE position = 3")).await;
        assert_eq!(report(&bench).await.broken, Some(Broken::Altered(3)));
        assert_eq!(report(&bench).await.good.entries, 2);
        let entry = bench
            .auth
            .changes(
                ORGANIZATION,
                &LogFilter {
                    before: Some(4),
                    ..LogFilter::default()
                },
                1,
            )
            .await;
        assert_eq!(entry.unwrap()[0].actor, "somebody else");
        run(sql("DELETE FROM auth_change WHERE position = 3")).await;
        assert_eq!(report(&bench).await.broken, Some(Broken::Gap { expected: 3, found: 4 }));
    }
    for bench in staffed().await {
        let last = report(&bench).await.good.entries;
        bench
            .db
            .execute(sql("DELETE FROM auth_change WHERE position = $1").bind(last))
            .await
            .unwrap();
        let expected = Broken::End {
            expected: last,
            found: last - 1,
        };
        assert_eq!(report(&bench).await.broken, Some(expected));
        // Moving the end back with it needs the key that is not in the database.
        let entries = bench
            .auth
            .changes(ORGANIZATION, &LogFilter::default(), 1)
            .await
            .unwrap();
        let back = sql("UPDATE auth_log_head SET position = $1, hash = $2");
        bench
            .db
            .execute(back.bind(last - 1).bind(entries[0].hash.clone()))
            .await
            .unwrap();
        assert_eq!(report(&bench).await.broken, Some(Broken::Seal));
        bench.db.execute(sql("DELETE FROM auth_log_head")).await.unwrap();
        assert_eq!(
            report(&bench).await.broken,
            Some(Broken::End {
                expected: 0,
                found: last - 1
            })
        );
    }
}

#[tokio::test]
async fn no_secret_is_in_the_log() {
    for bench in staffed().await {
        let session = bench.sign_in("admin").await;
        let identity = bench.auth.check(session.access.reveal()).unwrap();
        let new = NewToken {
            name: "deploy".parse().unwrap(),
            scopes: [Permission::SloRead].into_iter().collect(),
            lifetime: SignedDuration::from_hours(1),
        };
        let token = bench.auth.create_token(&identity, &home(), new).await.unwrap();
        let link = bench.auth.reset_link(&By::console(), identity.user).await.unwrap();
        let enrolment = bench
            .auth
            .enrol_totp(&identity, &home(), PASSWORD.to_owned())
            .await
            .unwrap();
        let _wrong = bench
            .try_sign_in("admin", "a password typed wrong", None, &home())
            .await;
        bench.auth.revoke(session.access.reveal(), &home()).await.unwrap();
        let entries = bench
            .auth
            .changes(ORGANIZATION, &LogFilter::default(), 10_000)
            .await
            .unwrap();
        let text = format!("{entries:?}");
        assert!(text.contains("token.create") && text.contains("user.link") && text.contains("sign-in.refuse"));
        for secret in [
            PASSWORD,
            "a password typed wrong",
            "$argon2",
            session.refresh.reveal(),
            session.access.reveal(),
            token.secret.reveal(),
            link.secret.reveal(),
            &enrolment.secret,
        ] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
}

#[tokio::test]
async fn a_name_that_nobody_has_is_not_written_and_its_refusal_is() {
    for bench in staffed().await {
        let typed = "my secret password in the wrong field";
        let _wrong = bench.try_sign_in(typed, "x", None, &home()).await;
        let newest = bench
            .auth
            .changes(ORGANIZATION, &LogFilter::default(), 1)
            .await
            .unwrap()
            .remove(0);
        assert_eq!(
            (newest.action.as_str(), newest.target.as_str()),
            ("sign-in.refuse", "no such account")
        );
        assert!(!format!("{newest:?}").contains("secret"));
    }
}

/// Whoever shortened the log must not have it sealed again by the next who writes to it.
#[tokio::test]
async fn a_log_without_its_seal_is_gone_on_with_and_says_so() {
    for bench in staffed().await {
        let last = report(&bench).await.good.entries;
        let entries = bench
            .auth
            .changes(ORGANIZATION, &LogFilter::default(), 2)
            .await
            .unwrap();
        bench
            .db
            .execute(sql("DELETE FROM auth_change WHERE position = $1").bind(last))
            .await
            .unwrap();
        let back = sql("UPDATE auth_log_head SET position = $1, hash = $2");
        bench
            .db
            .execute(back.bind(last - 1).bind(entries[1].hash.clone()))
            .await
            .unwrap();
        assert_eq!(report(&bench).await.broken, Some(Broken::Seal));
        bench.sign_in("viewer").await;
        let filter = LogFilter {
            action: Some("log.reseal".to_owned()),
            ..LogFilter::default()
        };
        let said = bench.auth.changes(ORGANIZATION, &filter, 10).await.unwrap();
        assert_eq!((said.len(), said[0].position), (1, last));
        assert_eq!(report(&bench).await.broken, None);
    }
}

#[tokio::test]
async fn what_is_rolled_back_is_not_written() {
    for bench in staffed().await {
        let before = report(&bench).await.good.entries;
        let viewer = bench.user("viewer").await;
        let taken = UserEdit {
            username: Some("admin".parse().unwrap()),
            ..UserEdit::default()
        };
        assert!(
            bench
                .auth
                .update_user(&By::console(), viewer.id, None, taken)
                .await
                .is_err()
        );
        assert_eq!(report(&bench).await.good.entries, before);
    }
}
