//! A JSON object that a document carries, its fields in the order in which they were written.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::Error as _,
};
use serde_json::value::RawValue;

/// A JSON object as compact text. Its fields keep their order, which is how a person finds them again, where
/// a tree of maps would sort them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonObject(String);

impl JsonObject {
    /// Reads a JSON object.
    ///
    /// # Errors
    /// The reader's words, with line and column.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// The object as compact JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for JsonObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.0).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JsonObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut text = String::new();
        Fields::deserialize(deserializer)?.write(&mut text);
        Ok(Self(text))
    }
}

/// A JSON value. Unlike [`RawValue`], it also reads from formats that were buffered on the way.
#[derive(Deserialize)]
#[serde(untagged)]
enum Node {
    Object(Fields),
    List(Vec<Node>),
    /// Neither of the two.
    Leaf(serde_json::Value),
}

/// An object's fields in their order.
struct Fields(Vec<(String, Node)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

impl Node {
    fn write(&self, out: &mut String) {
        match self {
            Self::Object(fields) => fields.write(out),
            Self::List(nodes) => {
                out.push('[');
                for (at, node) in nodes.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    node.write(out);
                }
                out.push(']');
            }
            Self::Leaf(value) => out.push_str(&value.to_string()),
        }
    }
}

impl Fields {
    fn write(&self, out: &mut String) {
        out.push('{');
        for (at, (name, node)) in self.0.iter().enumerate() {
            out.push_str(if at > 0 { "," } else { "" });
            out.push_str(&serde_json::Value::from(name.as_str()).to_string());
            out.push(':');
            node.write(out);
        }
        out.push('}');
    }
}
