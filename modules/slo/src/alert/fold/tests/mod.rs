//! Every order of failures, alerts, probes and recoveries over chains, diamonds and cycles.

mod examples;
mod orders;
mod properties;
mod silences;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use mainstay_catalog::ServiceName;
use mainstay_kernel::{Environment, TypedId};

use super::*;
use crate::{
    model::SloId,
    signal::{AlertKey, AlertKind, Severity},
};

pub(super) fn name(text: &str) -> ServiceName {
    ServiceName::parse(text).unwrap()
}

/// Seconds since the beginning of the scenario.
pub(super) fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

/// A fleet whose services fail and answer as told, and a machine that watches it.
pub(super) struct Scene {
    needs: BTreeMap<ServiceName, BTreeSet<ServiceName>>,
    failing_since: BTreeMap<ServiceName, Timestamp>,
    well_at: BTreeMap<ServiceName, Timestamp>,
    pub fold: Fold,
    pub now: Timestamp,
    next_id: u128,
    /// Every effect so far.
    pub log: Vec<Effect>,
    /// The openings that were delivered, in order.
    pub opened: Vec<AlertKey>,
    /// The resolutions that were delivered, in order.
    pub resolved: Vec<AlertKey>,
    keys: BTreeMap<AlertId, AlertKey>,
}

impl Scene {
    /// `"web>api api>data"`: web needs api, api needs data.
    pub fn of(edges: &str) -> Self {
        let mut needs: BTreeMap<ServiceName, BTreeSet<ServiceName>> = BTreeMap::new();
        for edge in edges.split_whitespace() {
            let (from, to) = edge.split_once('>').unwrap_or((edge, ""));
            let below = needs.entry(name(from)).or_default();
            if !to.is_empty() {
                below.insert(name(to));
                needs.entry(name(to)).or_default();
            }
        }
        Self {
            needs,
            failing_since: BTreeMap::new(),
            well_at: BTreeMap::new(),
            fold: Fold::default(),
            now: second(0),
            next_id: 1,
            log: Vec::new(),
            opened: Vec::new(),
            resolved: Vec::new(),
            keys: BTreeMap::new(),
        }
    }

    pub fn apply(&mut self, event: Event) {
        let mut fold = std::mem::take(&mut self.fold);
        let effects = fold.apply(event, self.now, &SceneView(self));
        self.fold = fold;
        self.take(effects);
    }

    /// Replaces the machine by one that knows only what was stored.
    pub fn restart(&mut self) {
        let stored: Vec<OpenAlert> = self.fold.open().cloned().collect();
        let (fold, effects) = Fold::restore(stored, self.fold.silences.clone(), &SceneView(self));
        self.fold = fold;
        self.take(effects);
        self.apply(Event::Tick);
    }

    fn take(&mut self, effects: Vec<Effect>) {
        let mut kicked = Vec::new();
        for effect in effects {
            match &effect {
                Effect::Opened(id) => {
                    let key = self.fold.alert(*id).map(|alert| alert.key.clone());
                    self.keys.extend(key.map(|key| (*id, key)));
                }
                Effect::Deliver { alert, what } => {
                    let key = self.keys[alert].clone();
                    match what {
                        Telling::Opened => self.opened.push(key),
                        Telling::Resolved => self.resolved.push(key),
                        Telling::Escalated => {}
                    }
                }
                Effect::Kick(service) => kicked.push(service.clone()),
                _ => {}
            }
            self.log.push(effect);
        }
        // A healthy service answers a probe at once; a failing one says nothing new until it is decided.
        for service in kicked {
            if !self.failing_since.contains_key(&service) {
                self.probe(&service);
            }
        }
    }

    /// A probe of the service starts and succeeds now.
    pub fn probe(&mut self, service: &ServiceName) {
        self.well_at.insert(service.clone(), self.now);
        self.apply(Event::Probed {
            service: service.clone(),
            started_at: self.now,
            well: true,
        });
    }

    pub fn wait(&mut self, seconds: i64) {
        let end = self.now + SignedDuration::from_secs(seconds);
        while let Some(due) = self.fold.next_deadline().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            self.apply(Event::Tick);
        }
        self.now = end;
    }

    /// The service's checks begin to fail now; nothing is decided yet.
    pub fn falters(&mut self, service: &str) {
        self.failing_since.entry(name(service)).or_insert(self.now);
    }

    pub fn id(&mut self) -> AlertId {
        self.next_id += 1;
        AlertId::from_uuid(mainstay_kernel::uuid::Uuid::from_u128(self.next_id))
    }

    /// The service is decided down; its checks failed since they faltered, or since a second ago.
    pub fn down_with(&mut self, service: &str, severity: Severity) {
        let since = *self
            .failing_since
            .entry(name(service))
            .or_insert(self.now - SignedDuration::from_secs(1));
        let id = self.id();
        self.apply(Event::Raised {
            id,
            key: down_key(service),
            severity,
            failing_since: Some(since),
            memory: SignedDuration::ZERO,
        });
    }

    pub fn down(&mut self, service: &str) {
        self.down_with(service, Severity::Page);
    }

    pub fn up(&mut self, service: &str) {
        self.failing_since.remove(&name(service));
        self.apply(Event::Cleared { key: down_key(service) });
        self.probe(&name(service));
    }

    pub fn burn(&mut self, service: &str, severity: Severity) {
        let id = self.id();
        self.apply(Event::Raised {
            id,
            key: burn_key(service, severity),
            severity,
            failing_since: self.failing_since.get(&name(service)).copied(),
            memory: SignedDuration::from_secs(300),
        });
    }

    pub fn burn_ends(&mut self, service: &str, severity: Severity) {
        self.apply(Event::Cleared {
            key: burn_key(service, severity),
        });
    }

    pub fn find(&self, key: &AlertKey) -> &OpenAlert {
        self.fold.find(key).unwrap_or_else(|| panic!("no open alert {key:?}"))
    }

    /// The names of the path along which the alert is folded.
    pub fn path(&self, key: &AlertKey) -> Option<Vec<String>> {
        match &self.find(key).phase {
            Phase::Folded { path, .. } => Some(path.iter().map(ToString::to_string).collect()),
            _ => None,
        }
    }

    pub fn opened_services(&self) -> Vec<String> {
        self.opened
            .iter()
            .map(|key| format!("{} {}", key.service, key.kind.as_str()))
            .collect()
    }

    /// What must hold at any time.
    pub fn check(&self) {
        for alert in self.fold.open() {
            let mut at = alert.id;
            let mut steps = 0;
            while let Some(Phase::Folded {
                root,
                root_gone_at: None,
                ..
            }) = self.fold.alert(at).map(|alert| &alert.phase)
            {
                at = *root;
                steps += 1;
                assert!(steps <= self.fold.alerts.len(), "alerts are folded in a circle");
            }
            let told = self.log.iter().filter(
                |effect| matches!(effect, Effect::Deliver { alert: id, what: Telling::Opened } if *id == alert.id),
            );
            assert_eq!(told.count(), usize::from(alert.told_at.is_some()));
            assert_eq!(self.fold.by_key.get(&alert.key), Some(&alert.id));
        }
        assert_eq!(self.fold.by_key.len(), self.fold.alerts.len());
        let reachable = |service: &ServiceName| self.fold.awaited.contains_key(service);
        assert!(self.fold.waiting.values().flatten().all(reachable));
        assert_eq!(
            self.fold.awaited.values().map(BTreeSet::len).sum::<usize>(),
            self.fold.waiting.values().map(BTreeSet::len).sum::<usize>(),
        );
    }

    /// After everything had its time: nobody waits, and what is folded lies under something that was delivered.
    pub fn check_settled(&self) {
        self.check();
        for alert in self.fold.open() {
            let mut top = alert;
            while let Phase::Folded { root, root_gone_at, .. } = &top.phase {
                assert_eq!(*root_gone_at, None, "{:?} still waits for its grace to end", top.key);
                top = self
                    .fold
                    .alert(*root)
                    .unwrap_or_else(|| panic!("{:?} lies under nothing", top.key));
            }
            assert!(
                matches!(top.phase, Phase::Standing { .. } | Phase::Silenced { .. }),
                "{:?} is {:?}: nobody will ever hear of it",
                top.key,
                top.phase
            );
        }
    }
}

pub(super) fn down_key(service: &str) -> AlertKey {
    AlertKey {
        kind: AlertKind::ServiceDown,
        environment: Environment::production(),
        service: name(service),
        slo_id: None,
    }
}

pub(super) fn burn_key(service: &str, severity: Severity) -> AlertKey {
    AlertKey {
        kind: AlertKind::BurnRate { severity },
        environment: Environment::production(),
        service: name(service),
        slo_id: Some(SloId::from_uuid(mainstay_kernel::uuid::Uuid::from_u128(7))),
    }
}

struct SceneView<'s>(&'s Scene);

fn closure(from: &ServiceName, step: impl Fn(&ServiceName) -> Vec<ServiceName>) -> Vec<ServiceName> {
    let mut seen = BTreeSet::new();
    let mut queue = VecDeque::from(step(from));
    while let Some(service) = queue.pop_front() {
        if service != *from && seen.insert(service.clone()) {
            queue.extend(step(&service));
        }
    }
    seen.into_iter().collect()
}

impl View for SceneView<'_> {
    fn transitive_hard(&self, service: &ServiceName) -> Vec<ServiceName> {
        closure(service, |service| {
            self.0.needs.get(service).into_iter().flatten().cloned().collect()
        })
    }

    fn transitive_dependants(&self, service: &ServiceName) -> Vec<ServiceName> {
        closure(service, |service| {
            let needing = self.0.needs.iter().filter(|(_, needs)| needs.contains(service));
            needing.map(|(name, _)| name.clone()).collect()
        })
    }

    fn hard_path(&self, from: &ServiceName, to: &ServiceName) -> Option<Vec<ServiceName>> {
        let mut queue = VecDeque::from([vec![from.clone()]]);
        let mut seen = BTreeSet::from([from.clone()]);
        while let Some(path) = queue.pop_front() {
            let last = path.last()?;
            if last == to {
                return Some(path);
            }
            for next in self.0.needs.get(last).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    let mut longer = path.clone();
                    longer.push(next.clone());
                    queue.push_back(longer);
                }
            }
        }
        None
    }

    fn well_since(&self, service: &ServiceName, since: Timestamp) -> bool {
        !self.0.failing_since.contains_key(service) && self.0.well_at.get(service).is_some_and(|at| *at > since)
    }

    fn is_faltering(&self, service: &ServiceName) -> bool {
        self.0.failing_since.contains_key(service)
    }
}

/// Every order of the items.
pub(super) fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for index in 0..items.len() {
        let mut rest = items.to_vec();
        let first = rest.remove(index);
        for mut order in permutations(&rest) {
            order.insert(0, first.clone());
            all.push(order);
        }
    }
    all
}
