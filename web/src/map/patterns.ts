/** Small repeating pictures, so that classes differ by more than colour. Drawn as numbers: no canvas, no files. */

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

export const PATTERNS = {
  /** Slanted lines: excluded. */
  hatch: paint([70, 66, 60], (x, y) => 0.55 * cover(slant(x, y), 1.2)),
  /** Dots: nothing is known. */
  dots: paint([110, 104, 94], (x, y) => 0.8 * cover(Math.hypot(x - SIZE / 2 + 0.5, y - SIZE / 2 + 0.5), 2.2)),
  /** White slanted lines on the colour beneath: missing. */
  strokes: paint([255, 255, 255], (x, y) => 0.5 * cover(slant(x, y), 1.4)),
} as const;

export type PatternName = keyof typeof PATTERNS;
