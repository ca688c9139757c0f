//! What is deployed, checked without a container engine: the Dockerfile's promises (static binary, no shell, no root,
//! health check) and the compose file's.

mod compose;
mod dockerfile;

use std::{fs, path::Path};

use anyhow::Context;

/// Checks both files; `false` when a promise is broken.
pub fn run(root: &Path) -> anyhow::Result<bool> {
    let broken = check(root)?;
    for message in &broken {
        println!("{message}");
    }
    if broken.is_empty() {
        println!("deploy/Dockerfile and deploy/compose.yaml keep their promises");
    }
    Ok(broken.is_empty())
}

fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let read = |path: &str| fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"));
    let exists = |path: &str| root.join(path).exists();
    let ignored = read("deploy/Dockerfile.dockerignore")?;
    let mut broken = dockerfile::check(&read("deploy/Dockerfile")?, &exists);
    for folder in ["target", "**/node_modules", ".git"] {
        if !ignored.lines().any(|line| line.trim() == folder) {
            broken.push(format!("deploy/Dockerfile.dockerignore: does not leave out {folder}"));
        }
    }
    broken.extend(compose::check(&read("deploy/compose.yaml")?, &exists)?);
    Ok(broken)
}

#[cfg(test)]
mod tests {
    use std::fs;

    #[test]
    fn the_pipelines_run_the_command_that_the_readme_names() {
        let read = |path: &str| fs::read_to_string(crate::root().join(path)).unwrap();
        assert!(read("README.md").contains("```\nmake test\n```"));
        assert!(read(".ci/run").lines().any(|line| line == "exec make test"));
        assert!(
            read(".github/workflows/ci.yml")
                .lines()
                .any(|line| line.trim() == "run: .ci/run")
        );
    }

    #[test]
    fn the_deployment_files_keep_their_promises() {
        let broken = super::check(&crate::root()).unwrap();
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }
}
