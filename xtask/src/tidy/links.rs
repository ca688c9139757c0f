//! Links between documents. Addresses on the web are not tried: a test run works without a network.

use std::collections::BTreeSet;

use super::Finding;
use crate::tree::Tree;

/// Links in Markdown files that lead nowhere.
pub fn broken(tree: &Tree) -> Vec<Finding> {
    let mut known: BTreeSet<String> = BTreeSet::new();
    for path in tree
        .files
        .iter()
        .map(|file| &file.path)
        .chain(tree.rust.iter().map(|file| &file.path))
        .chain(&tree.binary)
    {
        // A folder can be linked to as well.
        for (index, _) in path.match_indices('/') {
            known.insert(path[..index].to_owned());
        }
        known.insert(path.clone());
    }
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| {
        file.path
            .rsplit_once('.')
            .is_some_and(|(_, extension)| extension == "md")
    }) {
        let mut fenced = false;
        for (index, line) in file.text.lines().enumerate() {
            fenced ^= line.trim_start().starts_with("```");
            if fenced {
                continue;
            }
            for target in targets(line) {
                let place = target.split('#').next().unwrap_or_default();
                if place.is_empty() || place.contains("://") || place.starts_with("mailto:") {
                    continue;
                }
                if !resolve(&file.path, place).is_some_and(|path| known.contains(&path)) {
                    findings.push(Finding::new(
                        &file.path,
                        index + 1,
                        format!("the link to {place} leads nowhere"),
                    ));
                }
            }
        }
    }
    findings
}

/// What stands in the round brackets of `[text](target)`, outside of code.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("](").filter_map(|(index, _)| {
        if line[..index].matches('`').count() % 2 == 1 {
            return None;
        }
        let rest = &line[index + 2..];
        rest.split_once(')')
            .map(|(target, _)| target.split_whitespace().next().unwrap_or_default())
    })
}

/// A relative link as a path from the root; `None` when it leaves the repository.
fn resolve(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_from_the_file_they_stand_in() {
        assert_eq!(
            resolve("docs/adr/0001-a.md", "../logging.md").as_deref(),
            Some("docs/logging.md")
        );
        assert_eq!(resolve("README.md", "docs/").as_deref(), Some("docs"));
        assert_eq!(resolve("README.md", "../elsewhere.md"), None);
        assert_eq!(
            targets("see [a](b.md) and ![c](d.png \"e\")").collect::<Vec<_>>(),
            ["b.md", "d.png"]
        );
    }
}
