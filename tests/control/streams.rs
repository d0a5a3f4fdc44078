//! The stream of events: every entry once and in order, whatever happens to it.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::Request;
use axum::http::response::Parts;
use control::ControlLimits;
use infostore::{Limits, Settings};
use proptest::prelude::{Just, ProptestConfig, Strategy, prop};
use proptest::{prop_oneof, proptest};
use serde_json::{Value, json};
use server::StoreOptions;
use tokio::runtime::Runtime;
use tower::ServiceExt;

use super::{Api, full, limits, options};

/// A stream, as its reader sees it.
struct Stream {
    parts: Parts,
    body: Body,
    text: String,
}

/// A server-sent event.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Sent {
    id: String,
    event: String,
    data: String,
    comment: String,
}

impl Stream {
    async fn open(api: &Api, path: &str, headers: &[(&str, &str)]) -> Self {
        let request = Request::get(full(path)).header("host", "localhost");
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.body(Body::empty()).expect("a request");
        let response = api.router.clone().oneshot(request).await.expect("a router always answers");
        let (parts, body) = response.into_parts();
        assert_eq!(parts.status, 200);
        Self { parts, body, text: String::new() }
    }

    async fn events(api: &Api, path: &str) -> Self {
        let mut stream = Self::open(api, path, &[]).await;
        let opening = stream.block().await.expect("it begins");
        assert!(opening.starts_with("retry: 1000\nid: "), "{opening}");
        stream
    }

    async fn lines(api: &Api, path: &str) -> Self {
        Self::open(api, path, &[("accept", "application/x-ndjson")]).await
    }

    fn header(&self, name: &str) -> &str {
        self.parts.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    async fn bytes(&mut self) -> Option<Bytes> {
        self.try_bytes().await.map(|bytes| bytes.expect("a body that holds"))
    }

    async fn try_bytes(&mut self) -> Option<Result<Bytes, axum::Error>> {
        let frame = poll_fn(|context| Pin::new(&mut self.body).poll_frame(context)).await;
        frame.map(|frame| frame.map(|frame| frame.into_data().expect("no trailers")))
    }

    async fn up_to(&mut self, end: &str) -> Option<String> {
        while !self.text.contains(end) {
            let bytes = self.bytes().await?;
            self.text.push_str(std::str::from_utf8(&bytes).expect("text"));
        }
        let (first, rest) = self.text.split_once(end).expect("it is there");
        let first = first.to_owned();
        self.text = rest.to_owned();
        Some(first)
    }

    /// A line; none at the end.
    async fn line(&mut self) -> Option<String> {
        self.up_to("\n").await
    }

    async fn block(&mut self) -> Option<String> {
        self.up_to("\n\n").await
    }

    /// An event or a comment; none at the end.
    async fn next(&mut self) -> Option<Sent> {
        let mut sent = Sent::default();
        for line in self.block().await?.lines() {
            let (name, value) = line.split_once(": ").expect("a field");
            let field = match name {
                "id" => &mut sent.id,
                "event" => &mut sent.event,
                "data" => &mut sent.data,
                "" => &mut sent.comment,
                other => panic!("the field `{other}`"),
            };
            value.clone_into(field);
        }
        Some(sent)
    }

    async fn told(&mut self) -> Sent {
        self.next().await.expect("another event")
    }

    /// The next events up to the one with this id.
    async fn until(&mut self, id: &str) -> Vec<Sent> {
        let mut all = vec![self.told().await];
        while all.last().expect("one").id != id {
            all.push(self.told().await);
        }
        all
    }
}

async fn cursor(api: &Api) -> String {
    api.call("GET", "/clock", "").await.header("exstore-cursor").to_owned()
}

fn seqs(events: &[Sent]) -> Vec<&str> {
    events.iter().map(|sent| sent.id.as_str()).collect()
}

#[tokio::test]
async fn an_event_is_what_events_shows_to_the_byte() {
    let api = Api::new().await;
    let mut events = Stream::events(&api, "/events/stream?after=start").await;
    let mut lines = Stream::lines(&api, "/events/stream?after=start").await;
    assert_eq!(events.header("content-type"), "text/event-stream");
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    assert_eq!(lines.header("cache-control"), "no-store");
    assert_eq!(lines.header("exstore-cursor"), "1-0");
    api.post("/clients", r#"{"process":"mdl.exe","user":"alice","count":3}"#).await;
    api.put("/block-lists/processes", r#"{"data":"mdl.exe"}"#).await;
    api.post("/clock/advance", r#"{"next":"poll"}"#).await;

    let page = api.call("GET", "/events?limit=1000", "").await.text;
    let journal = api.store.read(|view| {
        view.store().journal().entries().map(control::journal_line).collect::<Vec<_>>()
    });
    let journal = journal.await.expect("it runs");
    assert!(10 < journal.len());
    for (index, line) in journal.iter().enumerate() {
        assert!(page.contains(line), "{line}");
        let sent = events.told().await;
        assert_eq!((&sent.data, sent.event.as_str()), (line, ""));
        assert_eq!(sent.id, format!("1-{}", index + 1));
        assert_eq!(lines.line().await.as_ref(), Some(line));
    }
}

#[tokio::test]
async fn an_entry_is_written_once_for_all_who_read_it() {
    let api = Api::new().await;
    let mut readers = Vec::new();
    for path in ["/events/stream", "/events/stream", "/events/stream?type=session.connected"] {
        readers.push(Stream::events(&api, path).await);
    }
    api.post("/clients", r#"{"process":"a.exe","count":5}"#).await;
    let first = readers[0].bytes().await.expect("events");
    for reader in &mut readers[1..] {
        let same = reader.bytes().await.expect("events");
        assert_eq!(same.as_ptr(), first.as_ptr(), "the same bytes, not others like them");
        assert_eq!(same, first);
    }
}

/// What it is, the path, the headers, and the id of the first event.
type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

#[tokio::test]
async fn a_stream_begins_where_it_is_told() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"a.exe","count":3}"#).await;
    let now = cursor(&api).await;
    assert_eq!(now, "1-5");
    let rows: [Row; 7] = [
        ("now", "/events/stream", &[], "1-6"),
        ("the beginning", "/events/stream?after=start", &[], "1-1"),
        ("a cursor", "/events/stream?after=1-3", &[], "1-4"),
        ("a sequence number", "/events/stream?after=2", &[], "1-3"),
        ("the last id", "/events/stream", &[("last-event-id", "1-4")], "1-5"),
        (
            "the last id before `after`",
            "/events/stream?after=1-1",
            &[("last-event-id", "1-4")],
            "1-5",
        ),
        ("an empty id is none", "/events/stream?after=1-1", &[("last-event-id", "")], "1-2"),
    ];
    let mut streams = Vec::new();
    for (row, path, headers, first) in rows {
        let mut stream = Stream::open(&api, path, headers).await;
        let opening = stream.block().await.expect("it begins");
        let begins = stream.header("exstore-cursor").to_owned();
        assert!(opening.ends_with(&format!("\nid: {begins}")), "{row}: {opening}");
        streams.push((row, stream, first));
    }
    api.post("/clients", r#"{"process":"a.exe"}"#).await;
    for (row, mut stream, first) in streams {
        assert_eq!(stream.told().await.id, first, "{row}");
    }
    let ahead = api.call("GET", "/events/stream?after=1-7", "").await;
    assert_eq!(ahead.problem(), "invalid-query");
    assert!(ahead.text.contains("the newest entry is 1-6"), "{}", ahead.text);
}

#[tokio::test]
async fn the_format_is_the_one_asked_for() {
    let api = Api::new().await;
    let (sse, lines) = ("text/event-stream", "application/x-ndjson");
    for (query, accept, kind) in [
        ("", "", sse),
        ("", "*/*", sse),
        ("", "application/x-ndjson", lines),
        ("", "Application/X-NDJSON; q=1", lines),
        ("", "application/json, application/x-ndjson, text/event-stream", lines),
        ("", "text/event-stream, application/x-ndjson", sse),
        ("?format=ndjson", "text/event-stream", lines),
        ("?format=sse", "application/x-ndjson", sse),
    ] {
        let path = format!("/events/stream{query}");
        let stream = Stream::open(&api, &path, &[("accept", accept)]).await;
        assert_eq!(stream.header("content-type"), kind, "{query} {accept}");
    }
}

#[tokio::test]
async fn only_the_types_asked_for_are_sent_and_heartbeats_tell_the_place() {
    let limits = ControlLimits { stream_heartbeat: Duration::from_millis(5), ..limits() };
    let api = Api::with(options(), limits).await;
    api.post("/clients", r#"{"process":"a.exe","count":3}"#).await;
    let path = "/events/stream?after=start&type=session.refused,store.started";
    // Each is read as soon as it is there: who takes nothing for two heartbeats is let go.
    let mut events = Stream::events(&api, path).await;
    let first = loop {
        // It may have been quiet before the first event.
        let sent = events.told().await;
        if sent.comment.is_empty() {
            break sent;
        }
    };
    assert_eq!(first.id, "1-1");
    loop {
        let sent = events.told().await;
        assert_eq!((sent.comment.as_str(), sent.data.as_str()), ("nothing new", ""));
        if sent.id == "1-5" {
            break;
        }
    }
    drop(events);
    let mut lines = Stream::lines(&api, path).await;
    loop {
        let line: Value = serde_json::from_str(&lines.line().await.expect("a line")).expect("JSON");
        if line == json!({"type": "stream.heartbeat", "cursor": "1-5"}) {
            break;
        }
    }
    assert_eq!(ControlLimits::default().stream_heartbeat, Duration::from_secs(15));
}

#[tokio::test]
async fn what_has_left_the_journal_is_a_gap_that_says_where_to_begin() {
    let settings = Settings {
        limits: Limits { journal_entries: 4, ..Limits::default() },
        ..Settings::default()
    };
    let api = Api::with(StoreOptions { settings, ..options() }, limits()).await;
    let mut live = Stream::events(&api, "/events/stream").await;
    let now = live.header("exstore-cursor").to_owned();
    api.post("/clients", r#"{"process":"a.exe","count":6}"#).await;
    let gone = api.call("GET", &format!("/events?after={now}"), "").await.json();
    let first = gone["first_available"].as_str().expect("a cursor");
    let gap = format!(r#"{{"type":"stream.gap","cursor":"{first}","first_available":"{first}"}}"#);
    let kept: Vec<String> =
        api.events().await.iter().map(|event| format!("1-{}", event["seq"])).collect();

    // One that was there before, one that comes now, and one that comes again.
    let mut late = Stream::events(&api, "/events/stream?after=1-1").await;
    let mut again = Stream::events(&api, &format!("/events/stream?after={now}")).await;
    for stream in [&mut live, &mut late, &mut again] {
        let sent = stream.told().await;
        assert_eq!((sent.event.as_str(), sent.id.as_str(), &sent.data), ("gap", first, &gap));
        assert_eq!(seqs(&stream.until(&cursor(&api).await).await), kept);
    }
    let mut lines = Stream::lines(&api, "/events/stream?after=0").await;
    assert_eq!(lines.line().await, Some(gap));
    let mut resumed = Stream::events(&api, &format!("/events/stream?after={first}")).await;
    assert_eq!(resumed.told().await.id, kept[0]);
}

#[tokio::test]
async fn a_reset_is_told_after_the_last_entry_of_its_epoch() {
    let api = Api::new().await;
    let mut live = Stream::events(&api, "/events/stream").await;
    api.post("/clients", r#"{"process":"a.exe"}"#).await;
    let before = live.told().await;
    api.post("/reset", "").await;

    let mut resumed = Stream::events(&api, &format!("/events/stream?after={}", before.id)).await;
    for stream in [&mut live, &mut resumed] {
        let told = stream.until("2-2").await;
        let (old, new) = told.split_at(told.len() - 3);
        assert!(old.iter().all(|sent| sent.id.starts_with("1-")), "{old:?}");
        assert!(old.last().expect("some").data.contains("store.stopped"), "{old:?}");
        assert_eq!((new[0].event.as_str(), new[0].id.as_str()), ("reset", "2-0"));
        assert_eq!(new[0].data, r#"{"type":"stream.reset","cursor":"2-0"}"#);
        assert_eq!(seqs(&new[1..]), ["2-1", "2-2"]);
    }
    let mut from_the_reset = Stream::events(&api, "/events/stream?after=2-0").await;
    assert_eq!(from_the_reset.told().await.id, "2-1");
    // Nobody has the entries of the epoch before the last any more.
    api.post("/reset", "").await;
    let mut lost = Stream::events(&api, "/events/stream?after=1-1").await;
    let told = [lost.told().await, lost.told().await, lost.told().await];
    let names: Vec<_> = told.iter().map(|sent| (sent.event.as_str(), sent.id.as_str())).collect();
    assert_eq!(names, [("gap", "2-0"), ("reset", "2-0"), ("", "2-1")]);
    // Of another run of the server, whose epochs were further on.
    let mut strange = Stream::events(&api, "/events/stream?after=9-1").await;
    let told = [strange.told().await, strange.told().await, strange.told().await];
    let names: Vec<_> = told.iter().map(|sent| (sent.event.as_str(), sent.id.as_str())).collect();
    assert_eq!(names, [("gap", "2-0"), ("reset", "2-0"), ("", "2-1")]);
}

#[tokio::test]
async fn the_stream_of_a_store_that_stops_tells_its_last_entry_and_ends() {
    let api = Api::new().await;
    let mut events = Stream::events(&api, "/events/stream").await;
    let mut lines = Stream::lines(&api, "/events/stream?after=start").await;
    api.post("/clients", r#"{"process":"a.exe"}"#).await;
    api.store.stop().await.expect("it stops once");

    let mut told = Vec::new();
    while let Some(sent) = events.next().await {
        told.push(sent);
    }
    let [.., last, end] = told.as_slice() else { panic!("{told:?}") };
    assert!(last.data.contains("store.stopped"), "{last:?}");
    let text =
        format!(r#"{{"type":"stream.end","cursor":"{}","reason":"store_stopped"}}"#, last.id);
    assert_eq!((end.event.as_str(), &end.id, &end.data), ("end", &last.id, &text));
    let mut all = Vec::new();
    while let Some(line) = lines.line().await {
        all.push(line);
    }
    assert_eq!((all.len(), all.last()), (told.len() + 2, Some(&text)));
}

#[tokio::test]
async fn a_stream_that_ends_makes_room_for_another() {
    let limits = ControlLimits { streams: 1, ..limits() };
    let api = Api::with(options(), limits).await;
    let stream = Stream::events(&api, "/events/stream").await;
    assert_eq!(api.call("GET", "/events/stream", "").await.problem(), "too-many-streams");
    drop(stream);
    // Its task sees it when it runs.
    until_there_is_room(&api).await;
}

#[tokio::test]
async fn a_hundred_readers_see_a_thousand_events_without_a_gap() {
    let api = Api::new().await;
    let mut readers = Vec::new();
    for _ in 0..100 {
        readers.push(Stream::events(&api, "/events/stream").await);
    }
    for _ in 0..100 {
        api.post("/clients", r#"{"process":"a.exe","count":10}"#).await;
    }
    let expected: Vec<_> = (3..=1_002).map(|seq| format!("1-{seq}")).collect();
    for mut reader in readers {
        assert_eq!(seqs(&reader.until("1-1002").await), expected);
    }
}

#[tokio::test]
async fn a_reader_that_falls_behind_the_others_is_told_so_and_can_go_on() {
    let limits = ControlLimits { stream_backlog_bytes: 1 << 16, ..limits() };
    let api = Api::with(options(), limits).await;
    let mut slow = Stream::events(&api, "/events/stream?after=start").await;
    let mut fast = Stream::events(&api, "/events/stream?after=start").await;
    assert_eq!(slow.told().await.id, "1-1");
    let mut told = Vec::new();
    for count in 1..=40 {
        api.post("/clients", r#"{"process":"a.exe","count":50}"#).await;
        told.extend(fast.until(&format!("1-{}", 2 + 50 * count)).await);
    }
    let mut rest = Vec::new();
    while let Some(sent) = slow.next().await {
        rest.push(sent);
    }
    let last = rest.pop().expect("some");
    assert_eq!(last.event, "slow");
    assert_eq!(last.data, format!(r#"{{"type":"stream.slow","cursor":"{}"}}"#, last.id));
    assert_eq!(rest.last().map(|sent| &sent.id), Some(&last.id), "the id of the last event it got");
    // What waited for it was little.
    let waited: usize = rest.iter().map(|sent| sent.data.len()).sum();
    assert!(waited < 4 << 16, "{waited}");
    let mut resumed = Stream::events(&api, &format!("/events/stream?after={}", last.id)).await;
    rest.extend(resumed.until("1-2002").await);
    assert_eq!(seqs(&rest), seqs(&told)[1..]);
}

#[tokio::test]
async fn a_reader_that_takes_nothing_at_all_is_let_go() {
    let stream_heartbeat = Duration::from_millis(2);
    let limits = ControlLimits { stream_heartbeat, streams: 1, ..limits() };
    let api = Api::with(options(), limits).await;
    let mut alone = Stream::open(&api, "/events/stream", &[]).await;
    // Heartbeats fill what is handed out ahead; then the reader is given up, and its room is free.
    until_there_is_room(&api).await;
    let mut told = Vec::new();
    while let Some(block) = alone.block().await {
        told.push(block);
    }
    let [_opening, _heartbeat, last] = told.as_slice() else { panic!("{told:?}") };
    assert!(last.starts_with("event: slow\nid: 1-2\n"), "{last}");
}

/// Asks for a stream until there is room for one more.
async fn until_there_is_room(api: &Api) {
    while api.call("HEAD", "/events/stream", "").await.status == 429 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_page_can_be_waited_for() {
    let api = Api::with(options(), ControlLimits::default()).await;
    // What is there already is not waited for.
    let page = api.get("/events?wait=50s&limit=1").await;
    assert_eq!(page["items"][0]["seq"], 1);
    // The answer comes with the entry, whoever is first.
    let mut after = cursor(&api).await;
    for _ in 0..200 {
        let path = format!("/events?wait=50s&type=session.connected&after={after}");
        let (page, _) = tokio::join!(api.get(&path), async {
            api.post("/polls", "").await;
            api.post("/clients", r#"{"process":"a.exe"}"#).await
        });
        assert_eq!(page["items"].as_array().map(Vec::len), Some(1), "{page}");
        after = page["next"].as_str().expect("a cursor").to_owned();
    }
    // After the time there is an empty page, from which the next one goes on.
    api.post("/polls", "").await;
    let page = api.get(&format!("/events?wait=1ms&type=session.refused&after={after}")).await;
    assert_eq!(page["items"], json!([]));
    assert_eq!(page["next"], cursor(&api).await);
    // One that waits is told of a reset.
    let path = format!("/events?wait=50s&type=session.refused&after={}", cursor(&api).await);
    let (gone, _) = tokio::join!(api.call("GET", &path, ""), api.post("/reset", ""));
    assert_eq!(gone.problem(), "cursor-gone");
    let too_long = api.call("GET", "/events?wait=54s1ms", "").await;
    assert!(
        too_long.text.contains("`wait`: it is 54s1ms, and can be 54s at the most"),
        "{}",
        too_long.text
    );
}

/// Something that makes entries.
#[derive(Clone, Debug)]
enum Step {
    Clients(u8),
    Poll,
    Reset,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1..12_u8).prop_map(Step::Clients),
        3 => Just(Step::Poll),
        1 => Just(Step::Reset),
    ];
    prop::collection::vec(step, 1..12)
}

async fn perform(api: &Api, step: &Step) {
    let (path, body) = match step {
        Step::Clients(count) => {
            ("/clients", json!({"process": "a.exe", "count": count}).to_string())
        }
        Step::Poll => ("/polls", String::new()),
        Step::Reset => ("/reset", String::new()),
    };
    api.post(path, &body).await;
}

/// Reads up to `end` as a client would that connects again wherever it is let go.
async fn persistent(api: &Api, from: &str, end: &str) -> Vec<Sent> {
    let (mut all, mut place) = (Vec::new(), from.to_owned());
    while place != end {
        let mut stream = Stream::events(api, &format!("/events/stream?after={place}")).await;
        while place != end {
            let Some(sent) = stream.next().await else { break };
            place.clone_from(&sent.id);
            if sent.event != "slow" {
                all.push(sent);
            }
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Before a step, the journal's part of what comes; after it the live one. The ring is too small for a burst.
    #[test]
    fn from_every_cursor_every_entry_comes_exactly_once(steps in steps(), backlog in 512..8_192_usize) {
        Runtime::new().expect("a runtime").block_on(async {
            let limits = ControlLimits { stream_backlog_bytes: backlog, ..limits() };
            let api = Api::with(options(), limits).await;
            let mut witness = Stream::events(&api, "/events/stream?after=start").await;
            let mut all: Vec<Sent> = Vec::new();
            for step in &steps {
                let ends = all.last().map_or_else(|| "1-0".to_owned(), |sent| sent.id.clone());
                perform(&api, step).await;
                let end = cursor(&api).await;
                // One that was there before may be let go, since it reads nothing meanwhile.
                let mut told = Vec::new();
                while let Some(sent) = witness.next().await {
                    if sent.event == "slow" { break }
                    let id = sent.id.clone();
                    told.push(sent);
                    if id == end { break }
                }
                let place = told.last().map_or(ends, |sent| sent.id.clone());
                told.extend(persistent(&api, &place, &end).await);
                witness = Stream::events(&api, &format!("/events/stream?after={end}")).await;
                all.extend(told);
            }
            let end = cursor(&api).await;
            // Only the last two epochs are kept.
            let epoch: u64 = end.split_once('-').expect("a cursor").0.parse().expect("a number");
            let kept = format!("{}-", epoch.saturating_sub(1).max(1));
            let first = all.iter().position(|sent| sent.id.starts_with(&kept)).expect("some");
            let kept = &all[first..];
            for window in kept.windows(2) {
                assert_next(&window[0], &window[1]);
            }
            for (index, sent) in kept.iter().enumerate() {
                assert_eq!(persistent(&api, &sent.id, &end).await, kept[index + 1..], "after {}", sent.id);
            }
        });
    }
}

/// One follows the other without a hole.
fn assert_next(one: &Sent, other: &Sent) {
    let parse = |id: &str| {
        let (epoch, seq) = id.split_once('-').expect("a cursor");
        (epoch.parse::<u64>().expect("a number"), seq.parse::<u64>().expect("a number"))
    };
    let ((epoch, seq), next) = (parse(&one.id), parse(&other.id));
    let expected = if other.event == "reset" { (epoch + 1, 0) } else { (epoch, seq + 1) };
    assert_eq!(next, expected, "{one:?} {other:?}");
}

#[tokio::test]
async fn a_fault_rule_breaks_a_stream_after_the_entries_before_it() {
    let api = Api::new().await;
    let rule = json!({
        "match": { "method": "GET", "route": "/events/stream" }, "effect": { "drop": true },
        "schedule": { "after": 3, "next": 1 },
    });
    api.post("/faults", &rule.to_string()).await;
    let mut stream = Stream::events(&api, "/events/stream?after=start").await;
    // The three entries before it, in however many parts; then it breaks, without a last word.
    let mut text = String::new();
    let broken = loop {
        match stream.try_bytes().await.expect("it does not end") {
            Ok(bytes) => text.push_str(std::str::from_utf8(&bytes).expect("text")),
            Err(error) => break error,
        }
        api.post("/polls", "").await;
    };
    assert_eq!(text.matches("id: ").count(), 3, "{broken}: {text}");
    let hit = &api.get("/events?type=fault.hit").await["items"][0];
    assert_eq!((&hit["effect"], &hit["route"]), (&json!("drop"), &json!("/events/stream")));
    // It goes on from where it broke.
    let id = [("last-event-id", "1-3")];
    let mut again = Stream::open(&api, "/events/stream", &id).await;
    again.block().await.expect("it begins");
    assert_eq!(again.told().await.id, "1-4");
}
