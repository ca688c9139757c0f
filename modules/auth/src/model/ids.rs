//! Identifiers of what this module owns, and the words its rows are told apart by.

use std::str::FromStr;

mainstay_kernel::typed_id!(
    /// Identifies an account.
    UserId
);
mainstay_kernel::typed_id!(
    /// Identifies a team.
    TeamId
);
mainstay_kernel::typed_id!(
    /// Identifies a session: one sign-in and all refresh tokens that descend from it.
    SessionId
);
mainstay_kernel::typed_id!(
    /// Identifies an API token, without being its secret.
    TokenId
);
mainstay_kernel::typed_id!(
    /// Identifies a signing key; the `kid` of the tokens it signs.
    KeyId
);

/// Declares an enum whose values are words in the database and on the wire.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$about])* $variant,)+
        }

        impl $name {
            /// The word that is stored and shown.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl FromStr for $name {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(()),
                }
            }
        }
    };
}

words! {
    /// Why a session is over.
    SessionEnd {
        /// Its owner signed out.
        SignedOut = "signed-out",
        /// Its owner, or an administrator, ended it from a list.
        Ended = "ended",
        /// Everything its owner held was revoked.
        Revoked = "revoked",
        /// Its owner's password was changed.
        Password = "password",
        /// Its owner's account was switched off.
        Inactive = "inactive",
        /// One of its refresh tokens was used a second time, so somebody has a copy.
        Reuse = "reuse",
    }
}

words! {
    /// What a one-time link is for.
    LinkPurpose {
        /// The first administrator's first password.
        First = "first",
        /// A new account's first password.
        Invite = "invite",
        /// A new password for an account that had one.
        Reset = "reset",
    }
}
