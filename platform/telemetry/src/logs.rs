//! Structured logs on standard error, and traces over OTLP when an endpoint is configured.

use std::{io::IsTerminal, str::FromStr};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use serde::Deserialize;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

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

impl TelemetryConfig {
    /// Whether the filter is one, before anything is set up.
    ///
    /// # Errors
    /// [`TelemetryError::Filter`].
    pub fn check_filter(&self) -> Result<(), TelemetryError> {
        self.parsed_filter().map(drop)
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
}

/// Keeps telemetry running; dropping it sends what is still held back.
#[derive(Debug)]
pub struct TelemetryGuard {
    provider: Option<SdkTracerProvider>,
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
    let filter = config.parsed_filter()?;
    let json = match config.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = if json {
        lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .boxed()
    } else {
        lines
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal())
            .boxed()
    };
    let provider = config.otlp_endpoint.as_deref().map(exporter).transpose()?;
    let spans = provider
        .as_ref()
        .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("mainstay")));
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(spans.map(|layer| layer.with_filter(tracing_subscriber::filter::LevelFilter::INFO)))
        .try_init()
        .map_err(|_| TelemetryError::Twice)?;
    Ok(TelemetryGuard { provider })
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
