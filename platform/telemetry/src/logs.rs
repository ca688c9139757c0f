//! Structured logs on standard error, and traces over OTLP when an endpoint is configured.

use std::{io::IsTerminal, str::FromStr};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use serde::Deserialize;
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt, reload, util::SubscriberInitExt};

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// One line of text.
    Text,
    /// One JSON object a line.
    Json,
}

/// What to log, how, and where traces go.
#[derive(Debug, Clone)]
pub struct TelemetryConfig {
    /// A filter such as `info` or `info,mainstay_watch=debug`.
    pub filter: String,
    /// How a log line looks.
    pub format: LogFormat,
    /// OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`; no traces leave without it.
    pub otlp_endpoint: Option<String>,
}

impl LogFormat {
    fn is_json(self) -> bool {
        match self {
            Self::Json => true,
            Self::Text => false,
            Self::Auto => !std::io::stderr().is_terminal(),
        }
    }
}

impl TelemetryConfig {
    /// Whether the filter is one, before anything is set up.
    ///
    /// # Errors
    /// [`TelemetryError::Filter`].
    pub fn check_filter(&self) -> Result<(), TelemetryError> {
        self.parsed_filter().map(drop)
    }

    /// What is logged as text, and what as JSON: one of them is nothing. A layer cannot change its format, because what it
    /// noted of open spans is in the old one.
    fn filters(&self) -> Result<(EnvFilter, EnvFilter), TelemetryError> {
        let (chosen, other) = (self.parsed_filter()?, EnvFilter::new("off"));
        Ok(if self.format.is_json() {
            (other, chosen)
        } else {
            (chosen, other)
        })
    }

    fn parsed_filter(&self) -> Result<EnvFilter, TelemetryError> {
        EnvFilter::from_str(&self.filter).map_err(|error| TelemetryError::Filter {
            filter: self.filter.clone(),
            reason: error.to_string(),
        })
    }
}

/// Telemetry cannot be set up as configured.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter does not parse.
    #[error("`{filter}` is not a log filter: {reason}. Use a level such as `info`, or `info,mainstay_watch=debug`")]
    Filter {
        /// The filter as given.
        filter: String,
        /// Why it does not parse.
        reason: String,
    },
    /// The trace exporter cannot be built.
    #[error("traces cannot be sent to {endpoint}: {reason}")]
    Otlp {
        /// The endpoint as given.
        endpoint: String,
        /// What the exporter said.
        reason: String,
    },
    /// Something set up logging before.
    #[error("logging was set up twice in this process")]
    Twice,
    /// Nothing is logged any more.
    #[error("logging has ended")]
    Over,
}

/// Keeps telemetry running; dropping it sends what is still held back.
#[derive(Debug)]
pub struct TelemetryGuard {
    provider: Option<SdkTracerProvider>,
    logs: Logs,
}

impl TelemetryGuard {
    /// Changes what is logged while the process runs.
    pub fn logs(&self) -> Logs {
        self.logs.clone()
    }
}

/// Changes what is logged, and how. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Logs {
    text: reload::Handle<EnvFilter, Registry>,
    json: reload::Handle<EnvFilter, Registry>,
}

impl Logs {
    /// Logs by the filter and in the format of another configuration from the next line; where traces go stays as it was.
    ///
    /// # Errors
    /// [`TelemetryError::Filter`]; then nothing has changed.
    pub fn reconfigure(&self, config: &TelemetryConfig) -> Result<(), TelemetryError> {
        let (text, json) = config.filters()?;
        for (handle, filter) in [(&self.text, text), (&self.json, json)] {
            handle.reload(filter).map_err(|_| TelemetryError::Over)?;
        }
        Ok(())
    }
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        if let Some(provider) = self.provider.take() {
            // At the end of the process nobody is left to tell.
            let _ = provider.shutdown();
        }
    }
}

/// Starts logging for the process.
///
/// # Errors
/// When the configuration cannot be followed.
pub fn init(config: &TelemetryConfig) -> Result<TelemetryGuard, TelemetryError> {
    let (text, json) = config.filters()?;
    let (text_filter, text) = reload::Layer::new(text);
    let (json_filter, json) = reload::Layer::new(json);
    let lines = || tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = vec![
        lines()
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal())
            .with_filter(text_filter)
            .boxed(),
        lines()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_filter(json_filter)
            .boxed(),
    ];
    let provider = config.otlp_endpoint.as_deref().map(exporter).transpose()?;
    let spans = provider
        .as_ref()
        .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("mainstay")));
    tracing_subscriber::registry()
        .with(lines)
        .with(spans.map(|layer| layer.with_filter(tracing_subscriber::filter::LevelFilter::INFO)))
        .try_init()
        .map_err(|_| TelemetryError::Twice)?;
    Ok(TelemetryGuard {
        provider,
        logs: Logs { text, json },
    })
}

fn exporter(endpoint: &str) -> Result<SdkTracerProvider, TelemetryError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(endpoint)
        .build()
        .map_err(|error| TelemetryError::Otlp {
            endpoint: endpoint.to_owned(),
            reason: error.to_string(),
        })?;
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(Resource::builder().with_service_name("mainstay").build())
        .build())
}
