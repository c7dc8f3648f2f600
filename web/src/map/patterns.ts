/** Small repeating pictures, so that classes differ by more than colour. Drawn as numbers: no canvas, no files. */

import type { Map as MapLibre } from "maplibre-gl";

export interface Pattern {
  width: number;
  height: number;
  data: Uint8ClampedArray;
}

const SIZE = 12;

type Rgb = readonly [red: number, green: number, blue: number];

function paint(colour: Rgb, alphaAt: (x: number, y: number) => number): Pattern {
  const data = new Uint8ClampedArray(SIZE * SIZE * 4);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      data.set([...colour, Math.round(255 * alphaAt(x, y))], (y * SIZE + x) * 4);
    }
  }
  return { width: SIZE, height: SIZE, data };
}

/** How much of a line of `width` pixels covers a pixel that is `away` pixels from its middle. */
const cover = (away: number, width: number): number => Math.max(0, Math.min(1, width / 2 + 0.5 - away));

const slant = (x: number, y: number): number => {
  const along = (x + y) % SIZE;
  return Math.min(along, SIZE - along) / Math.SQRT2;
};

/** How much of a box with round corners covers a pixel. */
const boxCover = (x: number, y: number, left: number, top: number, right: number, bottom: number): number =>
  x >= left && x <= right && y >= top && y <= bottom ? 1 : 0;

/** A padlock on a white disc, 27 pixels wide. */
function padlock(): Pattern {
  const size = 27;
  const data = new Uint8ClampedArray(size * size * 4);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [dx, dy] = [x - 13, y - 13];
      const disc = Math.max(0, Math.min(1, 13 - Math.hypot(dx, dy)));
      const shackle = y <= 12 ? cover(Math.abs(Math.hypot(dx, y - 11) - 4.2), 2.2) : 0;
      const ink = Math.max(boxCover(x, y, 7, 12, 19, 20), shackle);
      data.set([16, 52, 60].map((part) => Math.round(255 + (part - 255) * ink)), (y * size + x) * 4);
      data[(y * size + x) * 4 + 3] = Math.round(240 * disc);
    }
  }
  return { width: size, height: size, data };
}

export const PATTERNS = {
  /** Slanted lines: excluded. */
  hatch: paint([70, 66, 60], (x, y) => 0.55 * cover(slant(x, y), 1.2)),
  /** Dots: nothing is known. */
  dots: paint([110, 104, 94], (x, y) => 0.8 * cover(Math.hypot(x - SIZE / 2 + 0.5, y - SIZE / 2 + 0.5), 2.2)),
  /** White slanted lines on the colour beneath: missing. */
  strokes: paint([255, 255, 255], (x, y) => 0.5 * cover(slant(x, y), 1.4)),
  /** White dots on the colour beneath: locked. */
  studs: paint([255, 255, 255], (x, y) => 0.95 * cover(Math.hypot(x - SIZE / 2 + 0.5, y - SIZE / 2 + 0.5), 3.4)),
  /** The sign of what is locked. */
  lock: padlock(),
} as const;

/** Give a map the pictures, as soon as it can take them. */
export function addPatterns(map: MapLibre): void {
  map.once("styledata", () => {
    for (const [name, { width, height, data }] of Object.entries(PATTERNS)) {
      if (!map.hasImage(name)) map.addImage(name, { width, height, data }, { pixelRatio: 1.5 });
    }
  });
}

export type PatternName = keyof typeof PATTERNS;
