//! OTLP metrics in JSON (opentelemetry-proto `metrics/v1/metrics.proto` in its JSON mapping): sums, gauges, histograms and
//! summaries. Of a histogram count and sum become series, of a summary its quantiles too.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    cell::{self, Cell},
    record::{Records, scalar},
};
use crate::metrics::{Kind, owner::component_rank};

#[derive(Deserialize)]
struct ResourceMetrics<'r> {
    #[serde(default)]
    resource: Resource,
    #[serde(borrow, default, alias = "scopeMetrics", alias = "instrumentationLibraryMetrics")]
    scope_metrics: Vec<ScopeMetrics<'r>>,
}

#[derive(Deserialize, Default)]
struct Resource {
    #[serde(default)]
    attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
struct ScopeMetrics<'r> {
    #[serde(borrow, default)]
    metrics: Vec<Metric<'r>>,
}

#[derive(Deserialize)]
struct Metric<'r> {
    name: String,
    #[serde(default)]
    unit: String,
    #[serde(borrow, default)]
    sum: Option<Data<'r>>,
    #[serde(borrow, default)]
    gauge: Option<Data<'r>>,
    #[serde(borrow, default)]
    histogram: Option<Data<'r>>,
    #[serde(borrow, default)]
    summary: Option<Data<'r>>,
}

#[derive(Deserialize)]
struct Data<'r> {
    #[serde(borrow, default, rename = "dataPoints", alias = "data_points")]
    points: Vec<&'r RawValue>,
    #[serde(borrow, default, alias = "aggregationTemporality")]
    aggregation_temporality: Option<&'r RawValue>,
    #[serde(default, alias = "isMonotonic")]
    is_monotonic: bool,
}

#[derive(Deserialize)]
struct Attribute {
    key: String,
    #[serde(default)]
    value: BTreeMap<String, Box<RawValue>>,
}

#[derive(Deserialize)]
struct DataPoint<'p> {
    #[serde(default)]
    attributes: Vec<Attribute>,
    #[serde(borrow, default, alias = "startTimeUnixNano")]
    start_time_unix_nano: Option<&'p RawValue>,
    #[serde(borrow, default, alias = "timeUnixNano")]
    time_unix_nano: Option<&'p RawValue>,
    #[serde(borrow, default, alias = "asDouble")]
    as_double: Option<&'p RawValue>,
    #[serde(borrow, default, alias = "asInt")]
    as_int: Option<&'p RawValue>,
    #[serde(borrow, default)]
    count: Option<&'p RawValue>,
    #[serde(borrow, default)]
    sum: Option<&'p RawValue>,
    #[serde(borrow, default, alias = "quantileValues")]
    quantile_values: Vec<Quantile<'p>>,
}

#[derive(Deserialize)]
struct Quantile<'p> {
    #[serde(default)]
    quantile: f64,
    #[serde(borrow, default)]
    value: Option<&'p RawValue>,
}

/// How the points of one metric are to be read.
struct Reading<'m> {
    labels: &'m BTreeMap<String, String>,
    name: &'m str,
    unit: &'m str,
    kind: Kind,
    delta: bool,
}

/// Reads what one resource measured.
pub fn resource<'r>(element: &'r RawValue, records: &mut Records<'r, '_>) {
    let Ok(resource) = serde_json::from_str::<ResourceMetrics<'r>>(element.get()) else {
        records.faulty();
        return;
    };
    // Of what a resource says only what names it; versions and process numbers would part a series at each deployment.
    let mut labels = BTreeMap::new();
    add(&mut labels, resource.resource.attributes, |key| {
        component_rank(key).is_some() || key == "service.instance.id"
    });
    for metric in resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
        let reading = |kind, delta| Reading {
            labels: &labels,
            name: &metric.name,
            unit: &metric.unit,
            kind,
            delta,
        };
        let counting = |data: &Data<'_>| {
            let temporality = data.aggregation_temporality.map_or("", RawValue::get);
            reading(Kind::Counter, temporality == "1" || temporality.contains("DELTA"))
        };
        let known = [&metric.sum, &metric.gauge, &metric.histogram, &metric.summary];
        if known.iter().all(|data| data.is_none()) {
            records.unsupported();
        }
        for data in metric.sum.iter().filter(|data| data.is_monotonic) {
            counting(data).points(data, records);
        }
        for data in metric.sum.iter().filter(|data| !data.is_monotonic).chain(&metric.gauge) {
            reading(Kind::Gauge, false).points(data, records);
        }
        if let Some(data) = &metric.histogram {
            counting(data).points(data, records);
        }
        if let Some(data) = &metric.summary {
            reading(Kind::Counter, false).points(data, records);
        }
    }
}

impl Reading<'_> {
    fn points<'r>(&self, data: &Data<'r>, records: &mut Records<'r, '_>) {
        for raw in &data.points {
            let Ok(point) = serde_json::from_str::<DataPoint<'r>>(raw.get()) else {
                records.faulty();
                continue;
            };
            let mut labels = self.labels.clone();
            let values = [
                (point.as_double.or(point.as_int), self.name.to_owned()),
                (point.count, format!("{}_count", self.name)),
                (point.sum, format!("{}_sum", self.name)),
            ];
            let (start, time) = (nanos(point.start_time_unix_nano), nanos(point.time_unix_nano));
            add(&mut labels, point.attributes, |_| true);
            for quantile in &point.quantile_values {
                let mut labels = labels.clone();
                labels.insert("quantile".into(), quantile.quantile.to_string());
                let series = records.describe(self.name.to_owned(), labels, self.unit(), Some(Kind::Gauge));
                records.point(series, time, number(quantile.value), raw.get());
            }
            for (value, name) in values.into_iter().filter(|(value, _)| value.is_some()) {
                let mut value = number(value);
                let mut kind = self.kind;
                if self.delta {
                    // What was counted since the last time is a rate already once it is divided by that time.
                    kind = Kind::Gauge;
                    value = per_second(value, start, time);
                }
                let series = records.describe(name, labels.clone(), self.unit(), Some(kind));
                records.point(series, time, value, raw.get());
            }
        }
    }

    fn unit(&self) -> Option<String> {
        (!self.unit.is_empty()).then(|| self.unit.to_owned())
    }
}

fn per_second(value: Cell, start: Option<i64>, time: Option<i64>) -> Cell {
    match (value, start, time) {
        (Cell::Number(value), Some(start), Some(time)) if time > start => {
            #[expect(clippy::cast_precision_loss, reason = "seconds to be divided by")]
            let seconds = (time - start) as f64 / 1e6;
            Cell::Number(value / seconds)
        }
        (Cell::Number(_), ..) => Cell::Missing,
        (other, ..) => other,
    }
}

fn nanos(raw: Option<&RawValue>) -> Option<i64> {
    let nanos: i64 = scalar(raw?.get()).parse().ok()?;
    (nanos > 0).then_some(nanos / 1_000)
}

fn number(raw: Option<&RawValue>) -> Cell {
    raw.map_or(Cell::Missing, |raw| cell::number(scalar(raw.get()).as_bytes(), false))
}

fn add(labels: &mut BTreeMap<String, String>, attributes: Vec<Attribute>, keep: impl Fn(&str) -> bool) {
    for attribute in attributes.into_iter().filter(|attribute| keep(&attribute.key)) {
        if let Some(value) = attribute.value.values().next() {
            labels.insert(attribute.key, scalar(value.get()));
        }
    }
}
