// What changes with every key is said to a screen reader once it has rested.
import { useEffect, useState } from "preact/hooks";

/** Milliseconds that a text has to rest before it is said. */
const REST = 1000;

/** The text as it was when it rested last; at first it is what is there already, and says nothing. */
export function useRested(text: string): string {
  const [said, setSaid] = useState("");
  const [first] = useState(text);
  useEffect(() => {
    if (text === first && said === "") return undefined;
    const timer = setTimeout(() => setSaid(text), REST);
    return () => clearTimeout(timer);
  }, [text]);
  return said;
}
