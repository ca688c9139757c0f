//! Lays a pattern over the tokens of a message: which part of it stands at which wildcard.

use super::token::{Token, TokenKind};

/// The tokens of a message that stand at one wildcard: first and one past the last.
pub type Span = (usize, usize);

/// Fills `spans` with one span for each wildcard of `pattern`. False when the pattern does not fit.
///
/// A wildcard takes one token or more, and as few as possible. Only the latest wildcard is ever widened, as in a glob:
/// whatever an earlier one could still take, the later one takes as well.
pub fn align(pattern: &[Token], message: &[Token], spans: &mut Vec<Span>) -> bool {
    spans.clear();
    let (mut at, mut used) = (0, 0);
    // Where to go on when a wildcard has to take one more: its place, what it has used so far.
    let mut latest: Option<usize> = None;
    loop {
        match pattern.get(at) {
            Some(token) if token.is_wild() && used < message.len() => {
                spans.push((used, used + 1));
                latest = Some(at);
                at += 1;
                used += 1;
                continue;
            }
            Some(token) if !token.is_wild() && message.get(used).is_some_and(|other| fits(token, other)) => {
                at += 1;
                used += 1;
                continue;
            }
            None if used == message.len() => return true,
            _ => {}
        }
        let (Some(wildcard), Some(span)) = (latest, spans.last_mut()) else {
            return false;
        };
        if span.1 >= message.len() {
            return false;
        }
        span.1 += 1;
        used = span.1;
        at = wildcard + 1;
    }
}

#[inline]
fn fits(pattern: &Token, message: &Token) -> bool {
    pattern.hash == message.hash && !matches!(message.kind, TokenKind::Wild(_))
}
