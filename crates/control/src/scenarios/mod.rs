//! Scenarios: played on a store through its own control plane.

mod api;
mod book;
mod driver;
mod lint;
mod plane;
mod run;
mod stream;

pub(crate) use self::api::routes;
pub(crate) use self::book::Books;
pub use self::driver::ScenarioDriver;
pub use self::lint::lint_scenario;
pub use self::plane::{ControlPlane, PlaneRequest, RouterPlane, Verb};
