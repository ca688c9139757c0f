//! `mainstay replicas`: which processes share the work, and what each holds.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use mainstay_kernel::World;
use mainstay_work::Role;
use serde_json::Value;

use super::{
    Asking,
    words::{path, text, when},
};
use crate::operate::undone;

/// Flags of `replicas`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct ReplicasArgs {
    #[command(subcommand)]
    verb: Option<ReplicasVerb>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Debug, Subcommand)]
enum ReplicasVerb {
    /// The same as the noun alone
    #[command(hide = true)]
    List(Asking),
    /// List the leases, and who holds them
    Leases(Asking),
}

/// Lists replicas or leases.
pub async fn run(args: ReplicasArgs) -> anyhow::Result<u8> {
    match args.verb {
        None => replicas(&args.asking).await,
        Some(ReplicasVerb::List(asking)) => replicas(&asking).await,
        Some(ReplicasVerb::Leases(asking)) => leases(&asking).await,
    }
}

async fn replicas(asking: &Asking) -> anyhow::Result<u8> {
    let page = asking.server.get(&path(&["replicas"])?).await?;
    let replicas = page["items"].as_array().cloned().unwrap_or_default();
    let now = World::system().now();
    let answer = asking.output.print_list(
        &replicas,
        ["REPLICA", "ROLES", "VERSION", "STARTED", "LAST BEAT", "LEASES", ""],
        |replica| replica_row(replica, now),
        "No replica takes part. The one that answers has lost touch with the database and joins again by itself.",
    )?;
    let has = |role: Role| replicas.iter().any(|replica| roles(replica).contains(&role.name()));
    if let Some(undone) = undone(has).filter(|_| !replicas.is_empty()) {
        anstream::eprintln!("{undone}");
    }
    Ok(answer)
}

fn roles(replica: &Value) -> Vec<&str> {
    let roles = replica["roles"].as_array().into_iter().flatten();
    roles.filter_map(Value::as_str).collect()
}

fn replica_row(replica: &Value, now: Timestamp) -> [String; 7] {
    [
        text(replica, "name"),
        roles(replica).join(", "),
        text(replica, "version"),
        when(replica, "started_at", now),
        if replica["seen_at"].is_null() {
            "alone".to_owned()
        } else {
            when(replica, "seen_at", now)
        },
        text(replica, "leases"),
        if replica["answers"] == true {
            "this one answers"
        } else {
            ""
        }
        .to_owned(),
    ]
}

async fn leases(asking: &Asking) -> anyhow::Result<u8> {
    let page = asking.server.get(&path(&["leases"])?).await?;
    let leases = page["items"].as_array().cloned().unwrap_or_default();
    let now = World::system().now();
    asking.output.print_list(
        &leases,
        ["LEASE", "ROLE", "HELD BY", "SINCE", "TOKEN"],
        |lease| lease_row(lease, now),
        "No leases. No part of this Mainstay is shared among replicas.",
    )
}

fn lease_row(lease: &Value, now: Timestamp) -> [String; 5] {
    [
        text(lease, "name"),
        text(lease, "role"),
        match &lease["holder"] {
            Value::Null => "nobody".to_owned(),
            holder if holder["name"].is_null() => "a replica that is gone".to_owned(),
            holder => text(holder, "name"),
        },
        when(lease, "changed_at", now),
        text(lease, "token"),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_replica_on_sqlite_is_alone_and_a_free_lease_is_nobodys() {
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        let replica = json!({
            "name": "host:8000", "roles": ["api", "work"], "version": "0.1.0", "started_at": "2026-03-01T11:00:00Z",
            "seen_at": null, "leases": 3, "answers": true,
        });
        assert_eq!(
            replica_row(&replica, now),
            [
                "host:8000",
                "api, work",
                "0.1.0",
                "1 h ago",
                "alone",
                "3",
                "this one answers"
            ]
        );
        let mut lease = json!({"name": "reconcile/x", "role": "work", "holder": null, "token": 4});
        assert_eq!(lease_row(&lease, now)[2], "nobody");
        lease["holder"] = json!({"id": "0", "name": null});
        assert_eq!(lease_row(&lease, now)[2], "a replica that is gone");
    }
}
