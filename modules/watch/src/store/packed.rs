//! The small facts of a probe in a few bytes: one byte says which are there, then each as a variable-length integer.

use std::net::{IpAddr, SocketAddr};

use crate::model::{
    histogram::{read_varint, write_varint},
    probe::{Phases, Probe},
};

/// Position of each fact's bit.
const BODY_BYTES: usize = 5;
const TLS_DAYS: usize = 6;
const ADDRESS: usize = 7;

/// The facts that are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// Where the time went.
    pub phases: Phases,
    /// Bytes of the body.
    pub body_bytes: Option<u64>,
    /// Days until the certificate expires.
    pub tls_days_left: Option<i64>,
    /// The address connected to.
    pub address: Option<SocketAddr>,
}

impl Facts {
    /// The facts of a probe.
    pub fn of(probe: &Probe) -> Self {
        Self {
            phases: probe.phases,
            body_bytes: probe.body_bytes,
            tls_days_left: probe.tls_days_left,
            address: probe.address,
        }
    }

    /// The stored form; `None` when there is nothing to store.
    pub fn pack(&self) -> Option<Vec<u8>> {
        let phases = self.phases;
        let mut numbers: [Option<u64>; 7] = [None; 7];
        for (slot, phase) in numbers.iter_mut().zip([
            phases.resolve_us,
            phases.connect_us,
            phases.tls_us,
            phases.first_byte_us,
            phases.body_us,
        ]) {
            *slot = phase.map(u64::from);
        }
        numbers[BODY_BYTES] = self.body_bytes;
        numbers[TLS_DAYS] = self.tls_days_left.map(zigzag);
        let mut bytes = vec![0_u8];
        for (bit, number) in numbers.into_iter().enumerate() {
            if let Some(number) = number {
                bytes[0] |= 1 << bit;
                write_varint(&mut bytes, number);
            }
        }
        if let Some(address) = self.address {
            bytes[0] |= 1 << ADDRESS;
            bytes.extend(address.port().to_be_bytes());
            match address.ip() {
                IpAddr::V4(ip) => bytes.extend(ip.octets()),
                IpAddr::V6(ip) => bytes.extend(ip.octets()),
            }
        }
        (bytes[0] != 0).then_some(bytes)
    }

    /// Reads the stored form; what is damaged is left out.
    pub fn unpack(bytes: &[u8]) -> Self {
        let Some((present, mut rest)) = bytes.split_first() else {
            return Self::default();
        };
        let mut next = |bit: usize| (present & (1 << bit) != 0).then(|| read_varint(&mut rest)).flatten();
        let small = |number: Option<u64>| number.and_then(|number| u32::try_from(number).ok());
        let phases = Phases {
            resolve_us: small(next(0)),
            connect_us: small(next(1)),
            tls_us: small(next(2)),
            first_byte_us: small(next(3)),
            body_us: small(next(4)),
        };
        let body_bytes = next(BODY_BYTES);
        let tls_days_left = next(TLS_DAYS).map(unzigzag);
        let address = (present & (1 << ADDRESS) != 0).then(|| read_address(rest)).flatten();
        Self {
            phases,
            body_bytes,
            tls_days_left,
            address,
        }
    }
}

fn read_address(bytes: &[u8]) -> Option<SocketAddr> {
    let (port, ip) = bytes.split_first_chunk::<2>()?;
    let ip: IpAddr = match ip.len() {
        4 => <[u8; 4]>::try_from(ip).ok()?.into(),
        16 => <[u8; 16]>::try_from(ip).ok()?.into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_be_bytes(*port)))
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn facts_survive_being_packed(
            phases in prop::array::uniform5(prop::option::of(any::<u32>())), body_bytes in prop::option::of(any::<u64>()),
            tls_days_left in prop::option::of(any::<i64>()), address in prop::option::of(any::<SocketAddr>()),
        ) {
            let [resolve_us, connect_us, tls_us, first_byte_us, body_us] = phases;
            // Flow label and scope of IPv6 are not kept: a probe never has them.
            let address = address.map(|address| SocketAddr::new(address.ip(), address.port()));
            let facts = Facts {
                phases: Phases { resolve_us, connect_us, tls_us, first_byte_us, body_us }, body_bytes, tls_days_left, address,
            };
            let packed = facts.pack();
            prop_assert_eq!(packed.is_none(), facts == Facts::default());
            prop_assert_eq!(Facts::unpack(&packed.unwrap_or_default()), facts);
        }

        #[test]
        fn damaged_bytes_are_read_without_panicking(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = Facts::unpack(&bytes);
        }
    }
}
