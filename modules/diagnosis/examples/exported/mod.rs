//! What `bench/causes/run.py --steps export` wrote, as the engine has it.

use std::{collections::HashMap, error::Error, fs};

use mainstay_diagnosis::{
    Component, Graph, System,
    features::{FEATURES, Feature, Features},
};
use serde_json::Value;

/// Scores of metrics come as logarithms up to that of 51.
const OF_METRICS: usize = 7;

/// The items of a list; none of anything else.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The call graph of each system, by its name.
pub fn graphs(folder: &str) -> Result<HashMap<String, Graph>, Box<dyn Error>> {
    let mut graphs = HashMap::new();
    for line in fs::read_to_string(format!("{folder}/facts.jsonl"))?.lines() {
        let line: Value = serde_json::from_str(line)?;
        let name = line["name"].as_str().ok_or("a system without a name")?;
        graphs.insert(name.to_owned(), graph(&line));
    }
    Ok(graphs)
}

fn graph(line: &Value) -> Graph {
    let place = |value: &Value| u32::try_from(value.as_u64()?).ok();
    let addresses: Vec<u32> = list(&line["addresses"]).iter().filter_map(place).collect();
    Graph::of(&System {
        components: list(&line["components"])
            .iter()
            .zip(0_u32..)
            .map(|(name, at)| Component {
                name: name.as_str().unwrap_or_default().to_owned(),
                is_address: addresses.contains(&at),
            })
            .collect(),
        calls: list(&line["calls"])
            .iter()
            .filter_map(|pair| Some((place(&pair[0])?, place(&pair[1])?)))
            .collect(),
        ..System::default()
    })
}

/// The scores of one onset, of the features that are wanted.
pub fn scores(rows: &Value, wanted: impl Fn(Feature) -> bool) -> Features {
    let row = |row: &Value| {
        let mut scores = [0.0; FEATURES];
        for (feature, value) in Feature::ALL.into_iter().zip(list(row)) {
            let at = feature as usize;
            let scale = if at < OF_METRICS { 51.0_f64.ln() } else { 1.0 };
            if wanted(feature) {
                scores[at] = value.as_f64().unwrap_or(0.0) / scale;
            }
        }
        scores
    };
    Features::from_rows(list(rows).iter().map(row).collect())
}
