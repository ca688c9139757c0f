//! What speaks against a component, in sentences.

use mainstay_diagnosis::Contradiction;

use super::{
    draft::Draft,
    findings::Findings,
    words::{kind, mechanism},
};
use crate::report::words::percent;

impl Findings<'_> {
    /// What speaks against a component.
    pub fn against(&mut self, contradiction: &Contradiction) -> Draft {
        match contradiction {
            Contradiction::Explained {
                channel,
                share,
                by,
                by_clock,
                witnesses,
            } => {
                let by_whom = match by {
                    None => "comes with more requests than normal".to_owned(),
                    Some(other) if *by_clock => format!("is explained by the clock of {}", self.name(*other)),
                    Some(callee) => format!("is explained by {}, which it calls", self.name(*callee)),
                };
                let mut draft = Draft::said(
                    kind(*channel),
                    format!(
                        "{} of what it shows ({}) {by_whom}.",
                        percent(*share),
                        mechanism(*channel)
                    ),
                    *share,
                );
                if let Some(witness) = witnesses.first() {
                    let shown = self.of(witness, *channel, *share);
                    draft.text = format!("{} There: {}", draft.text, shown.text);
                    (draft.at, draft.quotes, draft.tickets) = (shown.at, shown.quotes, shown.tickets);
                }
                draft
            }
            Contradiction::Normal { channel } => Draft::said(
                kind(*channel),
                format!(
                    "It was looked at and is normal where a cause would show: {}.",
                    mechanism(*channel)
                ),
                0.5,
            ),
            Contradiction::Lowered { channel } => {
                Draft::said(kind(*channel), format!("It is {}.", mechanism(*channel)), 0.5)
            }
        }
    }
}
