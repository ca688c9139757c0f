//! One-time codes of an authenticator app: TOTP (RFC 6238) over HOTP (RFC 4226) with SHA-1, 6 digits and steps of 30 s, which is
//! what every such app can do.

use std::fmt;

use ring::hmac;

use super::base32;

/// Seconds that a code is shown for.
pub const STEP_S: i64 = 30;
/// Steps before and after the present one whose codes are accepted, for clocks that are a little wrong and slow typists.
const WINDOW: i64 = 1;
const DIGITS: usize = 6;
/// Random bytes of a shared secret (RFC 4226, section 4, requirement 6).
pub(crate) const SECRET_BYTES: usize = 20;

/// A secret that is shared with an authenticator app.
#[derive(Clone, PartialEq, Eq)]
pub struct Totp(Vec<u8>);

impl Totp {
    /// Of these random bytes, or of those that were stored.
    pub fn of(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The shared secret, to be sealed and stored.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The secret for typing it into an app.
    pub fn text(&self) -> String {
        base32(&self.0)
    }

    /// The address behind the square that apps read (Key Uri Format of Google Authenticator).
    pub fn uri(&self, issuer: &str, account: &str) -> String {
        let encode = |text: &str| -> String {
            url::form_urlencoded::byte_serialize(text.as_bytes())
                .collect::<String>()
                .replace('+', "%20")
        };
        let (issuer, account) = (encode(issuer), encode(account));
        format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_S}",
            self.text()
        )
    }

    /// The code of a time step.
    pub fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        // Dynamic truncation (RFC 4226, section 5.3): the last four bits say where the 31 bits are.
        let offset = usize::from(tag[tag.len() - 1] & 0x0f);
        let number = tag[offset..offset + 4]
            .iter()
            .fold(0_u32, |number, byte| (number << 8) | u32::from(*byte))
            & 0x7fff_ffff;
        format!("{:0DIGITS$}", number % 10_u32.pow(6))
    }

    /// The step whose code it is, if that is near `now_s` (seconds since 1970) and newer than `last_step`, the newest that was
    /// accepted: a code that somebody looked at over a shoulder is worth nothing once it was used.
    pub fn accepts(&self, code: &str, now_s: i64, last_step: i64) -> Option<i64> {
        let code: String = code.chars().filter(|each| !matches!(each, ' ' | '-')).collect();
        let present = now_s.div_euclid(STEP_S);
        (present - WINDOW..=present + WINDOW)
            .filter(|step| *step > last_step)
            .find(|step| is_same(&self.code(*step), &code))
    }
}

/// Compares without stopping at the first difference.
fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len()
        && one
            .bytes()
            .zip(other.bytes())
            .fold(0, |different, (a, b)| different | (a ^ b))
            == 0
}

impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Totp(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6238, appendix B: the last six of its eight digits.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        let totp = Totp::of(b"12345678901234567890".to_vec());
        for (at, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(totp.code(at / STEP_S), code, "{at}");
        }
    }

    #[test]
    fn a_code_is_accepted_once_and_only_near_its_time() {
        let totp = Totp::of(vec![7; SECRET_BYTES]);
        let code = totp.code(100);
        assert_eq!(totp.accepts(&code, 100 * STEP_S, 0), Some(100));
        assert_eq!(totp.accepts(&code, 101 * STEP_S + 29, 0), Some(100));
        assert_eq!(totp.accepts(&code, 102 * STEP_S, 0), None);
        assert_eq!(totp.accepts(&code, 99 * STEP_S - 1, 0), None);
        assert_eq!(totp.accepts(&code, 100 * STEP_S, 100), None, "used already");
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        assert_eq!(totp.accepts(&spaced, 100 * STEP_S, 99), Some(100));
    }

    #[test]
    fn the_address_names_who_and_where() {
        let uri = Totp::of(vec![0; SECRET_BYTES]).uri("Mainstay", "ada@example.org");
        assert_eq!(
            uri,
            "otpauth://totp/Mainstay:ada%40example.org?secret=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&issuer=Mainstay&algorithm=SHA1&digits=6&period=30"
        );
    }

    proptest! {
        #[test]
        fn nothing_but_the_codes_around_now_is_accepted(secret in any::<[u8; 20]>(), code in "[0-9]{0,8}", now in 0_i64..4_000_000_000) {
            let totp = Totp::of(secret.to_vec());
            let near: Vec<String> = (-1..=1).map(|off| totp.code(now / STEP_S + off)).collect();
            prop_assert_eq!(totp.accepts(&code, now, -10).is_some(), near.contains(&code));
        }
    }
}
