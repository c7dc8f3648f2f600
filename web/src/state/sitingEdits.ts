/** What a planner changes of a plan of sites, and its text in the address. Pure. */

import type { SitingEdits } from "../api/sitingTypes";
import { packed, unpacked } from "./edits";

export const NO_SITING_EDITS: SitingEdits = { force: [], forbid: [], resize: {} };

/** The edits after an asset was pressed: pressed again, it is free. */
export function toggled(edits: SitingEdits, how: "force" | "forbid", id: string): SitingEdits {
  const other = how === "force" ? "forbid" : "force";
  const was = edits[how].includes(id);
  return { ...edits, [other]: edits[other].filter((one) => one !== id), [how]: was ? edits[how].filter((one) => one !== id) : [...edits[how], id] };
}

export const countOf = ({ force, forbid, resize }: SitingEdits): number => force.length + forbid.length + Object.keys(resize).length;

/** The edits as a text; empty when there are none, or more than an address holds. */
export function encodeEdits(edits: SitingEdits): string {
  if (countOf(edits) === 0) return "";
  const { force, forbid, resize } = edits;
  return packed([force, forbid, resize]) ?? "";
}

/** The edits that a text of an address holds; a text that holds none changes nothing. */
export function decodeEdits(text: string): SitingEdits {
  const found = unpacked(text);
  if (!Array.isArray(found) || found.length !== 3) return NO_SITING_EDITS;
  const [force, forbid, resize] = found as unknown[];
  const ids = (value: unknown): value is string[] => Array.isArray(value) && value.every((one) => typeof one === "string");
  const sizes = typeof resize === "object" && resize !== null && !Array.isArray(resize) && Object.values(resize).every((one) => typeof one === "string");
  return ids(force) && ids(forbid) && sizes ? { force, forbid, resize: resize as Record<string, string> } : NO_SITING_EDITS;
}
