// Writes a .gz beside every file of the bundle, tells what a browser has to fetch, and fails past the budget.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

/** What the whole bundle may weigh, compressed. */
const BUDGET_BYTES = 150 * 1000;

const dist = new URL("../dist/", import.meta.url);
let total = 0;
for (const name of readdirSync(dist).sort()) {
  if (name.startsWith(".") || name.endsWith(".gz")) continue;
  const plain = readFileSync(new URL(name, dist));
  const packed = gzipSync(plain, { level: 9 });
  writeFileSync(new URL(`${name}.gz`, dist), packed);
  total += packed.length;
  console.log(`dashboard: ${name} ${plain.length} bytes, ${packed.length} compressed`);
}
console.log(`dashboard: ${total} bytes compressed, of ${BUDGET_BYTES} that it may have`);
if (BUDGET_BYTES < total) {
  console.error("dashboard: error: the bundle is over its budget");
  process.exit(1);
}
