//! Webhooks that files declare: they follow the files, and say what is wrong with them.

use mainstay_catalog::{Declaration, DeclarationValidator, Source, SourceKind};
use serde_json::{Value, json};

use super::*;
use crate::alert::WebhookDeclarations;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn declare(body: Value) -> Declaration {
    Declaration {
        kind: "webhook".to_owned(),
        name: "pager".to_owned(),
        environment: Environment::production(),
        body,
        source: Source::file(SourceKind::Mainstay, "fleet/mainstay.yaml".to_owned(), Some(1)),
    }
}

impl Process {
    /// Takes the declaration up; answers what is said of it, and the webhook.
    async fn declared(&self, declaration: &Declaration) -> (Vec<String>, Webhook) {
        let said = self
            .alerts
            .sync_declared_webhooks(std::slice::from_ref(declaration))
            .await;
        let webhooks = self.alerts.inner.deliveries.list_webhooks(&Scope::default());
        assert_eq!(webhooks.len(), 1, "{webhooks:?}");
        (said, webhooks[0].clone())
    }
}

#[tokio::test]
async fn a_webhook_declared_in_a_file_follows_the_file() {
    for db in databases().await {
        let folder = tempfile::tempdir().unwrap();
        let secret_file = folder.path().join("pager.secret");
        std::fs::write(&secret_file, SECRET).unwrap();
        let receiver = Receiver::start([]).await;
        let process = Process::start(&db, "api").await;
        let good = declare(json!({"url": receiver.url, "secret_file": secret_file}));
        let (said, webhook) = process.declared(&good).await;
        assert_eq!(said, [""; 0]);
        assert_eq!(
            (&webhook.secret, webhook.version, &webhook.problem),
            (&Some(Secret::parse(SECRET).unwrap()), 1, &None)
        );
        assert_eq!(process.declared(&good).await, (Vec::new(), webhook.clone()));
        let deliveries = &process.alerts.inner.deliveries;
        let problem = deliveries.delete(&webhook).await.unwrap_err();
        assert_eq!(problem.code, "file-managed");

        for (bad, reason) in [
            (
                json!({"url": "http://10.0.0.1/", "secret_file": secret_file}),
                "egress.allow",
            ),
            (json!({"url": receiver.url, "secret_file": "pager.secret"}), "relative"),
            (json!({"url": receiver.url, "colour": "red"}), "colour"),
        ] {
            let (said, kept) = process.declared(&declare(bad)).await;
            assert!(said[0].contains(reason), "{said:?}");
            assert!(kept.problem.as_ref().unwrap().contains(reason), "{kept:?}");
            assert_eq!(
                Webhook { problem: None, ..kept },
                webhook,
                "a bad edit does not silence a pager"
            );
        }
        assert_eq!(process.declared(&good).await, (Vec::new(), webhook));

        process.alerts.sync_declared_webhooks(&[]).await;
        assert_eq!(deliveries.list_webhooks(&Scope::default()), []);
        process.stop().await;
    }
}

#[tokio::test]
async fn a_declared_webhook_whose_secret_is_missing_is_listed_with_the_reason_and_begins_when_it_is_there() {
    let db = sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    let secret_file = folder.path().join("pager.secret");
    let receiver = Receiver::start([]).await;
    let process = Process::start(&db, "api").await;
    let declaration = declare(json!({"url": receiver.url, "secret_file": secret_file}));
    let (said, webhook) = process.declared(&declaration).await;
    assert_eq!(said.len(), 1);
    let problem = webhook.problem.clone().unwrap();
    assert!(
        problem.contains(&secret_file.display().to_string()) && problem.contains("cannot be read"),
        "{problem}"
    );
    assert!(!webhook.enabled, "its messages would go out unsigned");
    let shown = serde_json::to_value(&webhook).unwrap();
    assert_eq!(shown["problem"], problem);

    std::fs::write(&secret_file, "not a secret").unwrap();
    let (_, webhook) = process.declared(&declaration).await;
    assert!(webhook.problem.unwrap().contains("whsec_"));

    std::fs::write(&secret_file, SECRET).unwrap();
    let (said, webhook) = process.declared(&declaration).await;
    assert_eq!((said.len(), webhook.problem), (0, None));
    assert!(webhook.enabled && webhook.secret_set);
    process.down("api");
    receiver.accepts(1).await;
    process.stop().await;
}

#[test]
fn an_import_says_that_a_relative_secret_file_means_nothing_to_the_server() {
    let declaration = declare(json!({"url": "https://hooks.example.org", "secret_file": "secrets/pager.secret"}));
    for here in [false, true] {
        let judge = WebhookDeclarations { here };
        assert_eq!(judge.validate(&declaration), [""; 0], "it stays in force as it was");
        assert_eq!(
            judge.hindrances(&declaration),
            [
                "its `secret_file: secrets/pager.secret` is relative, and the server does not know from which folder; write the \
              absolute path of the file as the server sees it, such as `/etc/mainstay/pager.secret`"
            ]
        );
    }
}

#[test]
fn only_the_server_itself_looks_for_the_secret() {
    let missing = tempfile::tempdir().unwrap().path().join("pager.secret");
    let declaration = declare(json!({"url": "https://hooks.example.org", "secret_file": missing}));
    assert_eq!(WebhookDeclarations { here: false }.hindrances(&declaration), [""; 0]);
    let said = WebhookDeclarations { here: true }.hindrances(&declaration);
    assert!(said[0].contains("cannot be read") && said.len() == 1, "{said:?}");
}
