// Sessions.
import { Heading } from "../ui/heading";

export function SessionsScreen() {
  return <Heading title="Sessions" />;
}
