import { expect, test } from "vitest";

import { type Change, asCli, asCurl, isSayable, quoted } from "../src/api/change";
import { writeList } from "../src/api/changes_policy";
import { injectClients, renameClient } from "../src/api/changes_sessions";

const CHANGE: Change = {
  label: "Write it",
  method: "PUT",
  path: "/v1/stores/default/block-lists/processes?apply=now",
  body: { data: "it's.exe; $HOME.exe" },
  cli: ["block-list", "set", "processes", "it's.exe; $HOME.exe", "--apply", "now"],
};

test("a word is quoted for every shell when it has to be", () => {
  expect(quoted("mdl.exe")).toBe("mdl.exe");
  expect(quoted("a b")).toBe("'a b'");
  expect(quoted("it's")).toBe("'it'\\''s'");
  expect(quoted("")).toBe("''");
  expect(quoted("$(rm)\n`x`")).toBe("'$(rm)\n`x`'");
});

test("curl is told all of the request, and the token only where one is wanted", () => {
  const curl = asCurl(CHANGE, "http://127.0.0.1:8135", false);
  expect(curl).toBe(
    "curl -fsS -X PUT -H 'Content-Type: application/json' --data-binary '{\"data\":\"it'\\''s.exe; $HOME.exe\"}' " +
      "'http://127.0.0.1:8135/v1/stores/default/block-lists/processes?apply=now'",
  );
  expect(asCurl(CHANGE, "http://127.0.0.1:8135", true)).toContain('-H "Authorization: Bearer $EXSTORE_TOKEN"');
});

test("the command names the store and the server only where they are not the usual ones", () => {
  expect(asCli(CHANGE, "http://127.0.0.1:8135", "default")).toBe(
    "exstore block-list set processes 'it'\\''s.exe; $HOME.exe' --apply now",
  );
  expect(asCli(CHANGE, "http://127.0.0.1:9000", "t1")).toMatch(/ --store t1 --control http:\/\/127\.0\.0\.1:9000$/);
  const piped = { ...CHANGE, cli: ["client", "add", "--file", "-"], stdin: '{"process":"a.exe"}' };
  expect(asCli(piped, "http://127.0.0.1:8135", "default")).toBe(
    "exstore client add --file - <<'END'\n{\"process\":\"a.exe\"}\nEND",
  );
});

test("a file is named, and not written out", () => {
  const change = { ...CHANGE, body: "REGEDIT4", type: "text/x-ms-regedit", file: "my lists.reg" };
  expect(asCurl(change, "http://127.0.0.1:8135", false)).toContain("--data-binary '@my lists.reg'");
});

test("words that are no flags stay at the end", () => {
  const change = { ...CHANGE, cli: ["registry", "set", "--type", "REG_SZ"], rest: ["HKLM\\X", "-a", "-b"] };
  expect(asCli(change, "http://127.0.0.1:8135", "t1")).toBe("exstore registry set --type REG_SZ --store t1 -- 'HKLM\\X' -a -b");
  // A text that is nothing but the sign that no flags follow, and one that has the command read its stdin.
  expect(asCli({ cli: ["block-list", "set", "processes"], rest: ["--"] }, "http://127.0.0.1:8135", "t1")).toBe("exstore block-list set processes --store t1 -- --");
  expect(asCli({ cli: ["block-list", "set", "processes"], rest: ["-"], stdin: "-" }, "http://127.0.0.1:8135", "default")).toBe("exstore block-list set processes - <<'END'\n-\nEND");
});

test.each([
  ["mdl.exe\tGröße\n", true],
  ["x\u0003rm -rf ~", false],
  ["\u001b[200~", false],
  ["a\r", false],
  ["a\0b", false],
  ["a\u007f", false],
  ["a\u009b", false],
  ["half \ud800", false],
  ["evil\u202eexe", true],
])("%j can be pasted into a terminal: %s", (text, sayable) => expect(isSayable(text)).toBe(sayable));

test("what a terminal would act on is in no command, whatever the change", () => {
  const store = { name: "default", path: "/v1/stores/default" };
  const name = "x\u0003rm -rf ~\n";
  const clients = { process: name, client_version: "", user: "", machine: "", mode: "", transport: "", count: 1, group: "" };
  const changes = [writeList(store, "processes", name, { apply: "now", cursor: null }), injectClients(store, clients), renameClient(store, 1, "a\0b")];
  for (const change of [...changes, { ...CHANGE, stdin: name }]) {
    expect(asCli(change, "http://127.0.0.1:8135", "default"), change.label).toBeNull();
    const curl = asCurl(change, "http://127.0.0.1:8135", false);
    expect(curl !== null && isSayable(curl), change.label).toBe(true);
  }
  const text = { ...CHANGE, body: "name = 'a\u0003'", type: "application/toml" };
  expect(asCurl(text, "http://127.0.0.1:8135", false)).toBeNull();
});

test("curl has what can't be seen in letters that can", () => {
  const change = { ...CHANGE, body: { data: "evil\u202eexe" } };
  expect(asCurl(change, "http://127.0.0.1:8135", false)).toContain(`'{"data":"evil\\u202eexe"}'`);
});
