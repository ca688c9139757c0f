//! Rules about tables: whose they are, what every row carries, and that neither a key nor a query crosses to another
//! module.
//!
//! Migrations are read as text in the form the repository writes them: one column on a line, `CREATE TABLE name (` at the
//! left margin, `);` at its end.

use super::{Finding, homes::is_store};
use crate::tree::Tree;

const COLUMN_TYPES: [&str; 6] = ["TEXT", "BIGINT", "BOOLEAN", "DOUBLE PRECISION", "UUID", "BYTEA"];

/// Tables whose rows belong to no organisation, each with its reason.
const WITHOUT_ORGANISATION: &[(&str, &str)] = &[
    (
        "watch_counter",
        "hands out numbers that are unique in the whole database",
    ),
    ("watch_probe", "high-rate; its check's row says whose it is"),
    ("watch_rollup", "high-rate; its check's row says whose it is"),
    ("work_replica", "a process serves every organisation"),
    ("work_lease", "a share of the work on the whole database"),
    ("work_stream", "hands out positions in the whole database"),
    ("work_cursor", "how far a handler has come in the whole database"),
    ("work_parked_event", "its event's row says whose it is"),
    ("slo_version", "counts the changes in the whole database"),
    ("auth_key", "signs for the whole installation"),
    ("auth_throttle", "an address belongs to no organisation"),
    ("watch_mark", "how far a background task has come in the whole database"),
];

/// One `CREATE TABLE` of a migration.
struct Table<'t> {
    path: &'t str,
    owner: &'t str,
    name: &'t str,
    line: usize,
    columns: Vec<(usize, &'t str)>,
}

/// A table begins with its module's name.
pub fn prefixes(tree: &Tree) -> Vec<Finding> {
    tables(tree)
        .into_iter()
        .filter(|table| !belongs(table.name, table.owner))
        .map(|table| {
            Finding::new(
                table.path,
                table.line,
                format!("table {} does not begin with {}_", table.name, table.owner),
            )
        })
        .collect()
}

/// A row belongs to an organisation.
pub fn organisations(tree: &Tree) -> Vec<Finding> {
    tables(tree)
        .into_iter()
        .filter(|table| !WITHOUT_ORGANISATION.iter().any(|(name, _)| *name == table.name))
        .filter(|table| {
            !table
                .columns
                .iter()
                .any(|(_, column)| column.starts_with("organization_id UUID NOT NULL"))
        })
        .map(|table| {
            Finding::new(
                table.path,
                table.line,
                format!(
                    "table {} has no `organization_id UUID NOT NULL`; add it, or its reason to WITHOUT_ORGANISATION",
                    table.name
                ),
            )
        })
        .collect()
}

/// Columns keep to the types that mean the same on both databases.
pub fn types(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in tables(tree) {
        for (line, column) in &table.columns {
            let mut words = column.splitn(2, ' ');
            let (name, rest) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let is_constraint = matches!(name, "PRIMARY" | "UNIQUE" | "CHECK" | "FOREIGN" | "CONSTRAINT")
                || !name
                    .chars()
                    .all(|character| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_');
            if is_constraint || name.is_empty() {
                continue;
            }
            let known = COLUMN_TYPES.iter().any(|kind| {
                rest.strip_prefix(kind)
                    .is_some_and(|after| after.is_empty() || after.starts_with([' ', ',']))
            });
            if !known {
                findings.push(Finding::new(
                    table.path,
                    *line,
                    format!("column {name} has none of the types {}", COLUMN_TYPES.join(", ")),
                ));
            }
        }
    }
    findings
}

/// A foreign key stays in its module.
pub fn foreign_keys(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, owner, text) in migrations(tree) {
        for (index, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with("--"))
        {
            for target in words_after(line, &["REFERENCES"]) {
                if !belongs(target, owner) {
                    findings.push(Finding::new(
                        path,
                        index + 1,
                        format!("a foreign key of {owner} onto {target}; keep the id, without the key"),
                    ));
                }
            }
        }
    }
    findings
}

/// A query stays in its module.
pub fn queries(tree: &Tree) -> Vec<Finding> {
    let owners: Vec<&str> = migrations(tree).map(|(_, owner, _)| owner).collect();
    let mut findings = Vec::new();
    for file in tree
        .rust
        .iter()
        .filter(|file| file.path.starts_with("modules/") && is_store(&file.path))
    {
        let owner = file.path.split('/').nth(1).unwrap_or_default();
        for literal in &file.source.literals {
            for target in words_after(&literal.text, &["FROM", "JOIN", "INTO", "UPDATE", "TABLE"]) {
                let stranger = owners.iter().find(|other| **other != owner && belongs(target, other));
                if let Some(stranger) = stranger.filter(|_| !belongs(target, owner)) {
                    findings.push(Finding::new(
                        &file.path,
                        literal.line,
                        format!("a statement of {owner} reads or writes {target}; ask the facade of {stranger}"),
                    ));
                }
            }
        }
    }
    findings.dedup();
    findings
}

fn belongs(table: &str, owner: &str) -> bool {
    table.strip_prefix(owner).is_some_and(|rest| rest.starts_with('_'))
}

/// The words that follow one of the key words.
fn words_after<'t>(text: &'t str, keys: &[&str]) -> Vec<&'t str> {
    let words: Vec<&str> = text
        .split(|character: char| !(character.is_alphanumeric() || character == '_'))
        .filter(|word| !word.is_empty())
        .collect();
    words
        .windows(2)
        .filter(|pair| keys.contains(&pair[0]))
        .map(|pair| pair[1])
        .collect()
}

/// Every migration with the module or platform crate that owns it.
fn migrations(tree: &Tree) -> impl Iterator<Item = (&str, &str, &str)> {
    tree.files
        .iter()
        .filter(|file| file.path.contains("/migrations/") && file.path.split('.').next_back() == Some("sql"))
        .filter_map(|file| Some((file.path.as_str(), file.path.split('/').nth(1)?, file.text.as_str())))
}

fn tables(tree: &Tree) -> Vec<Table<'_>> {
    let mut tables = Vec::new();
    for (path, owner, text) in migrations(tree) {
        let mut open: Option<Table<'_>> = None;
        for (index, line) in text.lines().enumerate() {
            let code = line.split("--").next().unwrap_or_default();
            if let Some(rest) = code.strip_prefix("CREATE TABLE ") {
                let rest = rest.strip_prefix("IF NOT EXISTS ").unwrap_or(rest);
                let name = rest
                    .split(|character: char| character.is_whitespace() || character == '(')
                    .next()
                    .unwrap_or_default();
                open = Some(Table {
                    path,
                    owner,
                    name,
                    line: index + 1,
                    columns: Vec::new(),
                });
            } else if code.starts_with(')') {
                tables.extend(open.take());
            } else if let Some(table) = &mut open {
                table.columns.push((index + 1, code.trim()));
            }
        }
        tables.extend(open);
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exception_names_a_table_that_needs_it() {
        let tree = Tree::read(&crate::root()).unwrap();
        let tables = tables(&tree);
        for (name, _) in WITHOUT_ORGANISATION {
            let table = tables.iter().find(|table| table.name == *name);
            let table = table.unwrap_or_else(|| panic!("{name} is no table any more"));
            assert!(
                table
                    .columns
                    .iter()
                    .all(|(_, column)| !column.starts_with("organization_id")),
                "{name} needs no exception"
            );
        }
    }
}
