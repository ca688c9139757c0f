//! Serving connections until a shutdown, then letting those under way finish.

use std::{net::SocketAddr, time::Duration};

use axum::{Router, serve::ListenerExt};
use mainstay_runtime::Tasks;
use tokio::net::TcpListener;

/// How long answers under way may take after a shutdown has begun.
const DRAIN: Duration = Duration::from_secs(10);

/// Serving ended badly.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listening socket failed.
    #[error("the HTTP server at {address} failed: {source}")]
    Io {
        /// Where it listened.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// Serves `router` on `listener` until a shutdown begins, then waits at most ten seconds for answers under way.
///
/// # Errors
/// When the socket fails.
pub async fn serve(listener: TcpListener, router: Router, tasks: Tasks) -> Result<(), ServeError> {
    let address = listener
        .local_addr()
        .unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)));
    // Small answers and server-sent events must not wait for more data to fill a packet.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let stopping = tasks.clone();
    let server = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move { stopping.draining().await });
    let drained = async {
        tasks.draining().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        result = async { server.await } => result.map_err(|source| ServeError::Io { address, source }),
        () = drained => Ok(()),
    }
}
