//! Teams and who is in them.

use jiff::Timestamp;
use mainstay_kernel::OrganizationId;
use mainstay_store::{Row, StoreError, Transaction, sql};

use super::Store;
use crate::model::{TeamId, TokenName, UserId};

/// A team as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredTeam {
    pub(crate) id: TeamId,
    pub(crate) organization: OrganizationId,
    pub(crate) name: TokenName,
    pub(crate) description: Option<String>,
    pub(crate) created_at: Timestamp,
}

impl Store {
    pub(crate) async fn teams(&self, organization: OrganizationId) -> Result<Vec<StoredTeam>, StoreError> {
        let statement = sql("SELECT * FROM auth_team WHERE organization_id = $1 ORDER BY name").id(organization);
        let rows = self.database.fetch_all(statement).await?;
        rows.iter().map(team).collect()
    }

    pub(crate) async fn team_in(
        &self,
        tx: &mut Transaction,
        organization: OrganizationId,
        id: TeamId,
    ) -> Result<Option<StoredTeam>, StoreError> {
        let statement = sql("SELECT * FROM auth_team WHERE id = $1 AND organization_id = $2")
            .id(id)
            .id(organization);
        let row = tx.fetch_optional(statement).await?;
        row.as_ref().map(team).transpose()
    }

    pub(crate) async fn insert_team(&self, tx: &mut Transaction, team: &StoredTeam) -> Result<(), StoreError> {
        tx.execute(
            sql("INSERT INTO auth_team (id, organization_id, name, description, created_at) VALUES ($1, $2, $3, $4, $5)")
                .id(team.id)
                .id(team.organization)
                .bind(team.name.as_str())
                .bind(team.description.clone())
                .bind(team.created_at),
        )
        .await?;
        Ok(())
    }

    pub(crate) async fn delete_team(&self, tx: &mut Transaction, id: TeamId) -> Result<(), StoreError> {
        tx.execute(sql("DELETE FROM auth_team WHERE id = $1").id(id)).await?;
        Ok(())
    }

    /// Adds a member; `false` when they were one already.
    pub(crate) async fn add_member(
        &self,
        tx: &mut Transaction,
        team: &StoredTeam,
        user: UserId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let statement = sql(
            "INSERT INTO auth_team_member (team_id, user_id, organization_id, added_at) VALUES ($1, $2, $3, $4) \
                             ON CONFLICT (team_id, user_id) DO NOTHING",
        );
        Ok(tx
            .execute(statement.id(team.id).id(user).id(team.organization).bind(at))
            .await?
            == 1)
    }

    /// Takes a member out; `false` when they were none.
    pub(crate) async fn remove_member(
        &self,
        tx: &mut Transaction,
        team: TeamId,
        user: UserId,
    ) -> Result<bool, StoreError> {
        let statement = sql("DELETE FROM auth_team_member WHERE team_id = $1 AND user_id = $2");
        Ok(tx.execute(statement.id(team).id(user)).await? == 1)
    }

    /// Who is in which of an organisation's teams.
    pub(crate) async fn members(&self, organization: OrganizationId) -> Result<Vec<(TeamId, UserId)>, StoreError> {
        let statement =
            sql("SELECT team_id, user_id FROM auth_team_member WHERE organization_id = $1 ORDER BY added_at, user_id");
        let rows = self.database.fetch_all(statement.id(organization)).await?;
        rows.iter()
            .map(|row| Ok((row.id("team_id")?, row.id("user_id")?)))
            .collect()
    }
}

fn team(row: &Row) -> Result<StoredTeam, StoreError> {
    Ok(StoredTeam {
        id: row.id("id")?,
        organization: row.id("organization_id")?,
        name: row.parse("name")?,
        description: row.get("description")?,
        created_at: row.time("created_at")?,
    })
}
