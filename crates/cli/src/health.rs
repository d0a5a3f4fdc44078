//! `exstore health`: is a store ready?

use std::time::Duration;

use serde::Deserialize;

use crate::args::Health;
use crate::exit::{Code, Failure};
use crate::http::{Client, RequestError, pause, unknown};
use crate::output::{self, Output};
use crate::problem::Problem;
use crate::progress;
use crate::visible::visible;

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(50);

/// What to do about a check that does not hold; of several that do not, the first of these is the cause.
const HINTS: [(&str, &str); 3] = [
    (
        "registry",
        "mend the registry's file or take the fault away (`exstore fault list`), then `exstore poll now`; `exstore poll list` shows what each poll made of it",
    ),
    (
        "first_poll",
        "`exstore poll schedule` says when the poll ends that the store waits for; `exstore health --wait 30s` waits too",
    ),
    (
        "running",
        "`exstore poll schedule` shows a poll that the store waits for; `exstore store restart` starts one that has stopped",
    ),
];

/// What the server says of its health.
#[derive(Debug, Deserialize)]
struct Answer {
    checks: Vec<Check>,
}

/// One thing that was checked.
#[derive(Debug, Deserialize)]
struct Check {
    name: String,
    store: Option<String>,
    ok: bool,
    detail: Option<String>,
}

/// Asks until the store is ready, or `--wait` is over; then shows what was checked.
pub(crate) fn run(args: &Health) -> Result<(), Failure> {
    let client = args.server.client()?;
    let body =
        progress::awaiting("waiting for the store to be ready", || answer(&client, args.wait))?;
    show(&body, args.telling.output)
}

/// What the server says of its health once all is well, or the time is over.
fn answer(client: &Client, wait: Duration) -> Result<String, Failure> {
    let mut left = wait;
    loop {
        let answer = client.status("/healthz/ready");
        // Somebody who does not answer this at all will not do so later.
        if let Ok((status, body)) = &answer
            && !matches!(status, 200 | 503)
        {
            let problem = Problem::read(*status, body.as_bytes());
            return Err(RequestError::Refused(Box::new(problem)).into());
        }
        if left.is_zero() || matches!(answer, Ok((200, _))) {
            return Ok(answer?.1);
        }
        pause(PAUSE);
        left = left.saturating_sub(PAUSE);
    }
}

/// Shows what was checked; it is a failure when something does not hold.
fn show(body: &str, output: Output) -> Result<(), Failure> {
    let Answer { checks } = serde_json::from_str(body).map_err(|error| unknown(&error))?;
    match output {
        Output::Text => output::lines(checks.iter().map(Check::line)),
        Output::Json | Output::Jsonl => output::out(body.trim_end()),
    };
    not_ready(&checks).map_or(Ok(()), Err)
}

fn not_ready(checks: &[Check]) -> Option<Failure> {
    let failed: Vec<&str> =
        checks.iter().filter(|check| !check.ok).map(|check| check.name.as_str()).collect();
    let hint = HINTS.iter().find(|(name, _)| failed.contains(name));
    let failure = (!failed.is_empty()).then(|| {
        let what = format!("the store is not ready: {} of {} checks", failed.len(), checks.len());
        Failure::new(Code::NotMet, format!("{what} failed"))
    })?;
    Some(match hint {
        Some((_, hint)) => failure.hint(*hint),
        None => failure,
    })
}

impl Check {
    /// Whether it holds, what it is, and of which store; then what is wrong.
    fn line(&self) -> String {
        let held = if self.ok { "ok" } else { "FAIL" };
        let store = self.store.as_deref().unwrap_or_default();
        let detail = self.detail.iter().map(|detail| format!(": {detail}")).collect::<String>();
        visible(format!("{held:<4}  {:<10}  {store}{detail}", self.name).trim_end())
    }
}
