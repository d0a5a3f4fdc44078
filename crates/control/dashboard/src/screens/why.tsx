// Why?.
import { Heading } from "../ui/heading";

export function WhyScreen() {
  return <Heading title="Why?" />;
}
