//! Locking clauses (`FOR UPDATE`, `FOR SHARE`, `SKIP LOCKED`), which SQLite does not know: what they ask for, and the
//! statement that asks for the same without them.

use super::locks::Strength;

/// The name under which a locked row's key is read.
pub const KEY: &str = "sim_key";

/// What a statement wants to lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause<'t> {
    /// The table whose rows are locked.
    pub table: &'t str,
    /// How.
    pub strength: Strength,
    /// Whether rows that others hold are passed over.
    pub skips: bool,
    /// Whether the rows are those of the answer; otherwise they only choose which rows an outer statement changes.
    pub outermost: bool,
    /// The statement up to and including `WHERE`.
    before: &'t str,
    condition: &'t str,
    after: &'t str,
}

const CLAUSES: [(&str, Strength, bool); 4] = [
    (" FOR UPDATE SKIP LOCKED", Strength::Exclusive, true),
    (" FOR NO KEY UPDATE", Strength::Exclusive, false),
    (" FOR UPDATE", Strength::Exclusive, false),
    (" FOR SHARE", Strength::Share, false),
];

impl<'t> Clause<'t> {
    /// The clause of a statement that has one.
    ///
    /// # Panics
    /// When the statement is of a shape this double does not understand: it would otherwise lock too little in silence.
    pub fn of(text: &'t str) -> Option<Self> {
        let (at, (clause, strength, skips)) = CLAUSES
            .iter()
            .find_map(|known| text.find(known.0).map(|at| (at, *known)))?;
        let (selection, after) = (&text[..at], &text[at + clause.len()..]);
        let select = selection.rfind("SELECT ").unwrap_or_default();
        let place = selection[select..]
            .find(" FROM ")
            .map(|from| select + from + " FROM ".len());
        let parsed = place.and_then(|from| {
            let table = selection[from..].split(' ').next()?;
            let rest = &selection[from + table.len()..];
            let begin = from + table.len() + rest.strip_prefix(" WHERE ").map(|_| " WHERE ".len())?;
            Some((table, begin))
        });
        let Some((table, begin)) = parsed else {
            panic!("the simulated database does not understand what this locks: {text}");
        };
        Some(Self {
            table,
            strength,
            skips,
            outermost: select == 0,
            before: &selection[..begin],
            condition: &selection[begin..],
            after,
        })
    }

    /// The statement without the clause: rows that are not free are passed over, and the answer names the key of each row.
    /// `key` is the expression of a row's key.
    pub fn plain(&self, key: &str) -> String {
        let selected = match self.before.strip_prefix("SELECT ") {
            Some(rest) if self.outermost => format!("SELECT {key} AS {KEY}, {rest}"),
            _ => self.before.to_owned(),
        };
        let passed_over = if self.skips {
            format!("sim_free({key}) AND ")
        } else {
            String::new()
        };
        [&selected, &passed_over, self.condition, self.after].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_that_skips_names_its_rows_and_passes_over_held_ones() {
        let text = "SELECT name FROM boat WHERE due <= $1 ORDER BY name FOR UPDATE SKIP LOCKED";
        let clause = Clause::of(text).unwrap();
        assert_eq!((clause.table, clause.skips, clause.outermost), ("boat", true, true));
        assert_eq!(
            clause.plain("quote(id)"),
            "SELECT quote(id) AS sim_key, name FROM boat WHERE sim_free(quote(id)) AND due <= $1 ORDER BY name"
        );
    }

    #[test]
    fn a_clause_within_a_change_is_taken_out() {
        let text = "UPDATE boat SET crew = $1 WHERE id IN (SELECT id FROM boat WHERE crew = 0 LIMIT $2 FOR UPDATE SKIP LOCKED) \
                    RETURNING id";
        let clause = Clause::of(text).unwrap();
        assert!(!clause.outermost);
        assert_eq!(
            clause.plain("quote(id)"),
            "UPDATE boat SET crew = $1 WHERE id IN (SELECT id FROM boat WHERE sim_free(quote(id)) AND crew = 0 LIMIT $2) \
             RETURNING id"
        );
    }

    #[test]
    fn a_statement_without_a_clause_has_none() {
        assert_eq!(Clause::of("SELECT name FROM boat"), None);
    }
}
