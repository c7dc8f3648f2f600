/** The list of changes that a planner tries: with undo and redo, and as a short text for the address. Pure. */

import type { Change } from "../api/types";

export interface Edits {
  readonly now: readonly Change[];
  readonly past: readonly (readonly Change[])[];
  readonly future: readonly (readonly Change[])[];
}

export const NO_EDITS: Edits = { now: [], past: [], future: [] };
const STEPS_KEPT = 100;

export const begin = (changes: readonly Change[]): Edits => ({ now: changes, past: [], future: [] });

export function edit(edits: Edits, now: readonly Change[]): Edits {
  return { now, past: [...edits.past, edits.now].slice(-STEPS_KEPT), future: [] };
}

export function undo(edits: Edits): Edits {
  const before = edits.past.at(-1);
  if (!before) return edits;
  return { now: before, past: edits.past.slice(0, -1), future: [edits.now, ...edits.future] };
}

export function redo(edits: Edits): Edits {
  const [next, ...future] = edits.future;
  if (!next) return edits;
  return { now: next, past: [...edits.past, edits.now], future };
}

/** Without the change at a place; what depends on an added facility (its size, its closing) goes with it. */
export function without(changes: readonly Change[], at: number): Change[] {
  const gone = changes[at];
  return changes.filter((one, index) => {
    if (index === at) return false;
    if (gone?.op !== "add_facility") return true;
    return !((one.op === "close_facility" || one.op === "resize_facility") && one.id === gone.id);
  });
}

/** An id that no change has yet. */
export function freshId(changes: readonly Change[]): string {
  const taken = new Set(changes.flatMap((one) => ("id" in one ? [one.id] : [])));
  for (let number = 1; ; number++) if (!taken.has(`new-${number}`)) return `new-${number}`;
}

/** Places with six figures behind the point: a tenth of a metre. */
export const roundPlace = (degrees: number): number => Number(degrees.toFixed(6));

export const LONGEST_LINK = 1500;

/** The changes as a text for the address; null when that would be too long to be sent. */
export const encodeChanges = (changes: readonly Change[]): string | null => packed(changes);

/** Any plain value as a text for the address; null when that would be too long to be sent. */
export function packed(value: unknown): string | null {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  if (bytes.length > LONGEST_LINK) return null;
  const text = btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
  return text.length <= LONGEST_LINK ? text : null;
}

/** The changes that a text of an address holds; null when it holds none. */
export function decodeChanges(text: string): Change[] | null {
  const found = unpacked(text);
  const sound = Array.isArray(found) && found.every((one) => typeof one === "object" && one !== null && typeof one.op === "string");
  return sound ? (found as Change[]) : null;
}

/** The value that a text of an address holds; undefined when it holds none. */
export function unpacked(text: string): unknown {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}
