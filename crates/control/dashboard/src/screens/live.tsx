// Live.
import { Heading } from "../ui/heading";

export function LiveScreen() {
  return <Heading title="Live" />;
}
