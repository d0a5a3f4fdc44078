import { expect, test } from "vitest";

import { type Change, asCli } from "../src/api/change";
import { inline, step } from "../src/api/toml";

const ORIGIN = "http://127.0.0.1:8135";

function change(fields: Partial<Change>): Change {
  return { label: "it", method: "POST", path: "/v1/stores/default/x", cli: ["x"], ...fields };
}

test("a command names the server where it is another, or where it has to", () => {
  expect(asCli(change({}), ORIGIN, "default")).toBe("exstore x");
  expect(asCli(change({}), "http://127.0.0.1:1", "t")).toBe("exstore x --store t --control http://127.0.0.1:1");
  expect(asCli(change({ namesServer: true }), ORIGIN, "default")).toBe(`exstore x --control ${ORIGIN}`);
});

test("what has no command says so", () => {
  expect(asCli(change({ cli: null }), ORIGIN, "default")).toBe(null);
});

test("a text that is read ends at a word that is no line of it", () => {
  expect(asCli(change({ stdin: "a" }), ORIGIN, "default")).toBe("exstore x <<'END'\na\nEND");
  expect(asCli(change({ stdin: "a\nEND\n" }), ORIGIN, "default")).toBe("exstore x <<'END_'\na\nEND\nEND_");
});

test("a step is TOML", () => {
  expect(step("It polls.", "poll", true)).toBe('[[steps]]\nsay = "It polls."\npoll = true');
  expect(inline({ match: { value: 'a "b"', client_id: null }, next: [1, 0.5], "a b": {} })).toBe(
    '{ match = { value = "a \\"b\\"" }, next = [1, 0.5], "a b" = {} }',
  );
  expect(inline("\u007f\n")).toBe('"\\u007f\\n"');
});
