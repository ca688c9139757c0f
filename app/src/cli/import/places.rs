//! What a file is called: by the server, which must tell it from every other file, and by a person in the current folder.

use std::collections::{BTreeMap, HashSet};

use mainstay_catalog::{
    Import,
    import::{FoundFiles, Identity, InputFile, LeftOut},
};

/// Files under the names that the server knows them by.
pub(super) struct Named {
    pub(super) files: Vec<InputFile>,
    pub(super) left_out: Vec<LeftOut>,
    /// By name, others under which the file may have been imported before.
    pub(super) formerly: BTreeMap<String, Vec<String>>,
    pub(super) places: Places,
}

/// From the name of a file to its path from the current folder.
#[derive(Debug, Default)]
pub(super) struct Places(BTreeMap<String, String>);

/// Names everything that was found. `source` stands in for the repository's name; `here` is the current folder, absolute.
pub(super) fn name(found: FoundFiles, source: Option<&str>, here: &str) -> Named {
    let FoundFiles {
        files,
        left_out,
        identities,
    } = found;
    let mut named = Named {
        files: Vec::with_capacity(files.len()),
        left_out: Vec::new(),
        formerly: BTreeMap::new(),
        places: Places::default(),
    };
    // A file that was given twice, by a folder and by itself, is one file.
    let mut seen = HashSet::new();
    for file in files {
        let name = named.learn(&file.path, identities.get(&file.path), source, here);
        if seen.insert(name.clone()) {
            named.files.push(InputFile { path: name, ..file });
        }
    }
    for left in left_out {
        let name = named.learn(&left.path, identities.get(&left.path), source, here);
        if seen.insert(name.clone()) {
            named.left_out.push(LeftOut { path: name, ..left });
        }
    }
    named.files.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    named
}

impl Named {
    /// The name of the file that was given under `path`.
    fn learn(&mut self, path: &str, identity: Option<&Identity>, source: Option<&str>, here: &str) -> String {
        let Some(identity) = identity else {
            return path.to_owned();
        };
        let from_here = relative(&identity.absolute, here);
        let key = identity.key();
        let name = match (source, &identity.repository) {
            (None, _) => key.clone(),
            (Some(source), Some(_)) => below(source, &identity.inside),
            (Some(source), None) => below(source, from_here.trim_start_matches(['.', '/'])),
        };
        let mut formerly = vec![path.to_owned(), key];
        formerly.extend(identity.former_keys());
        formerly.retain(|former| *former != name);
        let mut distinct = HashSet::new();
        formerly.retain(|former| distinct.insert(former.clone()));
        self.formerly.insert(name.clone(), formerly);
        self.places.0.insert(name.clone(), from_here);
        name
    }
}

fn below(source: &str, path: &str) -> String {
    format!("{}/{path}", source.trim_end_matches('/'))
}

/// The path from one folder to a file, both absolute; the absolute path where that is shorter.
fn relative(absolute: &str, here: &str) -> String {
    let parts = |path: &str| -> Vec<String> {
        let parts = path.split('/').filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    };
    let (to, from) = (parts(absolute), parts(here));
    let common = to.iter().zip(&from).take_while(|(a, b)| a == b).count();
    let up = from.len() - common;
    let mut path = "../".repeat(up);
    path.push_str(&to.get(common..).unwrap_or_default().join("/"));
    if path.is_empty() || path.len() > absolute.len() {
        absolute.to_owned()
    } else {
        path
    }
}

impl Places {
    /// The path from the current folder; a name that is not known here stays.
    pub(super) fn of<'a>(&'a self, name: &'a str) -> &'a str {
        self.0.get(name).map_or(name, String::as_str)
    }

    /// The report with every file called as a person in the current folder would.
    pub(super) fn localise(&self, report: &Import) -> Import {
        let mut report = report.clone();
        let localise = |name: &mut String| *name = self.of(name).to_owned();
        for finding in &mut report.findings {
            let also = finding.also.iter().map(|other| other.file.as_str());
            let mut named: Vec<&str> = also.chain([finding.file.as_str()]).collect();
            // The longest first: one name may be the beginning of another.
            named.sort_by_key(|name| std::cmp::Reverse(name.len()));
            named.dedup();
            for name in named {
                finding.message = finding.message.replace(name, self.of(name));
            }
            localise(&mut finding.file);
            finding.also.iter_mut().for_each(|other| localise(&mut other.file));
        }
        report.files.iter_mut().for_each(|file| localise(&mut file.path));
        for proposal in &mut report.proposals {
            localise(&mut proposal.file);
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use mainstay_catalog::import::read_paths;

    use super::*;

    #[test]
    fn a_path_is_shown_from_the_current_folder_unless_that_is_longer() {
        for (absolute, here, shown) in [
            ("/home/me/shop/compose.yml", "/home/me/shop", "compose.yml"),
            ("/home/me/shop/k8s/web.yaml", "/home/me", "shop/k8s/web.yaml"),
            ("/home/me/shared/x.yml", "/home/me/shop", "../shared/x.yml"),
            ("/etc/x.yml", "/home/me/shop/deep", "/etc/x.yml"),
            ("/x.yml", "/", "x.yml"),
        ] {
            assert_eq!(relative(absolute, here), shown);
        }
    }

    #[test]
    fn a_file_has_one_name_for_the_server_and_a_short_one_for_people() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap().join("shop");
        fs::create_dir_all(top.join(".git")).unwrap();
        fs::write(
            top.join(".git/config"),
            "[remote \"origin\"]\n\turl = git@host:acme/shop.git\n",
        )
        .unwrap();
        fs::write(top.join("compose.yml"), "services: {web: {image: w}}").unwrap();
        let here = top.display().to_string();
        let given = [top.clone(), top.join("compose.yml")];
        let named = |source| name(read_paths(&given).unwrap(), source, &here);

        let plain = named(None);
        let paths: Vec<&str> = plain.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["acme/shop/compose.yml"], "given twice, it is one file");
        assert_eq!(plain.places.of("acme/shop/compose.yml"), "compose.yml");
        let former = &plain.formerly["acme/shop/compose.yml"];
        assert!(former.contains(&"shop/compose.yml".to_owned()), "{former:?}");

        let renamed = named(Some("other/"));
        assert_eq!(renamed.files[0].path, "other/compose.yml");
        assert!(renamed.formerly["other/compose.yml"].contains(&"acme/shop/compose.yml".to_owned()));
    }
}
