// What is in force, whether it is acted on, and whether the build that runs reads it at all.
import { installHotfix, restartService, setMode } from "../api/changes_policy";
import type { Build, PolicyInForce, PolicyModeState } from "../api/types";
import { live } from "../model/current";
import { counted } from "../model/text";
import { Action } from "../ui/action";

interface StateProps {
  policy: PolicyInForce | null;
  build: Build | null;
  mode: PolicyModeState | null;
}

export function PolicyState({ policy, build, mode }: StateProps) {
  return (
    <div class="policy-state">
      {build && <BuildCard build={build} />}
      {mode && <ModeCard mode={mode} policy={policy} />}
    </div>
  );
}

function BuildCard({ build }: { build: Build }) {
  const store = live.value;
  const { honours, running, installed, product, restart_needed: needsRestart } = build;
  const hasHotfix = honours.processes;
  return (
    <section class="card" aria-labelledby="policy-build">
      <h2 id="policy-build">Build {running}</h2>
      <p>
        {product}
        {needsRestart && `. Build ${installed} is installed, and runs from the next start on.`}
      </p>
      <ul class="policy-honours">
        <Honours isHonoured={honours.processes} text="the list of programs" />
        <Honours isHonoured={honours.versions} text="the list of versions" />
      </ul>
      <p class="row">
        <Action
          id="policy-install-hotfix"
          change={installHotfix(store)}
          kind={hasHotfix ? "plain" : "primary"}
          disabled={hasHotfix}
          onDone={() => "The hotfix is installed, and the service has restarted"}
        />
        <Action
          id="policy-restart"
          change={restartService(store)}
          kind={needsRestart ? "primary" : "plain"}
          onDone={() => "The service has restarted, and has read the lists"}
        />
      </p>
      <p class="hint">{hasHotfix ? "This build has the hotfix of KB 920185. A restart ends every session." : "Both end every session."}</p>
    </section>
  );
}

function Honours({ isHonoured, text }: { isHonoured: boolean; text: string }) {
  return (
    <li>
      <span class={isHonoured ? "badge badge-good" : "badge badge-warn"}>{isHonoured ? "✓ reads" : "✗ ignores"}</span> {text}
    </li>
  );
}

function ModeCard({ mode, policy }: { mode: PolicyModeState; policy: PolicyInForce | null }) {
  const store = live.value;
  const isAudit = mode.mode === "audit";
  const sessions = counted(mode.forbidden, "session");
  const question = `The policy forbids ${sessions} that ${mode.forbidden === 1 ? "is" : "are"} open. Enforcing it ends them at once.`;
  return (
    <section class="card" aria-labelledby="policy-mode">
      <h2 id="policy-mode">{isAudit ? "Audit: nobody is cut off" : "The policy is enforced"}</h2>
      <p>
        {policy?.off ? "It blocks nobody: both lists are empty. " : ""}
        {isAudit
          ? "What it would do is decided and journalled, and done to nobody."
          : "Whoever is on a list is refused, and cut off when the list changes."}
      </p>
      <dl class="pairs">
        <dt>In force</dt>
        <dd>{mode.generation === 0 ? "no policy yet" : `policy ${mode.generation}`}</dd>
        {isAudit && (
          <>
            <dt>Forbidden now</dt>
            <dd id="policy-forbidden">{sessions}</dd>
          </>
        )}
        {(isAudit || 0 < mode.would_block) && (
          <>
            <dt>Would have blocked</dt>
            <dd id="policy-would-block">{mode.would_block} since the start, in audit mode</dd>
          </>
        )}
      </dl>
      <p class="row" role="group" aria-label="What is done about clients that the policy forbids">
        <Action
          id="policy-mode-enforce"
          change={setMode(store, "enforce")}
          pressed={!isAudit}
          confirm={isAudit && 0 < mode.forbidden ? question : undefined}
          onDone={() => "The policy is enforced"}
        >
          Enforce{isAudit && 0 < mode.forbidden && `: end ${sessions}`}
        </Action>
        <Action id="policy-mode-audit" change={setMode(store, "audit")} pressed={isAudit} onDone={() => "Audit: nobody is cut off"}>
          Audit only
        </Action>
      </p>
    </section>
  );
}
