// Edits of the registry that the store polls.
import { POLLED_KEY } from "../model/block_lists";
import type { Change, Command } from "./change";
import type { Of } from "./changes";
import { step } from "./toml";
import type { RegistryValue } from "./types";

/** A key of the registry, and the node of a cluster whose registry it is; null is the active one. */
export interface KeyPlace {
  key: string;
  node: string | null;
}

/** Where a key is, below the server; with a name, a value of it. */
export function keyPath({ path }: Of, { key, node }: KeyPlace, name: string | null = null): string {
  const query = new URLSearchParams();
  if (name !== null) query.set("value", name);
  if (node !== null) query.set("node", node);
  const text = query.toString();
  return `${path}/registry/${encodeURIComponent(key)}${text ? `?${text}` : ""}`;
}

export function writeValue(of: Of, place: KeyPlace, name: string, value: RegistryValue): Change {
  const type = value.type || "REG_SZ";
  const bytes = value.hex == null ? [] : ["--hex", value.hex];
  const data = value.hex == null ? words(value.data) : [];
  return {
    label: "Write the value",
    method: "PUT",
    path: keyPath(of, place, name),
    body: value,
    ...command("set", ["--type", type, ...bytes], place, [name, ...data]),
    step:
      isPolled(place) && value.hex == null
        ? step("Somebody edits the registry.", "set_value", { name, type, data: value.data, node: place.node })
        : null,
  };
}

export function deleteValue(of: Of, place: KeyPlace, name: string): Change {
  return {
    label: "Delete the value",
    method: "DELETE",
    path: keyPath(of, place, name),
    ...command("delete", [], place, [name]),
    step: isPolled(place) ? step("Somebody deletes a value.", "delete_value", { name, node: place.node }) : null,
  };
}

export function createKey(of: Of, place: KeyPlace): Change {
  return { label: "Create the key", method: "PUT", path: keyPath(of, place), ...command("create", [], place, []) };
}

export function deleteKey(of: Of, place: KeyPlace): Change {
  return { label: "Delete the key", method: "DELETE", path: keyPath(of, place), ...command("delete", [], place, []) };
}

/** What is imported: a file, or a text. */
export type RegSource = { file: File } | { text: string };

export function importReg({ path }: Of, source: RegSource, node: string | null, codePage: string): Change {
  const query = new URLSearchParams();
  if (codePage !== "") query.set("code_page", codePage);
  if (node !== null) query.set("node", node);
  const flags = [...(codePage === "" ? [] : ["--code-page", codePage]), ...(node === null ? [] : ["--node", node])];
  const text = query.toString();
  const common = { label: "Import", method: "POST", path: `${path}/registry-import${text ? `?${text}` : ""}` } as const;
  if ("file" in source) {
    const { file } = source;
    return { ...common, body: file, file: file.name, type: "application/octet-stream", cli: ["registry", "import", ...flags], rest: [file.name] };
  }
  return {
    ...common,
    body: source.text,
    type: "text/x-ms-regedit",
    cli: ["registry", "import", ...flags],
    rest: ["-"],
    stdin: source.text,
  };
}

/** Where a key is exported from. */
export function exportPath({ path }: Of, { key, node }: KeyPlace, format: "v5" | "regedit4"): string {
  return `${path}/registry-export?${new URLSearchParams({ key, format, ...(node === null ? {} : { node }) })}`;
}

function isPolled({ key }: KeyPlace): boolean {
  return key.toUpperCase() === POLLED_KEY.toUpperCase();
}

function words(data: unknown): string[] {
  return Array.isArray(data) ? data.map(String) : [String(data ?? "")];
}

/** The command, with the names last. */
function command(verb: string, flags: string[], { key, node }: KeyPlace, names: string[]): Command {
  return { cli: ["registry", verb, ...flags, ...(node === null ? [] : ["--node", node])], rest: [key, ...names] };
}
