// Faults.
import { Heading } from "../ui/heading";

export function FaultsScreen() {
  return <Heading title="Faults" />;
}
