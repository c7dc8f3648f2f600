/** A map for paper: off screen, at a fixed scale, as a picture. */

import { Map as MapLibre } from "maplibre-gl";

import { addPatterns } from "./patterns";
import type { PlanScene } from "./planScene";
import { PlanDrawer } from "./planScene";

export const PAPERS = { a4: { width_mm: 297, height_mm: 210 }, a3: { width_mm: 420, height_mm: 297 } } as const;
export type Paper = keyof typeof PAPERS;
/** Round scales, from the largest; the first at which the whole plan fits is taken. */
export const SCALES = [500, 1000, 2000, 2500, 5000, 7500, 10_000, 12_500, 15_000, 20_000, 25_000, 50_000, 75_000, 100_000, 200_000] as const;
/** CSS draws a millimetre with 96 / 25.4 pixels. */
export const PX_PER_MM = 96 / 25.4;
const MOST_PIXELS = 8192;

/** The largest round scale at which an extent fits into a frame of paper. */
export function scaleFor(width_m: number, height_m: number, frame: { width_mm: number; height_mm: number }): number {
  const needed = Math.max((width_m * 1000) / frame.width_mm, (height_m * 1000) / frame.height_mm);
  return SCALES.find((scale) => scale >= needed) ?? SCALES.at(-1)!;
}

/** The zoom at which a millimetre of paper stands for `scale` millimetres of ground. */
export function zoomFor(scale: number, lat: number): number {
  const metresPerPixel = scale / 1000 / PX_PER_MM;
  return Math.log2((40_075_016.7 * Math.cos((lat * Math.PI) / 180)) / (512 * metresPerPixel));
}

/** West, south, east, north of what belongs to districts, in metres of the plan's plane; the whole city where nothing does. */
export function extentOf({ world, district }: Pick<PlanScene, "world" | "district">): [number, number, number, number] {
  const { cells } = world;
  const some = district.some((slot) => slot >= 0);
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let row = 0; row < cells.count; row++) {
    if (some && district[row]! < 0) continue;
    box[0] = Math.min(box[0], cells.box[4 * row]!);
    box[1] = Math.min(box[1], cells.box[4 * row + 1]!);
    box[2] = Math.max(box[2], cells.box[4 * row + 2]!);
    box[3] = Math.max(box[3], cells.box[4 * row + 3]!);
  }
  return box;
}

export interface Picture {
  url: string;
  scale: number;
}

/** Draw the plan as the map on the screen does, but at a scale, into a picture.
 *
 * @param style the style of the map on the screen: what is shown there is printed.
 * @throws Error when the picture came out smaller than asked for: a map that lies about its scale is worse than none.
 */
export async function drawOnPaper(
  style: ConstructorParameters<typeof MapLibre>[0]["style"],
  scene: PlanScene,
  frame: { width_mm: number; height_mm: number },
  scale: number,
  signal: AbortSignal,
): Promise<Picture> {
  const [west, south, east, north] = extentOf(scene);
  const [lon, lat] = scene.world.cells.plane.place((west + east) / 2, (south + north) / 2);
  const holder = document.createElement("div");
  const width = Math.round(frame.width_mm * PX_PER_MM);
  const height = Math.round(frame.height_mm * PX_PER_MM);
  Object.assign(holder.style, { position: "fixed", left: "-10000px", top: "0", width: `${width}px`, height: `${height}px` });
  document.body.append(holder);
  const ratio = Math.min(2, MOST_PIXELS / width, MOST_PIXELS / height);
  const map = new MapLibre({
    container: holder,
    style,
    center: [lon, lat],
    zoom: zoomFor(scale, lat),
    interactive: false,
    attributionControl: false,
    fadeDuration: 0,
    pixelRatio: ratio,
    maxCanvasSize: [MOST_PIXELS, MOST_PIXELS],
    canvasContextAttributes: { preserveDrawingBuffer: true },
  } as ConstructorParameters<typeof MapLibre>[0]);
  addPatterns(map);
  try {
    await once(map, "load", signal);
    new PlanDrawer(map, "paper").show({ ...scene, gesture: false });
    await once(map, "idle", signal);
    const canvas = map.getCanvas();
    if (Math.abs(canvas.width - width * ratio) > 2) throw new Error(`${canvas.width} ≠ ${width * ratio}`);
    return { url: canvas.toDataURL("image/png"), scale };
  } finally {
    map.remove();
    holder.remove();
  }
}

function once(map: MapLibre, event: "load" | "idle", signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    map.once(event, () => resolve());
  });
}

/** A length that reads well for a scale bar of about 40 mm, in metres. */
export function barLength(scale: number): number {
  const wanted = (40 * scale) / 1000;
  const power = 10 ** Math.floor(Math.log10(wanted));
  return [5, 2, 1].map((one) => one * power).find((one) => one <= wanted) ?? power;
}
