// Clock and polls: how store time moves, when the registry is polled, and what every poll found.
import { seqOf } from "../api/journal";
import type { Schedule } from "../api/types";
import { live } from "../model/current";
import { marks, marksVersion, pollAt } from "../model/marks";
import { useLedger } from "../model/polls";
import { useResource } from "../model/resource";
import { at, place } from "../router";
import { Heading } from "../ui/heading";
import { AdvanceCard, ModeCard, ScheduleCard } from "./clock_controls";
import { LedgerTable } from "./clock_ledger";
import { PollDetail } from "./clock_poll";
import "./clock.css";

/** A poll that is held is told by the fault that holds it. */
const OF_SCHEDULE = /^(poll|store|clock|fault|snapshot)\./;

export function ClockScreen() {
  const store = live.value;
  const schedule = useResource<Schedule>(`${store.path}/polls/schedule`, OF_SCHEDULE);
  const ledger = useLedger();
  void marksVersion.value;
  const open = Number(place.value.parts[0] ?? NaN);
  const isOpen = Number.isInteger(open) && 0 < open;
  const newest = at.value === null ? null : pollAt(marks, seqOf(at.value));
  return (
    <>
      <Heading title="Clock and polls" />
      {newest !== null && (
        <p class="note note-warn">The ledger is shown as it was then. What is done here is done to the store as it is now.</p>
      )}
      <div class="columns clock-cards">
        <AdvanceCard />
        <ScheduleCard schedule={schedule} />
        <ModeCard />
      </div>
      <LedgerTable ledger={ledger} held={schedule.body?.in_flight ?? null} open={isOpen ? open : null} newest={newest} />
      {isOpen && <PollDetail key={open} number={open} />}
    </>
  );
}
