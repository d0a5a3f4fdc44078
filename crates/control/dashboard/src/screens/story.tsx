// Two-minute story.
import { Heading } from "../ui/heading";

export function StoryScreen() {
  return <Heading title="Two-minute story" />;
}
