//! Silences declared in Mainstay YAML: brought into line with the files whenever these change. One that is over is history: it
//! is neither made nor taken away.

use jiff::Timestamp;
use mainstay_catalog::{Declaration, DeclarationValidator, ServiceName};
use mainstay_kernel::{Scope, TypedId, from_micros, to_micros, uuid::Uuid};
use mainstay_store::StoreError;
use serde::Deserialize;

use super::{
    Alerts,
    model::{Kind, Silence, SilenceId},
    store::{self, SilenceRow},
};
use crate::store::{Kept, changing};

/// What the catalog calls a declared silence.
pub(crate) const KIND: &str = "silence";

/// The body of a declaration. What it does not name matches everything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    /// Stands beside the body in files; repeated in some.
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    service: Option<ServiceName>,
    #[serde(default)]
    kind: Option<Kind>,
    reason: String,
    starts_at: Timestamp,
    ends_at: Timestamp,
}

/// Reads a silence out of a declaration; `id` is for the case that it is new.
fn read(declaration: &Declaration, id: SilenceId) -> Result<SilenceRow, Vec<String>> {
    let spec: Spec = serde_json::from_value(declaration.body.clone()).map_err(|error| vec![error.to_string()])?;
    let mut wrong = Vec::new();
    if spec.ends_at <= spec.starts_at {
        wrong.push("`ends_at`: it must be after `starts_at`".to_owned());
    }
    if spec.reason.trim().is_empty() {
        wrong.push("`reason`: it must say why, for those who find it".to_owned());
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let file = declaration.source.file.clone().unwrap_or_else(|| "a file".to_owned());
    Ok(SilenceRow {
        scope: Scope::of(declaration.environment.clone()),
        silence: Silence {
            id,
            service: spec.service,
            slo_id: None,
            kind: spec.kind,
            reason: spec.reason.trim().to_owned(),
            created_by: file.clone(),
            // As exact as they are kept, so that what was kept is what is declared.
            starts_at: from_micros(to_micros(spec.starts_at)),
            ends_at: from_micros(to_micros(spec.ends_at)),
            source: Some(file),
            declared_as: Some(spec.name.unwrap_or_else(|| declaration.name.clone())),
        },
    })
}

/// Judges declared silences when files are imported; needs nothing that runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct SilenceDeclarations;

impl DeclarationValidator for SilenceDeclarations {
    fn kind(&self) -> &str {
        KIND
    }

    fn validate(&self, declaration: &Declaration) -> Vec<String> {
        // The id is thrown away with the silence.
        read(declaration, SilenceId::from_uuid(Uuid::nil()))
            .err()
            .unwrap_or_default()
    }
}

/// What has to change.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Plan {
    pub insert: Vec<SilenceRow>,
    pub update: Vec<SilenceRow>,
    pub delete: Vec<SilenceRow>,
}

/// Compares what is declared with what was.
fn plan(mut stored: Vec<SilenceRow>, wanted: Vec<SilenceRow>, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    for want in wanted {
        let is_it = |row: &SilenceRow| {
            row.scope == want.scope
                && row.silence.declared_as == want.silence.declared_as
                && (row.silence.ends_at > now || row.silence.starts_at == want.silence.starts_at)
        };
        match stored.iter().position(is_it) {
            Some(at) => {
                let before = stored.swap_remove(at);
                let mut after = want;
                after.silence.id = before.silence.id;
                if after != before {
                    plan.update.push(after);
                }
            }
            None if want.silence.ends_at > now => plan.insert.push(want),
            None => {}
        }
    }
    plan.delete = stored.into_iter().filter(|row| row.silence.ends_at > now).collect();
    plan
}

impl Alerts {
    /// Makes the silences those that files declare, beside the ones that people make. Answers one sentence for each that
    /// cannot be used; the others are in force all the same.
    pub(crate) async fn sync_declared_silences(&self, declarations: &[Declaration]) -> Vec<String> {
        let mut problems = Vec::new();
        let mut wanted = Vec::new();
        for declaration in declarations {
            match read(declaration, self.inner.world.id()) {
                Ok(row) => wanted.push(row),
                Err(wrong) => problems.push(format!("silence `{}`: {}", declaration.name, wrong.join("; "))),
            }
        }
        if let Err(error) = self.keep_silences(wanted).await {
            problems.push(format!("the declared silences are not in force: {error}"));
        }
        problems
    }

    async fn keep_silences(&self, wanted: Vec<SilenceRow>) -> Result<(), StoreError> {
        let db = &self.inner.db;
        let plan = plan(store::declared_silences(db).await?, wanted, self.inner.world.now());
        if plan == Plan::default() {
            return Ok(());
        }
        let mut tx = db.begin().await?;
        changing(&mut tx, Kept::Silences).await?;
        for row in &plan.delete {
            store::delete_silence(&mut tx, &row.scope, row.silence.id).await?;
        }
        for row in &plan.update {
            store::change_silence(&mut tx, row).await?;
        }
        for row in &plan.insert {
            store::add_silence(&mut tx, row).await?;
        }
        tx.commit().await?;
        self.take_over_silences().await
    }
}

#[cfg(test)]
mod tests {
    use mainstay_catalog::{Source, SourceKind};
    use mainstay_kernel::{Environment, World};
    use serde_json::{Value, json};

    use super::*;

    fn declaration(body: Value) -> Declaration {
        Declaration {
            kind: KIND.to_owned(),
            name: "move".to_owned(),
            environment: Environment::production(),
            body,
            source: Source::file(SourceKind::Mainstay, "fleet.yaml".to_owned(), Some(1)),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn silence(from: i64, to: i64) -> SilenceRow {
        let body = json!({ "kind": "service-down", "reason": "known", "starts_at": at(from), "ends_at": at(to) });
        read(&declaration(body), World::system().id()).unwrap()
    }

    #[test]
    fn what_is_wrong_with_a_silence_is_said() {
        for (body, said) in [
            (
                json!({ "reason": "x", "starts_at": at(2), "ends_at": at(1) }),
                "after `starts_at`",
            ),
            (
                json!({ "reason": " ", "starts_at": at(1), "ends_at": at(2) }),
                "say why",
            ),
            (
                json!({ "reason": "x", "kind": "loud", "starts_at": at(1), "ends_at": at(2) }),
                "loud",
            ),
            (json!({ "reason": "x", "ends_at": at(2) }), "starts_at"),
        ] {
            let wrong = SilenceDeclarations.validate(&declaration(body));
            assert!(wrong.len() == 1 && wrong[0].contains(said), "{wrong:?}");
        }
    }

    #[test]
    fn silences_come_change_and_go_with_their_file_and_those_that_are_over_stay() {
        let open = silence(10, 20);
        assert_eq!(
            plan(Vec::new(), vec![open.clone()], at(15)).insert,
            std::slice::from_ref(&open)
        );
        assert_eq!(plan(vec![open.clone()], vec![silence(10, 20)], at(15)), Plan::default());
        let longer = plan(vec![open.clone()], vec![silence(10, 30)], at(15));
        assert_eq!(
            (longer.update[0].silence.id, longer.update[0].silence.ends_at),
            (open.silence.id, at(30))
        );
        assert_eq!(
            plan(vec![open.clone()], Vec::new(), at(15)).delete,
            std::slice::from_ref(&open)
        );
        assert_eq!(plan(vec![open.clone()], Vec::new(), at(25)), Plan::default());
        assert_eq!(plan(Vec::new(), vec![open.clone()], at(25)), Plan::default());
        assert_eq!(plan(vec![open], vec![silence(30, 40)], at(25)).insert.len(), 1);
    }
}
