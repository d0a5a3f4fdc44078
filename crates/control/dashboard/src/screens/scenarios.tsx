// Scenarios.
import { Heading } from "../ui/heading";

export function ScenariosScreen() {
  return <Heading title="Scenarios" />;
}
