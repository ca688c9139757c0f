//! Which permission each route needs. The table itself is written where the routes are put together; this is its form, and what
//! makes it hold: a route that is not in it is refused.

use std::collections::{BTreeMap, HashMap};

use super::Permission;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, signed in or not.
    Public,
    /// Whoever is signed in and has the permission.
    Needs(Permission),
}

impl Access {
    /// The word in an operation's `x-permission`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Needs(permission) => permission.as_str(),
        }
    }
}

/// One row: method in capital letters, path pattern as the router has it, and who may use it.
pub type Row = (&'static str, &'static str, Access);

/// The table is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the table of permissions has two rows for {method} {path}")]
pub struct InvalidTable {
    /// The method.
    pub method: &'static str,
    /// The path pattern.
    pub path: &'static str,
}

/// The permission of every route.
#[derive(Debug, Clone, Default)]
pub struct RouteTable {
    routes: HashMap<&'static str, HashMap<&'static str, Access>>,
}

impl RouteTable {
    /// The table of these rows.
    ///
    /// # Errors
    /// When a route has two rows.
    pub fn new(rows: impl IntoIterator<Item = Row>) -> Result<Self, InvalidTable> {
        let mut table = Self::default();
        for (method, path, access) in rows {
            if table.routes.entry(path).or_default().insert(method, access).is_some() {
                return Err(InvalidTable { method, path });
            }
        }
        Ok(table)
    }

    /// Who may use the route; `None` when it has no row, and then nobody may. A `HEAD` is a `GET` without its body.
    pub fn access(&self, method: &str, path: &str) -> Option<Access> {
        let methods = self.routes.get(path)?;
        let method = if method == "HEAD" { "GET" } else { method };
        methods.get(method).copied()
    }

    /// Whether the path has a row for any method.
    pub fn has(&self, path: &str) -> bool {
        self.routes.contains_key(path)
    }

    /// Every row, by path and method, as `GET /path` with the word of its access.
    pub fn rows(&self) -> BTreeMap<String, &'static str> {
        let rows = self.routes.iter().flat_map(|(path, methods)| {
            methods
                .iter()
                .map(move |(method, access)| (format!("{method} {path}"), access.as_str()))
        });
        rows.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [Row; 3] = [
        ("GET", "/a/{id}", Access::Needs(Permission::CatalogRead)),
        ("DELETE", "/a/{id}", Access::Needs(Permission::CatalogWrite)),
        ("GET", "/live", Access::Public),
    ];

    #[test]
    fn a_route_without_a_row_is_nobodys() {
        let table = RouteTable::new(ROWS).unwrap();
        assert_eq!(
            table.access("GET", "/a/{id}"),
            Some(Access::Needs(Permission::CatalogRead))
        );
        assert_eq!(table.access("HEAD", "/live"), Some(Access::Public));
        assert_eq!(table.access("PUT", "/a/{id}"), None);
        assert_eq!(table.access("GET", "/a/7"), None, "the pattern, not the path");
        assert_eq!(table.access("OPTIONS", "/live"), None);
    }

    #[test]
    fn two_rows_for_one_route_are_refused() {
        let twice = [ROWS[0], ROWS[0]];
        assert_eq!(
            RouteTable::new(twice).unwrap_err(),
            InvalidTable {
                method: "GET",
                path: "/a/{id}"
            }
        );
    }
}
