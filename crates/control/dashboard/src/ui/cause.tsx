// Links to what caused something, and to policies by their number.
import { visible } from "../model/visible";
import { href } from "../router";

/** Where there is more to see of a cause such as `poll:3`; null where there is nothing. */
export function causeHref(cause: string): string | null {
  const [kind, number] = /^(poll|fault):(\d+)$/.exec(cause)?.slice(1) ?? [];
  if (number === undefined) return null;
  return href(kind === "poll" ? `clock/${number}` : `faults/${number}`);
}

/** Who or what caused something, with a link where there is more to see of it. */
export function Cause({ cause }: { cause: string }) {
  const link = causeHref(cause);
  if (link === null) return <code>{visible(cause)}</code>;
  const [kind, number] = cause.split(":");
  return (
    <a href={link}>
      {kind === "poll" ? "poll" : "fault rule"} {number}
    </a>
  );
}

/** A policy in the history; the one before the first is in none. */
export function policyHref(generation: number | null): string {
  return href("policy", { generation: generation || null });
}
