//! When the registry is polled (policy A11, A12).
//!
//! The schedule is a grid: the anchor, and every interval after it. A tick that could not be served in time is served
//! once, however many were missed, and the grid stays where it was. Polling on request runs the same poll and does not
//! move the grid. While a read is in flight nothing is due, and requests made meanwhile become one poll after it.

use core::time::Duration;

use clock::SimTime;

/// The ordinal of a poll since the store started, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PollNumber(pub u64);

/// Why a poll runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PollTrigger {
    /// The read before the store opens.
    Start,
    /// The grid.
    Tick,
    /// Somebody asked.
    Request,
}

/// One poll.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Poll {
    /// Its ordinal.
    pub number: PollNumber,
    /// Why it runs.
    pub trigger: PollTrigger,
    /// When it was due; for a tick the last instant of the grid that had passed.
    pub due: SimTime,
    /// When it began.
    pub started: SimTime,
}

/// The answer to a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Requested {
    /// The poll begins now.
    Begun(Poll),
    /// A read is in flight; the poll of this number will follow it.
    Queued(PollNumber),
}

/// The schedule of polls, with the one read that may be in flight.
#[derive(Clone, Debug)]
pub struct PollSchedule {
    interval: Duration,
    next_tick: SimTime,
    in_flight: Option<Poll>,
    follow_up: bool,
    begun: u64,
}

impl PollSchedule {
    /// A schedule whose grid starts at `now`. The poll before opening is [`PollSchedule::begin_first`].
    ///
    /// An interval of zero would never let time pass; it is taken as one microsecond.
    pub fn new(now: SimTime, interval: Duration) -> Self {
        let interval = interval.max(Duration::from_micros(1));
        let next_tick = now.saturating_add(interval);
        Self { interval, next_tick, in_flight: None, follow_up: false, begun: 0 }
    }

    /// The interval of the grid.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// The next tick of the grid, whether or not a read is in flight.
    pub fn next_tick(&self) -> SimTime {
        self.next_tick
    }

    /// The poll whose read is in flight.
    pub fn in_flight(&self) -> Option<&Poll> {
        self.in_flight.as_ref()
    }

    /// The service stops: a read in flight is of no interest any more, nor is the poll that was to follow it.
    pub fn stop(&mut self) {
        self.in_flight = None;
        self.follow_up = false;
    }

    /// The read before the store opens.
    pub fn begin_first(&mut self, now: SimTime) -> Poll {
        self.begin(PollTrigger::Start, now, now)
    }

    /// The same schedule on a new grid that starts at `now`; a read in flight goes on.
    pub fn regrid(&mut self, now: SimTime, interval: Duration) {
        let Self { interval, next_tick, .. } = Self::new(now, interval);
        self.interval = interval;
        self.next_tick = next_tick;
    }

    /// When [`PollSchedule::handle_timeout`] has something to do: the next tick, unless a read is in flight or store
    /// time ends before it.
    pub fn poll_timeout(&self) -> Option<SimTime> {
        (self.in_flight.is_none() && self.next_tick < SimTime::MAX).then_some(self.next_tick)
    }

    /// Begins the poll that is due, if one is.
    #[must_use]
    pub fn handle_timeout(&mut self, now: SimTime) -> Option<Poll> {
        self.poll_timeout().filter(|due| *due <= now)?;
        let due = self.pass_ticks(now);
        Some(self.begin(PollTrigger::Tick, due, now))
    }

    /// Lets the tick that is due pass without a poll; when it was due.
    pub fn skip_tick(&mut self, now: SimTime) -> Option<SimTime> {
        self.poll_timeout().filter(|due| *due <= now)?;
        Some(self.pass_ticks(now))
    }

    /// Asks for a poll now.
    pub fn request(&mut self, now: SimTime) -> Requested {
        if self.in_flight.is_some() {
            self.follow_up = true;
            return Requested::Queued(PollNumber(self.begun.saturating_add(1)));
        }
        Requested::Begun(self.begin(PollTrigger::Request, now, now))
    }

    /// Ends the read in flight; the poll that was asked for meanwhile begins at once.
    #[must_use]
    pub fn finish(&mut self, now: SimTime) -> Option<Poll> {
        self.in_flight = None;
        let asked = core::mem::take(&mut self.follow_up);
        asked.then(|| self.begin(PollTrigger::Request, now, now))
    }

    fn begin(&mut self, trigger: PollTrigger, due: SimTime, started: SimTime) -> Poll {
        self.begun = self.begun.saturating_add(1);
        let poll = Poll { number: PollNumber(self.begun), trigger, due, started };
        self.in_flight = Some(poll);
        poll
    }

    /// Moves the grid past `now` and returns its last tick that is not later.
    fn pass_ticks(&mut self, now: SimTime) -> SimTime {
        let late = now.since(self.next_tick).as_micros();
        let missed = late.checked_div(self.interval.as_micros()).unwrap_or(0);
        let missed = missed.saturating_mul(self.interval.as_micros());
        let missed = Duration::from_micros(u64::try_from(missed).unwrap_or(u64::MAX));
        let due = self.next_tick.saturating_add(missed);
        self.next_tick = due.saturating_add(self.interval);
        due
    }
}
