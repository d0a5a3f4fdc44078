// Clock and polls.
import { Heading } from "../ui/heading";

export function ClockScreen() {
  return <Heading title="Clock and polls" />;
}
