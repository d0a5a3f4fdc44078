// Live: who is there, what is decided about them, and when the policy is read next.
import { injectClients } from "../api/changes_sessions";
import { live } from "../model/current";
import { paced } from "../model/pace";
import { past, pastError } from "../model/view";
import { at, href } from "../router";
import { Action } from "../ui/action";
import { Empty } from "../ui/empty";
import { Heading } from "../ui/heading";
import { Feed } from "./live_feed";
import { Figures } from "./live_figures";
import { Plots } from "./live_plots";
import { Generations, Processes } from "./live_processes";
import "./live.css";

export function LiveScreen() {
  const store = live.value;
  const loading = store.loading.value;
  return (
    <>
      <Heading title="Live" />
      {loading === "loading" && <p class="soft">Reading the store…</p>}
      {loading === "ready" && <Loaded />}
    </>
  );
}

function Loaded() {
  void paced.value;
  const store = live.value;
  const isPast = at.value !== null;
  if (isPast && past.value === null) {
    return pastError.value === null ? <p class="soft">Reading the past…</p> : <p>The bar above says why that place can't be shown.</p>;
  }
  const isEmpty = !isPast && store.sessions.size === 0 && !store.recent.some(({ type }) => type.startsWith("session."));
  return (
    <>
      <Figures />
      {isEmpty ? (
        <Nobody />
      ) : (
        <>
          <Plots />
          <div class="live-lists">
            <Feed />
            <div class="live-tables">
              <Processes />
              <Generations />
            </div>
          </div>
        </>
      )}
    </>
  );
}

const THREE = { process: "mdl.exe", client_version: "11.0.5608.0", user: "", machine: "", mode: "", transport: "", count: 3, group: "" };

function Nobody() {
  const store = live.value;
  const first = injectClients(store, { ...THREE, count: 1, client_version: "" });
  return (
    <Empty title="Nobody is connected" command={first}>
      <p>
        The store admits MAPI clients, and cuts off those that the policy forbids. Inject some, or have your own connect
        {store.store.value?.rpc ? ` to ${store.store.value.rpc}` : ""}; the <a href={href("story")}>two-minute story</a> shows what happens then.
      </p>
      <Action id="live-add-clients" kind="primary" change={injectClients(store, THREE)}>
        Inject three clients that run mdl.exe
      </Action>
    </Empty>
  );
}
