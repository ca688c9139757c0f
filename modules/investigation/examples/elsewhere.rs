//! Trains the weights on the recorded cases of one system alone and applies them unchanged to the windows of others:
//! `elsewhere WINDOWS CASES...`, with the folder that `bench/causes/run.py --steps export` wrote and folders of
//! `mainstay demo record`. Prints Markdown.

#[path = "../../diagnosis/examples/exported/mod.rs"]
mod exported;

use std::{collections::BTreeMap, env::args, error::Error, fs, path::Path};

use exported::{graphs, list, scores};
use mainstay_diagnosis::model::{Evidence, Example, WEIGHTS, Weights, evidence, fit, posterior};
use mainstay_investigation::{Request, see};
use serde_json::Value;

/// As for the weights that ship: the faults count as so many windows, and so do the quiet ones (ADR 13, fusion).
const OF_A_GROUP: f64 = 25.0;

type Failed = Box<dyn Error>;

/// A window, and the place of its cause.
struct Window {
    onsets: Vec<(Evidence, f64)>,
    cause: Option<usize>,
}

fn micros(label: &Value, field: &str) -> Option<i64> {
    let time: jiff::Timestamp = label[field].as_str()?.parse().ok()?;
    Some(time.as_microsecond())
}

/// The cases of one folder with one cause or none; of two at once neither is the answer.
fn cases(folder: &Path) -> Result<Vec<Window>, Failed> {
    let mut windows = Vec::new();
    for line in fs::read_to_string(folder.join("labels.jsonl"))?.lines() {
        let label: Value = serde_json::from_str(line)?;
        let services = list(&label["services"]);
        if services.len() > 1 {
            continue;
        }
        let case = folder.join(label["case"].as_str().ok_or("a case without a name")?);
        let middle = || Some(micros(&label, "recorded_from")?.midpoint(micros(&label, "recorded_until")?));
        let at = micros(&label, "noticed_at").or_else(|| micros(&label, "began_at"));
        let at = at.or_else(middle).ok_or("a case without times")?;
        let files = [
            "logs",
            "metrics",
            "traces",
            "checks.csv",
            "deploys.jsonl",
            "config/after",
        ];
        let request = Request {
            paths: files
                .iter()
                .map(|name| case.join(name))
                .filter(|path| path.exists())
                .collect(),
            baseline: vec![case.join("config/before")],
            topology: Some(case.join("topology.json")),
            now: at,
            ..Request::default()
        };
        let seen = see(&request, at);
        let culprit = services.first().and_then(Value::as_str).map(|service| {
            let place = seen.components.iter().position(|name| name == service);
            place.ok_or_else(|| format!("{service} is not there in {}", case.display()))
        });
        windows.push(Window {
            onsets: seen.onsets,
            cause: culprit.transpose()?,
        });
    }
    Ok(windows)
}

/// The told windows of all systems, by system.
fn elsewhere(folder: &str) -> Result<BTreeMap<String, Vec<Window>>, Failed> {
    let graphs = graphs(folder)?;
    let mut systems: BTreeMap<String, Vec<Window>> = BTreeMap::new();
    for line in fs::read_to_string(format!("{folder}/windows.jsonl"))?.lines().skip(1) {
        let line: Value = serde_json::from_str(line)?;
        if line["variant"] != "told" {
            continue;
        }
        let graph = line["graph"].as_str().and_then(|name| graphs.get(name));
        let graph = graph.ok_or("a window of an unknown system")?;
        let priors = list(&line["prior"]).iter().map(|prior| prior.as_f64().unwrap_or(0.0));
        let onsets = list(&line["rows"])
            .iter()
            .map(|rows| evidence(&scores(rows, |_| true), graph));
        let system = line["system"].as_str().unwrap_or_default().to_owned();
        systems.entry(system).or_default().push(Window {
            onsets: onsets.zip(priors).collect(),
            cause: line["truth"].as_u64().and_then(|truth| usize::try_from(truth).ok()),
        });
    }
    Ok(systems)
}

/// AC@1 and Avg@5 of the faults, and the shares of quiet windows called quiet and of faults missed.
#[expect(clippy::cast_precision_loss, reason = "hundreds of windows")]
fn judged(windows: &[Window], weights: &Weights) -> [f64; 4] {
    let (mut faults, mut quiet, mut sums) = (0, 0, [0.0; 4]);
    for window in windows {
        let onsets: Vec<(&Evidence, f64)> = window.onsets.iter().map(|(rows, prior)| (rows, *prior)).collect();
        let answer = posterior(weights, &onsets);
        let says_none = answer.none > 0.5;
        let Some(cause) = window.cause else {
            quiet += 1;
            sums[2] += f64::from(u8::from(says_none));
            continue;
        };
        faults += 1;
        // Those that are equally likely share their mean place.
        let likely = |by: fn(f64) -> bool| {
            let others = answer.components.iter();
            others.filter(|other| by(**other - answer.components[cause])).count() as f64
        };
        let place = likely(|more| more > 1e-12) + f64::midpoint(likely(|more| more.abs() <= 1e-12), 1.0);
        sums[0] += f64::from(u8::from(place <= 1.0));
        sums[1] += (6.0 - place.ceil()).max(0.0) / 5.0;
        sums[3] += f64::from(u8::from(says_none));
    }
    let share = |sum: f64, of: i32| if of > 0 { sum / f64::from(of) } else { f64::NAN };
    [
        share(sums[0], faults),
        share(sums[1], faults),
        share(sums[2], quiet),
        share(sums[3], faults),
    ]
}

fn main() -> Result<(), Failed> {
    let windows = args().nth(1).ok_or("name the folder of the export")?;
    let mut own = Vec::new();
    for folder in args().skip(2) {
        own.extend(cases(Path::new(&folder))?);
    }
    let with_cause = |wanted: bool| {
        own.iter()
            .filter(move |window| window.cause.is_some() == wanted)
            .count()
    };
    let (faults, quiet) = (with_cause(true), with_cause(false));
    #[expect(clippy::cast_precision_loss, reason = "hundreds of windows")]
    let examples: Vec<Example> = own
        .iter()
        .filter_map(|window| {
            let group = if window.cause.is_some() { faults } else { quiet };
            Some(Example {
                evidence: window.onsets.first()?.0.clone(),
                cause: window.cause,
                weight: OF_A_GROUP / group as f64,
            })
        })
        .collect();
    let trained = fit(&examples);
    println!("Trained on {faults} faults and {quiet} quiet times of one system.\n");
    println!("| system | weights | AC@1 | Avg@5 | quiet called quiet | faults missed |");
    println!("|---|---|---|---|---|---|");
    let mut systems = elsewhere(&windows)?;
    systems.insert("the recorded one".to_owned(), own);
    for (system, windows) in &systems {
        for (name, weights) in [("that one's", &trained), ("shipped", &WEIGHTS)] {
            let [first, five, called, missed] = judged(windows, weights);
            println!("| {system} | {name} | {first:.2} | {five:.2} | {called:.2} | {missed:.2} |");
        }
    }
    Ok(())
}
