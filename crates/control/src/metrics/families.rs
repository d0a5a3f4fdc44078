//! The families of metrics, each with its help, and how they are written.

use core::fmt::Error;
use std::borrow::Cow;
use std::collections::HashMap;

use clock::SimTime;
use infostore::{EndReason, EventKind, Judged, Tally};
use policy::BlockList;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Unit;
use server::{StoreTotals, WaitEnd};

use super::{Sample, Scrape, StoreState};
use crate::event_words::kind_text;

/// What a series says of itself beside its store.
type Labels<'a> = Vec<(&'static str, Cow<'a, str>)>;

/// What a series of a counter is at.
type Counted<'a> = (Labels<'a>, u64);

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut page = PageOf { encoder, stores: &self.stores };
        page.build(&self.version)?;
        page.states()?;
        page.polls()?;
        page.exchange()?;
        page.decisions()?;
        page.counters()?;
        page.enforcement()
    }
}

/// A page that is being written.
struct PageOf<'e, 's> {
    encoder: DescriptorEncoder<'e>,
    stores: &'s [Sample],
}

impl PageOf<'_, '_> {
    fn build(&mut self, version: &str) -> Result<(), Error> {
        let help = "The program that answers.";
        let mut family =
            self.encoder.encode_descriptor("exstore_build", help, None, MetricType::Info)?;
        family.encode_info(&[("version", version)])?;
        let help = "Stores of the process.";
        let mut family =
            self.encoder.encode_descriptor("exstore_stores", help, None, MetricType::Gauge)?;
        let living = self.stores.iter().filter(|sample| sample.state.is_some()).count();
        family.encode_gauge(&whole(living))
    }

    fn states(&mut self) -> Result<(), Error> {
        self.gauge("exstore_store_running", "Whether clients are admitted: 1 or 0.", |state| {
            i64::from(state.running)
        })?;
        self.gauge(
            "exstore_store_epoch",
            "The run of the store's history; a reset begins a new one.",
            |state| whole(state.epoch.0),
        )?;
        self.gauge("exstore_sessions", "Live sessions.", |state| whole(state.counts.sessions))?;
        self.gauge(
            "exstore_sessions_unidentified",
            "Live sessions without a process name, which no process list can hit.",
            |state| whole(state.counts.unidentified),
        )?;
        self.gauge(
            "exstore_session_classes",
            "Distinct combinations of process names and version among the live sessions.",
            |state| whole(state.counts.classes),
        )?;
        self.gauge("exstore_clients", "Injected clients.", |state| whole(state.clients))?;
        self.gauge("exstore_waits_open", "Requests that wait.", |state| whole(state.waits))?;
        self.gauge("exstore_fault_rules", "Fault rules.", |state| whole(state.fault_rules))?;
        self.gauge("exstore_policy_generation", "The policy in force.", |state| {
            whole(state.generation)
        })?;
        self.gauge(
            "exstore_policy_enforced",
            "Whether the policy is acted on (1) or only reported (0).",
            |state| i64::from(state.enforced),
        )?;
        let help = "Items of the lists in force.";
        let mut family = self.encoder.encode_descriptor(
            "exstore_policy_items",
            help,
            None,
            MetricType::Gauge,
        )?;
        for (store, state) in living(self.stores) {
            for (list, count) in state.items {
                let labels = [("store", store), ("list", list_word(list))];
                family.encode_family(&labels)?.encode_gauge(&whole(count))?;
            }
        }
        self.gauge("exstore_journal_entries", "Entries that the journal keeps.", |state| {
            whole(state.journal_entries)
        })?;
        self.gauge_in(
            ("exstore_journal_size", Some(Unit::Bytes)),
            "What they weigh, about.",
            |state| Some(whole(state.journal_bytes)),
        )
    }

    fn polls(&mut self) -> Result<(), Error> {
        let seconds = |name| (name, Some(Unit::Seconds));
        self.gauge_in(seconds("exstore_store_time"), "Store time, since 1970 in UTC.", |state| {
            Some(unix(state.now))
        })?;
        self.gauge_in(
            seconds("exstore_last_poll_timestamp"),
            "Store time when the last poll was over, since 1970 in UTC; absent before the first.",
            |state| state.last_poll.map(unix),
        )?;
        self.gauge_in(
            seconds("exstore_next_poll_timestamp"),
            "Store time when the next poll is due, since 1970 in UTC; absent while the service is stopped.",
            |state| state.next_poll.map(unix),
        )
    }

    /// The counters of the performance object MSExchangeIS that the store knows.
    fn exchange(&mut self) -> Result<(), Error> {
        self.gauge(
            "exstore_msexchangeis_connection_count",
            "MSExchangeIS: Connection Count. Association groups that hold a live session.",
            |state| whole(state.activity.groups),
        )?;
        self.gauge(
            "exstore_msexchangeis_active_connection_count",
            "MSExchangeIS: Active Connection Count. Those that have called in the last ten minutes of store time.",
            |state| whole(state.activity.active_groups),
        )?;
        self.gauge(
            "exstore_msexchangeis_user_count",
            "MSExchangeIS: User Count. Live sessions.",
            |state| whole(state.counts.sessions),
        )?;
        self.gauge(
            "exstore_msexchangeis_active_user_count",
            "MSExchangeIS: Active User Count. Sessions that have called in the last ten minutes of store time.",
            |state| whole(state.activity.active_sessions),
        )?;
        self.gauge(
            "exstore_msexchangeis_maximum_users",
            "MSExchangeIS: Maximum Users. The most sessions at a time since the service started.",
            |state| whole(state.counts.most_sessions),
        )
    }

    fn decisions(&mut self) -> Result<(), Error> {
        const CAN_BE: [(Judged, Option<BlockList>); 8] = [
            (Judged::Admitted, None),
            (Judged::Refused, None),
            (Judged::Refused, Some(BlockList::Processes)),
            (Judged::Refused, Some(BlockList::Versions)),
            (Judged::Disconnected, Some(BlockList::Processes)),
            (Judged::Disconnected, Some(BlockList::Versions)),
            (Judged::WouldBlock, Some(BlockList::Processes)),
            (Judged::WouldBlock, Some(BlockList::Versions)),
        ];
        self.counter(
            "exstore_decisions",
            "Decisions on clients, by what came of them and the list that had the item.",
            |totals| {
                let rows = CAN_BE.iter().map(|(judged, list)| {
                    let list_word = list.map_or("none", list_word);
                    let labels = vec![
                        ("action", Cow::Borrowed(judged_word(*judged))),
                        ("list", Cow::Borrowed(list_word)),
                    ];
                    (labels, totals.tally.decisions(*judged, *list))
                });
                rows.collect()
            },
        )?;
        self.counter(
            "exstore_item_hits",
            "Decisions by the item of the list; `(other)` stands for items past the first hundred of a store, and long ones.",
            |totals| {
                let rows = totals.tally.items().map(|(item, judged, count)| {
                    let text = item.text.as_deref().unwrap_or("(other)");
                    let labels = vec![
                        ("action", Cow::Borrowed(judged_word(judged))),
                        ("list", Cow::Borrowed(list_word(item.list))),
                        ("item", Cow::Borrowed(text)),
                    ];
                    (labels, count)
                });
                merged(rows)
            },
        )
    }

    fn counters(&mut self) -> Result<(), Error> {
        self.counter(
            "exstore_refusals",
            "Clients that got no session, by the reason.",
            |totals| {
                let rows = totals.tally.refusals();
                rows.map(|(reason, count)| (vec![("reason", reason.into())], count)).collect()
            },
        )?;
        self.counter("exstore_sessions_ended", "Sessions that ended, by how.", |totals| {
            let row = |reason: EndReason| {
                (vec![("reason", reason.to_string().into())], totals.tally.ends(reason))
            };
            EndReason::ALL.into_iter().map(row).collect()
        })?;
        self.counter(
            "exstore_polls",
            "Ticks and requests to poll: `completed` ones read every value, `skipped` and `abandoned` ones none.",
            |totals| {
                let kinds = [
                    ("completed", EventKind::PollCompleted),
                    ("skipped", EventKind::PollSkipped),
                    ("abandoned", EventKind::PollAbandoned),
                ];
                let row = |(outcome, kind): (&'static str, _)| {
                    (vec![("outcome", outcome.into())], totals.tally.events(kind))
                };
                kinds.into_iter().map(row).collect()
            },
        )?;
        self.events_of(
            "exstore_poll_read_failures",
            "Values that a poll could not read.",
            EventKind::PollFailed,
        )?;
        self.events_of(
            "exstore_policy_changes",
            "Policies that came into force with other rules.",
            EventKind::PolicyChanged,
        )?;
        self.events_of(
            "exstore_registry_invalid",
            "Values that a poll found and that can't be used as they stand.",
            EventKind::RegistryInvalid,
        )?;
        self.events_of(
            "exstore_enforcements",
            "Sweeps over the sessions after a change of the policy or its mode.",
            EventKind::EnforcementCompleted,
        )?;
        self.counter("exstore_journal_events", "Entries of the journal, by type.", |totals| {
            let row = |kind: &EventKind| {
                (vec![("type", kind_text(*kind).into())], totals.tally.events(*kind))
            };
            EventKind::ALL.iter().map(row).collect()
        })?;
        self.counter("exstore_journal_evicted", "Entries that have left the journal.", |totals| {
            vec![(Vec::new(), totals.tally.evicted())]
        })?;
        self.counter("exstore_fault_hits", "Hits of fault rules.", |totals| {
            let row = |(stage, effect, count): (infostore::Stage, &'static str, u64)| {
                (vec![("stage", stage.name().into()), ("effect", effect.into())], count)
            };
            totals.tally.fault_hits().map(row).collect()
        })?;
        self.counter("exstore_waits", "Waits and assertions that ended, by how.", |totals| {
            let row = |(end, count): (&WaitEnd, &u64)| {
                (vec![("outcome", wait_word(*end).into())], *count)
            };
            totals.waits.iter().map(row).collect()
        })?;
        self.counter("exstore_rpc_calls", "Calls of DCE/RPC that were complete.", |totals| {
            vec![(Vec::new(), totals.traffic.calls)]
        })?;
        self.counter("exstore_rpc_packets", "PDUs of DCE/RPC, by their direction.", |totals| {
            let server::TrafficTotals { received, sent, .. } = totals.traffic;
            let row = |(way, count): (&'static str, u64)| (vec![("direction", way.into())], count);
            [("received", received), ("sent", sent)].into_iter().map(row).collect()
        })
    }

    fn enforcement(&mut self) -> Result<(), Error> {
        let help = "Wall time from when the store took up what made the policy cut clients off until the last connection of their association group was closed.";
        let mut family = self.encoder.encode_descriptor(
            "exstore_enforcement",
            help,
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for Sample { store, totals, .. } in self.stores {
            let took = &totals.enforcement;
            let bound = |bound: Option<core::time::Duration>| {
                bound.map_or(f64::INFINITY, |bound| bound.as_secs_f64())
            };
            let buckets: Vec<(f64, u64)> =
                took.buckets().map(|(most, count)| (bound(most), count)).collect();
            let exemplars: Option<&HashMap<usize, Exemplar<NoLabelSet, f64>>> = None;
            family.encode_family(&[("store", store.as_str())])?.encode_histogram(
                took.sum().as_secs_f64(),
                took.count(),
                &buckets,
                exemplars,
            )?;
        }
        Ok(())
    }

    // === how they are written ===

    fn gauge(
        &mut self,
        name: &str,
        help: &str,
        value: impl Fn(&StoreState) -> i64,
    ) -> Result<(), Error> {
        self.gauge_in((name, None), help, |state| Some(value(state)))
    }

    /// A gauge of each living store; one that is none of a store has no series there.
    fn gauge_in<V: EncodeGaugeValue>(
        &mut self,
        (name, unit): (&str, Option<Unit>),
        help: &str,
        value: impl Fn(&StoreState) -> Option<V>,
    ) -> Result<(), Error> {
        let kind = MetricType::Gauge;
        let mut family = self.encoder.encode_descriptor(name, help, unit.as_ref(), kind)?;
        for (store, state) in living(self.stores) {
            if let Some(value) = value(state) {
                family.encode_family(&[("store", store)])?.encode_gauge(&value)?;
            }
        }
        Ok(())
    }

    fn counter(
        &mut self,
        name: &str,
        help: &str,
        rows: impl for<'t> Fn(&'t StoreTotals) -> Vec<Counted<'t>>,
    ) -> Result<(), Error> {
        let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for Sample { store, totals, .. } in self.stores {
            for (mut labels, count) in rows(totals) {
                labels.insert(0, ("store", Cow::Borrowed(store)));
                write_counter(family.encode_family(&labels)?, count)?;
            }
        }
        Ok(())
    }

    fn events_of(&mut self, name: &str, help: &str, kind: EventKind) -> Result<(), Error> {
        self.counter(name, help, |totals| vec![(Vec::new(), events(&totals.tally, kind))])
    }
}

fn write_counter(mut series: MetricEncoder<'_>, count: u64) -> Result<(), Error> {
    let exemplar: Option<&Exemplar<NoLabelSet, u64>> = None;
    series.encode_counter(&count, exemplar)
}

fn events(tally: &Tally, kind: EventKind) -> u64 {
    tally.events(kind)
}

/// An item may be written `(other)` too; a series is told once.
fn merged<'a>(rows: impl Iterator<Item = Counted<'a>>) -> Vec<Counted<'a>> {
    let mut sums = std::collections::BTreeMap::<Labels<'a>, u64>::new();
    for (labels, count) in rows {
        let sum = sums.entry(labels).or_default();
        *sum = sum.saturating_add(count);
    }
    sums.into_iter().collect()
}

fn living(stores: &[Sample]) -> impl Iterator<Item = (&str, &StoreState)> {
    stores.iter().filter_map(|sample| Some((sample.store.as_str(), sample.state.as_ref()?)))
}

fn whole(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

/// Seconds since 1970.
fn unix(time: SimTime) -> f64 {
    core::time::Duration::from_micros(time.as_micros()).as_secs_f64()
}

fn list_word(list: BlockList) -> &'static str {
    match list {
        BlockList::Processes => "processes",
        BlockList::Versions => "versions",
    }
}

fn judged_word(judged: Judged) -> &'static str {
    match judged {
        Judged::Admitted => "admitted",
        Judged::Refused => "refused",
        Judged::Disconnected => "disconnected",
        Judged::WouldBlock => "would_block",
    }
}

fn wait_word(end: WaitEnd) -> &'static str {
    match end {
        WaitEnd::Met => "met",
        WaitEnd::NotMet => "not_met",
        WaitEnd::GivenUp => "given_up",
        WaitEnd::Late => "late",
        WaitEnd::Deadlock => "deadlock",
        WaitEnd::Hopeless => "hopeless",
        WaitEnd::Missed => "missed",
        WaitEnd::Reset => "reset",
        WaitEnd::Stopped => "stopped",
    }
}
