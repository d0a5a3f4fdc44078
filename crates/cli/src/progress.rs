//! What takes long says what it is about: on a terminal, on stderr, after a third of a second, and gone when it is over.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;
use std::{env, thread};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is over by then is not told of.
const DELAY: Duration = Duration::from_millis(333);

/// How often the time that has passed is drawn.
const TICK: Duration = Duration::from_millis(100);

/// Whether something is told of already, which what it consists of is not beside.
static BUSY: AtomicBool = AtomicBool::new(false);

/// Does something of which it can't be said how much is left.
pub(crate) fn awaiting<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let bar = ProgressBar::no_length().with_style(style("{spinner} {msg} ({elapsed})"));
    told(bar.with_message(what.to_owned()), DELAY, |_| work())
}

/// Does something that has so many steps; each is to be told to the bar.
pub(crate) fn steps<T>(what: &str, count: usize, work: impl FnOnce(&ProgressBar) -> T) -> T {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    let bar =
        ProgressBar::new(count).with_style(style("{msg} [{bar:32}] {pos} of {len} ({elapsed})"));
    told(bar.with_message(what.to_owned()), DELAY, work)
}

/// A template that is wrong shows no more than the message.
fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template);
    style
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .progress_chars("=> ")
        .tick_chars("|/-\\ ")
}

/// Does the work; the bar comes into sight when that is not over after a while.
fn told<T>(bar: ProgressBar, delay: Duration, work: impl FnOnce(&ProgressBar) -> T) -> T {
    bar.set_draw_target(ProgressDrawTarget::hidden());
    if !is_watched() || BUSY.swap(true, Ordering::Relaxed) {
        return work(&bar);
    }
    let done = thread::scope(|scope| {
        let (over, ended) = mpsc::channel();
        let shown = &bar;
        scope.spawn(move || show(shown, delay, &ended));
        let done = work(&bar);
        drop::<mpsc::Sender<()>>(over);
        done
    });
    BUSY.store(false, Ordering::Relaxed);
    done
}

fn show(bar: &ProgressBar, delay: Duration, ended: &Receiver<()>) {
    if ended.recv_timeout(delay) == Err(RecvTimeoutError::Timeout) {
        bar.set_draw_target(ProgressDrawTarget::stderr());
        bar.enable_steady_tick(TICK);
        // Nothing is ever sent: this is the end of the work.
        let _ended = ended.recv();
        bar.finish_and_clear();
    }
}

/// Whether somebody watches who can be shown what changes.
fn is_watched() -> bool {
    let dumb = env::var_os("TERM").is_none_or(|terminal| terminal.is_empty() || terminal == "dumb");
    io::stderr().is_terminal() && !dumb
}
