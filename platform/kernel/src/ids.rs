//! Identifiers: UUIDv7 behind one type per thing, so that a check's id cannot be passed where an alert's is meant.

use uuid::Uuid;

/// What every typed identifier can do; [`typed_id!`](crate::typed_id) implements it.
pub trait TypedId: Copy {
    /// Wraps a raw UUID that came from the database or the wire.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The raw UUID.
    fn as_uuid(self) -> Uuid;
}

/// Declares a UUIDv7 newtype with serde, `Display` and `FromStr`.
///
/// ```
/// mainstay_kernel::typed_id!(
///     /// Identifies a boat.
///     BoatId
/// );
/// # use mainstay_kernel::World;
/// let world = World::system();
/// let id: BoatId = world.id();
/// assert_eq!(id.to_string().parse::<BoatId>().unwrap(), id);
/// ```
#[macro_export]
macro_rules! typed_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, $crate::__private::Serialize, $crate::__private::Deserialize,
        )]
        #[serde(crate = "mainstay_kernel::__private::serde", transparent)]
        pub struct $name($crate::uuid::Uuid);

        impl $crate::TypedId for $name {
            fn from_uuid(uuid: $crate::uuid::Uuid) -> Self {
                Self(uuid)
            }
            fn as_uuid(self) -> $crate::uuid::Uuid {
                self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self(text.parse()?))
            }
        }
    };
}

// The macro names this crate by its external name, so that it works the same inside and outside.
extern crate self as mainstay_kernel;

typed_id!(
    /// Identifies an organisation, the owner of rows.
    OrganizationId
);

impl OrganizationId {
    /// The one organisation that exists until there are accounts.
    pub const DEFAULT: Self = Self(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
}
