// The policy studio: the two lists, what they would do before they do it, and what became of them.
import type { Build, PolicyInForce, PolicyModeState } from "../api/types";
import { live } from "../model/current";
import { useResource } from "../model/resource";
import { at } from "../router";
import { Heading } from "../ui/heading";
import { ProblemNote } from "../ui/problem";
import "./policy.css";
import { PolicyHistory } from "./policy_history";
import { ListStudio } from "./policy_list";
import { PolicyState } from "./policy_state";

/** What changes what is in force. */
const CHANGES = /^(policy|build|store|enforcement)\./;

export function PolicyScreen() {
  const { path } = live.value;
  const policy = useResource<PolicyInForce>(`${path}/policy`, CHANGES);
  const build = useResource<Build>(`${path}/build`, CHANGES);
  const mode = useResource<PolicyModeState>(`${path}/policy/mode`, /^(policy|build|store|enforcement|session)\./);
  const error = policy.error ?? build.error ?? mode.error;
  return (
    <>
      <Heading title="Policy">
        <p class="soft">Which clients may not connect, and whom a change would cut off.</p>
      </Heading>
      {at.value !== null && <p class="note note-warn">This screen shows the policy as it is now, whatever entry is looked at.</p>}
      {error !== null && <ProblemNote error={error} onRetry={policy.reload} />}
      <PolicyState policy={policy.body} build={build.body} mode={mode.body} />
      <ListStudio list="processes" policy={policy.body} />
      <ListStudio list="versions" policy={policy.body} />
      <PolicyHistory policy={policy.body} />
    </>
  );
}
