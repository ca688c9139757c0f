//! Which checks the catalog asks for: one for each health endpoint, and those declared in Mainstay YAML. Pure: compares
//! what is wanted with what there is, and says what to do.

use std::collections::HashMap;

use mainstay_catalog::{Declaration, EndpointKind, Fleets, Service, ServiceName, Source};
use mainstay_kernel::Environment;

use crate::model::{
    check::{Check, CheckId, CheckKind, CheckManager, CheckRole, CheckSpec},
    draft::{CheckDraft, Defaults},
};

/// The kind of declaration that is a check.
pub const DECLARATION_KIND: &str = "check";

/// A check that should exist.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Where.
    pub environment: Environment,
    /// Whose.
    pub service: ServiceName,
    /// Its name.
    pub name: String,
    /// Who asks for it.
    pub managed_by: CheckManager,
    /// Where that is written.
    pub source: Option<Source>,
    /// How it probes.
    pub spec: CheckSpec,
    /// Whether a file says that it is paused; `None` leaves it to a person.
    pub paused: Option<bool>,
}

/// What has to change so that what is wanted exists.
#[derive(Debug, Default, PartialEq)]
pub struct Plan {
    /// To be made.
    pub insert: Vec<Wanted>,
    /// To be saved as they are here.
    pub update: Vec<Check>,
    /// To be put away.
    pub retire: Vec<CheckId>,
}

/// Everything the catalog asks for.
pub fn wanted(fleets: &Fleets, declarations: &[Declaration], defaults: &Defaults) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = fleets
        .iter()
        .flat_map(|(environment, fleet)| fleet.services().map(move |service| (environment, service)))
        .flat_map(|(environment, service)| from_endpoints(environment, service, defaults))
        .collect();
    for declaration in declarations {
        match declared(declaration, defaults) {
            // A file may replace a generated check by one of the same name.
            Ok(check) => {
                wanted.retain(|other| !same_place(other, &check));
                wanted.push(check);
            }
            Err(problems) => tracing::warn!(
                check.name = declaration.name,
                problems = problems.join("; "),
                "a declared check cannot be used"
            ),
        }
    }
    wanted
}

fn same_place(a: &Wanted, b: &Wanted) -> bool {
    a.environment == b.environment && a.service == b.service && a.name == b.name
}

fn from_endpoints(environment: &Environment, service: &Service, defaults: &Defaults) -> Vec<Wanted> {
    let make = |name: &str, role: CheckRole, draft: CheckDraft| -> Option<Wanted> {
        let draft = CheckDraft {
            role: Some(role),
            ..draft
        };
        let spec = draft
            .build(defaults, None)
            .inspect_err(|wrong| {
                tracing::warn!(service.name = %service.name, check.name = name, ?wrong, "an endpoint cannot be checked");
            })
            .ok()?;
        Some(Wanted {
            environment: environment.clone(),
            service: service.name.clone(),
            name: name.to_owned(),
            managed_by: CheckManager::Catalog,
            source: service.source.clone(),
            spec,
            paused: None,
        })
    };
    let roles = [
        (EndpointKind::Health, CheckRole::Health),
        (EndpointKind::Readiness, CheckRole::Readiness),
        (EndpointKind::Liveness, CheckRole::Liveness),
    ];
    let checks: Vec<Wanted> = roles
        .into_iter()
        .filter_map(|(kind, role)| make(role.as_str(), role, CheckDraft::of(service.endpoint(kind)?)))
        .collect();
    if !checks.is_empty() {
        return checks;
    }
    // Nothing says how the service is, but something says where: whether it accepts connections can be seen.
    let port = service
        .endpoint(EndpointKind::Base)
        .and_then(|base| url::Url::parse(base).ok())
        .and_then(|base| Some((base.host_str()?.to_owned(), base.port_or_known_default()?)));
    port.and_then(|(host, port)| {
        let draft = CheckDraft {
            kind: Some(CheckKind::Tcp),
            ..CheckDraft::of(format!("{host}:{port}"))
        };
        make("port", CheckRole::Custom, draft)
    })
    .into_iter()
    .collect()
}

/// Reads a check out of a declaration.
///
/// # Errors
/// Everything that is wrong with it, in sentences.
pub fn declared(declaration: &Declaration, defaults: &Defaults) -> Result<Wanted, Vec<String>> {
    let draft: CheckDraft =
        serde_json::from_value(declaration.body.clone()).map_err(|error| vec![error.to_string()])?;
    let service = draft
        .service
        .as_deref()
        .ok_or_else(|| vec!["`service` is missing".to_owned()])?;
    let service = ServiceName::parse(service).map_err(|error| vec![error.to_string()])?;
    let name = draft.name.clone().unwrap_or_else(|| declaration.name.clone());
    let paused = draft.paused.unwrap_or(false);
    let spec = draft.build(defaults, None).map_err(|wrong| {
        wrong
            .into_iter()
            .map(|error| format!("`{}`: {}", error.field, error.message))
            .collect::<Vec<_>>()
    })?;
    Ok(Wanted {
        environment: declaration.environment.clone(),
        service,
        name,
        managed_by: CheckManager::File,
        source: Some(declaration.source.clone()),
        spec,
        paused: Some(paused),
    })
}

/// Compares what is wanted with what there is; `true` beside a check says that it is retired.
pub fn reconcile(existing: Vec<(Check, bool)>, wanted: Vec<Wanted>) -> Plan {
    let mut plan = Plan::default();
    let mut by_place: HashMap<(Environment, ServiceName, String), (Check, bool)> = existing
        .into_iter()
        .map(|(check, retired)| {
            (
                (check.environment.clone(), check.service.clone(), check.name.clone()),
                (check, retired),
            )
        })
        .collect();
    for want in wanted {
        let place = (want.environment.clone(), want.service.clone(), want.name.clone());
        match by_place.remove(&place) {
            // What a person made by hand stands in front of what would be generated.
            Some((check, false)) if check.managed_by == CheckManager::Api => {}
            Some((check, retired)) => {
                let after = merged(&check, want);
                if retired || after != check {
                    plan.update.push(after);
                }
            }
            None => plan.insert.push(want),
        }
    }
    plan.retire = by_place
        .into_values()
        .filter(|(check, retired)| !retired && check.managed_by != CheckManager::Api)
        .map(|(check, _)| check.id)
        .collect();
    plan
}

/// The check as it should be, with what a person changed kept.
fn merged(check: &Check, want: Wanted) -> Check {
    let mut spec = want.spec;
    let edited = if want.managed_by == CheckManager::Catalog {
        check.edited.clone()
    } else {
        Vec::new()
    };
    for field in &edited {
        keep_field(field, &check.spec, &mut spec);
    }
    Check {
        spec,
        edited,
        paused: want.paused.unwrap_or(check.paused),
        managed_by: want.managed_by,
        source: want.source,
        ..check.clone()
    }
}

/// Copies one field, by its name on the wire.
fn keep_field(field: &str, from: &CheckSpec, to: &mut CheckSpec) {
    match field {
        "kind" => to.kind = from.kind,
        "role" => to.role = from.role,
        "target" => to.target.clone_from(&from.target),
        "method" => to.method.clone_from(&from.method),
        "headers" => to.headers.clone_from(&from.headers),
        "body" => to.body.clone_from(&from.body),
        "assertions" => to.assertions.clone_from(&from.assertions),
        "interval_ms" => to.interval_ms = from.interval_ms,
        "timeout_ms" => to.timeout_ms = from.timeout_ms,
        "failures_before_down" => to.failures_before_down = from.failures_before_down,
        "successes_before_up" => to.successes_before_up = from.successes_before_up,
        "retry_ms" => to.retry_ms = from.retry_ms,
        "follow_redirects" => to.follow_redirects = from.follow_redirects,
        "insecure" => to.insecure = from.insecure,
        _ => {}
    }
}

/// The names of the fields in which two specifications differ.
pub fn changed_fields(before: &CheckSpec, after: &CheckSpec) -> Vec<String> {
    let fields = [
        ("kind", before.kind == after.kind),
        ("role", before.role == after.role),
        ("target", before.target == after.target),
        ("method", before.method == after.method),
        ("headers", before.headers == after.headers),
        ("body", before.body == after.body),
        ("assertions", before.assertions == after.assertions),
        ("interval_ms", before.interval_ms == after.interval_ms),
        ("timeout_ms", before.timeout_ms == after.timeout_ms),
        (
            "failures_before_down",
            before.failures_before_down == after.failures_before_down,
        ),
        (
            "successes_before_up",
            before.successes_before_up == after.successes_before_up,
        ),
        ("retry_ms", before.retry_ms == after.retry_ms),
        ("follow_redirects", before.follow_redirects == after.follow_redirects),
        ("insecure", before.insecure == after.insecure),
    ];
    fields
        .into_iter()
        .filter(|(_, same)| !same)
        .map(|(name, _)| name.to_owned())
        .collect()
}
