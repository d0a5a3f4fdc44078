// Events.
import { Heading } from "../ui/heading";

export function EventsScreen() {
  return <Heading title="Events" />;
}
