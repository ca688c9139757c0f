//! Compares scores, evidence and answers with the reference implementation on every window it exported: `parity FOLDER`, with
//! the folder that `bench/causes/run.py --steps export` wrote to. Prints JSON: the greatest difference of each, where it is, and
//! how often the first place is right. Differences above a limit make it fail. With `without-gaps` after the folder, samples
//! without a value are left out instead of kept as gaps, as most readers do; then some differ, and it says how much.

mod facts;

use std::{
    collections::BTreeMap,
    env::args,
    error::Error,
    fs,
    time::{Duration, Instant},
};

use facts::{Facts, floats, read};
use mainstay_diagnosis::{
    Prepared,
    features::{FEATURES, Feature, Features},
    model::{Channel, Evidence, PRIOR, TRAINED, Weights, evidence, posterior},
};
use serde_json::{Value, json};

/// Times of the export are rounded to microseconds, its quantiles come from another library.
const LIMIT: f64 = 1e-6;
/// The reference keeps scores of metrics as logarithms up to this; here they are from 0 to 1.
const OF_METRICS: usize = 7;

#[derive(Default)]
struct Greatest(BTreeMap<String, (f64, String, usize)>);

impl Greatest {
    fn add(&mut self, what: String, difference: f64, place: impl Fn() -> String) {
        let entry = self.0.entry(what).or_default();
        if difference > LIMIT {
            entry.2 += 1;
        }
        if difference > entry.0 || difference.is_nan() {
            (entry.0, entry.1) = (difference, place());
        }
    }
}

#[derive(Default)]
struct Parity {
    ranked: u32,
    ranking: Duration,
    greatest: Greatest,
    windows: BTreeMap<String, [u32; 3]>,
    onsets_differ: Vec<String>,
}

impl Parity {
    fn window(&mut self, prepared: &Prepared, facts: &Facts, window: &Value, weights: &Weights) {
        let question = facts.question(window);
        let hypotheses = prepared.hypotheses(&question);
        let id = format!("{} {}", window["id"].as_str().unwrap_or_default(), window["variant"]);
        let expected: Vec<f64> = floats(&window["onsets"]);
        #[expect(clippy::cast_precision_loss, reason = "microseconds")]
        let tried: Vec<f64> = hypotheses.iter().map(|hypothesis| hypothesis.onset as f64).collect();
        if expected.len() != tried.len() || expected.iter().zip(&tried).any(|(a, b)| (a - b).abs() > 1.0) {
            self.onsets_differ.push(id.clone());
        }
        let mut found: Vec<(Evidence, f64)> = Vec::new();
        for (at, prior) in floats(&window["prior"]).into_iter().enumerate() {
            let onset = window["onsets"][at].as_i64().unwrap_or(0);
            let features = prepared.features(&question, onset);
            self.rows(&id, at, &features, &window["rows"][at], facts);
            let evidence = evidence(&features, prepared.graph());
            self.channels(&id, at, &evidence, &window["channels"][at], facts);
            found.push((evidence, prior));
        }
        let onsets: Vec<(&Evidence, f64)> = found.iter().map(|(evidence, prior)| (evidence, *prior)).collect();
        let answer = posterior(weights, &onsets);
        let none = window["none"].as_f64().unwrap_or(f64::NAN);
        self.greatest
            .add("P(none)".to_owned(), (answer.none - none).abs(), || id.clone());
        for (mine, theirs) in answer.components.iter().zip(floats(&window["posterior"])) {
            self.greatest
                .add("P(component)".to_owned(), (mine - theirs).abs(), || id.clone());
        }
        let started = Instant::now();
        let ranking = prepared.rank(&question, weights);
        self.ranking += started.elapsed();
        self.ranked += 1;
        self.greatest
            .add("P(none) of the ranking".to_owned(), (ranking.none - none).abs(), || {
                id.clone()
            });
        let key = format!(
            "{} {}",
            window["system"].as_str().unwrap_or_default(),
            window["variant"].as_str().unwrap_or_default()
        );
        let counts = self.windows.entry(key).or_default();
        let top = (0..answer.components.len()).max_by(|a, b| answer.components[*a].total_cmp(&answer.components[*b]));
        match window["truth"].as_u64().and_then(|truth| usize::try_from(truth).ok()) {
            Some(truth) => {
                counts[0] += 1;
                counts[1] += u32::from(top == Some(truth));
            }
            None => counts[2] += 1,
        }
    }

    fn rows(&mut self, id: &str, onset: usize, found: &Features, expected: &Value, facts: &Facts) {
        let cap = 51.0_f64.ln();
        for component in 0..found.len() {
            let row = floats(&expected[component]);
            for (at, feature) in Feature::ALL.into_iter().take(row.len()).enumerate() {
                let theirs = if at < OF_METRICS { row[at] / cap } else { row[at] };
                let difference = (found.score(component, feature) - theirs).abs();
                self.greatest.add(format!("score {feature:?}"), difference, || {
                    format!(
                        "{id} onset {onset} {} expected {theirs}",
                        facts.system.components[component].name
                    )
                });
            }
        }
    }

    fn channels(&mut self, id: &str, onset: usize, found: &Evidence, expected: &Value, facts: &Facts) {
        for (component, row) in found.rows.iter().enumerate() {
            let theirs = floats(&expected[component]);
            for (at, channel) in Channel::ALL.into_iter().enumerate() {
                let theirs = theirs.get(at).copied().unwrap_or(0.0);
                self.greatest
                    .add(format!("evidence {channel:?}"), (row[at] - theirs).abs(), || {
                        format!(
                            "{id} onset {onset} {} expected {theirs}",
                            facts.system.components[component].name
                        )
                    });
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = args().nth(1).ok_or("name the folder of the export")?;
    let gaps = args().nth(2).as_deref() != Some("without-gaps");
    let facts = read(&fs::read_to_string(format!("{folder}/facts.jsonl"))?, gaps)?;
    let started = Instant::now();
    let prepared: BTreeMap<&str, Prepared> = facts
        .iter()
        .map(|(name, facts)| (name.as_str(), Prepared::of(&facts.system)))
        .collect();
    let preparing = started.elapsed();
    let windows = fs::read_to_string(format!("{folder}/windows.jsonl"))?;
    let mut lines = windows.lines();
    let head: Value = serde_json::from_str(lines.next().ok_or("no windows")?)?;
    let trained = floats(&head["weights"]);
    let mut weights = PRIOR;
    weights.channels[..TRAINED].copy_from_slice(trained.get(..TRAINED).ok_or("too few weights")?);
    weights.none = *trained.get(TRAINED).ok_or("too few weights")?;
    assert!(
        head["features"]
            .as_array()
            .is_some_and(|features| features.len() <= FEATURES),
        "more features than here"
    );

    let mut parity = Parity::default();
    let started = Instant::now();
    for line in lines {
        let window: Value = serde_json::from_str(line)?;
        let name = window["graph"].as_str().ok_or("a window without a system")?;
        let of = facts.get(name).ok_or("a window of an unknown system")?;
        match of.with(&window) {
            Some(system) => parity.window(&Prepared::of(&system), of, &window, &weights),
            None => parity.window(&prepared[name], of, &window, &weights),
        }
    }
    let worst = parity.greatest.0.values().map(|entry| entry.0).fold(0.0, f64::max);
    let greatest: BTreeMap<_, _> = parity
        .greatest
        .0
        .iter()
        .map(|(what, (difference, place, above))| {
            (
                what,
                json!({ "difference": difference, "above_limit": above, "where": place }),
            )
        })
        .collect();
    let counts: BTreeMap<_, _> = parity
        .windows
        .iter()
        .map(|(key, [faults, right, quiet])| (key, json!({ "faults": faults, "first_right": right, "quiet": quiet })))
        .collect();
    let report = json!({
        "seconds": started.elapsed().as_secs_f64(),
        "windows": counts,
        "mean_seconds_of_a_ranking": parity.ranking.as_secs_f64() / f64::from(parity.ranked.max(1)),
        "seconds_to_prepare_all_systems": preparing.as_secs_f64(),
        "onsets_differ": parity.onsets_differ,
        "greatest_difference": greatest,
    });
    println!("{report:#}");
    if worst > LIMIT || worst.is_nan() || !parity.onsets_differ.is_empty() {
        return Err(format!("the greatest difference is {worst:e}, the limit is {LIMIT:e}").into());
    }
    Ok(())
}
