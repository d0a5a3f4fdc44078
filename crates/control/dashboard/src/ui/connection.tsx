// Whether the page hears from the store.
import { live } from "../model/current";

export function ConnectionState() {
  const store = live.value;
  const connection = store.connection.value;
  const [word, kind] =
    store.loading.value === "failed"
      ? ["No connection", "lost"]
      : connection.state === "open"
        ? ["Live", "open"]
        : connection.state === "lost"
          ? [connection.why ? `Not connected: ${connection.why}` : "Connection lost: trying again", "lost"]
          : connection.state === "ended"
            ? [`Ended: ${connection.why}`, "lost"]
            : ["Connecting", "connecting"];
  return (
    <p class={`connection connection-${kind}`} role="status" data-state={kind}>
      <span aria-hidden="true" class="dot" />
      {word}
    </p>
  );
}
