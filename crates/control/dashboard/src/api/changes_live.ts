// What Live offers while nobody is there.
import type { Change } from "./change";
import type { Of } from "./changes";
import { step } from "./toml";

/** Clients that connect at once, of a program. */
export function addClients({ path }: Of, process: string, count: number): Change {
  const client_version = "11.0.5608.0";
  return {
    label: `Add ${count} clients that run ${process}`,
    method: "POST",
    path: `${path}/clients`,
    body: { process, client_version, count },
    cli: ["client", "add", "--process", process, "--client-version", client_version, "--count", String(count)],
    step: step(`${count} clients that run ${process} connect`, "inject", [{ process, client_version, count }]),
  };
}
