//! A history after a restoration is the history that would have been: the same entries, to the byte but for their places.

use proptest::prelude::*;
use serde_json::json;

use super::{Api, POLLED_KEY};

/// A request of a history, with ids that may well name nobody.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: String,
}

pub(super) fn asked(
    method: &'static str,
    path: impl Into<String>,
    body: serde_json::Value,
) -> Asked {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Asked { method, path: path.into(), body }
}

fn program() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a.exe", "b.exe", "c.exe", "mad.exe"])
}

fn of_clients() -> impl Strategy<Value = Asked> {
    let id = || 1..12_u32;
    prop_oneof![
        6 => (program(), 1..4_u32).prop_map(|(process, count)| {
            asked("POST", "/clients", json!({ "process": process, "count": count }))
        }),
        1 => Just(asked("POST", "/clients", json!({ "client_version": "10.0.6515.0" }))),
        2 => id().prop_map(|id| asked("POST", format!("/clients/{id}/connect"), json!(null))),
        2 => id().prop_map(|id| asked("POST", format!("/clients/{id}/disconnect"), json!(null))),
        2 => (id(), program()).prop_map(|(id, process)| {
            asked("POST", format!("/clients/{id}/send"), json!({ "process": process }))
        }),
        1 => id().prop_map(|id| asked("DELETE", format!("/clients/{id}"), json!(null))),
        2 => id().prop_map(|id| asked("DELETE", format!("/sessions/{id}"), json!(null))),
    ]
}

fn of_lists() -> impl Strategy<Value = Asked> {
    let apply = prop::sample::select(vec!["now", "next_poll"]);
    let node = prop::sample::select(vec!["", "&node=NODE1", "&node=NODE2"]);
    prop_oneof![
        3 => (apply, prop::collection::vec(program(), 0..3)).prop_map(|(apply, items)| {
            let path = format!("/block-lists/processes?apply={apply}");
            asked("PUT", path, json!({ "data": items.join(";") }))
        }),
        1 => (program(), node).prop_map(|(data, node)| {
            let value = "Disable%20MAPI%20Client%20Processes";
            let path = format!("/registry/{POLLED_KEY}?value={value}{node}");
            asked("PUT", path, json!({ "type": "REG_SZ", "data": data }))
        }),
        1 => Just(asked("DELETE", format!("/registry/{POLLED_KEY}"), json!(null))),
        1 => Just(asked("POST", "/polls", json!(null))),
    ]
}

fn of_the_service() -> impl Strategy<Value = Asked> {
    let effect = prop::sample::select(vec!["torn", "stale", "slow", "missing"]);
    let build = prop::sample::select(vec!["6.5.7638", "6.5.7651.19", "8.1.240.6"]);
    let mode = prop::sample::select(vec!["none", "per_node", "checkpointed"]);
    prop_oneof![
        6 => (0..1_800_u32).prop_map(|seconds| {
            asked("POST", "/clock/advance", json!({ "by": format!("{seconds}s") }))
        }),
        2 => Just(asked("POST", "/clock/advance", json!({ "next": "poll" }))),
        2 => (effect, 1..3_u32).prop_map(|(effect, next)| {
            let mut effect = json!({ "registry": effect });
            if effect["registry"] == "slow" {
                effect["delay"] = json!("400s");
            }
            asked("POST", "/faults", json!({ "effect": effect, "schedule": { "next": next } }))
        }),
        1 => (1..4_u32).prop_map(|id| asked("DELETE", format!("/faults/{id}"), json!(null))),
        2 => Just(asked("POST", "/restart", json!(null))),
        1 => build.prop_map(|build| asked("PATCH", "/build", json!({ "build": build }))),
        2 => mode.prop_map(|mode| asked("PATCH", "/cluster", json!({ "mode": mode }))),
        2 => Just(asked("POST", "/cluster/failover", json!(null))),
        1 => Just(asked("PATCH", "/polls/schedule", json!({ "interval": "6m" }))),
        1 => Just(asked("PATCH", "/v1/stores/default", json!({ "disconnect": "context" }))),
    ]
}

pub(super) fn history(most: usize) -> impl Strategy<Value = Vec<Asked>> {
    let step = prop_oneof![6 => of_clients(), 3 => of_lists(), 4 => of_the_service()];
    prop::collection::vec(step, 0..most)
}

impl Api {
    /// Plays a history; the statuses that came back, and what the journal says of it without the places of its entries.
    async fn play(&self, history: &[Asked]) -> (Vec<u16>, Vec<String>) {
        let after = self.call("GET", "/clock", "").await.header("exstore-cursor").to_owned();
        let mut statuses = Vec::new();
        for Asked { method, path, body } in history {
            statuses.push(self.call(method, path, body).await.status.as_u16());
        }
        let mut told = Vec::new();
        let mut after = after;
        loop {
            let page = self.get(&format!("/events?limit=1000&after={after}")).await;
            told.extend(page["items"].as_array().expect("a list").iter().map(|event| {
                let mut event = event.clone();
                event.as_object_mut().expect("an event").remove("seq");
                event.to_string()
            }));
            after = page["next"].as_str().expect("a cursor").to_owned();
            if page["more"] == false {
                return (statuses, told);
            }
        }
    }

    /// The journal as it is written to files, line by line.
    async fn lines(&self) -> Vec<String> {
        let lines = self.store.read(|view| {
            view.store().journal().entries().map(control::journal_line).collect::<Vec<_>>()
        });
        lines.await.expect("the store runs")
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_history_after_a_restoration_is_the_one_that_would_have_been(
        before in history(25),
        after in history(25),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let api = Api::new().await;
            api.play(&before).await;
            api.post("/snapshots", "").await;
            let original = api.play(&after).await;
            let mut journals = Vec::new();
            for _ in 0..2 {
                api.post("/snapshots/1/restore", "").await;
                assert_eq!(api.play(&after).await, original);
                journals.push(api.lines().await);
            }
            assert_eq!(journals[0], journals[1], "to the byte");
        });
    }
}
