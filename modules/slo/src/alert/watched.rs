//! The bridge to watch: probes and decisions on their way to the alert engine, kicks on their way back, and the webhooks that
//! files declare.

use std::{convert::Infallible, sync::Arc};

use mainstay_catalog::{Catalog, Declaration, DeclarationValidator, ServiceName};
use mainstay_kernel::{Environment, TypedId};
use mainstay_runtime::Tasks;
use mainstay_watch::{ProbeEvent, ProbeListener, ServiceState, ServiceStateChange, State, Watch};

use super::{Alerts, Decision, Watching};
use crate::delivery::declared;

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
}

impl Watched {
    /// What the engine asks is answered by `watch`.
    pub fn new(watch: Watch, catalog: Catalog) -> Arc<Self> {
        Arc::new(Self { watch, catalog })
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
        let fleets = self.catalog.fleets().borrow().clone();
        fleets
            .keys()
            .flat_map(|environment| self.watch.service_states(environment))
            // Before its first probes a service is in no state to compare with: that must not resolve what is open.
            .filter(|state| state.state != State::Unknown)
            .map(|state| decision(&state))
            .collect()
    }
}

/// Maintenance has a state of its own, so a service that is down in it is not decided to be down.
fn decision(state: &ServiceState) -> Decision {
    Decision {
        environment: state.environment.clone(),
        service: state.service.clone(),
        down: state.state == State::Down,
        reason: state.reason.clone(),
    }
}

/// Judges declared webhooks while files are imported.
#[derive(Debug, Clone, Copy, Default)]
pub struct WebhookDeclarations;

impl DeclarationValidator for WebhookDeclarations {
    fn kind(&self) -> &str {
        declared::KIND
    }

    fn validate(&self, declaration: &Declaration) -> Vec<String> {
        declared::problems(declaration)
    }
}

impl Alerts {
    /// Keeps the file-managed webhooks those that imported files declare, and those of the configuration.
    pub fn follow_declarations(&self, catalog: &Catalog, configured: Vec<Declaration>, tasks: &Tasks) {
        let alerts = self.clone();
        let catalog = catalog.clone();
        tasks.spawn("slo.follow-webhooks", |context| async move {
            let mut fleets = catalog.fleets();
            loop {
                fleets.mark_unchanged();
                let mut declarations = configured.clone();
                declarations.extend(catalog.declarations(declared::KIND));
                let problems = alerts.sync_declared_webhooks(&declarations).await;
                if problems.is_empty() {
                    context.ran(format!("{} declared webhooks", declarations.len()));
                } else {
                    context.failed(problems.join("; "));
                }
                tokio::select! {
                    changed = fleets.changed() => if changed.is_err() { return Ok::<_, Infallible>(()) },
                    () = context.stopping() => return Ok(()),
                }
            }
        });
    }
}
