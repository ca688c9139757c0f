//! Values of JSON in the several shapes that exporters give them, without building trees.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::super::{
    marks::{Marks, Scalar},
    number::scaled,
};
use crate::traces::span::SpanKind;

impl<'t, 'de: 't> Deserialize<'de> for Scalar<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Number(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or(Scalar::Other, Scalar::Number))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "saturates; a status or a time in whole units is meant"
        )]
        Ok(Scalar::Number(value as i64))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

/// A whole number, written as a number or as text (protobuf's JSON form of 64-bit numbers).
#[derive(Debug, Default, Clone, Copy)]
pub struct Whole(pub Option<i64>);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Scalar::deserialize(deserializer)? {
            Scalar::Number(number) => Some(number),
            Scalar::Text(text) => scaled(text.as_bytes(), 0),
            Scalar::Bool(_) | Scalar::Other => None,
        }))
    }
}

/// The kind of a span, as its number or its name.
#[derive(Debug, Default, Clone, Copy)]
pub struct Kind(pub SpanKind);

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Scalar::deserialize(deserializer)? {
            Scalar::Number(number) => u64::try_from(number).map_or(SpanKind::Unspecified, SpanKind::of_number),
            Scalar::Text(name) => SpanKind::of_name(name.as_bytes()),
            Scalar::Bool(_) | Scalar::Other => SpanKind::Unspecified,
        }))
    }
}

/// One attribute of a list.
pub trait Attribute<'t> {
    fn take(self) -> (Cow<'t, str>, Scalar<'t>);
}

/// A list of attributes, as what they say.
#[derive(Debug)]
pub struct Listed<'t, A> {
    pub marks: Marks<'t>,
    attribute: PhantomData<A>,
}

impl<A> Default for Listed<'_, A> {
    fn default() -> Self {
        Self {
            marks: Marks::default(),
            attribute: PhantomData,
        }
    }
}

impl<'t, 'de: 't, A: Attribute<'t> + Deserialize<'de>> Deserialize<'de> for Listed<'t, A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

struct ListVisitor<'t, A>(PhantomData<(&'t (), A)>);

impl<'t, 'de: 't, A: Attribute<'t> + Deserialize<'de>> Visitor<'de> for ListVisitor<'t, A> {
    type Value = Listed<'t, A>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of attributes")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Listed::default())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Self::Value, S::Error> {
        let mut listed = Listed::default();
        while let Some(attribute) = items.next_element::<A>()? {
            let (key, value) = attribute.take();
            listed.marks.note(&key, value);
        }
        Ok(listed)
    }
}

/// An object of attributes, as what they say.
#[derive(Debug, Default)]
pub struct Mapped<'t>(pub Marks<'t>);

impl<'t, 'de: 't> Deserialize<'de> for Mapped<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MapVisitor)
    }
}

struct MapVisitor;

impl<'de> Visitor<'de> for MapVisitor {
    type Value = Mapped<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of attributes")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Mapped::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut mapped = Mapped::default();
        while let Some((Text(key), value)) = entries.next_entry::<Text<'de>, Scalar<'de>>()? {
            mapped.0.note(&key, value);
        }
        Ok(mapped)
    }
}

/// Text that is borrowed where it has no escapes. Null is no text.
#[derive(Debug, Default)]
pub struct Text<'t>(pub Cow<'t, str>);

impl<'t, 'de: 't> Deserialize<'de> for Text<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Scalar::deserialize(deserializer)? {
            Scalar::Text(text) => text,
            Scalar::Number(number) => Cow::Owned(number.to_string()),
            Scalar::Bool(_) | Scalar::Other => Cow::Borrowed(""),
        }))
    }
}
