// Policy.
import { Heading } from "../ui/heading";

export function PolicyScreen() {
  return <Heading title="Policy" />;
}
