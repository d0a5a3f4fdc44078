// The screens, in the order of the navigation.
import type { FunctionComponent } from "preact";

import { ClockScreen } from "./clock";
import { EventsScreen } from "./events";
import { FaultsScreen } from "./faults";
import { LiveScreen } from "./live";
import { PolicyScreen } from "./policy";
import { RegistryScreen } from "./registry";
import { ScenariosScreen } from "./scenarios";
import { SessionsScreen } from "./sessions";
import { StoryScreen } from "./story";
import { WhyScreen } from "./why";

export interface Screen {
  name: string;
  title: string;
  component: FunctionComponent;
}

export const SCREENS: Screen[] = [
  { name: "live", title: "Live", component: LiveScreen },
  { name: "sessions", title: "Sessions", component: SessionsScreen },
  { name: "policy", title: "Policy", component: PolicyScreen },
  { name: "why", title: "Why?", component: WhyScreen },
  { name: "clock", title: "Clock and polls", component: ClockScreen },
  { name: "registry", title: "Registry", component: RegistryScreen },
  { name: "events", title: "Events", component: EventsScreen },
  { name: "faults", title: "Faults", component: FaultsScreen },
  { name: "scenarios", title: "Scenarios", component: ScenariosScreen },
  { name: "story", title: "Two-minute story", component: StoryScreen },
];
