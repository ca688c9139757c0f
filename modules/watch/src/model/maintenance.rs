//! Times in which a service may be away on purpose.

use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_kernel::Environment;

mainstay_kernel::typed_id!(
    /// Identifies a maintenance window.
    MaintenanceId
);

/// Longest reason, in bytes.
pub const REASON_MAX: usize = 1000;

/// How a file declares a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Its name in the file, unique in the environment.
    pub name: String,
    /// The file.
    pub file: Option<String>,
}

/// A maintenance window: half open, the end is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    /// Identifies it.
    pub id: MaintenanceId,
    /// Where it applies.
    pub environment: Environment,
    /// The service, or every service of the environment.
    pub service: Option<ServiceName>,
    /// Why, in the words of the person who planned it.
    pub reason: String,
    /// Its first moment.
    pub starts_at: Timestamp,
    /// The first moment after it.
    pub ends_at: Timestamp,
    /// The file that declares it; `None` for one that a person planned.
    pub declared: Option<Declared>,
}

impl Maintenance {
    /// Whether the window covers a service at a moment.
    pub fn covers(&self, environment: &Environment, service: &ServiceName, at: Timestamp) -> bool {
        self.environment == *environment
            && self.service.as_ref().is_none_or(|covered| covered == service)
            && self.starts_at <= at
            && at < self.ends_at
    }
}

#[cfg(test)]
mod tests {
    use mainstay_kernel::World;

    use super::*;

    #[test]
    fn a_window_covers_its_first_moment_and_not_its_end() {
        let second = |number| Timestamp::from_second(number).unwrap();
        let api = ServiceName::parse("api").unwrap();
        let production = Environment::production();
        let mut window = Maintenance {
            id: World::system().id(),
            environment: production.clone(),
            service: Some(api.clone()),
            reason: "upgrade".to_owned(),
            starts_at: second(10),
            ends_at: second(20),
            declared: None,
        };
        let covered: Vec<bool> = [9, 10, 19, 20]
            .map(|at| window.covers(&production, &api, second(at)))
            .to_vec();
        assert_eq!(covered, [false, true, true, false]);
        let web = ServiceName::parse("web").unwrap();
        assert!(!window.covers(&production, &web, second(10)));
        assert!(!window.covers(&"staging".parse().unwrap(), &api, second(10)));
        window.service = None;
        assert!(window.covers(&production, &web, second(10)));
    }
}
