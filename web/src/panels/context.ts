/** What every panel may use: the page's state, the reader's words, and the map. */

import { getContext, setContext } from "svelte";

import type { Words } from "../locale/words";
import type { MapView, Padding } from "../map/view";
import type { Page } from "../state/page";
import type { Store } from "../state/store";

export interface Shared {
  page: Page;
  words: Store<Words>;
  view: Store<MapView | null>;
  /** How much of the map is covered: the panel tells, the map listens. */
  covered: Store<Padding>;
  /** Limits of the classes that colour the map now; the legend shows the same. */
  breaks: Store<readonly number[]>;
}

const KEY = Symbol("shared");

export const share = (shared: Shared): Shared => setContext(KEY, shared);
export const useShared = (): Shared => getContext<Shared>(KEY);
