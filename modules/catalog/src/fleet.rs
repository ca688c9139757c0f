//! An immutable snapshot of one environment: its services and the graph of what needs what, ready for constant-time
//! questions. Knows nothing of files, databases or states.

use std::collections::{HashMap, VecDeque};

use mainstay_kernel::Environment;

use crate::{
    import::names::nearest,
    model::{Dependency, DependencyKind, Service, ServiceName},
};

mod cycles;

/// The services of one environment at one moment, and their dependency graph.
///
/// Only dependencies between services of this fleet are edges of the graph: a name nobody defined has no state to wait
/// for and is listed by [`Fleet::undefined_dependencies`]. A service that names itself has no edge to itself.
#[derive(Debug)]
pub struct Fleet {
    environment: Environment,
    version: i64,
    services: Vec<Service>,
    index: HashMap<ServiceName, usize>,
    hard: Edges,
    soft: Edges,
    undefined: Vec<(ServiceName, Dependency)>,
    cycles: Vec<Vec<ServiceName>>,
}

/// Edges of one kind, forward and back, each list sorted by name and held both as names (to lend out) and as positions
/// (to walk).
#[derive(Debug)]
struct Edges {
    to: Vec<Vec<ServiceName>>,
    from: Vec<Vec<ServiceName>>,
    to_index: Vec<Vec<usize>>,
    from_index: Vec<Vec<usize>>,
}

impl Edges {
    /// `pairs` must be sorted, so that the lists come out sorted.
    fn build(services: &[Service], mut pairs: Vec<(usize, usize)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let mut to_index = vec![Vec::new(); services.len()];
        let mut from_index = vec![Vec::new(); services.len()];
        for (from, to) in pairs {
            to_index[from].push(to);
            from_index[to].push(from);
        }
        let names = |lists: &[Vec<usize>]| -> Vec<Vec<ServiceName>> {
            lists
                .iter()
                .map(|list| list.iter().map(|at| services[*at].name.clone()).collect())
                .collect()
        };
        Self {
            to: names(&to_index),
            from: names(&from_index),
            to_index,
            from_index,
        }
    }
}

impl Fleet {
    /// Builds the snapshot; linear in services and dependencies, apart from sorting. When two services have one name,
    /// the later one is dropped (the store's key does not let that happen).
    pub fn new(environment: Environment, version: i64, mut services: Vec<Service>) -> Self {
        services.sort_by(|a, b| a.name.cmp(&b.name));
        services.dedup_by(|later, earlier| later.name == earlier.name);
        let index: HashMap<ServiceName, usize> = services
            .iter()
            .enumerate()
            .map(|(at, service)| (service.name.clone(), at))
            .collect();

        let (mut hard, mut soft, mut undefined) = (Vec::new(), Vec::new(), Vec::new());
        for (from, service) in services.iter().enumerate() {
            for dependency in &service.dependencies {
                match (index.get(&dependency.service), dependency.kind) {
                    (None, _) => undefined.push((service.name.clone(), dependency.clone())),
                    (Some(to), _) if *to == from => {}
                    (Some(to), DependencyKind::Hard) => hard.push((from, *to)),
                    (Some(to), DependencyKind::Soft) => soft.push((from, *to)),
                }
            }
        }
        let hard = Edges::build(&services, hard);
        let soft = Edges::build(&services, soft);
        let cycles = cycles::find(&hard.to_index, &hard.from_index, &soft.to_index, &soft.from_index)
            .into_iter()
            .map(|cycle| cycle.into_iter().map(|at| services[at].name.clone()).collect())
            .collect();
        Self {
            environment,
            version,
            services,
            index,
            hard,
            soft,
            undefined,
            cycles,
        }
    }

    /// A fleet without services.
    pub fn empty(environment: Environment) -> Self {
        Self::new(environment, 0, Vec::new())
    }

    /// Where these services run.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Grows with every change of this environment's catalog.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// How many services there are.
    pub fn len(&self) -> usize {
        self.services.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    /// All services, by name.
    pub fn services(&self) -> impl ExactSizeIterator<Item = &Service> + Clone {
        self.services.iter()
    }

    /// The services after `name` in the order of names; all of them for `None`.
    pub fn services_after(&self, name: Option<&ServiceName>) -> &[Service] {
        let start = name.map_or(0, |name| self.services.partition_point(|service| service.name <= *name));
        &self.services[start..]
    }

    /// The service of that name.
    pub fn service(&self, name: &ServiceName) -> Option<&Service> {
        self.index.get(name).map(|at| &self.services[*at])
    }

    /// Says that there is no service of that name here, and which one was probably meant; nothing when there is one.
    pub fn missing(&self, name: &ServiceName) -> Option<String> {
        if self.index.contains_key(name) {
            return None;
        }
        let known = self.services.iter().map(|service| service.name.as_str());
        let hint = nearest(name.as_str(), known)
            .map(|meant| format!(" (did you mean `{meant}`?)"))
            .unwrap_or_default();
        Some(format!("there is no service `{name}` in {}{hint}", self.environment))
    }

    /// What the service cannot work without, directly, by name; empty for an unknown service.
    pub fn hard_dependencies(&self, name: &ServiceName) -> &[ServiceName] {
        self.list(name, &self.hard.to)
    }

    /// What the service uses but can do without, directly, by name.
    pub fn soft_dependencies(&self, name: &ServiceName) -> &[ServiceName] {
        self.list(name, &self.soft.to)
    }

    /// The services that cannot work without this one, directly, by name.
    pub fn dependants(&self, name: &ServiceName) -> &[ServiceName] {
        self.list(name, &self.hard.from)
    }

    /// The services that use this one but can do without, directly, by name.
    pub fn soft_dependants(&self, name: &ServiceName) -> &[ServiceName] {
        self.list(name, &self.soft.from)
    }

    /// Dependencies on names that are no service here: who names them, and what.
    pub fn undefined_dependencies(&self) -> &[(ServiceName, Dependency)] {
        &self.undefined
    }

    /// Everything the service cannot work without, directly or through others, nearest first; never the service itself,
    /// not even in a cycle.
    pub fn transitive_hard(&self, name: &ServiceName) -> impl Iterator<Item = &ServiceName> {
        self.reach(name, &self.hard.to_index)
    }

    /// Every service that cannot work without this one, directly or through others, nearest first; never the service
    /// itself.
    pub fn transitive_dependants(&self, name: &ServiceName) -> impl Iterator<Item = &ServiceName> {
        self.reach(name, &self.hard.from_index)
    }

    /// A shortest way from one service to another over hard dependencies, both ends included (`web`, `api`, `data`); among
    /// equally short ones the first by name. `None` when there is no way or no such service.
    pub fn hard_path(&self, from: &ServiceName, to: &ServiceName) -> Option<Vec<ServiceName>> {
        let (start, goal) = (*self.index.get(from)?, *self.index.get(to)?);
        // Walking backwards from the goal gives every service its distance to it; walking forwards along falling
        // distances and taking the first name each time gives the first of the shortest paths.
        let distance = self.distances_to(goal, start);
        let mut remaining = *distance.get(&start)?;
        let mut path = vec![start];
        let mut here = start;
        while remaining > 0 {
            here = *self.hard.to_index[here]
                .iter()
                .find(|next| distance.get(next) == Some(&(remaining - 1)))?;
            remaining -= 1;
            path.push(here);
        }
        Some(path.into_iter().map(|at| self.services[at].name.clone()).collect())
    }

    /// The dependency cycles, one for each group of services that reach each other, as the names along a shortest cycle
    /// of the group that has a hard dependency in it. Soft dependencies count, but a ring of soft ones alone is harmless
    /// and not listed.
    pub fn cycles(&self) -> &[Vec<ServiceName>] {
        &self.cycles
    }

    fn list<'fleet>(&self, name: &ServiceName, lists: &'fleet [Vec<ServiceName>]) -> &'fleet [ServiceName] {
        self.index.get(name).map_or(&[], |at| &lists[*at])
    }

    fn reach<'fleet>(&'fleet self, name: &ServiceName, edges: &'fleet [Vec<usize>]) -> Reach<'fleet> {
        let mut seen = vec![false; self.services.len()];
        let mut queue = VecDeque::new();
        if let Some(start) = self.index.get(name) {
            seen[*start] = true;
            for next in &edges[*start] {
                seen[*next] = true;
                queue.push_back(*next);
            }
        }
        Reach {
            services: &self.services,
            edges,
            seen,
            queue,
        }
    }

    /// The number of hard steps to `goal` for every service that is not farther from it than `until`.
    fn distances_to(&self, goal: usize, until: usize) -> HashMap<usize, usize> {
        let mut distance = HashMap::from([(goal, 0)]);
        let mut queue = VecDeque::from([(goal, 0)]);
        while let Some((here, steps)) = queue.pop_front() {
            if here == until {
                break;
            }
            for previous in &self.hard.from_index[here] {
                distance.entry(*previous).or_insert_with(|| {
                    queue.push_back((*previous, steps + 1));
                    steps + 1
                });
            }
        }
        distance
    }
}

/// A breadth-first walk that yields each service once.
struct Reach<'fleet> {
    services: &'fleet [Service],
    edges: &'fleet [Vec<usize>],
    seen: Vec<bool>,
    queue: VecDeque<usize>,
}

impl<'fleet> Iterator for Reach<'fleet> {
    type Item = &'fleet ServiceName;

    fn next(&mut self) -> Option<Self::Item> {
        let here = self.queue.pop_front()?;
        for next in &self.edges[here] {
            if !self.seen[*next] {
                self.seen[*next] = true;
                self.queue.push_back(*next);
            }
        }
        Some(&self.services[here].name)
    }
}

#[cfg(test)]
mod tests;
