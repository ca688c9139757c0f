//! Free loopback ports, held until they are needed.
//!
//! They are taken from below the range systems use for outgoing connections, so that no connection of anybody's can
//! happen to sit on the port of a service that is being restarted.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Result, bail};
use mainstay_kernel::World;

const FIRST: u16 = 18_000;
const COUNT: u16 = 12_000;

/// Ports nobody else can have until they are released.
#[derive(Debug)]
pub struct Reserved {
    listeners: Vec<TcpListener>,
    numbers: Vec<u16>,
}

impl Reserved {
    /// The ports.
    pub fn numbers(&self) -> Vec<u16> {
        self.numbers.clone()
    }

    /// Gives the ports free.
    pub fn release(&mut self) {
        self.listeners.clear();
    }
}

/// Reserves `count` different ports, beginning anywhere in the range.
///
/// # Errors
/// When the whole range has no such number of free ports.
pub fn reserve(count: usize, world: &World) -> Result<Reserved> {
    let offset = u16::try_from(world.random() % u64::from(COUNT)).unwrap_or_default();
    let range = (0..COUNT).map(|step| FIRST + (offset + step) % COUNT);
    let mut reserved = Reserved {
        listeners: Vec::with_capacity(count),
        numbers: Vec::with_capacity(count),
    };
    for port in range {
        if reserved.numbers.len() == count {
            return Ok(reserved);
        }
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            reserved.listeners.push(listener);
            reserved.numbers.push(port);
        }
    }
    bail!(
        "no {count} free loopback ports between {FIRST} and {}",
        FIRST + COUNT - 1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_reservations_never_share_a_port_and_released_ports_can_be_bound() {
        let world = World::system();
        let mut first = reserve(20, &world).unwrap();
        let second = reserve(20, &world).unwrap();
        assert!(first.numbers().iter().all(|port| !second.numbers().contains(port)));
        first.release();
        TcpListener::bind((Ipv4Addr::LOCALHOST, first.numbers()[0])).unwrap();
    }
}
