//! From a host to an open connection: resolution, the egress rule, and one attempt per address.

use std::{
    io::ErrorKind,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use tokio::{net::TcpStream, sync::Semaphore, time::Instant};

use super::{
    Trace,
    egress::is_forbidden,
    plan::{HostName, Place},
};
use crate::model::failure::{Failure, FailureKind, seconds_in_words};

/// Name look-ups at the same time; they occupy threads, which a dead name server must not use up.
const LOOKUPS_MAX: usize = 32;

/// Opens connections.
#[derive(Debug)]
pub struct Connector {
    lookups: Semaphore,
}

impl Connector {
    /// A connector.
    pub fn new() -> Self {
        Self {
            lookups: Semaphore::new(LOOKUPS_MAX),
        }
    }

    /// Resolves and connects; the address connected to is the one that was checked.
    ///
    /// # Errors
    /// The failure, in words about the target.
    pub async fn connect(&self, place: &Place, trace: &mut Trace) -> Result<TcpStream, Failure> {
        let addresses = self.resolve(place, trace).await?;
        trace.enter(super::Stage::Connect);
        let began = Instant::now();
        let mut failure = None;
        for (tried, address) in addresses.iter().enumerate() {
            trace.address = Some(*address);
            let left = addresses.len() - tried;
            match attempt(*address, trace.deadline, left).await {
                Ok(stream) => {
                    trace.phases.connect_us = Some(super::micros32(began));
                    return Ok(stream);
                }
                Err(why) => failure = Some(why),
            }
        }
        Err(failure.unwrap_or_else(|| Failure::new(FailureKind::Resolve, "has a name without an address")))
    }

    async fn resolve(&self, place: &Place, trace: &mut Trace) -> Result<Vec<SocketAddr>, Failure> {
        let name = match &place.host {
            HostName::Address(address) => {
                permitted(*address)?;
                return Ok(vec![SocketAddr::new(*address, place.port)]);
            }
            HostName::Name(name) => name,
        };
        trace.enter(super::Stage::Resolve);
        let began = Instant::now();
        let addresses: Vec<SocketAddr> = {
            let _turn = self.lookups.acquire().await;
            match tokio::net::lookup_host((name.as_str(), place.port)).await {
                Ok(found) => found.collect(),
                Err(error) => return Err(unresolved(name, &error)),
            }
        };
        trace.phases.resolve_us = Some(super::micros32(began));
        for address in &addresses {
            permitted(address.ip())?;
        }
        Ok(addresses)
    }
}

fn permitted(address: IpAddr) -> Result<(), Failure> {
    if is_forbidden(address) {
        let message = format!("has the address {address}, which checks never reach: it may hand out credentials");
        return Err(Failure::new(FailureKind::Blocked, message));
    }
    Ok(())
}

fn unresolved(name: &str, error: &std::io::Error) -> Failure {
    let text = error.to_string();
    // The resolver's own words follow a fixed beginning of the standard library.
    let why = text
        .strip_prefix("failed to lookup address information: ")
        .unwrap_or(&text);
    let why = if NO_SUCH_NAME.contains(&why) {
        String::new()
    } else {
        format!(" ({why})")
    };
    Failure::new(
        FailureKind::Resolve,
        format!("the name {name} does not resolve{why}; {CHECK_THE_NAME}"),
    )
}

/// What resolvers say of a name that nobody has, which adds nothing.
const NO_SUCH_NAME: [&str; 3] = [
    "Name or service not known",
    "No address associated with hostname",
    "nodename nor servname provided, or not known",
];

/// What a person can do about a name that does not resolve.
pub const CHECK_THE_NAME: &str = "check DNS, or the host in the service's endpoint";

/// One address; when others remain, it gets only its share of the time.
async fn attempt(address: SocketAddr, deadline: Instant, left: usize) -> Result<TcpStream, Failure> {
    if left <= 1 {
        return TcpStream::connect(address).await.map_err(|error| refused(&error));
    }
    let share = deadline.saturating_duration_since(Instant::now()) / u32::try_from(left).unwrap_or(u32::MAX);
    match tokio::time::timeout(share, TcpStream::connect(address)).await {
        Ok(result) => result.map_err(|error| refused(&error)),
        Err(_) => Err(not_accepted(share)),
    }
}

/// Nobody answered the attempt to connect within `time`.
pub fn not_accepted(time: Duration) -> Failure {
    Failure::new(
        FailureKind::ConnectTimeout,
        format!("did not accept a connection within {}", seconds_in_words(time)),
    )
}

fn refused(error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::ConnectionRefused => Failure::new(FailureKind::ConnectRefused, "refused the connection"),
        ErrorKind::TimedOut => Failure::new(
            FailureKind::ConnectTimeout,
            "did not accept a connection in the system's time",
        ),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            Failure::new(FailureKind::Connect, "cannot be reached: there is no route to it")
        }
        ErrorKind::ConnectionReset => Failure::new(FailureKind::Connect, "reset the connection"),
        _ => Failure::new(FailureKind::Connect, format!("could not be connected to: {error}")),
    }
}
