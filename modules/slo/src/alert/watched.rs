//! The bridge to watch: probes and decisions on their way to the alert engine, kicks on their way back, and the webhooks that
//! files declare.

use std::{convert::Infallible, sync::Arc, time::Duration};

use mainstay_catalog::{Catalog, Declaration, DeclarationValidator, ServiceName};
use mainstay_kernel::{Environment, TypedId};
use mainstay_runtime::{Latest, Tasks};
use mainstay_watch::{ProbeEvent, ProbeListener, ServiceState, ServiceStateChange, State, Watch};

use super::{Alerts, Decision, Watching, declared_silences};
use crate::{delivery::declared, service::Objectives, term::Seat};

impl ProbeListener for Alerts {
    fn on_probe(&self, event: &ProbeEvent) {
        if !event.in_maintenance {
            self.probed(
                &event.environment,
                &event.service,
                event.check.as_uuid(),
                event.at,
                event.ok,
            );
        }
    }

    fn on_service_state(&self, change: &ServiceStateChange) {
        self.decided(decision(&change.after));
    }
}

/// A real watch, with the catalog that knows its environments.
#[derive(Clone)]
pub struct Watched {
    watch: Watch,
    catalog: Catalog,
    objectives: Objectives,
}

impl Watched {
    /// What the engine asks is answered by `watch` and by `objectives`.
    pub fn new(watch: Watch, catalog: Catalog, objectives: Objectives) -> Arc<Self> {
        Arc::new(Self {
            watch,
            catalog,
            objectives,
        })
    }
}

impl Watching for Watched {
    fn kick(&self, environment: &Environment, service: &ServiceName) {
        self.watch.kick(environment, service);
    }

    fn is_watched(&self, environment: &Environment, service: &ServiceName) -> bool {
        self.watch
            .service_state(environment, service)
            .is_some_and(|state| state.checks.up + state.checks.down + state.checks.unknown > 0)
    }

    fn decisions(&self) -> Vec<Decision> {
        let fleets = self.catalog.fleets().get();
        fleets
            .keys()
            .flat_map(|environment| self.watch.service_states(environment))
            // Before its first probes a service is in no state to compare with: that must not resolve what is open.
            .filter(|state| state.state != State::Unknown)
            .map(|state| decision(&state))
            .collect()
    }

    fn state_anew(&self) {
        self.objectives.state_anew();
    }
}

/// Maintenance has a state of its own, so a service that is down in it is not decided to be down.
fn decision(state: &ServiceState) -> Decision {
    Decision {
        environment: state.environment.clone(),
        service: state.service.clone(),
        down: state.state == State::Down,
        reason: state.reason.clone(),
        in_maintenance: state.state == State::Maintenance,
    }
}

/// Judges declared webhooks while files are imported.
#[derive(Debug, Clone, Copy, Default)]
pub struct WebhookDeclarations {
    /// Whether the webhooks will be called from this machine, so that it must be able to read their secrets.
    pub here: bool,
}

impl DeclarationValidator for WebhookDeclarations {
    fn kind(&self) -> &str {
        declared::KIND
    }

    /// Nothing is refused: a webhook that was good before stays as it was.
    fn validate(&self, _: &Declaration) -> Vec<String> {
        Vec::new()
    }

    fn hindrances(&self, declaration: &Declaration) -> Vec<String> {
        if self.here {
            declared::problems_here(declaration)
        } else {
            declared::problems(declaration)
        }
    }
}

/// How soon a declared webhook that cannot be used is tried again: its secret may be put in its place meanwhile.
const TRY_AGAIN: Duration = Duration::from_secs(10);

impl Alerts {
    /// Keeps the declared silences those of imported files, and the file-managed webhooks those that imported files declare, and those of the configuration, on the replica that
    /// holds `files`.
    pub(crate) fn follow_declarations(
        &self,
        catalog: &Catalog,
        configured: Latest<Vec<Declaration>>,
        files: Seat,
        tasks: &Tasks,
    ) {
        let alerts = self.clone();
        let catalog = catalog.clone();
        tasks.spawn("slo.follow-webhooks", |context| async move {
            let mut fleets = catalog.fleets();
            let follower = catalog.follower();
            let mut reconfigured = configured.follow();
            loop {
                fleets.mark_seen();
                let here = files.term().is_some();
                let mut problems = Vec::new();
                if here {
                    let version = catalog.version();
                    let mut declarations = configured.get();
                    declarations.extend(catalog.declarations(declared::KIND));
                    let silences = catalog.declarations(declared_silences::KIND);
                    problems = alerts.sync_declared_webhooks(&declarations).await;
                    problems.extend(alerts.sync_declared_silences(&silences).await);
                    // What cannot be used says so itself; there is nothing to wait for.
                    follower.reached(version);
                    if problems.is_empty() {
                        context.ran(format!(
                            "{} declared webhooks, {} declared silences",
                            declarations.len(),
                            silences.len()
                        ));
                    } else {
                        context.failed(problems.join("; "));
                    }
                } else {
                    follower.stand_back();
                    context.ran("another replica follows the files");
                }
                tokio::select! {
                    biased;
                    () = context.stopping() => return Ok::<_, Infallible>(()),
                    () = files.moved(here) => {}
                    () = fleets.changed() => {}
                    () = reconfigured.changed() => {}
                    () = tokio::time::sleep(TRY_AGAIN), if !problems.is_empty() => {}
                }
            }
        });
    }
}
