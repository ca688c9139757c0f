//! Which replica should do what: every replica comes to the same answer by itself.

use mainstay_kernel::TypedId;

use super::{LeaseRow, Placement};
use crate::replica::{Member, ReplicaId};

/// What a replica does about leases at one look.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan<'l> {
    /// Free, and this replica's to take.
    pub take: Vec<&'l LeaseRow>,
    /// Held here, and better elsewhere.
    pub give: Vec<&'l LeaseRow>,
}

/// What `me` should do. `placement` knows each lease by name; one it does not know belongs to another version.
pub fn plan<'l>(
    leases: &'l [LeaseRow],
    members: &[Member],
    me: ReplicaId,
    placement: impl Fn(&str) -> Option<Placement>,
) -> Plan<'l> {
    let mut plan = Plan::default();
    for lease in leases {
        let Some(placement) = placement(&lease.name) else {
            continue;
        };
        let able = members.iter().filter(|member| member.roles.contains(&placement.role));
        let Some(best) = able.max_by_key(|member| (weight(&lease.name, member.id), member.id)) else {
            continue;
        };
        let holder = lease
            .holder
            .filter(|holder| members.iter().any(|member| member.id == *holder));
        match holder {
            None if best.id == me => plan.take.push(lease),
            Some(holder) if holder == me && best.id != me && placement.spread => plan.give.push(lease),
            _ => {}
        }
    }
    plan
}

/// Rendezvous hashing (Thaler and Ravishankar, 1998): when a replica joins or leaves, only the shares it gains or loses move.
fn weight(name: &str, member: ReplicaId) -> u64 {
    // FNV-1a over both: replicas of different builds must agree, which the standard library's hasher does not promise.
    let bytes = name.bytes().chain(member.as_uuid().into_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // Its high bits mix poorly; the finaliser of SplitMix64 (Steele, Lea and Flood, 2014) repairs that.
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mainstay_kernel::World;
    use proptest::prelude::*;

    use super::*;
    use crate::replica::Role;

    const SHARD: Placement = Placement {
        role: Role::Watch,
        spread: true,
    };

    fn members(count: usize) -> Vec<Member> {
        let (world, _) = mainstay_testkit::world();
        (0..count).map(|_| member(&world)).collect()
    }

    fn member(world: &World) -> Member {
        Member {
            id: world.id(),
            name: String::new(),
            roles: Role::ALL.into(),
            version: String::new(),
            started_at: Timestamp::UNIX_EPOCH,
            seen_at: Timestamp::UNIX_EPOCH,
            beat: 0,
            presence: None,
        }
    }

    fn shards(count: usize, holder: Option<ReplicaId>) -> Vec<LeaseRow> {
        (0..count)
            .map(|number| LeaseRow {
                name: format!("watch/{number:02}"),
                holder,
                token: 1,
            })
            .collect()
    }

    proptest! {
        #[test]
        fn every_free_lease_is_taken_by_exactly_one(replicas in 1_usize..6, count in 1_usize..64) {
            let (members, leases) = (members(replicas), shards(count, None));
            let taken: usize = members.iter().map(|me| plan(&leases, &members, me.id, |_| Some(SHARD)).take.len()).sum();
            prop_assert_eq!(taken, count);
        }
    }

    #[test]
    fn shares_are_roughly_even() {
        let (members, leases) = (members(3), shards(300, None));
        for me in &members {
            let taken = plan(&leases, &members, me.id, |_| Some(SHARD)).take.len();
            assert!((60..=140).contains(&taken), "{taken} of 300");
        }
    }

    #[test]
    fn what_a_living_replica_holds_is_never_taken() {
        let members = members(3);
        let leases = shards(64, Some(members[0].id));
        for me in &members[1..] {
            assert_eq!(plan(&leases, &members, me.id, |_| Some(SHARD)), Plan::default());
        }
    }

    #[test]
    fn a_share_moves_to_a_newcomer_and_a_single_task_stays() {
        let members = members(2);
        let leases = shards(64, Some(members[0].id));
        let stays = Placement { spread: false, ..SHARD };
        assert!(!plan(&leases, &members, members[0].id, |_| Some(SHARD)).give.is_empty());
        assert!(plan(&leases, &members, members[0].id, |_| Some(stays)).give.is_empty());
    }

    #[test]
    fn work_goes_only_to_those_who_have_its_role() {
        let mut members = members(3);
        for member in &mut members[1..] {
            member.roles = [Role::Api].into();
        }
        let leases = shards(16, None);
        assert_eq!(plan(&leases, &members, members[0].id, |_| Some(SHARD)).take.len(), 16);
    }
}
