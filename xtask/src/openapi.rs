//! The committed API document: the same as the binary's own, and kept compatible from release to release.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;

const DOCUMENT: &str = "openapi.json";
const METHODS: [&str; 7] = ["get", "put", "post", "delete", "patch", "head", "options"];

/// Flags of `openapi`.
#[derive(Debug, Args)]
pub struct OpenapiArgs {
    /// Fail on a difference and write nothing
    #[arg(long)]
    check: bool,
    /// Also fail when something that this revision's document promised is gone; without it the newest release tag
    #[arg(long, value_name = "REVISION")]
    since: Option<String>,
    /// The binary to ask; without it the debug one is built
    #[arg(long, value_name = "FILE")]
    binary: Option<std::path::PathBuf>,
}

/// Compares or writes; `false` when the document drifted or broke a promise.
pub fn run(root: &Path, args: &OpenapiArgs) -> anyhow::Result<bool> {
    let now = ask(root, args)?;
    let path = root.join(DOCUMENT);
    let committed = fs::read_to_string(&path).unwrap_or_default();
    if committed == now {
        println!("{DOCUMENT} is what the binary says");
    } else if args.check {
        let line = committed
            .lines()
            .zip(now.lines())
            .position(|(a, b)| a != b)
            .map_or(0, |index| index + 1);
        println!("{DOCUMENT}:{line}: differs from what the binary says. Run `cargo xtask openapi` and commit the file");
        return Ok(false);
    } else {
        fs::write(&path, &now)?;
        println!("wrote {DOCUMENT}: commit it, then run `npm run api:types` in dashboard/");
    }
    let Some(revision) = args.since.clone().or_else(|| newest_release(root)) else {
        println!("no release yet, so there is no earlier document to stay compatible with");
        return Ok(true);
    };
    let before = git(root, &["show", &format!("{revision}:{DOCUMENT}")])
        .with_context(|| format!("{revision} holds no {DOCUMENT}"))?;
    let broken = broken_promises(&serde_json::from_str(&before)?, &serde_json::from_str(&now)?);
    for promise in &broken {
        println!("{DOCUMENT}: since {revision}: {promise}");
    }
    Ok(broken.is_empty())
}

fn ask(root: &Path, args: &OpenapiArgs) -> anyhow::Result<String> {
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "--package", "mainstay", "--"]);
    if let Some(binary) = &args.binary {
        command = Command::new(binary);
    }
    let output = command
        .arg("openapi")
        .current_dir(root)
        .output()
        .context("the binary does not start")?;
    if !output.status.success() {
        bail!("`mainstay openapi` failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn newest_release(root: &Path) -> Option<String> {
    let tags = git(root, &["tag", "--list", "v*", "--sort=-version:refname"]).ok()?;
    tags.lines().next().map(str::to_owned)
}

fn git(root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git").args(arguments).current_dir(root).output()?;
    if !output.status.success() {
        bail!("git: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// What a client written against `before` would miss in `now`: operations that are gone, and inputs newly required.
fn broken_promises(before: &Value, now: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    for (path, operations) in before["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(old) = operations.get(method) else { continue };
            let name = format!("{} {path}", method.to_uppercase());
            let Some(new) = now["paths"].get(path).and_then(|operations| operations.get(method)) else {
                broken.push(format!("{name} is gone"));
                continue;
            };
            for input in required(now, new).difference(&required(before, old)) {
                broken.push(format!("{name} now requires {input}"));
            }
        }
    }
    broken
}

/// The names of every input an operation cannot do without.
fn required(document: &Value, operation: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["required"] == true {
            names.insert(format!("parameter {}", parameter["name"].as_str().unwrap_or_default()));
        }
    }
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let schema = body["$ref"]
        .as_str()
        .and_then(|reference| document.pointer(reference.strip_prefix('#')?))
        .unwrap_or(body);
    for field in schema["required"].as_array().into_iter().flatten() {
        names.insert(format!("field {}", field.as_str().unwrap_or_default()));
    }
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(required: &[&str], parameter_required: bool) -> Value {
        json!({
            "paths": {"/api/v1/checks": {
                "get": {"parameters": [{"name": "service", "required": parameter_required}]},
                "post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Draft"}}}}},
            }},
            "components": {"schemas": {"Draft": {"required": required}}},
        })
    }

    #[test]
    fn a_new_required_field_or_parameter_breaks_a_promise() {
        let broken = broken_promises(&document(&["name"], false), &document(&["name", "target"], true));
        assert_eq!(
            broken,
            [
                "GET /api/v1/checks now requires parameter service",
                "POST /api/v1/checks now requires field target"
            ]
        );
    }

    #[test]
    fn a_removed_operation_breaks_a_promise_and_a_new_one_does_not() {
        let small = json!({"paths": {"/ready": {"get": {}}}});
        let large = json!({"paths": {"/ready": {"get": {}}, "/live": {"get": {}}}});
        assert_eq!(broken_promises(&large, &small), ["GET /live is gone"]);
        assert!(broken_promises(&small, &large).is_empty());
    }
}
