//! Reads the facts and windows that `bench/causes` exports.

use std::{collections::HashMap, error::Error, sync::Arc};

use mainstay_diagnosis::{
    Component, Event, Incident, Operation, Question, Role, Samples, Series, Side, Subject, Symptom, SymptomKind,
    System, Visit, VisitEvent, When,
};
use serde_json::Value;

/// From the first onset that is tried to the moment of notice, for samples of 60 s and of 300 s.
const BACK: i64 = 300_000_000;
const BACK_COARSE: i64 = 450_000_000;

/// A system and what of it a window may replace.
pub struct Facts {
    /// Without the parts that each window brings.
    pub system: System,
    /// Told times of all its incidents.
    pub incidents: Vec<i64>,
    /// Whether samples without a value stay as gaps; else they are left out.
    gaps: bool,
    baseline_times: Vec<i64>,
    baseline_values: Vec<Vec<f64>>,
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Numbers of a list; what is no number is a gap.
pub fn floats(value: &Value) -> Vec<f64> {
    list(value)
        .iter()
        .map(|value| value.as_f64().unwrap_or(f64::NAN))
        .collect()
}

fn whole(value: &Value) -> Vec<i64> {
    list(value).iter().filter_map(Value::as_i64).collect()
}

fn place(value: &Value) -> Option<u32> {
    u32::try_from(value.as_i64()?).ok()
}

fn places(value: &Value) -> Vec<u32> {
    list(value).iter().filter_map(place).collect()
}

fn role(value: &Value) -> Option<Role> {
    Some(match value.as_str()? {
        "cpu" => Role::Cpu,
        "mem" => Role::Memory,
        "latency" => Role::Latency,
        "availability" => Role::Availability,
        "error" => Role::Error,
        "traffic" => Role::Traffic,
        _ => return None,
    })
}

impl Facts {
    /// Takes one line of facts.
    pub fn of(line: &Value, gaps: bool) -> Result<Self, Box<dyn Error>> {
        let addresses = places(&line["addresses"]);
        let components = list(&line["components"])
            .iter()
            .zip(0_u32..)
            .map(|(name, at)| Component {
                name: name.as_str().unwrap_or_default().to_owned(),
                is_address: addresses.contains(&at),
            });
        let times: Arc<[i64]> = whole(&line["times"]).into();
        let samples_of = |values| {
            if gaps {
                Samples::new(times.clone(), values)
            } else {
                dense(&times, values)
            }
        };
        let series = list(&line["series"]).iter().zip(list(&line["values"])).zip(0_u32..);
        let series = series.filter_map(|((series, values), witness)| {
            let subject = match places(&series["edge"])[..] {
                [from, to] => Subject::Edge {
                    caller: from,
                    callee: to,
                    seen_by: if series["side"] == "caller" {
                        Side::Caller
                    } else {
                        Side::Callee
                    },
                },
                _ => Subject::Component(place(&series["owner"])?),
            };
            // A latency as clients see it has a role of its own there, and is not used.
            let role = role(&series["role"])?;
            let samples = samples_of(floats(values));
            Some(Series {
                subject,
                role,
                samples,
                baseline: Samples::default(),
                witness,
            })
        });
        let pairs = |value: &Value| {
            let pairs = list(value).iter().map(places);
            pairs.filter_map(|pair| Some((*pair.first()?, *pair.get(1)?))).collect()
        };
        let happened = &line["visit_events"];
        let mut system = System {
            components: components.collect(),
            calls: pairs(&line["calls"]),
            series: series.collect(),
            visits: visits(&line["visits"])?,
            visit_events: places(&happened["visit"])
                .into_iter()
                .zip(places(&happened["event"]))
                .map(|(visit, event)| VisitEvent { visit, event })
                .collect(),
            ..System::default()
        };
        system.operations = list(&line["operations"])
            .iter()
            .filter_map(|operation| {
                Some(Operation {
                    component: place(&operation["component"])?,
                    name: operation["name"].as_str()?.to_owned(),
                    refused: false,
                })
            })
            .collect();
        system.events = list(&line["events"])
            .iter()
            .filter_map(|event| {
                Some(Event {
                    name: event["name"].as_str()?.to_owned(),
                    is_log: event["log"].as_bool()?,
                    is_error: event["error"].as_bool()?,
                    is_failure: false,
                })
            })
            .collect();
        Ok(Self {
            system,
            gaps,
            incidents: whole(&line["incidents"]),
            baseline_times: whole(&line["baseline_times"]),
            baseline_values: list(&line["baseline_values"]).iter().map(floats).collect(),
        })
    }

    /// The system as a window sees it, where the window brings samples of its own.
    pub fn with(&self, window: &Value) -> Option<System> {
        let samples = window["samples"].as_object()?;
        let times: Arc<[i64]> = whole(&samples["times"]).into();
        let left_out = whole(&samples["baseline_without"]);
        let (from, to) = (
            left_out.first().copied().unwrap_or(0),
            left_out.get(1).copied().unwrap_or(0),
        );
        let kept = |at: &usize| !(from..to).contains(&i64::try_from(*at).unwrap_or(i64::MAX));
        let baseline: Vec<usize> = (0..self.baseline_times.len()).filter(kept).collect();
        let baseline_times: Arc<[i64]> = baseline.iter().map(|at| self.baseline_times[*at]).collect();
        let mut system = self.system.clone();
        for series in &mut system.series {
            let at = series.witness as usize;
            let values = floats(&samples["values"][at]);
            series.samples = if self.gaps {
                Samples::new(times.clone(), values)
            } else {
                dense(&times, values)
            };
            let values: Vec<f64> = baseline.iter().map(|row| self.baseline_values[at][*row]).collect();
            series.baseline = if self.gaps {
                Samples::new(baseline_times.clone(), values)
            } else {
                dense(&baseline_times, values)
            };
        }
        Some(system)
    }

    /// What a window asks.
    pub fn question(&self, window: &Value) -> Question {
        let first = window["onsets"][0].as_i64().unwrap_or(0);
        let back = if self.baseline_times.is_empty() {
            BACK
        } else {
            BACK_COARSE
        };
        let symptom = &window["samples"]["symptom"];
        Question {
            when: if window["variant"] == "untold" {
                When::Noticed(first + back)
            } else {
                When::Began(first)
            },
            symptom: place(&symptom["component"]).map(|component| Symptom {
                component,
                kind: if symptom["kind"] == "availability" {
                    SymptomKind::Availability
                } else {
                    SymptomKind::Latency
                },
            }),
            incidents: self
                .incidents
                .iter()
                .filter(|told| Some(**told) != window["own"].as_i64())
                .map(|told| Incident {
                    start: *told,
                    end: None,
                })
                .collect(),
            until: window["until"].as_i64(),
        }
    }
}

/// Samples that have a value.
fn dense(times: &[i64], values: Vec<f64>) -> Samples {
    let pairs = times.iter().copied().zip(values).filter(|(_, value)| value.is_finite());
    let (times, values): (Vec<i64>, Vec<f64>) = pairs.unzip();
    Samples::new(times.into(), values)
}

fn visits(columns: &Value) -> Result<Vec<Visit>, Box<dyn Error>> {
    let (operations, starts) = (places(&columns["operation"]), whole(&columns["start"]));
    let (own, wire) = (floats(&columns["self_time"]), floats(&columns["wire_time"]));
    let flag = |name: &str, at: usize| columns[name][at].as_bool().unwrap_or(false);
    (0..operations.len())
        .map(|at| {
            Ok(Visit {
                operation: operations[at],
                start: *starts.get(at).ok_or("too few starts")?,
                self_time: *own.get(at).ok_or("too few self times")?,
                wire_time: *wire.get(at).ok_or("too few wire times")?,
                duration: 0.0,
                ahead: 0.0,
                is_abandoned: false,
                caller: place(&columns["caller"][at]),
                has_logs: flag("has_logs", at),
                is_baseline: flag("baseline", at),
                witness: u32::try_from(at)?,
            })
        })
        .collect()
}

/// The facts of each system by its name.
pub fn read(text: &str, gaps: bool) -> Result<HashMap<String, Facts>, Box<dyn Error>> {
    text.lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line)?;
            let name = line["name"].as_str().ok_or("a system without a name")?.to_owned();
            Ok((name, Facts::of(&line, gaps)?))
        })
        .collect()
}
