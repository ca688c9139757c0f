//! Line coverage of the workspace's own code, held against a ratchet that only rises.
//!
//! The measuring is cargo-llvm-cov's. Its two LLVM programs come from the toolchain (`rustup component add llvm-tools`), or
//! from the system, whichever can read what this compiler writes.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;

const RATCHET: &str = "coverage.ratchet";
const GOAL: f64 = 85.0;
/// Two runs of the same tests differ by a few lines, because timers and races take other branches.
const NOISE: f64 = 0.2;
/// What is not product code: tests, what helps them, and this crate's own deliberate mistakes.
const NOT_COUNTED: &str = r"(/tests/|/tests\.rs$|_tests\.rs$|/testkit/|/xtask/fixtures/|/fuzz/)";

/// Flags of `coverage`.
#[derive(Debug, Args)]
pub struct CoverageArgs {
    /// Measure these packages alone, and leave the ratchet out of it
    #[arg(long, short, value_name = "PACKAGE")]
    package: Vec<String>,
    /// Fail below the ratchet and never write it, as a pipeline does
    #[arg(long)]
    check: bool,
}

/// The two programs that turn raw profiles into numbers.
struct Tools {
    cov: PathBuf,
    profdata: PathBuf,
}

/// Measures, prints, and moves the ratchet up; `false` when coverage fell below it.
pub fn run(root: &Path, args: &CoverageArgs) -> anyhow::Result<bool> {
    let tools = tools()?;
    let report = measure(root, args, &tools)?;
    let totals = by_crate(root, &report)?;
    for (name, (covered, count)) in &totals {
        println!(
            "{:>6.2} %  {covered:>6} of {count:>6} lines  {name}",
            percent(*covered, *count)
        );
    }
    let (covered, count) = totals
        .values()
        .fold((0, 0), |sum, each| (sum.0 + each.0, sum.1 + each.1));
    let now = percent(covered, count);
    println!("{now:>6.2} %  {covered:>6} of {count:>6} lines  all (goal {GOAL} %)");
    if !args.package.is_empty() {
        return Ok(true);
    }
    let floor = floor(root);
    if now + NOISE < floor {
        println!("coverage fell: {now:.2} % of lines, and the ratchet stands at {floor:.2} %. Test what you added");
        return Ok(false);
    }
    if now >= floor + NOISE && !args.check {
        fs::write(root.join(RATCHET), ratchet_text(now))?;
        println!("the ratchet rose from {floor:.2} % to {now:.2} %: commit {RATCHET}");
    }
    Ok(true)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a chore has no configuration but its caller's environment"
)]
fn measure(root: &Path, args: &CoverageArgs, tools: &Tools) -> anyhow::Result<Value> {
    let local = root.join(".tools/bin");
    let path = match std::env::var_os("PATH") {
        Some(path) => std::env::join_paths(std::iter::once(local).chain(std::env::split_paths(&path)))?,
        None => local.into_os_string(),
    };
    let nextest = Command::new("cargo")
        .args(["nextest", "--version"])
        .env("PATH", &path)
        .output()
        .is_ok_and(|output| output.status.success());
    let output = root.join("target/coverage.json");
    fs::create_dir_all(root.join("target"))?;
    let mut command = Command::new("cargo");
    command.arg("llvm-cov");
    command.args(nextest.then_some("nextest"));
    if args.package.is_empty() {
        command.arg("--workspace");
    } else {
        args.package.iter().for_each(|package| {
            command.args(["--package", package]);
        });
    }
    command
        .args([
            "--ignore-filename-regex",
            NOT_COUNTED,
            "--json",
            "--summary-only",
            "--output-path",
        ])
        .arg(&output)
        .current_dir(root)
        .env("PATH", &path)
        .env("LLVM_COV", &tools.cov)
        .env("LLVM_PROFDATA", &tools.profdata)
        // This process was started by cargo and carries its settings; the measured build has its own.
        .env_remove("CARGO_MANIFEST_DIR");
    let status = command.status().context("cargo does not start")?;
    if !status.success() {
        bail!("cargo llvm-cov failed ({status}). If the subcommand is missing: cargo install cargo-llvm-cov --locked");
    }
    serde_json::from_slice(&fs::read(&output)?).context("cargo llvm-cov wrote something that is not JSON")
}

/// Covered and countable lines of each crate, by folder.
fn by_crate(root: &Path, report: &Value) -> anyhow::Result<BTreeMap<String, (u64, u64)>> {
    let files = report["data"][0]["files"]
        .as_array()
        .context("the report lists no files")?;
    let mut totals = BTreeMap::new();
    for file in files {
        let name = file["filename"].as_str().unwrap_or_default();
        let Ok(inside) = Path::new(name).strip_prefix(root) else {
            continue;
        };
        let folder: Vec<String> = inside
            .components()
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .take_while(|part| !matches!(part.as_str(), "src" | "build.rs"))
            .collect();
        let lines = &file["summary"]["lines"];
        let total: &mut (u64, u64) = totals.entry(folder.join("/")).or_default();
        total.0 += lines["covered"].as_u64().unwrap_or_default();
        total.1 += lines["count"].as_u64().unwrap_or_default();
    }
    Ok(totals)
}

fn percent(covered: u64, count: u64) -> f64 {
    if count == 0 {
        return 0.0;
    }
    // In hundredths of a percent, so that no conversion loses anything.
    let hundredths = u32::try_from(covered.saturating_mul(10_000) / count).unwrap_or(u32::MAX);
    f64::from(hundredths) / 100.0
}

/// The highest value the ratchet ever had: lowering the file by hand does not lower the floor.
fn floor(root: &Path) -> f64 {
    let mut texts = vec![fs::read_to_string(root.join(RATCHET)).unwrap_or_default()];
    let history = Command::new("git")
        .args(["log", "-p", "--format=", "--", RATCHET])
        .current_dir(root)
        .output();
    if let Ok(history) = history {
        let added = String::from_utf8_lossy(&history.stdout);
        texts.extend(
            added
                .lines()
                .filter_map(|line| line.strip_prefix('+'))
                .map(str::to_owned),
        );
    }
    texts.iter().filter_map(|text| ratchet_value(text)).fold(0.0, f64::max)
}

fn ratchet_text(value: f64) -> String {
    format!(
        "# Percent of lines covered by tests, measured by `cargo xtask coverage`. It only rises.\nlines = {value:.2}\n"
    )
}

fn ratchet_value(text: &str) -> Option<f64> {
    text.lines()
        .find_map(|line| line.strip_prefix("lines = "))
        .and_then(|value| value.trim().parse().ok())
}

/// The toolchain's programs, else the newest of the system's that can read this compiler's profiles.
#[expect(
    clippy::disallowed_methods,
    reason = "a chore has no configuration but its caller's environment"
)]
fn tools() -> anyhow::Result<Tools> {
    if let (Some(cov), Some(profdata)) = (std::env::var_os("LLVM_COV"), std::env::var_os("LLVM_PROFDATA")) {
        return Ok(Tools {
            cov: cov.into(),
            profdata: profdata.into(),
        });
    }
    let candidates = candidates()?;
    let folder = tempdir()?;
    let probe = folder.join("probe");
    let source = folder.join("probe.rs");
    fs::write(&source, "fn main() {}\n")?;
    let compiled = Command::new("rustc")
        .args(["-C", "instrument-coverage", "-o"])
        .arg(&probe)
        .arg(&source)
        .status()?;
    let ran = Command::new(&probe)
        .env("LLVM_PROFILE_FILE", folder.join("probe.profraw"))
        .status()?;
    if !compiled.success() || !ran.success() {
        bail!("this compiler cannot instrument for coverage");
    }
    let found = candidates.into_iter().find(|tools| reads(tools, &folder, &probe));
    fs::remove_dir_all(&folder)?;
    found.context(
        "no llvm-cov that can read this compiler's profiles. Run `rustup component add llvm-tools`, or install your \
         distribution's llvm-19 or newer, or name the programs in LLVM_COV and LLVM_PROFDATA",
    )
}

fn reads(tools: &Tools, folder: &Path, probe: &Path) -> bool {
    let data = folder.join("probe.profdata");
    let succeeds = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    succeeds(
        Command::new(&tools.profdata)
            .args(["merge", "-sparse", "-o"])
            .arg(&data)
            .arg(folder.join("probe.profraw")),
    ) && succeeds(
        Command::new(&tools.cov)
            .arg("report")
            .arg(probe)
            .arg("-instr-profile")
            .arg(&data),
    )
}

fn candidates() -> anyhow::Result<Vec<Tools>> {
    let sysroot = Command::new("rustc").args(["--print", "target-libdir"]).output()?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim());
    let mut folders: Vec<PathBuf> = libraries
        .parent()
        .map(|target| target.join("bin"))
        .into_iter()
        .collect();
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.strip_prefix("llvm-")?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    folders.extend(versions.into_iter().map(|(_, folder)| folder));
    Ok(folders
        .into_iter()
        .map(|folder| Tools {
            cov: folder.join("llvm-cov"),
            profdata: folder.join("llvm-profdata"),
        })
        .filter(|tools| tools.cov.exists() && tools.profdata.exists())
        .collect())
}

fn tempdir() -> anyhow::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("mainstay-coverage-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratchet_file_is_read_as_it_is_written() {
        assert_eq!(ratchet_value(&ratchet_text(81.256)), Some(81.26));
        assert_eq!(ratchet_value("nothing"), None);
    }

    #[test]
    fn lines_are_summed_by_crate() {
        let report = serde_json::json!({"data": [{"files": [
            {"filename": "/r/modules/slo/src/lib.rs", "summary": {"lines": {"covered": 8, "count": 10}}},
            {"filename": "/r/modules/slo/src/api/alerts.rs", "summary": {"lines": {"covered": 1, "count": 10}}},
            {"filename": "/elsewhere/src/lib.rs", "summary": {"lines": {"covered": 9, "count": 9}}},
        ]}]});
        let totals = by_crate(Path::new("/r"), &report).unwrap();
        assert_eq!(
            totals.into_iter().collect::<Vec<_>>(),
            [("modules/slo".to_owned(), (9, 20))]
        );
        assert!((percent(9, 20) - 45.0).abs() < f64::EPSILON);
    }
}
