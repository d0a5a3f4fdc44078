// Registry.
import { Heading } from "../ui/heading";

export function RegistryScreen() {
  return <Heading title="Registry" />;
}
