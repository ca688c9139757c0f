//! Which Rust files belong to a crate. The compiler says nothing of a file that no `mod` names, so it rots unseen.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use crate::tree::{RustFile, Tree};

/// Files that nothing declares.
pub fn orphans(tree: &Tree) -> Vec<Finding> {
    let files: BTreeMap<&str, &RustFile> = tree.rust.iter().map(|file| (file.path.as_str(), file)).collect();
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut open: Vec<String> = files
        .keys()
        .filter(|path| is_root(path))
        .map(|path| (*path).to_owned())
        .collect();
    while let Some(path) = open.pop() {
        let Some(file) = files.get(path.as_str()) else { continue };
        if reached.insert(path.clone()) {
            let folder = children_folder(&path);
            for name in declared(file) {
                open.push(format!("{folder}/{name}.rs"));
                open.push(format!("{folder}/{name}/mod.rs"));
            }
            let beside = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            open.extend(placed(file).map(|name| format!("{beside}/{name}")));
        }
    }
    files
        .keys()
        .filter(|path| crate_root(path).is_some_and(|roots| roots.iter().any(|root| files.contains_key(root.as_str()))))
        .filter(|path| !reached.contains(**path))
        .map(|path| {
            Finding::new(
                path,
                0,
                "no `mod` names this file, so it is neither compiled nor tested; declare it or delete it",
            )
        })
        .collect()
}

/// Files that cargo compiles without being told by another file.
fn is_root(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let (name, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    matches!(name, "lib.rs" | "main.rs" | "build.rs")
        || matches!(folder, "tests" | "benches" | "examples" | "bin" | "fuzz_targets")
}

/// The files that would make `path` part of a crate, if it lies in a `src` folder.
fn crate_root(path: &str) -> Option<[String; 2]> {
    let (before, _) = path.split_once("/src/")?;
    Some([format!("{before}/src/lib.rs"), format!("{before}/src/main.rs")])
}

/// Where the modules that a file declares are looked for (Rust Reference, "Module source filenames").
fn children_folder(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name.strip_suffix(".rs") {
        Some(stem) if !is_root(path) && stem != "mod" => format!("{folder}/{stem}"),
        _ => folder.to_owned(),
    }
}

fn declared(file: &RustFile) -> impl Iterator<Item = &str> {
    file.source.code.iter().filter_map(|line| {
        let declaration = line.trim().strip_suffix(';')?;
        let (before, name) = declaration.rsplit_once("mod ")?;
        let is_visibility = before.is_empty() || (before.starts_with("pub") && before.ends_with(' '));
        is_visibility.then_some(name.trim().trim_start_matches("r#"))
    })
}

/// Files that `#[path = "…"]` names, relative to the file's own folder.
fn placed(file: &RustFile) -> impl Iterator<Item = &str> {
    let attributes = file.text.lines().map(str::trim);
    attributes.filter_map(|line| line.strip_prefix("#[path = \"")?.strip_suffix("\"]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_looked_for_where_the_compiler_looks() {
        for (path, folder) in [
            ("app/src/main.rs", "app/src"),
            ("app/src/cli.rs", "app/src/cli"),
            ("app/src/demo/mod.rs", "app/src/demo"),
            ("platform/http/tests/kit.rs", "platform/http/tests"),
        ] {
            assert_eq!(children_folder(path), folder);
        }
    }
}
