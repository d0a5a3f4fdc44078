// Store time: how it is written, and where it is between two answers of the server.
import type { Clock } from "../api/types";

/** A clock as it was told, and when. */
export interface KnownClock {
  mode: string;
  /** Store time, in milliseconds since 1970. */
  now: number;
  /** This machine's time when that was so, in the same unit. */
  heard: number;
}

export function known(clock: Clock, heard: number): KnownClock {
  return { mode: clock.mode, now: Date.parse(clock.now), heard };
}

/** How fast a clock goes: store time for each unit of this machine's. */
export function paceOf(mode: string): number {
  if (mode === "real") return 1;
  const scale = /^scaled:(.+)$/.exec(mode)?.[1];
  return scale === undefined ? 0 : Number(scale) || 0;
}

/** Store time now. */
export function nowBy(clock: KnownClock, wall: number): number {
  return clock.now + Math.max(0, wall - clock.heard) * paceOf(clock.mode);
}

/** A later word on the same clock: entries say when they happened, and time never goes back. */
export function heardLater(clock: KnownClock, at: number, wall: number): KnownClock {
  return at <= nowBy(clock, wall) ? clock : { ...clock, now: at, heard: wall };
}

/** `2006-04-22 08:00:00`, UTC as all store time. */
export function dateTime(time: number | string): string {
  const text = new Date(time).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)}`;
}

/** `08:00:00`, with milliseconds where there are any. */
export function timeOfDay(time: number | string): string {
  const text = new Date(time).toISOString();
  return text.slice(20, 23) === "000" ? text.slice(11, 19) : text.slice(11, 23);
}

/** `14:59` or `1:00:00`: what is left, rounded up to a second, so that zero is over. */
export function countdown(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const two = (number: number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours === 0 ? `${minutes}:${two(seconds % 60)}` : `${hours}:${two(minutes)}:${two(seconds % 60)}`;
}

const DAY = 86_400_000;

/** A moment among others: with its date where they are more than a day apart. */
export function momentOf(time: number, length: number): string {
  return length <= DAY ? timeOfDay(time) : dateTime(time);
}

/** The same where there is little room: `08:00:00`, `04-22 08:00`, and `2006-04-22` where months are shown. */
export function tickOf(time: number, length: number): string {
  if (length <= DAY) return timeOfDay(time);
  const text = dateTime(time);
  return length <= 30 * DAY ? text.slice(5, 16) : text.slice(0, 10);
}
