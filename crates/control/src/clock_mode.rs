//! The mode of a clock as text: `real`, `manual` or `scaled:N`.

use std::fmt;
use std::str::FromStr;

use clock::{ClockMode, Scale};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::scalars::Parse;

/// How store time moves: `real`, `manual`, or `scaled:N` for N store seconds in one second of the wall, 1 to 1,000,000.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ToSchema)]
#[schema(value_type = String, pattern = "^(real|manual|scaled:[0-9]+)$", examples("manual", "scaled:60"))]
#[schema(as = ClockMode)]
pub(crate) struct Mode(pub(crate) ClockMode);

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ClockMode::Real => f.write_str("real"),
            ClockMode::Manual => f.write_str("manual"),
            ClockMode::Scaled(scale) => write!(f, "scaled:{}", scale.factor()),
        }
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mode = match text {
            "real" => Some(ClockMode::Real),
            "manual" => Some(ClockMode::Manual),
            _ => scale(text).map(ClockMode::Scaled),
        };
        mode.map(Self).ok_or_else(|| {
            let most = Scale::MAX;
            format!("`{text}` is not `real`, `manual` or `scaled:N` with N from 1 to {most}")
        })
    }
}

fn scale(text: &str) -> Option<Scale> {
    Scale::new(text.strip_prefix("scaled:")?.parse().ok()?)
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Parse::new())
    }
}
