//! `mainstay up`: build everything, serve until told to stop, then let go in order.

use std::{path::Path, time::Duration};

use anyhow::Context;
use mainstay_kernel::World;
use mainstay_runtime::Tasks;
use mainstay_telemetry::{LogFormat, TelemetryConfig};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{OK, ServerArgs};
use crate::{
    config::{COMMENTED_DEFAULT, Config, FILE_NAME, Loaded},
    wiring,
};

/// How long background tasks may take to finish after a shutdown has begun.
const PATIENCE: Duration = Duration::from_secs(15);

/// How a server is started.
#[derive(Debug, clap::Args)]
pub struct UpArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Stop also when standard input closes, so that the server never outlives the program that started it
    #[arg(long, hide = true)]
    until_stdin_closes: bool,
}

/// Serves until SIGTERM or SIGINT.
pub fn run(args: &UpArgs) -> anyhow::Result<u8> {
    let loaded = args.server.load()?;
    let telemetry = telemetry_config(&loaded.config)?;
    // The trace exporter builds its own client, which takes the process's default. Only a second call would fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 8)))
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Inside the runtime, because a trace exporter needs one.
        let guard = mainstay_telemetry::init(&telemetry)?;
        let result = serve(&loaded, args.until_stdin_closes).await;
        drop(guard);
        result
    })
}

fn telemetry_config(config: &Config) -> anyhow::Result<TelemetryConfig> {
    Ok(TelemetryConfig {
        filter: config.log.filter.clone(),
        format: match config.log.format.as_str() {
            "auto" => LogFormat::Auto,
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            other => anyhow::bail!("`log.format` is `{other}`; use `auto`, `text` or `json`"),
        },
        otlp_endpoint: config.telemetry.otlp_endpoint.clone(),
    })
}

async fn serve(loaded: &Loaded, until_stdin_closes: bool) -> anyhow::Result<u8> {
    let config = &loaded.config;
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("cannot create the data folder {}", config.data_dir.display()))?;
    if loaded.file.is_none() {
        write_first_configuration(&config.data_dir);
    }
    let listener = TcpListener::bind(config.listen).await.with_context(|| {
        format!(
            "cannot listen on {}; is something else running there? Choose another with --listen",
            config.listen
        )
    })?;
    let address = listener.local_addr()?;

    let world = World::system();
    let tasks = Tasks::new(world.clone());
    let mainstay = wiring::build(config, world, tasks.clone()).await?.start().await?;
    stop_on_signals(&tasks)?;
    if until_stdin_closes {
        stop_when_stdin_closes(&tasks)?;
    }
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        address = %address,
        database = mainstay.database.dialect().name(),
        "Mainstay is running at http://{address}"
    );

    let served = mainstay_http::serve(listener, mainstay.router.clone(), tasks.clone()).await;
    let stubborn = tasks.stop_and_wait(PATIENCE).await;
    if !stubborn.is_empty() {
        tracing::warn!(
            tasks = stubborn.join(", "),
            "some background tasks did not finish in time"
        );
    }
    mainstay.database.close().await;
    served?;
    tracing::info!("Mainstay has stopped");
    Ok(OK)
}

/// Puts a commented configuration where the next start finds it. Mainstay runs without it, so failing is only logged.
fn write_first_configuration(data_dir: &Path) {
    let path = data_dir.join(FILE_NAME);
    if let Err(error) = std::fs::write(&path, COMMENTED_DEFAULT) {
        tracing::warn!(path = %path.display(), %error, "the commented configuration could not be written");
    } else {
        tracing::info!(path = %path.display(), "wrote a configuration with every key and its default");
    }
}

/// Reading blocks, so a thread of its own does it; it ends with the process.
fn stop_when_stdin_closes(tasks: &Tasks) -> anyhow::Result<()> {
    let stopper = tasks.clone();
    let wait = move || {
        // Nobody writes anything; the end of the stream or its failure both mean that the other side is gone.
        let _ended = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        tracing::info!("standard input closed; stopping");
        stopper.stop();
    };
    std::thread::Builder::new()
        .name("standard-input".to_owned())
        .spawn(wait)?;
    Ok(())
}

/// The first signal begins an orderly shutdown, the second ends the process at once.
fn stop_on_signals(tasks: &Tasks) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stopper = tasks.clone();
    tasks.untracked(async move {
        for last in [false, true] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if last {
                tracing::warn!("second signal: stopping at once");
                std::process::exit(130);
            }
            tracing::info!("stopping; a second signal stops at once");
            stopper.stop();
        }
    });
    Ok(())
}
