// Makes src/api/schema.d.ts, the types of the control plane, from its OpenAPI document: the golden one, which a test
// holds to what the server serves. Nothing is written when nothing has changed.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const SNAPSHOT = new URL(
  "../../../../tests/control/snapshots/exstore__control__openapi__the_document_is_the_golden_one.snap",
  import.meta.url,
);
const TYPES = new URL("../src/api/schema.d.ts", import.meta.url);

const snapshot = readFileSync(SNAPSHOT, "utf8");
// A snapshot is a head between two lines of dashes, and then the text.
const document = JSON.parse(snapshot.slice(snapshot.indexOf("\n---\n") + 5));
const types = `// Made by scripts/types.mjs from the OpenAPI document.\n${astToString(await openapiTS(document))}`;
if (!existsSync(TYPES) || readFileSync(TYPES, "utf8") !== types) {
  writeFileSync(TYPES, types);
}
