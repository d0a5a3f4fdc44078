// The registry that the store polls: its keys, their values, and a way to edit, import and export them.
import type { Cluster, RegistryKey } from "../api/types";
import { keyPath } from "../api/changes_registry";
import { POLLED_KEY } from "../model/block_lists";
import { live } from "../model/current";
import { isBelow, isSameKey, spelledOut } from "../model/registry";
import { useResource } from "../model/resource";
import { at, go, href, place } from "../router";
import { Heading } from "../ui/heading";
import { ProblemNote } from "../ui/problem";
import "./registry.css";
import { ValueEditor } from "./registry_editor";
import { RegistryImport } from "./registry_import";
import { KeyPanel, MissingKey } from "./registry_key";
import { RegistryTree } from "./registry_tree";

/** The key that the URL names; the one that the store polls when it names none. */
function keyInUrl(): string {
  const { parts } = place.value;
  return parts.length === 0 ? POLLED_KEY : spelledOut(parts.join("\\"));
}

export function RegistryScreen() {
  const store = live.value;
  const { query } = place.value;
  const key = keyInUrl();
  const node = query.get("node");
  const where = { key, node };
  const changes = (event: { type: string; key?: string }) =>
    event.type === "registry.changed" ? isBelow(event.key ?? "", key) || isBelow(key, event.key ?? "") : /^(registry|cluster)\./.test(event.type);
  const { body, error, reload } = useResource<RegistryKey>(keyPath(store, where), (event) => changes(event as { type: string; key?: string }));
  const cluster = useResource<Cluster>(`${store.path}/cluster`, /^cluster\./);
  const isPolled = isSameKey(key, POLLED_KEY);
  const chosen = query.get("unnamed") === "1" ? "" : query.get("value");
  const isNew = query.get("new") === "value";
  return (
    <>
      <Heading title="Registry">
        {!isPolled && (
          <a id="registry-polled" href={href(`registry/${encodeURIComponent(POLLED_KEY)}`, { node })}>
            The key that the store polls
          </a>
        )}
        {cluster.body && 1 < cluster.body.nodes.length && <NodePicker cluster={cluster.body} node={node} keyShown={key} />}
      </Heading>
      {at.value !== null && <p class="note note-warn">This screen shows the registry as it is now, whatever entry is looked at.</p>}
      <div class="registry-columns">
        <RegistryTree chosen={key} node={node} />
        <div class="registry-main">
          {error !== null ? (
            <MissingKey where={where} error={error} onRetry={reload} />
          ) : (
            body && (
              <KeyPanel body={body} where={where} chosen={chosen}>
                {(chosen !== null || isNew) && (
                  <ValueEditor key={`${key}\n${node}\n${isNew}\n${chosen}`} body={body} where={where} name={isNew ? null : chosen} />
                )}
              </KeyPanel>
            )
          )}
          <RegistryImport node={node} />
        </div>
      </div>
      {cluster.error !== null && <ProblemNote error={cluster.error} />}
    </>
  );
}

function NodePicker({ cluster, node, keyShown }: { cluster: Cluster; node: string | null; keyShown: string }) {
  return (
    <label>
      Node{" "}
      <select
        id="registry-node"
        value={node ?? ""}
        onChange={(event) => go(href(`registry/${encodeURIComponent(keyShown)}`, { node: event.currentTarget.value }))}
      >
        <option value="">the active one ({cluster.active})</option>
        {cluster.nodes.map(({ name, state }) => (
          <option key={name} value={name}>
            {name} ({state})
          </option>
        ))}
      </select>
    </label>
  );
}
