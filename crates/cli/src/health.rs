//! `exstore health`: is a store ready?

use std::time::Duration;

use crate::args::Health;
use crate::exit::{Code, Failure};
use crate::http::{Client, RequestError};
use crate::output;

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(50);

/// Asks until the store is ready, or `--wait` is over.
pub(crate) fn run(args: &Health) -> Result<(), Failure> {
    let client = Client::new(&args.control);
    let mut left = args.wait;
    loop {
        let answer = client.status("/healthz/ready");
        match answer {
            Ok((200, checks)) => {
                output::out(&checks);
                return Ok(());
            }
            answer if left.is_zero() => return Err(not_ready(answer)),
            Ok(_) | Err(_) => {}
        }
        pause();
        left = left.saturating_sub(PAUSE);
    }
}

fn not_ready(answer: Result<(u16, String), RequestError>) -> Failure {
    let failure = match answer {
        Ok((_, checks)) => Failure::new(Code::NotMet, format!("the store is not ready: {checks}")),
        Err(error) => Failure::from(error),
    };
    failure
        .hint("start a store with `exstore serve`, or wait for it with `exstore health --wait 30s`")
}

#[expect(
    clippy::disallowed_methods,
    reason = "another process can only be asked again, after a pause"
)]
fn pause() {
    std::thread::sleep(PAUSE);
}
