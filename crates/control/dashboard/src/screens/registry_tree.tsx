// The keys as nested lists: a button opens a key, and a link goes to it. What is below a key is read when it is opened.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { keyPath } from "../api/changes_registry";
import type { Event, RegistryKey } from "../api/types";
import { POLLED_KEY } from "../model/block_lists";
import { live } from "../model/current";
import { ROOTS, isBelow, isSameKey, lineage } from "../model/registry";
import { useResource } from "../model/resource";
import { visible } from "../model/visible";
import { href } from "../router";
import { ProblemNote } from "../ui/problem";

/** Keys that are open, in upper case. They stay open from screen to screen. */
const open = signal<ReadonlySet<string>>(new Set());

/** Keys below one that are shown before somebody asks for more. */
const MOST = 200;

function setOpen(keys: string[], isOpen: boolean): void {
  const changed = new Set(open.peek());
  for (const key of keys) {
    if (isOpen) changed.add(key.toUpperCase());
    else changed.delete(key.toUpperCase());
  }
  open.value = changed;
}

export function RegistryTree({ chosen, node }: { chosen: string; node: string | null }) {
  useEffect(() => setOpen(lineage(chosen).slice(0, -1), true), [chosen]);
  return (
    <nav class="card registry-tree" aria-label="Keys of the registry">
      <ul>
        {ROOTS.map((root) => (
          <TreeKey key={root} path={root} name={root} chosen={chosen} node={node} />
        ))}
      </ul>
    </nav>
  );
}

interface TreeKeyProps {
  path: string;
  name: string;
  chosen: string;
  node: string | null;
}

function TreeKey({ path, name, chosen, node }: TreeKeyProps) {
  const isOpen = open.value.has(path.toUpperCase());
  const isPolled = isSameKey(path, POLLED_KEY);
  const shown = visible(name);
  return (
    <li>
      <div class="registry-row">
        <button
          type="button"
          class="quiet registry-fold"
          aria-expanded={isOpen}
          aria-label={`Keys below ${shown}`}
          onClick={() => setOpen([path], !isOpen)}
        >
          <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span>
        </button>
        <a href={href(`registry/${encodeURIComponent(path)}`, { node })} aria-current={isSameKey(path, chosen) ? "page" : undefined}>
          {shown}
        </a>
        {isPolled && <span class="badge badge-good">polled</span>}
      </div>
      {isOpen && <Below path={path} chosen={chosen} node={node} />}
    </li>
  );
}

function Below({ path, chosen, node }: Omit<TreeKeyProps, "name">) {
  const [isAll, setIsAll] = useState(false);
  const changes = (event: Event) => event.type === "registry.changed" && isBelow(event.key, path);
  const { body, error } = useResource<RegistryKey>(keyPath(live.value, { key: path, node }), changes);
  if (error !== null) return <ProblemNote error={error} />;
  if (!body) return <p class="hint registry-none">reading…</p>;
  if (body.subkeys.length === 0) return <p class="hint registry-none">no keys below</p>;
  const seen = isAll ? body.subkeys : body.subkeys.slice(0, MOST);
  return (
    <ul>
      {seen.map((name) => (
        <TreeKey key={name} path={`${path}\\${name}`} name={name} chosen={chosen} node={node} />
      ))}
      {seen.length < body.subkeys.length && (
        <li>
          <button type="button" onClick={() => setIsAll(true)}>
            Show all {body.subkeys.length}
          </button>
        </li>
      )}
    </ul>
  );
}
