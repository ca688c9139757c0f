//! The boundaries of the repository, as rules that run over the text of the tree.
//!
//! **Invariant:** each rule has a fixture folder of its own name under `xtask/fixtures` that breaks this rule and no other.

mod crates;
mod files;
mod homes;
mod links;
mod reach;
mod schema;

use std::{fmt, path::Path};

use clap::Args;

use crate::tree::Tree;

/// Flags of `tidy`.
#[derive(Debug, Args)]
pub struct TidyArgs {
    /// List the rules and what each keeps
    #[arg(long)]
    list: bool,
}

/// One promise about the tree.
pub struct Rule {
    /// Also the name of its fixture folder.
    pub name: &'static str,
    /// What is true while nobody breaks it.
    pub promise: &'static str,
    /// Whether a finding fails the run.
    pub weight: Weight,
    /// Finds where it is broken.
    pub check: fn(&Tree) -> Vec<Finding>,
}

/// What a finding costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The run fails.
    Error,
    /// The finding is listed.
    Warning,
}

/// One place where a rule is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// From the root.
    pub path: String,
    /// Counted from 1; 0 is the file as a whole.
    pub line: usize,
    /// What is wrong and what to do instead.
    pub message: String,
}

impl Finding {
    /// A finding.
    pub fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: {}", self.path, self.message),
            line => write!(formatter, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// Every rule.
pub const RULES: &[Rule] = &[
    Rule {
        name: "crate-graph",
        promise: "crates depend on each other only along the arrows of ARCHITECTURE.md",
        weight: Weight::Error,
        check: crates::graph,
    },
    Rule {
        name: "backends-only-in-app",
        promise: "only the app, which wires everything, sees the backends",
        weight: Weight::Error,
        check: crates::backends,
    },
    Rule {
        name: "driver-only-in-store",
        promise: "only platform/store names a database driver",
        weight: Weight::Error,
        check: homes::driver,
    },
    Rule {
        name: "sql-only-in-stores",
        promise: "SQL stands in a module's store.rs, store/ or migrations/, and nowhere else",
        weight: Weight::Error,
        check: homes::sql,
    },
    Rule {
        name: "queries-stay-home",
        promise: "a module's statements name only its own tables",
        weight: Weight::Error,
        check: schema::queries,
    },
    Rule {
        name: "axum-only-at-the-edge",
        promise: "axum is known to platform/http, to api/ folders and to the app",
        weight: Weight::Error,
        check: homes::axum,
    },
    Rule {
        name: "pure-model",
        promise: "a module's model knows no database, no network and no async runtime",
        weight: Weight::Error,
        check: homes::model,
    },
    Rule {
        name: "table-prefix",
        promise: "a table's name begins with its module",
        weight: Weight::Error,
        check: schema::prefixes,
    },
    Rule {
        name: "organisation-column",
        promise: "every row belongs to an organisation",
        weight: Weight::Error,
        check: schema::organisations,
    },
    Rule {
        name: "column-types",
        promise: "columns have the types that both databases share",
        weight: Weight::Error,
        check: schema::types,
    },
    Rule {
        name: "foreign-keys-stay-home",
        promise: "no foreign key crosses from one module's tables to another's",
        weight: Weight::Error,
        check: schema::foreign_keys,
    },
    Rule {
        name: "head-comment",
        promise: "every Rust file begins with //! and what it owns",
        weight: Weight::Error,
        check: files::heads,
    },
    Rule {
        name: "no-orphans",
        promise: "every Rust file is part of a crate: some `mod` names it",
        weight: Weight::Error,
        check: reach::orphans,
    },
    Rule {
        name: "links-resolve",
        promise: "a link from one document to another file of the repository leads somewhere",
        weight: Weight::Error,
        check: links::broken,
    },
    Rule {
        name: "no-allow",
        promise: "a lint is silenced by #[expect(…, reason)] alone, which goes away with its cause",
        weight: Weight::Error,
        check: files::allows,
    },
    Rule {
        name: "portable-text",
        promise: "no file names a path or a word of the place it was written at",
        weight: Weight::Error,
        check: files::portable,
    },
    Rule {
        name: "long-file",
        promise: "a file over 400 lines is asking to be split by meaning",
        weight: Weight::Warning,
        check: files::long,
    },
];

/// Runs every rule over the repository; `false` when one that fails the run is broken.
pub fn run(root: &Path, args: &TidyArgs) -> anyhow::Result<bool> {
    if args.list {
        for rule in RULES {
            println!("{:<24} {}", rule.name, rule.promise);
        }
        return Ok(true);
    }
    let tree = Tree::read(root)?;
    let mut errors = 0;
    for rule in RULES {
        for finding in (rule.check)(&tree) {
            match rule.weight {
                Weight::Error => {
                    errors += 1;
                    println!("error[{}] {finding}", rule.name);
                }
                Weight::Warning => println!("warning[{}] {finding}", rule.name),
            }
        }
    }
    println!(
        "tidy: {} rules over {} Rust files and {} others, {errors} errors",
        RULES.len(),
        tree.rust.len(),
        tree.files.len()
    );
    Ok(errors == 0)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;

    #[test]
    fn the_repository_keeps_every_rule() {
        let tree = Tree::read(&crate::root()).unwrap();
        let broken: Vec<String> = RULES
            .iter()
            .filter(|rule| rule.weight == Weight::Error)
            .flat_map(|rule| {
                (rule.check)(&tree)
                    .into_iter()
                    .map(move |finding| format!("[{}] {finding}", rule.name))
            })
            .collect();
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }

    #[test]
    fn rules_and_fixtures_are_the_same_list() {
        let rules: BTreeSet<String> = RULES.iter().map(|rule| rule.name.to_owned()).collect();
        let fixtures: BTreeSet<String> = fs::read_dir(crate::root().join("xtask/fixtures"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(rules, fixtures);
    }

    #[test]
    fn each_fixture_breaks_its_own_rule_and_no_other() {
        for rule in RULES {
            let fixture = Tree::read(&crate::root().join("xtask/fixtures").join(rule.name)).unwrap();
            for other in RULES {
                let findings = (other.check)(&fixture);
                if other.name == rule.name {
                    let expected = fixture
                        .files
                        .iter()
                        .find(|file| file.path == "expected.txt")
                        .map_or("", |file| file.text.as_str());
                    let found: Vec<String> = findings
                        .iter()
                        .map(|finding| format!("{}:{}", finding.path, finding.line))
                        .collect();
                    let expected: Vec<&str> = expected.lines().collect();
                    assert_eq!(found, expected, "places found by {}", rule.name);
                    assert!(!found.is_empty(), "{} has a fixture that breaks nothing", rule.name);
                } else {
                    assert_eq!(findings, [], "the fixture of {} also breaks {}", rule.name, other.name);
                }
            }
        }
    }
}
