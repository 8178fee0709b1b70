//! Policies and their conditions.
use std::ops::RangeInclusive;

use base64::{Engine, engine::general_purpose::STANDARD};
use rockpool_types::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{Field, PolicyError};

/// A policy: until when it holds, and what it demands.
pub(super) struct Policy {
    pub(super) expires: Timestamp,
    pub(super) conditions: Vec<Condition>,
}

#[derive(Deserialize)]
struct Document {
    expiration: String,
    conditions: Vec<Value>,
}

impl Policy {
    /// Reads the base64 of a policy's JSON.
    pub(super) fn parse(base64: &str) -> Result<Self, PolicyError> {
        let malformed = PolicyError::Malformed;
        let json = STANDARD
            .decode(base64)
            .map_err(|_| malformed("it is not base64"))?;
        let document: Document = serde_json::from_slice(&json)
            .map_err(|_| malformed("it is not JSON with expiration and conditions"))?;
        let expires = Timestamp::from_iso8601(&document.expiration)
            .map_err(|_| malformed("expiration is not of the form 2026-11-23T08:30:00Z"))?;
        let mut conditions = Vec::new();
        for value in &document.conditions {
            Condition::parse(value, &mut conditions)?;
        }
        Ok(Self {
            expires,
            conditions,
        })
    }
}

/// One demand of a policy. Names of fields are in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// A field has exactly this value.
    Equals { name: String, value: String },
    /// A field begins with this, also with nothing; but it is there.
    StartsWith { name: String, prefix: String },
    /// The file is as long as this, in bytes.
    LengthRange(RangeInclusive<u64>),
}

impl Condition {
    /// Reads an object (every member an exact match) or an array (`eq`, `starts-with`, `content-length-range`).
    fn parse(value: &Value, conditions: &mut Vec<Self>) -> Result<(), PolicyError> {
        let malformed = PolicyError::Malformed(
            "a condition is none of {\"field\": \"value\"}, [\"eq\", \"$field\", \"value\"], \
             [\"starts-with\", \"$field\", \"value\"] and [\"content-length-range\", MIN, MAX]",
        );
        if let Value::Object(members) = value {
            for (name, value) in members {
                conditions.push(Self::Equals {
                    name: name.to_ascii_lowercase(),
                    value: text(value).ok_or(malformed.clone())?,
                });
            }
            return Ok(());
        }
        let Some([operator, first, second]) = value.as_array().map(Vec::as_slice) else {
            return Err(malformed);
        };
        let Some(operator) = operator.as_str() else {
            return Err(malformed);
        };
        if operator.eq_ignore_ascii_case("content-length-range") {
            let (Some(least), Some(most)) = (number(first), number(second)) else {
                return Err(malformed);
            };
            conditions.push(Self::LengthRange(least..=most));
            return Ok(());
        }
        let name = first.as_str().and_then(|name| name.strip_prefix('$'));
        let (Some(name), Some(value)) = (name, text(second)) else {
            return Err(malformed);
        };
        let name = name.to_ascii_lowercase();
        conditions.push(match operator.to_ascii_lowercase().as_str() {
            "eq" => Self::Equals { name, value },
            "starts-with" => Self::StartsWith {
                name,
                prefix: value,
            },
            _ => return Err(malformed),
        });
        Ok(())
    }

    /// Whether the form keeps to it. The file's length is for later.
    pub(super) fn check(&self, form: &[Field]) -> Result<(), PolicyError> {
        let value_of = |name: &str| {
            form.iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.as_str())
        };
        let kept = match self {
            Self::LengthRange(_) => true,
            Self::Equals { name, value } => value_of(name) == Some(value.as_str()),
            Self::StartsWith { name, prefix } => value_of(name).is_some_and(|value| {
                // A list of types: each has to fit.
                if name == "content-type" {
                    value
                        .split(',')
                        .all(|one| one.trim_start().starts_with(prefix))
                } else {
                    value.starts_with(prefix)
                }
            }),
        };
        if kept {
            Ok(())
        } else {
            Err(PolicyError::ConditionFailed(self.to_string()))
        }
    }

    /// Whether it is about a field of that name.
    pub(super) fn is_about(&self, field: &str) -> bool {
        match self {
            Self::Equals { name, .. } | Self::StartsWith { name, .. } => name == field,
            Self::LengthRange(_) => false,
        }
    }

    /// The lengths that all conditions allow. `None`: none is about the length.
    pub(super) fn length_range(conditions: &[Self]) -> Option<RangeInclusive<u64>> {
        let ranges = conditions.iter().filter_map(|condition| match condition {
            Self::LengthRange(range) => Some(range.clone()),
            Self::Equals { .. } | Self::StartsWith { .. } => None,
        });
        ranges.reduce(|a, b| *a.start().max(b.start())..=*a.end().min(b.end()))
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Equals { name, value } => write!(f, "[\"eq\", \"${name}\", {value:?}]"),
            Self::StartsWith { name, prefix } => {
                write!(f, "[\"starts-with\", \"${name}\", {prefix:?}]")
            }
            Self::LengthRange(range) => {
                write!(
                    f,
                    "[\"content-length-range\", {}, {}]",
                    range.start(),
                    range.end()
                )
            }
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64(),
    }
}
