import { expect, test } from "vitest";

import { type Change, asCli, asCurl, quoted } from "../src/api/change";

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
  const change = { ...CHANGE, cli: ["registry", "set", "--type", "REG_SZ", "--", "HKLM\\X", "-a", "-b"] };
  expect(asCli(change, "http://127.0.0.1:8135", "t1")).toBe("exstore registry set --type REG_SZ --store t1 -- 'HKLM\\X' -a -b");
});
