//! Recovery codes: what opens an account whose authenticator is lost, each once.

use std::fmt;

use sha2::{Digest, Sha256};

use super::{base32, unbase32};

/// How many are given out at a time.
pub const RECOVERY_CODES: usize = 10;
/// Random bytes of a code. Eighty bits cannot be searched, so a fast hash protects them.
pub(crate) const CODE_BYTES: usize = 10;

/// A recovery code in the clear: sixteen letters and digits in groups of four.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode([u8; CODE_BYTES]);

impl RecoveryCode {
    /// Of these random bytes.
    pub(crate) fn of(bytes: [u8; CODE_BYTES]) -> Self {
        Self(bytes)
    }

    /// Reads a code as a person typed it; `None` when it cannot be one.
    pub fn read(text: &str) -> Option<Self> {
        unbase32(text)?.try_into().ok().map(Self)
    }

    /// The code for its owner's eyes.
    pub fn reveal(&self) -> String {
        let text = base32(&self.0).to_ascii_lowercase();
        let groups: Vec<&str> = (0..text.len()).step_by(4).map(|at| &text[at..at + 4]).collect();
        groups.join("-")
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_code_is_read_back_however_it_was_typed(bytes in any::<[u8; CODE_BYTES]>()) {
            let code = RecoveryCode::of(bytes);
            let shown = code.reveal();
            prop_assert_eq!(shown.len(), 19);
            for typed in [shown.clone(), shown.to_uppercase(), shown.replace('-', " "), shown.replace('-', "")] {
                prop_assert_eq!(RecoveryCode::read(&typed), Some(code.clone()));
            }
        }
    }

    #[test]
    fn what_cannot_be_a_code_is_none() {
        for text in [
            "",
            "123456",
            "aaaa-aaaa-aaaa-aaa",
            "aaaa-aaaa-aaaa-aaa1",
            "aaaa-aaaa-aaaa-aaaa-aaaa",
        ] {
            assert_eq!(RecoveryCode::read(text), None, "{text}");
        }
    }
}
