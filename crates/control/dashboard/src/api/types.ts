// The structures of the control plane by their short names. They come from the OpenAPI document, so that what the server
// says and what is shown can't drift apart without the compiler's notice.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Clock = Schemas["Clock"];
export type Client = Schemas["Client"];
export type Decision = Schemas["Decision"];
export type Decisions = Schemas["Decisions"];
export type Event = Schemas["Event"];
export type EventOf<Type extends Event["type"]> = Extract<Event, { type: Type }>;
export type EventTotals = Schemas["EventTotals"];
export type Events = Schemas["Events"];
export type ExplainRequest = Schemas["ExplainRequest"];
export type ExplainedItem = Schemas["ExplainedItem"];
export type Explanation = Schemas["Explanation"];
export type Fault = Schemas["Fault"];
export type FieldError = Schemas["FieldError"];
export type Generation = Schemas["Generation"];
export type Info = Schemas["Info"];
export type Lint = Schemas["Lint"];
export type Match = Schemas["Match"];
export type Notification = Schemas["Notification"];
export type PolicyInForce = Schemas["PolicyInForce"];
export type Packet = Schemas["Shown"];
export type Packets = Schemas["Packets"];
export type Poll = Schemas["Poll"];
export type PollAnswer = Schemas["PollAnswer"];
export type Preview = Schemas["Preview"];
export type Problem = Schemas["Problem"];
export type Schedule = Schemas["Schedule"];
export type Session = Schemas["Session"];
export type SessionFields = Schemas["SessionFields"];
export type Store = Schemas["Store"];

/** A place in the journal: `<epoch>-<seq>`. */
export type Cursor = string;

/** A page of a list. */
export interface Page<Item, Next = number> {
  items: Item[];
  next?: Next | null;
}

export type BlockList = Schemas["BlockList"];
export type BlockListState = Schemas["BlockListState"];
export type Build = Schemas["Build"];
export type Cluster = Schemas["Cluster"];
export type CutOff = Schemas["CutOff"];
export type Generations = Schemas["Generations"];
export type Imported = Schemas["Import"];
export type Item = Schemas["Item"];
export type ListMeaning = Schemas["ListMeaning"];
export type NamedValue = Schemas["NamedValue"];
export type PolicyModeState = Schemas["PolicyModeState"];
export type RegistryKey = Schemas["RegistryKey"];
export type RegistryValue = Schemas["RegistryValue"];
export type TextSpan = Schemas["TextSpan"];
export type Validation = Schemas["Validation"];
