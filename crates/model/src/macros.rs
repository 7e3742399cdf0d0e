//! `record!` and `choice!`: a type, how it is read, and how it is documented, written once.

/// Defines a record: a struct whose fields are the keys a person writes (`_` is `-` in the text), its
/// reader and its shape. `= "field"` after the name lets a bare scalar or list stand for that field.
#[macro_export]
macro_rules! record {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident $(= $short:literal)? {
            $(
                $(#[doc = $fdoc:literal])*
                $field:ident : $ty:ty
            ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            /// Where it stands in the text.
            pub place: ::diag::Place,
            $( $(#[doc = $fdoc])* pub $field: $ty, )*
        }

        impl $crate::decode::Decode for $name {
            fn decode(node: &$crate::node::Node, cx: &mut $crate::decode::Cx) -> Option<Self> {
                let short: Option<&'static str> = None $(.or(Some($short)))?;
                let wrapped;
                let node = match $crate::read::as_record(node, short) {
                    $crate::read::AsRecord::Map => node,
                    $crate::read::AsRecord::Wrapped(map) => { wrapped = map; &wrapped }
                    $crate::read::AsRecord::Not => {
                        return $crate::decode::wrong(node, &$crate::read::settings_of(stringify!($name)), cx);
                    }
                };
                let keys: &[&str] = &[$(stringify!($field)),*];
                $crate::read::known_keys(node, keys, stringify!($name), cx);
                $( let $field: Option<$ty> = $crate::read::field(node, stringify!($field), cx); )*
                Some($name { place: node.place.clone(), $( $field: $field?, )* })
            }
            fn shape() -> $crate::shape::Shape {
                fn fields() -> Vec<$crate::shape::FieldShape> {
                    vec![$( $crate::shape::FieldShape {
                        key: $crate::read::static_key(stringify!($field)),
                        doc: concat!($($fdoc, "\n"),*),
                        required: <$ty as $crate::decode::Decode>::absent(&::diag::Place::builtin("schema")).is_none(),
                        shape: <$ty as $crate::decode::Decode>::shape(),
                    } ),*]
                }
                $crate::shape::Shape::Record($crate::shape::RecordShape {
                    name: stringify!($name),
                    doc: concat!($($doc, "\n"),*),
                    short: None $(.or(Some($short)))?,
                    fields,
                })
            }
        }
    };
}

/// Defines a set of words, each with its meaning.
#[macro_export]
macro_rules! choice {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident {
            $( $(#[doc = $vdoc:literal])* $variant:ident = $word:literal ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $( $(#[doc = $vdoc])* $variant ),* }

        impl $name {
            /// All words with their meanings.
            pub const WORDS: &'static [(&'static str, &'static str)] =
                &[$( ($word, concat!($($vdoc),*)) ),*];
            /// The word as written.
            pub fn word(self) -> &'static str {
                match self { $( $name::$variant => $word ),* }
            }
            /// The value of a word.
            pub fn of(word: &str) -> Option<Self> {
                match word { $( $word => Some($name::$variant), )* _ => None }
            }
        }

        impl $crate::decode::Decode for $name {
            fn decode(node: &$crate::node::Node, cx: &mut $crate::decode::Cx) -> Option<Self> {
                $crate::read::word(node, Self::WORDS, Self::of, cx)
            }
            fn shape() -> $crate::shape::Shape {
                $crate::shape::Shape::Choice(Self::WORDS)
            }
        }
    };
}
