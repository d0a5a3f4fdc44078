// Which store of the server is looked at. With one store there is nothing to choose.
import type { Page, Store } from "../api/types";
import { NOW_AND_THEN, useResource } from "../model/resource";
import { go, herePath, href, storeName } from "../router";

export function StorePicker() {
  const { body } = useResource<Page<Store, string>>("/v1/stores?limit=1000", undefined, NOW_AND_THEN);
  const name = storeName.value;
  const names = body?.items.map((store) => store.name) ?? [];
  if (!names.includes(name)) names.unshift(name);
  if (names.length < 2) return null;
  return (
    <label class="store-picker">
      Store{" "}
      <select value={name} onChange={(event) => go(href(herePath(), { store: event.currentTarget.value }))}>
        {names.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </label>
  );
}
