// A sentence of the server's: what it quotes between backticks is shown as code.
import { quotedParts } from "../model/text";
import { visible } from "../model/visible";

export function Said({ text }: { text: string }) {
  return <>{quotedParts(visible(text)).map((part, place) => (place % 2 === 0 ? part : <code key={place}>{part}</code>))}</>;
}
