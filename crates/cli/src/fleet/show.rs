//! A fleet, as people and programs read who is in it.

use std::path::Path;

use serde_json::{Value, json};
use simulator::{Fleet, FleetGroup};

use crate::exit::{Code, Failure};
use crate::output::{self, Output};
use crate::table::{Column, number, table, text};

const COLUMNS: [Column; 5] = [
    text("GROUP", "name"),
    number("CLIENTS", "clients"),
    number("CONNECTIONS", "connections"),
    text("PROCESS", "process"),
    text("VERSIONS", "versions"),
];

const DEPLOYED: [Column; 4] = [
    text("GROUP", "name"),
    number("CLIENTS", "clients"),
    number("CONNECTIONS", "connections"),
    number("FIRST ID", "first"),
];

/// Tells who is in a fleet.
pub(super) fn fleet(path: &Path, fleet: &Fleet, output: Output) -> Result<(), Failure> {
    let groups: Vec<Value> = fleet.groups().iter().map(group).collect();
    let (clients, connections) = (fleet.clients(), fleet.connections());
    let said = match output {
        Output::Text => {
            let name = path.display();
            let count = fleet.groups().len();
            output::out(&format!(
                "{name}: {clients} clients with {connections} connections, groups: {count}"
            ));
            output::lines(table(&COLUMNS, groups.iter()))
        }
        Output::Json | Output::Jsonl => {
            let told = json!({
                "file": path.display().to_string(), "name": fleet.name(), "clients": clients,
                "connections": connections, "groups": groups,
            });
            output::out(&told.to_string())
        }
    };
    if said { Ok(()) } else { Err(Failure::new(Code::Internal, "stdout can't be written")) }
}

fn group(group: &FleetGroup) -> Value {
    let process = group.kinds().find_map(|(spec, _)| spec.process());
    let versions = group.kinds().map(|(spec, _)| spec.client_version().to_string());
    json!({
        "name": group.name(),
        "clients": group.clients(),
        "connections": group.all_connections(),
        "process": process.map(|process| process.as_str()),
        "versions": versions.collect::<Vec<_>>().join(", "),
    })
}

/// The groups of a fleet that was brought in.
pub(super) fn deployed(answer: &Value) -> Vec<String> {
    let groups = answer.get("groups").and_then(Value::as_array).into_iter().flatten();
    table(&DEPLOYED, groups)
}
