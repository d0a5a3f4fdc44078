//! A foreign client that shares an association group with a client of the pipe: of the two, only the latter comes back.

use dcerpc::AssociationGroupId;
use emsmdb::ErrorCode;
use infostore::Transport;
use serde_json::{Value, json};

use super::site::Site;

/// The group of the first connection of a store, which a client may name without having been told.
const FIRST_GROUP: AssociationGroupId = AssociationGroupId(0x0001_0001);

#[test]
fn whoever_joined_the_group_of_a_pipe_over_tcp_is_gone_from_it() {
    let site = Site::start(Transport::Pipe);
    let piped = site.inject("mdl.exe");
    let mut foreign = site.bind_beside(FIRST_GROUP);
    assert_eq!(foreign.connect(Some("OUTLOOK.EXE")).result, ErrorCode::EC_NONE);
    let counts = &site.post("/snapshots", &Value::Null)["counts"];
    assert_eq!((&counts["sessions"], &counts["lost_sessions"]), (&json!(1), &json!(1)));

    site.post("/snapshots/1/restore", &Value::Null);
    foreign.sees_fin_and_nothing_else();
    let ended = site.events("session.ended");
    assert_eq!(ended.len(), 1);
    assert_eq!((&ended[0]["session"], &ended[0]["reason"]), (&json!(2), &json!("transport")));
    assert!(site.is_connected(piped));
    // No session of the group is left when this one ends, so its pipe is closed: the foreign one's handle is not in it.
    site.apply("processes", "mdl.exe");
    assert_eq!(
        site.state(piped),
        ("disconnected".to_owned(), json!("the server closed the connection"))
    );
}
