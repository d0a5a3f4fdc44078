//! A store that only notes what it is told, and shows what the test put there.

use clock::SimTime;
use serde_json::json;
use simulator::{
    Apply, BlockList, BuildNumber, BuildView, ClientId, ClientState, ClientTally, ClockView,
    ClusterMode, DriverError, FaultRule, FileView, Fleet, Injection, OfProcess, PolicyMode,
    PolicyView, PollView, ProcessName, RegistryValue, Selection, SnapshotId, StoreDriver,
    StoreEvent, StoreTable, ValuePlace, Wait, Waited,
};

/// A live session.
pub(super) struct NotedSession {
    pub(super) process: Option<&'static str>,
    pub(super) group: Option<&'static str>,
}

/// An injected client.
pub(super) struct NotedClient {
    pub(super) group: &'static str,
    pub(super) state: ClientState,
    pub(super) outcome: Option<&'static str>,
}

/// A store that believes everything.
pub(super) struct NotingStore {
    pub(super) told: Vec<String>,
    pub(super) sessions: Vec<NotedSession>,
    pub(super) clients: Vec<NotedClient>,
    /// What the first step will have caused.
    pub(super) pending: Vec<StoreEvent>,
    pub(super) journal: Vec<StoreEvent>,
    /// What is due, in order; each is over once the clock is there.
    pub(super) due: Vec<SimTime>,
    /// What a wait comes to.
    pub(super) waited: Waited,
    pub(super) lints: Vec<&'static str>,
    pub(super) now: SimTime,
    pub(super) injected: u64,
    pub(super) build: BuildNumber,
    /// What it can't do since nobody reaches it.
    pub(super) fails: Option<&'static str>,
    /// What it refuses to do, and with which problem.
    pub(super) refuses: Option<(&'static str, &'static str)>,
}

impl Default for NotingStore {
    fn default() -> Self {
        Self {
            told: Vec::new(),
            sessions: Vec::new(),
            clients: Vec::new(),
            pending: Vec::new(),
            journal: Vec::new(),
            due: Vec::new(),
            waited: Waited::Met,
            lints: Vec::new(),
            now: "2006-04-22T08:00:00Z".parse().unwrap(),
            injected: 0,
            build: number("6.5.7638"),
            fails: None,
            refuses: None,
        }
    }
}

fn number(text: &str) -> BuildNumber {
    text.parse().unwrap()
}

impl NotingStore {
    fn note(&mut self, told: String) -> Result<(), DriverError> {
        if self.fails.is_some_and(|fails| told.starts_with(fails)) {
            return Err(DriverError::new("the store is gone"));
        }
        if let Some((_, problem)) = self.refuses.filter(|(refuses, _)| told.starts_with(refuses)) {
            return Err(DriverError::refused(problem, "it can't be done"));
        }
        if !told.starts_with("start over") {
            self.journal.append(&mut self.pending);
        }
        self.told.push(told);
        Ok(())
    }
}

fn is_named(which: &OfProcess, process: Option<&str>) -> bool {
    match which {
        OfProcess::Any => true,
        OfProcess::Unnamed => process.is_none(),
        OfProcess::Named(name) => process.is_some_and(|process| process.eq_ignore_ascii_case(name)),
    }
}

impl StoreDriver for NotingStore {
    fn start_over(&mut self, start: SimTime) -> Result<(), DriverError> {
        self.note(format!("start over at {start}"))
    }

    fn inject(&mut self, clients: &[Injection]) -> Result<Vec<ClientId>, DriverError> {
        let mut ids = Vec::new();
        for Injection { spec, transport, group } in clients {
            self.injected += 1;
            ids.push(ClientId(100 + self.injected));
            let (user, machine) = (spec.user(), spec.machine());
            self.note(format!("inject {user}@{machine} over {transport:?} as {group:?}"))?;
        }
        Ok(ids)
    }

    fn deploy(&mut self, fleet: &Fleet) -> Result<Vec<(String, Vec<ClientId>)>, DriverError> {
        self.note(format!("deploy `{}` over {:?}", fleet.name(), fleet.transport()))?;
        let groups =
            fleet.groups().iter().map(|group| (group.name().to_owned(), vec![ClientId(900)]));
        Ok(groups.collect())
    }

    fn connect_clients(&mut self, clients: &[ClientId]) -> Result<(), DriverError> {
        self.note(format!("connect {:?}", clients.iter().map(|id| id.0).collect::<Vec<_>>()))
    }

    fn disconnect_clients(&mut self, clients: &[ClientId]) -> Result<(), DriverError> {
        self.note(format!("disconnect {:?}", clients.iter().map(|id| id.0).collect::<Vec<_>>()))
    }

    fn report(&mut self, ClientId(id): ClientId, process: &ProcessName) -> Result<(), DriverError> {
        self.note(format!("report {process} by {id}"))
    }

    fn touch(&mut self, ClientId(id): ClientId) -> Result<(), DriverError> {
        self.note(format!("touch {id}"))
    }

    fn set_value(&mut self, at: &ValuePlace, value: &RegistryValue) -> Result<(), DriverError> {
        let ValuePlace { name, node } = at;
        let value = serde_json::to_string(value).unwrap();
        self.note(format!("set {name} on {node:?} to {value}"))
    }

    fn delete_value(&mut self, at: &ValuePlace) -> Result<(), DriverError> {
        let ValuePlace { name, node } = at;
        self.note(format!("delete {name} on {node:?}"))
    }

    fn block(&mut self, list: BlockList, text: &str, apply: Apply) -> Result<(), DriverError> {
        self.note(format!("write `{text}` as {list:?}, {apply:?}"))
    }

    fn unblock(&mut self, list: BlockList, apply: Apply) -> Result<(), DriverError> {
        self.note(format!("take away {list:?}, {apply:?}"))
    }

    fn set_policy_mode(&mut self, mode: PolicyMode) -> Result<(), DriverError> {
        self.note(format!("{mode:?} the policy"))
    }

    fn change_settings(&mut self, settings: &StoreTable) -> Result<(), DriverError> {
        self.note(format!("change {}", serde_json::to_string(settings).unwrap()))
    }

    fn add_fault(&mut self, rule: &FaultRule) -> Result<(), DriverError> {
        self.note(format!("add fault {}", serde_json::to_string(rule).unwrap()))
    }

    fn clear_faults(&mut self) -> Result<(), DriverError> {
        self.note("clear faults".to_owned())
    }

    fn take_snapshot(&mut self, name: &str) -> Result<SnapshotId, DriverError> {
        self.note(format!("take snapshot `{name}`"))?;
        Ok(SnapshotId(7))
    }

    fn restore(&mut self, SnapshotId(id): SnapshotId) -> Result<(), DriverError> {
        self.note(format!("restore {id}"))
    }

    fn install_build(&mut self, build: BuildNumber) -> Result<(), DriverError> {
        self.note(format!("install {build}"))?;
        self.build = build;
        Ok(())
    }

    fn install_hotfix(&mut self) -> Result<(), DriverError> {
        self.note("install the hotfix".to_owned())?;
        self.build = number("6.5.7651.19");
        Ok(())
    }

    fn build(&mut self) -> Result<BuildView, DriverError> {
        let installed = self.build;
        Ok(BuildView { installed, running: installed, files: files(installed) })
    }

    fn restart(&mut self) -> Result<(), DriverError> {
        self.note("restart".to_owned())
    }

    fn set_cluster(&mut self, mode: ClusterMode) -> Result<(), DriverError> {
        self.note(format!("be a cluster of mode {mode:?}"))
    }

    fn fail_over(&mut self, to: Option<&str>) -> Result<(), DriverError> {
        self.note(format!("fail over to {to:?}"))
    }

    fn advance_to(&mut self, to: SimTime) -> Result<(), DriverError> {
        self.note(format!("advance to {to}"))?;
        self.now = to;
        self.due.retain(|due| to < *due);
        Ok(())
    }

    fn next_poll(&mut self) -> Result<Option<SimTime>, DriverError> {
        Ok(Some("2006-04-22T08:15:00Z".parse().unwrap()))
    }

    fn poll_now(&mut self) -> Result<(), DriverError> {
        self.note("poll".to_owned())
    }

    fn wait(&mut self, wait: &Wait) -> Result<Waited, DriverError> {
        let until = serde_json::to_string(&wait.until).unwrap();
        self.note(format!("wait {:?} of {:?} for {until}", wait.within, wait.timeout))?;
        Ok(self.waited.clone())
    }

    fn clock(&mut self) -> Result<ClockView, DriverError> {
        Ok(ClockView { now: self.now, next_deadline: self.due.first().copied() })
    }

    fn count_sessions(&mut self, which: &Selection) -> Result<u64, DriverError> {
        let counted = self.sessions.iter().filter(|session| {
            is_named(&which.process, session.process)
                && (which.group.is_none() || which.group.as_deref() == session.group)
        });
        Ok(u64::try_from(counted.count()).unwrap())
    }

    fn count_clients(&mut self, which: &Selection) -> Result<u64, DriverError> {
        let all = self.tally_clients(which)?;
        let counted = all.iter().filter(|place| which.state.is_none_or(|is| is == place.state));
        Ok(counted.map(|place| place.count).sum())
    }

    fn tally_clients(&mut self, which: &Selection) -> Result<Vec<ClientTally>, DriverError> {
        let mut tally: Vec<ClientTally> = Vec::new();
        let is_one = |client: &&NotedClient| {
            which.group.as_deref().is_none_or(|group| group == client.group)
        };
        for client in self.clients.iter().filter(is_one) {
            let outcome = client.outcome.map(ToOwned::to_owned);
            let state = client.state;
            match tally.iter_mut().find(|place| (place.state, &place.outcome) == (state, &outcome))
            {
                Some(place) => place.count += 1,
                None => tally.push(ClientTally { state, outcome, count: 1 }),
            }
        }
        Ok(tally)
    }

    fn lints(&mut self, _list: BlockList) -> Result<Vec<String>, DriverError> {
        Ok(self.lints.iter().map(|code| (*code).to_owned()).collect())
    }

    fn poll(&mut self, number: u64) -> Result<PollView, DriverError> {
        let reads = json!([{ "list": "processes", "reading": "text" }, { "list": "versions", "reading": "not_found" }]);
        let poll = json!({
            "number": number, "reads": reads, "changed": true, "generation": 1, "disconnected": 3, "would_block": 0,
        });
        Ok(serde_json::from_value(poll).unwrap())
    }

    fn policy(&mut self) -> Result<PolicyView, DriverError> {
        Ok(PolicyView { mode: PolicyMode::Audit, generation: 1, forbidden: 2, would_block: 5 })
    }

    fn events_after(
        &mut self,
        seq: u64,
        events: &mut Vec<StoreEvent>,
    ) -> Result<bool, DriverError> {
        // A page has two.
        let mut after = self.journal.iter().filter(|event| seq < event.seq).cloned();
        events.extend(after.by_ref().take(2));
        Ok(after.next().is_some())
    }
}

/// The files that the control plane shows with this build.
fn files(build: BuildNumber) -> Vec<FileView> {
    let is_hotfix = build == number("6.5.7651.19");
    let known = [
        ("Exosal.dll", 70_144, "2006-04-22T04:43:00Z"),
        ("Mdbmsg.dll", 3_361_280, "2006-04-22T03:58:00Z"),
        ("Store.exe", 5_256_704, "2006-04-22T04:46:00Z"),
    ];
    let file = |(name, bytes, built): (&str, u64, &str)| {
        let version = (is_hotfix || name == "Store.exe").then(|| build.to_string());
        let (bytes, built) = (is_hotfix.then_some(bytes), is_hotfix.then_some(built));
        let file = json!({ "name": name, "version": version, "bytes": bytes, "built": built });
        serde_json::from_value(file).unwrap()
    };
    known.map(file).into()
}
