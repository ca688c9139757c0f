//! Prometheus files that do not fit together: rules nobody loads, files that are not there, expressions it refuses.

use std::collections::BTreeSet;

use super::promql;
use crate::import::{
    codes::Code,
    content::RuleFile,
    landscape::{File, Landscape, base_name, folder},
    report::Finding,
};

const HEALTH_PATHS: &[&str] = &["health", "healthz", "ready", "readyz", "live", "livez"];

pub(super) fn check(landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    let configured = landscape.current().any(|file| !file.content.prometheus.is_empty());
    for file in landscape.current() {
        for rules in &file.content.rule_files {
            expressions(file, rules, findings);
            if configured && !rules.operator && !is_loaded(file, rules, landscape) {
                unloaded(file, rules, findings);
            }
        }
        missing_rule_files(file, landscape, findings);
        health_paths(file, findings);
        variables(file, findings);
    }
}

fn expressions(file: &File, rules: &RuleFile, findings: &mut Vec<Finding>) {
    for rule in &rules.rules {
        let Some((problem, below)) = promql::problem(&rule.expression) else {
            continue;
        };
        let line = if rule.block { rule.line + 1 + below } else { rule.line };
        let message = format!(
            "The expression of {} cannot be read by Prometheus: {}. Prometheus refuses the whole file.",
            if rule.name.is_empty() {
                "a rule without a name"
            } else {
                &rule.name
            },
            problem.explanation(),
        );
        findings.push(
            Finding::new(Code::InvalidExpression, file.place(line), message)
                .with("rule", rule.name.clone())
                .with("problem", problem.name()),
        );
    }
}

fn unloaded(file: &File, rules: &RuleFile, findings: &mut Vec<Finding>) {
    let count = rules.rules.len();
    let message = format!(
        "No imported Prometheus configuration loads these {count} rules. Add the file to `rule_files`, or remove it."
    );
    findings.push(
        Finding::new(Code::UnloadedRuleFile, file.place(rules.line), message)
            .with("groups", rules.group_names.clone())
            .with("rules", count),
    );
}

/// Whether any configuration loads the file, one of its equal copies, or the name it has inside a `ConfigMap`.
fn is_loaded(file: &File, rules: &RuleFile, landscape: &Landscape<'_>) -> bool {
    let paths = std::iter::once(&file.path).chain(&file.copies).map(String::as_str);
    let names: Vec<&str> = paths.chain(rules.load_name.as_deref()).collect();
    landscape.current().any(|configuration| {
        let homes: Vec<&str> = std::iter::once(configuration.path.as_str())
            .chain(configuration.copies.iter().map(String::as_str))
            .collect();
        configuration.content.prometheus.iter().any(|config| {
            config.rule_files.iter().any(|pattern| {
                names.iter().any(|name| {
                    if pattern.value.starts_with('/') || config.embedded {
                        glob(base_name(&pattern.value), base_name(name))
                    } else {
                        homes
                            .iter()
                            .any(|home| glob(&resolve(folder(home), &pattern.value), name))
                    }
                })
            })
        })
    })
}

fn missing_rule_files(file: &File, landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    let own_folder = format!("{}/", file.folder());
    let folder_was_imported = file.folder().is_empty() && landscape.paths.len() > 1
        || landscape
            .paths
            .iter()
            .any(|path| *path != file.path && path.starts_with(&own_folder));
    if !folder_was_imported {
        return;
    }
    for pattern in file
        .content
        .prometheus
        .iter()
        .filter(|config| !config.embedded)
        .flat_map(|config| &config.rule_files)
    {
        let plain = !pattern.value.starts_with('/') && !pattern.value.contains(['*', '?', '[', '$']);
        if plain && !landscape.paths.contains(&resolve(file.folder(), &pattern.value)) {
            let message = format!(
                "The rule file `{}` is not there, and Prometheus does not start without it. Add it, or remove the entry.",
                pattern.value
            );
            findings.push(
                Finding::new(Code::MissingRuleFile, file.place(pattern.line), message)
                    .with("pattern", pattern.value.clone()),
            );
        }
    }
}

fn health_paths(file: &File, findings: &mut Vec<Finding>) {
    for path in file.content.prometheus.iter().flat_map(|config| &config.metrics_paths) {
        let last = path.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if HEALTH_PATHS.contains(&last) {
            let message = format!(
                "The job {} scrapes {}, which holds no metrics, so `up` is 0 for ever. Scrape the metrics endpoint, or check health with Mainstay.",
                path.job, path.path,
            );
            findings.push(
                Finding::new(Code::ScrapeHealthPath, file.place(path.line), message)
                    .with("job", path.job.clone())
                    .with("path", path.path.clone()),
            );
        }
    }
}

fn variables(file: &File, findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for used in &file.content.variables {
        if !seen.insert((used.line, &used.variable)) {
            continue;
        }
        let message = format!(
            "`${{{}}}` is not expanded here: neither Prometheus nor Alertmanager reads environment variables. Write the value, or a `*_file` key.",
            used.variable
        );
        findings.push(
            Finding::new(Code::UnexpandedVariable, file.place(used.line), message)
                .with("variable", used.variable.clone())
                .with("key", used.key.clone()),
        );
    }
}

/// Joins a folder as it was given and a relative path, without the `.` and `..` of the latter.
fn resolve(home: &str, relative: &str) -> String {
    let mut path = home;
    let mut below: Vec<&str> = Vec::new();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." if below.pop().is_some() => {}
            // A folder that was itself given from above (`../config`) can be left no further by name.
            ".." if path.is_empty() || base_name(path) == ".." => below.push(".."),
            ".." => path = folder(path),
            _ => below.push(part),
        }
    }
    if !path.is_empty() {
        below.insert(0, path);
    }
    below.join("/")
}

/// A file-name pattern with `*` and `?`, neither of which crosses a `/`.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut in_text, mut star) = (0, 0, None);
    while in_text < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, in_text));
                at += 1;
            }
            Some(char) if *char == text[in_text] || (*char == '?' && text[in_text] != '/') => {
                at += 1;
                in_text += 1;
            }
            _ => match star {
                Some((star_at, eaten)) if text[eaten] != '/' => {
                    star = Some((star_at, eaten + 1));
                    at = star_at + 1;
                    in_text = eaten + 1;
                }
                _ => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|char| *char == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_names_within_one_folder() {
        assert!(glob("rules/*.yml", "rules/a.yml"));
        assert!(!glob("rules/*.yml", "rules/x/a.yml"));
        assert!(!glob("*.yml", "a.yaml"));
        assert!(glob("a?c*", "abc"));
        assert!(!glob("", "a"));
    }

    #[test]
    fn a_relative_entry_is_resolved_against_its_configuration() {
        assert_eq!(resolve("a/b", "../rules/./x.yml"), "a/rules/x.yml");
        assert_eq!(resolve("", "x.yml"), "x.yml");
        assert_eq!(resolve("/a/b", "x.yml"), "/a/b/x.yml");
        assert_eq!(resolve("../a/../b", "c/../x.yml"), "../a/../b/x.yml");
        assert_eq!(resolve("../a", "../x.yml"), "../x.yml");
        assert_eq!(resolve("..", "../x.yml"), "../../x.yml");
    }
}
