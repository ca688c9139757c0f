//! Teams: who works together. What a team owns is said by the modules whose objects name it.

use std::collections::HashMap;

use jiff::Timestamp;
use mainstay_kernel::OrganizationId;
use serde_json::{Value, json};

use super::{Auth, By};
use crate::{
    error::AuthError,
    model::{Permission, Target, TeamId, TokenName, UserId, Username},
    store::StoredTeam,
};

/// The most characters of a team's description.
const LONGEST: usize = 1_000;

/// A team and its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Which.
    pub id: TeamId,
    /// Whose.
    pub organization: OrganizationId,
    /// What it is called.
    pub name: TokenName,
    /// What it does.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who is in it, the earliest first.
    pub members: Vec<(UserId, Username)>,
}

/// A team that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTeam {
    /// What it is called.
    pub name: TokenName,
    /// What it does.
    pub description: Option<String>,
}

impl Auth {
    /// Every team of an organisation, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn teams(&self, organization: OrganizationId) -> Result<Vec<Team>, AuthError> {
        let standing = self.standing();
        let mut members: HashMap<TeamId, Vec<(UserId, Username)>> = HashMap::new();
        for (team, user) in self.inner.store.members(organization).await? {
            if let Some(member) = standing.members.get(&user) {
                members.entry(team).or_default().push((user, member.username.clone()));
            }
        }
        let teams = self.inner.store.teams(organization).await?;
        Ok(teams
            .into_iter()
            .map(|team| of(&team, members.remove(&team.id).unwrap_or_default()))
            .collect())
    }

    /// Makes a team.
    ///
    /// # Errors
    /// When the caller may not, or the name is taken.
    pub async fn create_team(&self, by: &By, new: NewTeam) -> Result<Team, AuthError> {
        let description = new
            .description
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty());
        if description
            .as_ref()
            .is_some_and(|text| text.chars().count() > LONGEST || text.contains('\0'))
        {
            return Err(AuthError::field(
                "description",
                format!("must have at most {LONGEST} visible characters"),
            ));
        }
        let mut tx = self.begin_change(by, Permission::TeamWrite).await?;
        let team = StoredTeam {
            id: self.inner.world.id(),
            organization: by.organization(),
            name: new.name,
            description,
            created_at: self.now(),
        };
        match self.inner.store.insert_team(&mut tx, &team).await {
            Err(error) if error.is_conflict() => {
                return Err(AuthError::Exists {
                    what: "team",
                    name: team.name.to_string(),
                    field: "name",
                });
            }
            result => result?,
        }
        self.record(&mut tx, by, "team.create", target(&team), None, Some(shown(&team)))
            .await?;
        self.commit(tx).await?;
        Ok(of(&team, Vec::new()))
    }

    /// Deletes a team; its members stay.
    ///
    /// # Errors
    /// When the caller may not, or there is none.
    pub async fn delete_team(&self, by: &By, id: TeamId) -> Result<(), AuthError> {
        let mut tx = self.begin_change(by, Permission::TeamWrite).await?;
        let team = self.inner.store.team_in(&mut tx, by.organization(), id).await?;
        let team = team.ok_or_else(|| AuthError::no_such("team", id))?;
        self.inner.store.delete_team(&mut tx, id).await?;
        self.record(&mut tx, by, "team.delete", target(&team), Some(shown(&team)), None)
            .await?;
        self.commit(tx).await
    }

    /// Puts somebody into a team, or takes them out. Who is where they should be already stays there.
    ///
    /// # Errors
    /// When the caller may not, or there is no such team or account.
    pub async fn set_member(&self, by: &By, id: TeamId, user: UserId, is_member: bool) -> Result<(), AuthError> {
        let mut tx = self.begin_change(by, Permission::TeamWrite).await?;
        let team = self.inner.store.team_in(&mut tx, by.organization(), id).await?;
        let team = team.ok_or_else(|| AuthError::no_such("team", id))?;
        let user = self.load_in(&mut tx, by.organization(), user).await?;
        let store = &self.inner.store;
        let changed = if is_member {
            store.add_member(&mut tx, &team, user.id, self.now()).await?
        } else {
            store.remove_member(&mut tx, team.id, user.id).await?
        };
        if !changed {
            return Ok(());
        }
        let who = json!({ "member": user.username });
        let (action, before, after) = if is_member {
            ("team.join", None, Some(who))
        } else {
            ("team.leave", Some(who), None)
        };
        self.record(&mut tx, by, action, target(&team), before, after).await?;
        self.commit(tx).await
    }
}

fn of(team: &StoredTeam, members: Vec<(UserId, Username)>) -> Team {
    Team {
        id: team.id,
        organization: team.organization,
        name: team.name.clone(),
        description: team.description.clone(),
        created_at: team.created_at,
        members,
    }
}

fn target(team: &StoredTeam) -> Target {
    Target {
        kind: "team",
        id: team.id.to_string(),
        label: team.name.to_string(),
    }
}

fn shown(team: &StoredTeam) -> Value {
    json!({ "name": team.name, "description": team.description })
}
