import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { FilterError, parseFilter, processKey, quotedValue, suggestions, timeKey } from "../src/model/filter";
import type { SessionRow } from "../src/model/live";

const DOCS = readFileSync(new URL("../../../../docs/filters.md", import.meta.url), "utf8");
const RECIPIENTS = "/o=First Organization/ou=First Administrative Group/cn=Recipients/cn=";

function session(id: number, fields: Partial<SessionRow> = {}): SessionRow {
  return {
    id,
    client_id: id,
    group: null,
    origin: "injected",
    transport: "pipe",
    user: null,
    user_dn: `${RECIPIENTS}user${id}`,
    process: null,
    processes: [],
    client_version: "11.0.5608.0",
    mode: "cached",
    machine: `WKS${id}`,
    connected_at: "2006-04-22T08:00:00Z",
    generation: 0,
    ...fields,
  };
}

// The three clients of the document's table.
const MDL = session(1, { processes: ["mdl.exe"], user_dn: `${RECIPIENTS}alice`, group: "g" });
const OUTLOOK = session(2, {
  processes: ["OUTLOOK.EXE"],
  client_version: "12.0.4518.1014",
  user_dn: `${RECIPIENTS}bob`,
  mode: "classic",
});
const UNNAMED = session(3, { client_version: "10.0.0.0", user_dn: `${RECIPIENTS}carol` });
const ALL = [MDL, OUTLOOK, UNNAMED];

function passing(text: string, blocked: number[] = [], rows = ALL): number[] {
  const filter = parseFilter(text);
  return rows.filter((row) => filter.passes(row, new Set(blocked))).map(({ id }) => id);
}

function examples(list: string): [string, string][] {
  const rows = DOCS.matchAll(/^\| (\w+) \|(?: `(.*)`)? \|(.*)\|$/gm);
  return [...rows].filter(([, of]) => of === list).map(([, , filter = "", through = ""]) => [filter, through.trim()]);
}

describe("a filter lets through what docs/filters.md says", () => {
  const sessions = examples("sessions");
  it("has examples", () => expect(sessions.length).toBeGreaterThan(3));
  // The first session is over by then: its program is on the list in force.
  it.each(sessions)("sessions: %s", (filter, through) => {
    expect(passing(filter, [], [OUTLOOK, UNNAMED]).join(" ")).toBe(through);
  });
  // Clients have the same fields, but for their state.
  const clients = examples("clients").filter(([filter]) => !filter.startsWith("state:"));
  it.each(clients)("clients: %s", (filter, through) => expect(passing(filter, [1]).join(" ")).toBe(through));
});

describe("a filter that is wrong has the column of the fault", () => {
  it.each([
    ["mdl.exe", 1],
    ["  mdl.exe", 3],
    ["process:", 9],
    ['process:"a', 9],
    ['process:"a"b', 12],
    ['process:a"b', 10],
    ["process:a,", 11],
    ["process:a*b", 10],
    ["process:*a*b", 11],
    ["ä:1", 1],
    ["user:ä colour:red", 8],
    ["state:connected", 1],
    ["mode:fast", 6],
    ["is:late", 4],
    ["version:11.x", 9],
    ["version:<=1.2.3.4.5", 11],
    ["version:65536", 9],
    ["client:one", 8],
    ["session:>", 10],
    ["at:yesterday", 4],
    ["at:2006-02-30T08:00:00Z", 4],
    ["-", 2],
    [":x", 1],
    ["constructor:x", 1],
    [`user:${"a".repeat(4092)}`, 4097],
  ])("%s", (filter, column) => {
    let found: unknown = null;
    try {
      parseFilter(filter);
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(FilterError);
    expect((found as FilterError).column).toBe(column);
  });
});

describe("what a filter means", () => {
  it("asks the server for the blocked alone when a term is about them", () => {
    expect(parseFilter("-is:BLOCKED").asksBlocked).toBe(true);
    expect(parseFilter("is:injected process:blocked").asksBlocked).toBe(false);
    expect(passing("-is:blocked", [1, 3])).toEqual([2]);
  });
  it("holds times against each other to the microsecond, at any offset", () => {
    const late = session(4, { connected_at: "2006-04-22T08:00:00.000001Z" });
    expect(passing("at:>2006-04-22T10:00:00+02:00", [], [MDL, late])).toEqual([4]);
    expect(timeKey("2006-04-22T08:00:00.1234567Z")).toBe(null);
    expect(timeKey("1969-12-31T23:59:59Z")).toBe(null);
  });
  it("reduces names of programs as the policy does", () => {
    expect(processKey('"C:\\Program Files\\a/Straße.exe"')).toBe("STRAßE.EXE");
    expect(processKey("ᾳ.exe")).toBe("ᾼ.EXE");
    const hidden = session(5, { processes: ["C:\\x\\"] });
    expect(passing("is:unidentified", [], [hidden])).toEqual([5]);
    expect(passing('process:""', [], [hidden])).toEqual([5]);
  });
  it("takes no values of objects for fields", () => expect(() => parseFilter("is:toString")).toThrow("is none of"));
});

describe("what is offered while somebody types", () => {
  it.each([
    ["pro", ["process:"]],
    ["mode:cached -is:fo", ["mode:cached -is:foreign"]],
    ["transport:", ["transport:pipe", "transport:tcp"]],
    ["process:a", ['process:"a b.exe"', "process:a.exe"].slice(1)],
    ["colour:", []],
  ])("%s", (text, offered) => expect(suggestions(text, ["a b.exe", "a.exe", "mdl.exe"])).toEqual(offered));
  it("offers every field for nothing", () => expect(suggestions("", [])).toHaveLength(12));
  it.each(['a "b", C:\\c*', "a\u0085b", "a\u00a0b"])("quotes what would mean something else: %j", (hostile) => {
    const row = session(1, { machine: hostile });
    expect(passing(`machine:${quotedValue(hostile)}`, [], [row])).toEqual([1]);
  });
});
