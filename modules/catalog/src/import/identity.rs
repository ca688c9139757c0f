//! Which file a file is: the name under which the catalog keeps what it says, the same on every laptop and in every checkout
//! of its repository. Reads `.git` and nothing else; runs no program.
//!
//! Inside a repository that is the repository's name and the path from its top, outside of one the absolute path.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use super::paths::{join, readable};

/// The names of one file or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The repository it belongs to; `None` outside of any.
    pub repository: Option<Repository>,
    /// The path from the top of the repository; the absolute path outside of one.
    pub inside: String,
    /// Where it stands on this machine, with the links of its folders resolved.
    pub absolute: String,
}

/// A repository by its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// What its remote calls it, such as `acme/shop`; without a remote the name of its folder.
    pub name: String,
    /// The name of its folder.
    pub folder: String,
}

impl Identity {
    /// The names of a folder, or of a file whose name is `file`. A link that is the file itself is not followed: what it
    /// leads to may change, and the name under which a person knows it does not.
    pub(super) fn of(folder: &Path, file: Option<&str>) -> Self {
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let top = folder.ancestors().find(|folder| folder.join(".git").exists());
        let found = match top {
            Some(top) => Self {
                repository: Some(Repository::at(top)),
                inside: slashed(folder.strip_prefix(top).unwrap_or(Path::new(""))),
                absolute: slashed(&folder),
            },
            None => Self {
                repository: None,
                inside: slashed(&folder),
                absolute: slashed(&folder),
            },
        };
        match file {
            Some(file) => found.child(file),
            None => found,
        }
    }

    /// The names of a folder below this one, which may be the top of a repository within.
    pub(super) fn folder(&self, path: &Path, name: &str) -> Self {
        let child = self.child(name);
        if !path.join(".git").exists() {
            return child;
        }
        Self {
            repository: Some(Repository::at(path)),
            inside: String::new(),
            ..child
        }
    }

    /// The names of a file in this folder.
    pub(super) fn child(&self, name: &str) -> Self {
        Self {
            repository: self.repository.clone(),
            inside: join(&self.inside, name),
            absolute: join(&self.absolute, name),
        }
    }

    /// The name that tells the file from every other.
    pub fn key(&self) -> String {
        match &self.repository {
            Some(repository) => join(&repository.name, &self.inside),
            None => self.inside.clone(),
        }
    }

    /// Names under which the same file may have been known before: its repository may have got its remote later, or not have
    /// been one.
    pub fn former_keys(&self) -> Vec<String> {
        let key = self.key();
        let folder = self
            .repository
            .as_ref()
            .map(|repository| join(&repository.folder, &self.inside));
        let mut former: Vec<String> = folder.into_iter().chain([self.absolute.clone()]).collect();
        former.retain(|name| *name != key);
        former.dedup();
        former
    }
}

impl Repository {
    /// The repository whose top is this folder.
    fn at(top: &Path) -> Self {
        let git = git_folder(top);
        // A worktree has a folder of its own and shares the name of the repository it belongs to.
        let home = match git.file_name().and_then(|name| name.to_str()) {
            Some(".git") => git.parent().unwrap_or(top),
            _ => top,
        };
        let own_name = home.canonicalize().unwrap_or_else(|_| home.to_owned());
        let folder = own_name.file_name().map_or_else(|| "repository".to_owned(), readable);
        let config = fs::read_to_string(git.join("config")).unwrap_or_default();
        Self {
            name: remote(&config).unwrap_or_else(|| folder.clone()),
            folder,
        }
    }
}

/// The folder with the repository's configuration: `.git`, or where a `.git` file of a worktree or submodule leads.
fn git_folder(top: &Path) -> PathBuf {
    let git = top.join(".git");
    let linked = fs::read_to_string(&git)
        .ok()
        .and_then(|text| Some(top.join(text.strip_prefix("gitdir:")?.trim())));
    let git = linked.unwrap_or(git);
    match fs::read_to_string(git.join("commondir")) {
        Ok(common) => {
            let common = git.join(common.trim());
            common.canonicalize().unwrap_or(common)
        }
        Err(_) => git,
    }
}

/// What the remote `origin`, or else the first one, calls the repository.
fn remote(config: &str) -> Option<String> {
    let mut section = None;
    let mut remotes: Vec<(&str, &str)> = Vec::new();
    for line in config.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let name = header.strip_prefix("remote \"").and_then(|rest| rest.split_once('"'));
            section = name.map(|(name, _)| name);
        } else if let Some(name) = section
            && let Some((key, url)) = line.split_once('=')
            && key.trim().eq_ignore_ascii_case("url")
        {
            remotes.push((name, url.trim().trim_matches('"')));
        }
    }
    let origin = remotes.iter().find(|(name, _)| *name == "origin").or(remotes.first());
    name_in(origin?.1)
}

/// The owner and name in the URL of a remote: `https://user:secret@host/acme/shop.git`, `git@host:acme/shop.git`. Of a remote
/// that is a folder the last part alone, for the rest is about one machine.
fn name_in(url: &str) -> Option<String> {
    let (path, is_local) = match url.split_once("://") {
        Some(("file", path)) => (path, true),
        Some((_, rest)) => (rest.split_once('/')?.1, false),
        None => match url.split_once(':') {
            Some((host, path)) if !host.contains('/') && host.len() > 1 => (path, false),
            _ => (url, true),
        },
    };
    let path = path.split(['?', '#']).next().unwrap_or(path).trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).trim_matches('/');
    let path = match path.rsplit_once('/') {
        Some((_, last)) if is_local => last,
        _ => path,
    };
    let parts = path.split('/').filter(|part| !part.is_empty());
    let usable = path
        .chars()
        .all(|char| char.is_alphanumeric() || "-_./~+".contains(char))
        && parts.clone().all(|part| part != ".." && part != ".");
    let name = parts.collect::<Vec<_>>().join("/");
    (usable && !name.is_empty()).then_some(name)
}

/// The path with `/`, as names are written.
fn slashed(path: &Path) -> String {
    let mut text = String::new();
    for component in path.components() {
        match component {
            Component::RootDir => text.push('/'),
            Component::Prefix(prefix) => text.push_str(&readable(prefix.as_os_str())),
            Component::Normal(name) => text = join(&text, &readable(name)),
            Component::CurDir | Component::ParentDir => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(top: &Path, remote: Option<&str>) {
        fs::create_dir_all(top.join(".git")).unwrap();
        let config =
            remote.map(|url| format!("[core]\n\tbare = false\n[remote \"origin\"]\n\turl = {url}\n\tfetch = x\n"));
        fs::write(top.join(".git/config"), config.unwrap_or_default()).unwrap();
    }

    #[test]
    fn the_same_file_of_one_repository_has_one_name_wherever_it_is_checked_out() {
        let folder = tempfile::tempdir().unwrap();
        let (laptop, runner) = (folder.path().join("home/shop"), folder.path().join("build/1234"));
        for (top, url) in [
            (&laptop, "git@github.com:acme/shop.git"),
            (&runner, "https://x-token:secret@github.com/acme/shop"),
        ] {
            repository(top, Some(url));
            fs::create_dir_all(top.join("deploy")).unwrap();
        }
        let keys = [&laptop, &runner].map(|top| Identity::of(&top.join("deploy"), Some("compose.yml")).key());
        assert_eq!(keys, ["acme/shop/deploy/compose.yml", "acme/shop/deploy/compose.yml"]);
        let former = Identity::of(&laptop, Some("compose.yml")).former_keys();
        assert_eq!(former[0], "shop/compose.yml", "before it had a remote");
        assert!(
            former[1].starts_with('/') && former[1].ends_with("home/shop/compose.yml"),
            "{former:?}"
        );
    }

    #[test]
    fn equal_paths_in_two_repositories_and_outside_of_any_have_different_names() {
        let folder = tempfile::tempdir().unwrap();
        let tops = ["a", "b"].map(|name| folder.path().join(name));
        repository(&tops[0], None);
        repository(&tops[1], None);
        let plain = ["c", "d"].map(|name| folder.path().join(name));
        for path in &plain {
            fs::create_dir_all(path).unwrap();
        }
        let key = |path: &PathBuf| Identity::of(path, Some("compose.yml")).key();
        assert_eq!(tops.each_ref().map(key), ["a/compose.yml", "b/compose.yml"]);
        let outside = plain.each_ref().map(key);
        assert!(outside[0].starts_with('/') && outside[0] != outside[1], "{outside:?}");
    }

    #[test]
    fn a_worktree_belongs_to_its_repository_and_a_repository_within_is_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (main, tree) = (folder.path().join("shop"), folder.path().join("shop-hotfix"));
        repository(&main, None);
        let private = main.join(".git/worktrees/hotfix");
        fs::create_dir_all(&private).unwrap();
        fs::write(private.join("commondir"), "../..\n").unwrap();
        fs::create_dir_all(&tree).unwrap();
        fs::write(tree.join(".git"), format!("gitdir: {}\n", private.display())).unwrap();
        assert_eq!(Identity::of(&tree, Some("x.yml")).key(), "shop/x.yml");
        let inner = main.join("vendor/lib");
        repository(&inner, Some("ssh://git@host:22/acme/lib.git"));
        let below = Identity::of(&main, None).folder(&main.join("vendor"), "vendor");
        assert_eq!(below.folder(&inner, "lib").child("x.yml").key(), "acme/lib/x.yml");
        assert_eq!(below.child("x.yml").key(), "shop/vendor/x.yml");
    }

    #[test]
    fn a_remote_is_named_without_host_and_secrets() {
        for (url, name) in [
            ("https://github.com/acme/shop.git", Some("acme/shop")),
            (
                "https://user:token@gitlab.example/group/sub/shop.git/",
                Some("group/sub/shop"),
            ),
            ("git@github.com:acme/shop.git", Some("acme/shop")),
            ("ssh://git@host:2222/acme/shop", Some("acme/shop")),
            ("/srv/git/shop.git", Some("shop")),
            ("../shop", Some("shop")),
            ("file:///srv/git/shop.git", Some("shop")),
            ("https://github.com/", None),
            ("", None),
            ("https://host/a b", None),
            ("https://host/../..", None),
        ] {
            assert_eq!(name_in(url).as_deref(), name, "{url}");
        }
        let two = "[remote \"up\"]\nurl = https://h/up/shop\n[remote \"origin\"]\nurl = https://h/me/shop\n[branch \"x\"]\nurl = y\n";
        assert_eq!(remote(two).as_deref(), Some("me/shop"));
        assert_eq!(
            remote("[remote \"up\"]\n  URL = https://h/up/shop").as_deref(),
            Some("up/shop")
        );
        assert_eq!(remote("[core]\nurl = https://h/a/b"), None);
    }
}
