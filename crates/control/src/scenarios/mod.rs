//! Scenarios: played on a store through its own control plane.

mod driver;
mod lint;
mod plane;

pub use self::driver::ScenarioDriver;
pub use self::lint::lint_scenario;
pub use self::plane::{ControlPlane, PlaneRequest, RouterPlane, Verb};
