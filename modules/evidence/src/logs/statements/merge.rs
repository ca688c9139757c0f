//! Statements that differ in values alone become one, once all that was said is known. Where lines belong to visits, these tell
//! steps and answers from values: what a visit mostly says itself is none.

use super::{
    columns::{Group, Keyed, MANY, groups},
    table::{Statement, StatementId, StatementTable, hash_of},
};

/// Lines of a group that its visits have on average, at most (J): one for the one thing a visit is about, some have two or three.
/// Steps that follow one another are many in each.
const TOGETHER: u64 = 2;
/// One in so many visits of a group has the same word, at most: a word that more have is no value but the usual answer.
const USUAL: u64 = 2;

impl StatementTable {
    /// Makes statements one that differ only in words which no form tells for values, such as names. `visited` has every visit
    /// and each statement in it once, those of a visit together. Answers what each statement became, by its old number.
    pub fn merge_values(&mut self, visited: impl Iterator<Item = (u32, StatementId)>) -> Vec<StatementId> {
        let numbered = (0_u32..).zip(&self.statements);
        let keys = numbered
            .filter(|(_, statement)| !statement.in_code)
            .map(|(number, statement)| Keyed {
                number,
                component: statement.component,
                severity: statement.severity,
                key: statement.key.as_bytes(),
            });
        let groups = groups(keys);
        let seen = Seen::of(&groups, self.statements.len(), visited);
        let groups = groups.into_iter().zip(&seen.with_any);
        let groups = groups.filter_map(|(group, visits)| seen.values(group, *visits, &self.statements));
        let groups = groups.collect();
        self.unite(groups)
    }

    fn unite(&mut self, groups: Vec<Group>) -> Vec<StatementId> {
        let mut first: Vec<usize> = (0..self.statements.len()).collect();
        for Group { key, members } in groups {
            let Some(&least) = members.first() else { continue };
            let statement = &mut self.statements[least as usize];
            statement.key = String::from_utf8_lossy(&key).into_owned();
            statement.words.clone_from(&statement.key);
            self.by_key.insert(hash_of(statement.component, &key), least);
            for member in members {
                first[member as usize] = least as usize;
            }
        }
        let mut became: Vec<StatementId> = Vec::with_capacity(first.len());
        let mut kept: Vec<Statement> = Vec::new();
        for (place, statement) in std::mem::take(&mut self.statements).into_iter().enumerate() {
            if first[place] == place {
                became.push(StatementId(u32::try_from(kept.len()).unwrap_or(u32::MAX)));
                kept.push(statement);
            } else {
                let into = became[first[place]];
                became.push(into);
                kept[into.0 as usize].absorb(&statement);
            }
        }
        self.statements = kept;
        for number in self.by_key.values_mut() {
            *number = became[*number as usize].0;
        }
        became
    }
}

/// In how many visits something was said.
struct Seen {
    /// By statement.
    with: Vec<u32>,
    /// By group: any of its statements.
    with_any: Vec<u32>,
}

impl Seen {
    fn of(groups: &[Group], statements: usize, visited: impl Iterator<Item = (u32, StatementId)>) -> Self {
        let mut group_of = vec![None; statements];
        for (place, group) in groups.iter().enumerate() {
            for member in &group.members {
                group_of[*member as usize] = Some(place);
            }
        }
        let mut seen = Self {
            with: vec![0; statements],
            with_any: vec![0; groups.len()],
        };
        let mut last = vec![None; groups.len()];
        for (visit, StatementId(number)) in visited {
            let Some(group) = group_of.get(number as usize).copied().flatten() else {
                continue;
            };
            seen.with[number as usize] += 1;
            if last[group].replace(visit) != Some(visit) {
                seen.with_any[group] += 1;
            }
        }
        seen
    }

    /// The group without the words that are no values, if enough are left. Without visits, messages are counted instead.
    fn values(&self, mut group: Group, visits: u32, statements: &[Statement]) -> Option<Group> {
        let said = |member: u32| match visits {
            0 => statements[member as usize].count,
            _ => self.with[member as usize].into(),
        };
        let sum: u64 = group.members.iter().map(|member| said(*member)).sum();
        let all = if visits == 0 { sum } else { visits.into() };
        if sum > all * TOGETHER {
            return None;
        }
        // Words with a digit have been values all along, and may be most of them.
        let key = &group.key;
        let is_value = |member: u32| statements[member as usize].key.as_bytes() == key || said(member) * USUAL <= all;
        group.members.retain(|member| is_value(*member));
        (group.members.len() >= MANY).then_some(group)
    }
}

#[cfg(test)]
mod tests;
