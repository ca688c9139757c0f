//! Permissions: what can be allowed, which role each takes, and sets of them that fit in a register.

use std::{fmt, str::FromStr};

use super::Role;

/// Declares the permissions; this list is the policy.
macro_rules! permissions {
    ($($(#[doc = $about:literal])* $variant:ident = $word:literal, $least:ident, $grantable:literal;)+) => {
        /// Something that somebody may or may not do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Permission {
            $($(#[doc = $about])* $variant,)+
        }

        impl Permission {
            /// Every permission.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name, as in an operation's `x-permission` and in a token's scopes.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The least trusted role that has it.
            pub const fn least_role(self) -> Role {
                match self {
                    $(Self::$variant => Role::$least,)+
                }
            }

            /// Whether an API token can have it. Tokens make no tokens and change no passwords: whoever finds one must not
            /// be able to turn it into something that outlives its revocation.
            pub const fn is_grantable(self) -> bool {
                match self {
                    $(Self::$variant => $grantable,)+
                }
            }
        }
    };
}

permissions! {
    /// Services, dependencies, imports.
    CatalogRead = "catalog:read", Viewer, true;
    /// Change services, import files.
    CatalogWrite = "catalog:write", Editor, true;
    /// Checks, probes, states, maintenance.
    WatchRead = "watch:read", Viewer, true;
    /// Change checks and maintenance.
    WatchWrite = "watch:write", Editor, true;
    /// Objectives and budgets.
    SloRead = "slo:read", Viewer, true;
    /// Change objectives.
    SloWrite = "slo:write", Editor, true;
    /// Alerts and silences.
    AlertRead = "alert:read", Viewer, true;
    /// Say that somebody has an alert in hand.
    AlertAcknowledge = "alert:acknowledge", Responder, true;
    /// Keep alerts from being delivered.
    AlertSilence = "alert:silence", Responder, true;
    /// Webhooks, whose addresses often are secrets, and deliveries.
    WebhookRead = "webhook:read", Responder, true;
    /// Change webhooks, send again.
    WebhookWrite = "webhook:write", Editor, true;
    /// The live stream of everything above.
    FleetRead = "fleet:read", Viewer, true;
    /// Which Mainstay this is.
    MetaRead = "meta:read", Viewer, true;
    /// Mainstay's own measurements.
    MetricsRead = "metrics:read", Viewer, true;
    /// Tasks, replicas, jobs, schedules, events.
    AdminRead = "admin:read", Editor, true;
    /// Steer them.
    AdminWrite = "admin:write", Admin, true;
    /// One's own account, sessions and tokens.
    AccountRead = "account:read", Viewer, true;
    /// Change one's own password, factors, sessions and tokens.
    AccountWrite = "account:write", Viewer, false;
    /// Who has an account, and which teams there are.
    UserRead = "user:read", Viewer, true;
    /// Make and change accounts, give roles, revoke what others hold.
    UserWrite = "user:write", Admin, false;
    /// Change teams.
    TeamWrite = "team:write", Admin, true;
    /// The change log.
    LogRead = "log:read", Admin, true;
    /// Rotate the keys that sign tokens.
    KeyWrite = "key:write", Admin, false;
}

/// The text is no permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no permission")]
pub struct UnknownPermission(String);

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        Self::ALL
            .iter()
            .copied()
            .find(|permission| permission.as_str() == text)
            .ok_or_else(|| UnknownPermission(text.to_owned()))
    }
}

/// A set of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions(u64);

impl Permissions {
    /// Nothing at all.
    pub const NONE: Self = Self(0);

    /// Everything the role may do.
    pub fn of_role(role: Role) -> Self {
        Permission::ALL
            .iter()
            .copied()
            .filter(|permission| permission.least_role() <= role)
            .collect()
    }

    /// Everything an API token of somebody with that role can be given.
    pub fn grantable(role: Role) -> Self {
        Self::of_role(role)
            .iter()
            .filter(|permission| permission.is_grantable())
            .collect()
    }

    /// Whether the permission is among them.
    pub fn has(self, permission: Permission) -> bool {
        self.0 & bit(permission) != 0
    }

    /// What is in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether nothing is allowed.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of these are among the others.
    pub fn is_within(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }

    /// Each of them, in the order of their declaration.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .iter()
            .copied()
            .filter(move |permission| self.has(*permission))
    }

    /// Their names, separated by spaces, as they are stored.
    pub fn to_text(self) -> String {
        let names: Vec<_> = self.iter().map(Permission::as_str).collect();
        names.join(" ")
    }

    /// Reads back what [`Permissions::to_text`] wrote. A name that is no permission any more grants nothing.
    pub fn from_text(text: &str) -> Self {
        text.split(' ').filter_map(|name| name.parse().ok()).collect()
    }
}

const fn bit(permission: Permission) -> u64 {
    1 << permission as u8
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |set, permission| set | bit(permission)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_role_may_do_all_that_the_one_before_it_may_and_more() {
        for pair in Role::ALL.windows(2) {
            let (less, more) = (Permissions::of_role(pair[0]), Permissions::of_role(pair[1]));
            assert!(less.is_within(more) && less != more, "{} and {}", pair[0], pair[1]);
        }
        let everything: Permissions = Permission::ALL.iter().copied().collect();
        assert_eq!(Permissions::of_role(Role::Admin), everything);
    }

    #[test]
    fn a_viewer_changes_nothing_but_their_own_account() {
        let mut changing = Permissions::of_role(Role::Viewer)
            .iter()
            .filter(|permission| !permission.as_str().ends_with(":read"));
        assert_eq!(changing.next(), Some(Permission::AccountWrite));
        assert_eq!(changing.next(), None);
    }

    #[test]
    fn a_token_cannot_be_made_to_make_tokens_or_passwords() {
        for role in Role::ALL {
            assert!(!Permissions::grantable(role).has(Permission::AccountWrite));
            assert!(!Permissions::grantable(role).has(Permission::KeyWrite));
        }
    }

    #[test]
    fn a_name_that_is_no_permission_grants_nothing() {
        assert_eq!(Permissions::from_text("everything *  admin"), Permissions::NONE);
        assert!("admin".parse::<Permission>().is_err());
    }

    proptest! {
        #[test]
        fn a_set_is_read_back_as_it_was_written(bits in 0_u64..(1 << Permission::ALL.len())) {
            let set = Permissions(bits);
            prop_assert_eq!(Permissions::from_text(&set.to_text()), set);
            prop_assert_eq!(set.iter().collect::<Permissions>(), set);
        }

        #[test]
        fn what_is_in_both_is_within_each(a in 0_u64..(1 << 23), b in 0_u64..(1 << 23)) {
            let (a, b) = (Permissions(a), Permissions(b));
            prop_assert!(a.and(b).is_within(a) && a.and(b).is_within(b));
            for permission in Permission::ALL {
                prop_assert_eq!(a.and(b).has(*permission), a.has(*permission) && b.has(*permission));
            }
        }
    }
}
