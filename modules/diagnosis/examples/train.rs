//! Trains the weights on windows that `bench/causes/run.py --steps export` wrote and prints the table that ships:
//! `train FOLDER DATE > modules/diagnosis/src/model/table.rs`. Beside it, on standard error, it says how far the weights are from
//! those of the reference.

mod exported;

use std::{collections::HashMap, env::args, error::Error, fmt::Write as _, fs};

use exported::{graphs, list, scores};
use mainstay_diagnosis::{
    Graph,
    features::{Feature, Features},
    model::{CHANNELS, Channel, Evidence, Example, PRIOR, TRAINED, TRAINING, Weights, evidence, fit},
};
use serde_json::Value;

/// The kinds of windows (each system, with a fault or quiet) count alike: each as so many windows (ADR 13, fusion).
const OF_A_GROUP: f64 = 25.0;
/// A fault also enters as one modality alone where that shows the cause at least so much, in one of these channels.
const SHOWS: f64 = 0.1;
const SHOWING: usize = 10;
const OF_TRACES: [Feature; 4] = [Feature::Events, Feature::EventsBelow, Feature::Slow, Feature::Wire];

fn index(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

/// Scores of the first onset; of traces alone, of all but traces, or of both.
fn first_scores(window: &Value, traces: Option<bool>) -> Features {
    scores(&window["rows"][0], |feature| {
        traces.is_none_or(|traces| OF_TRACES.contains(&feature) == traces)
    })
}

/// A window as the training sees it.
struct Window {
    whole: Evidence,
    alone: Vec<Evidence>,
    cause: Option<usize>,
    group: (String, bool),
}

fn window(line: &Value, graphs: &HashMap<String, Graph>) -> Option<Window> {
    let graph = graphs.get(line["graph"].as_str()?)?;
    let cause = index(&line["truth"]);
    let alone = line["alone"]
        .as_bool()
        .filter(|alone| *alone)
        .map_or(&[][..], |_| &[false, true][..]);
    Some(Window {
        whole: evidence(&first_scores(line, None), graph),
        alone: alone
            .iter()
            .map(|traces| evidence(&first_scores(line, Some(*traces)), graph))
            .collect(),
        cause,
        group: (line["system"].as_str()?.to_owned(), cause.is_none()),
    })
}

fn examples(windows: &[Window]) -> Vec<Example> {
    let mut examples = Vec::new();
    for window in windows {
        let group = windows.iter().filter(|other| other.group == window.group).count();
        #[expect(clippy::cast_precision_loss, reason = "hundreds")]
        let weight = OF_A_GROUP / group as f64 / (1 + window.alone.len()) as f64;
        let mut add = |evidence: &Evidence| {
            examples.push(Example {
                evidence: evidence.clone(),
                cause: window.cause,
                weight,
            });
        };
        add(&window.whole);
        for alone in &window.alone {
            let row = window.cause.and_then(|cause| alone.rows.get(cause));
            if row.is_some_and(|row| row[..SHOWING].iter().any(|value| *value >= SHOWS)) {
                add(alone);
            }
        }
    }
    examples
}

/// For each channel the share of causes and of all others with evidence, smoothed by one half of each (Jeffreys), in the systems that
/// show it at all: elsewhere nobody could look. A channel without training has none.
fn shown(windows: &[Window]) -> Vec<Option<(f64, f64)>> {
    let mut counts = [[0.5, 1.0, 0.5, 1.0]; CHANNELS];
    let can_show = |system: &str, channel: usize| {
        let mut of_system = windows.iter().filter(|window| window.group.0 == system);
        of_system.any(|window| window.whole.rows.iter().any(|row| row[channel] != 0.0))
    };
    let mut possible: HashMap<&str, [bool; CHANNELS]> = HashMap::new();
    for window in windows {
        let system = window.group.0.as_str();
        let possible = possible
            .entry(system)
            .or_insert_with(|| std::array::from_fn(|channel| can_show(system, channel)));
        for (at, row) in window.whole.rows.iter().enumerate() {
            let side = if window.cause == Some(at) { 0 } else { 2 };
            for ((count, value), _) in counts
                .iter_mut()
                .zip(row)
                .zip(*possible)
                .filter(|(_, possible)| *possible)
            {
                count[side] += f64::from(u8::from(*value >= SHOWS));
                count[side + 1] += 1.0;
            }
        }
    }
    let trained = counts
        .iter()
        .take(TRAINED)
        .map(|[k1, n1, k0, n0]| Some((k1 / n1, k0 / n0)));
    trained.chain((TRAINED..CHANNELS).map(|_| None)).collect()
}

/// The file, as it stands in the tree.
fn table(weights: &Weights, windows: &[Window], date: &str, systems: usize) -> Result<String, Box<dyn Error>> {
    let faults = windows.iter().filter(|window| window.cause.is_some()).count();
    let mut text = String::new();
    writeln!(
        text,
        "//! The trained weights. Written by the example `train`, not by hand.\n"
    )?;
    writeln!(
        text,
        "use super::{{\n    CHANNELS, Shown, Training, Weights,\n    weights::{{JUDGED, RARE}},\n}};\n"
    )?;
    writeln!(
        text,
        "/// Where the weights come from.\npub const TRAINING: Training = Training {{"
    )?;
    writeln!(text, "    version: {},\n    date: \"{date}\",", TRAINING.version)?;
    writeln!(
        text,
        "    windows: ({faults}, {}),\n    systems: {systems},\n}};\n",
        windows.len() - faults
    )?;
    writeln!(
        text,
        "/// The weights.\npub const WEIGHTS: Weights = Weights {{\n    channels: ["
    )?;
    for (channel, weight) in Channel::ALL.iter().zip(weights.channels) {
        writeln!(text, "        {weight:.4}, // {channel:?}")?;
    }
    writeln!(text, "    ],\n    none: {:.4},\n}};\n", weights.none)?;
    writeln!(
        text,
        "/// How often each channel shows itself.\npub const SHOWN: [Shown; CHANNELS] = ["
    )?;
    for (channel, shown) in Channel::ALL.iter().zip(shown(windows)) {
        match shown {
            Some((by_cause, by_others)) => writeln!(
                text,
                "    // {channel:?}\n    Shown {{\n        by_cause: {by_cause:.3},\n        by_others: {by_others:.3},\n    }},"
            )?,
            None if *channel == Channel::Clock => writeln!(text, "    RARE,   // {channel:?}")?,
            None => writeln!(text, "    JUDGED, // {channel:?}")?,
        }
    }
    writeln!(text, "];")?;
    Ok(text)
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = args().nth(1).ok_or("name the folder of the export")?;
    let date = args().nth(2).ok_or("name the day, as YEAR-MONTH-DAY")?;
    let graphs = graphs(&folder)?;
    let text = fs::read_to_string(format!("{folder}/windows.jsonl"))?;
    let mut lines = text.lines();
    let head: Value = serde_json::from_str(lines.next().ok_or("no windows")?)?;
    let mut windows = Vec::new();
    for line in lines {
        let line: Value = serde_json::from_str(line)?;
        if line["variant"] == "told" {
            windows.push(window(&line, &graphs).ok_or("a window of an unknown system")?);
        }
    }
    let weights = fit(&examples(&windows));
    let mut systems: Vec<&str> = windows.iter().map(|window| window.group.0.as_str()).collect();
    systems.sort_unstable();
    systems.dedup();
    print!("{}", table(&weights, &windows, &date, systems.len())?);
    let reference = list(&head["weights"])
        .iter()
        .map(|value| value.as_f64().unwrap_or(f64::NAN));
    let mine = weights.channels[..TRAINED].iter().copied().chain([weights.none]);
    let away = mine
        .zip(reference)
        .map(|(mine, reference)| (mine - reference).abs())
        .fold(0.0, f64::max);
    eprintln!("greatest difference to the reference's weights: {away:.2e}");
    let judged = weights.channels[TRAINED..].iter().zip(&PRIOR.channels[TRAINED..]);
    if judged.clone().any(|(weight, prior)| (weight - prior).abs() > 1e-9) {
        return Err("a channel without data left its prior".into());
    }
    Ok(())
}
