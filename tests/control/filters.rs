//! `q=`: the examples of docs/filters.md, and what is said of a filter that is none.

use std::collections::BTreeSet;

use proptest::prelude::{ProptestConfig, any};
use proptest::proptest;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::Api;

/// The clients that the document speaks of, after the poll.
async fn documented() -> Api {
    let api = Api::new().await;
    for client in [
        r#"{"process":"mdl.exe","client_version":"11.0.5608.0","user":"alice","machine":"WKS1","group":"g"}"#,
        r#"{"process":"OUTLOOK.EXE","client_version":"12.0.4518.1014","user":"bob","machine":"WKS2","mode":"classic"}"#,
        r#"{"client_version":"10.0.0.0","user":"carol","machine":"WKS3"}"#,
    ] {
        api.post("/clients", client).await;
    }
    api.put("/block-lists/processes", r#"{"data":"mdl.exe"}"#).await;
    api.post("/polls", "").await;
    api
}

/// What a list shows under a filter, by what tells its items apart.
async fn shown(api: &Api, list: &str, filter: &str) -> Vec<String> {
    let page = api.get(&path(list, filter)).await;
    let name = if list == "events" { "type" } else { "id" };
    let items = page["items"].as_array().expect("a list");
    items.iter().map(|item| item[name].to_string().trim_matches('"').to_owned()).collect()
}

fn path(list: &str, filter: &str) -> String {
    let encoded: String = filter.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("/{list}?limit=1000&q={encoded}")
}

#[tokio::test]
async fn the_examples_of_the_document_let_through_what_it_says() {
    let api = documented().await;
    let document = include_str!("../../docs/filters.md");
    let rows = document.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.strip_suffix('|')?.split(" |");
        let list = cells.next()?.trim();
        let lists = ["sessions", "clients", "events", "decisions"];
        let is_example = lists.contains(&list) && cells.clone().count() == 2;
        is_example.then(|| (list, cells.next(), cells.next()))
    });
    let mut seen = 0;
    for (list, filter, wanted) in rows {
        let filter = filter.unwrap_or_default().trim().trim_matches('`');
        let wanted: Vec<_> = wanted.unwrap_or_default().split_whitespace().collect();
        let found = shown(&api, list, filter).await;
        if list == "events" {
            let found: BTreeSet<_> = found.iter().map(String::as_str).collect();
            assert_eq!(found, wanted.into_iter().collect(), "{list} {filter}");
        } else {
            assert_eq!(found, wanted, "{list} {filter}");
        }
        seen += 1;
    }
    assert!(30 < seen, "{seen}");
}

#[tokio::test]
async fn what_is_wrong_with_a_filter_is_said_with_its_column() {
    let api = Api::new().await;
    // The list, the filter, the column, and what is said.
    let rows = [
        (
            "clients",
            "mdl.exe",
            1,
            "`mdl.exe` is no term: say which field it is, as in `process:mdl.exe`",
        ),
        (
            "clients",
            "user:a colour:red",
            8,
            "there is no `colour` here; there are `process`, `version`",
        ),
        ("clients", "type:session.ended", 1, "there is no `type` here"),
        ("sessions", "state:idle", 1, "there is no `state` here"),
        ("clients", "user:", 6, "a value is missing; `\"\"` is the empty one"),
        ("clients", "user:a,", 8, "a value is missing"),
        ("clients", "user:\"a b", 6, "this quote is not closed"),
        ("clients", "user:\"a\\", 6, "this quote is not closed"),
        ("clients", "user:\"a\"b", 9, "after a quoted value comes a blank, a comma or the end"),
        ("clients", "user:a\"b\"", 7, "a quote opens a value or closes it"),
        ("clients", "\u{65e5}:x", 1, "there is no `\u{65e5}` here"),
        ("clients", "user:\u{65e5} version:x", 16, "`x` is no version"),
        ("clients", "version:<1.2.3.4.5", 10, "`1.2.3.4.5` is no version"),
        ("clients", "version:65536", 9, "`65536` is no version"),
        ("clients", "version:+1", 9, "`+1` is no version"),
        ("clients", "user:a*b", 7, "a star stands at the beginning or the end of a value"),
        ("clients", "client:one", 8, "`one` is no whole number"),
        ("sessions", "at:>yesterday", 5, "`yesterday` is no time"),
        ("clients", "is:red", 4, "`red` is none of `blocked`, `identified`"),
        ("clients", "mode:fast", 6, "`fast` is none of `unknown`, `classic`, `cached`"),
        ("events", "type:session.exploded", 6, "`session.exploded` is none of `store.started`"),
        ("clients", "-:x", 2, "a term begins with the name of a field"),
        ("clients", "- user:a", 2, "a term begins with the name of a field"),
    ];
    for (list, filter, column, said) in rows {
        let answer = api.call("GET", &path(list, filter), "").await;
        assert_eq!(answer.problem(), "invalid-query", "{filter}");
        let error = &answer.json()["errors"][0];
        assert_eq!(error["parameter"], "q", "{filter}");
        assert_eq!(
            (&error["column"], &error["excerpt_column"]),
            (&column.into(), &column.into()),
            "{filter}: {error}"
        );
        assert_eq!(error["excerpt"], filter);
        assert!(
            error["detail"].as_str().is_some_and(|detail| detail.starts_with(said)),
            "{filter}: {error}"
        );
    }
    let long = format!("user:{}", "a".repeat(5_000));
    assert_eq!(api.call("GET", &path("clients", &long), "").await.problem(), "invalid-query");
}

#[tokio::test]
async fn a_filter_is_the_same_in_pages_and_in_the_stream() {
    let api = documented().await;
    let all: Vec<Value> = api.events().await;
    let page = api.get(&path("events", "client:1 -type:session.ended")).await;
    let wanted: Vec<_> = all
        .iter()
        .filter(|event| event["client_id"] == 1 && event["type"] != "session.ended")
        .cloned()
        .collect();
    assert_eq!(page["items"], Value::Array(wanted));
    let first =
        api.get(&path("events", "process:outlook.exe").replace("limit=1000", "limit=1")).await;
    assert_eq!((&first["items"][0]["seq"], &first["more"]), (&4.into(), &false.into()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is sent, a list answers it or says where it is wrong.
    #[test]
    fn any_text_is_a_filter_or_is_told_where_it_is_none(filter in any::<String>()) {
        Runtime::new().expect("a runtime").block_on(async {
            let api = Api::new().await;
            let answer = api.call("GET", &path("sessions", &filter), "").await;
            if answer.status != 200 {
                assert_eq!(answer.problem(), "invalid-query", "{filter}");
                let column = answer.json()["errors"][0]["column"].as_u64().expect("a column");
                assert!(column <= filter.chars().count() as u64 + 1, "{filter}");
            }
        });
    }
}
