//! Random bytes for secrets, straight from the operating system.
//!
//! Identifiers take their chance from `World`, so that a fleet can be simulated again. A secret must not be one that somebody
//! with the seed can draw again, and must rather not be made than be made badly.

/// The operating system gives no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes, so no secret can be made")]
pub struct NoEntropy;

/// So many random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NoEntropy)?;
    Ok(bytes)
}
