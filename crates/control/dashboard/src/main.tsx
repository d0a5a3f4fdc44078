// The dashboard: a page of the control plane that asks it as any other client does.
import { render } from "preact";

import "uplot/dist/uPlot.min.css";
import "./style/base.css";
import "./style/shell.css";
import "./style/parts.css";
import "./style/screens.css";

import { App } from "./app";
import { follow, live } from "./model/current";
import { followMarks } from "./model/marks";
import { followAtAPace } from "./model/pace";
import { followPast, sessionsInView } from "./model/view";
import { followStory } from "./story/progress";
import { learnAboutToken } from "./ui/action";

follow();
followPast();
followMarks();
followAtAPace();
followStory();
void learnAboutToken();
const root = document.getElementById("app");
if (root) {
  root.replaceChildren();
  render(<App />, root);
}

// What a test, or somebody at the browser's console, asks of the page: it tells, and changes nothing in the store.
Object.assign(window, {
  exstore: {
    sessions: () => live.peek().sessions.size,
    sessionsInView: () => sessionsInView().size,
    cursor: () => live.peek().cursor,
    heard: () => live.peek().heard,
    drop: () => live.peek().drop(),
  },
});
