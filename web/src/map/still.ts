/** A still of the map with the gesture painted on it. While something is drawn or tried, the map itself is not drawn anew.
 *
 * Drawing the whole map takes hundreds of milliseconds where a processor does the work of a graphics card. A gesture
 * changes the colour of a few areas: those are copied from a picture of the map, recoloured, and laid over it. The map
 * follows when the gesture ends.
 */

import type { Map as MapLibre } from "maplibre-gl";

import { GROUND } from "./palette";

type LonLat = readonly [lon: number, lat: number];
export type Rgb = readonly [red: number, green: number, blue: number];

/** An area in another colour. */
export interface Patch {
  path: Path2D;
  /** The colour that lies there now, thinly; null: none. */
  from: Rgb | null;
  /** The colour that is to lie there; null: none. */
  to: Rgb | null;
  /** How thickly colours lie, 0–1. */
  weight: number;
  /** Holes of a cell are told by counting, those of a tile's areas by the way they turn. */
  inside: CanvasFillRule;
}

export interface Line {
  path: Path2D;
  colour: string;
  width_px: number;
  /** How much shows through, 0–1. */
  opacity?: number;
}

/** A part of the canvas, in pixels of the page. */
export type Box = readonly [left: number, top: number, right: number, bottom: number];

/** A line above all that is painted: `d` is its path as SVG writes it. */
export interface Outline {
  d: string;
  colour: string;
  width_px: number;
}

/** Where places lie on the canvas of a map that is neither turned nor tilted. */
export class Projector {
  private readonly world: number;
  private readonly left: number;
  private readonly top: number;

  constructor(
    readonly zoom: number,
    centre: LonLat,
    at: { x: number; y: number },
  ) {
    this.world = 512 * 2 ** zoom;
    this.left = at.x - this.world * east(centre[0]);
    this.top = at.y - this.world * south(centre[1]);
  }

  x(lon: number): number {
    return this.left + this.world * east(lon);
  }

  y(lat: number): number {
    return this.top + this.world * south(lat);
  }

  /** Lines or rings as one path. */
  path(lines: readonly (readonly (readonly number[])[])[], closed: boolean): Path2D {
    const path = new Path2D();
    for (const line of lines) {
      line.forEach(([lon = 0, lat = 0], at) => (at === 0 ? path.moveTo(this.x(lon), this.y(lat)) : path.lineTo(this.x(lon), this.y(lat))));
      if (closed) path.closePath();
    }
    return path;
  }

  /** Rings as SVG writes them. */
  outline(rings: readonly (readonly (readonly number[])[])[]): string {
    const corner = ([lon = 0, lat = 0]: readonly number[]): string => `${this.x(lon).toFixed(2)} ${this.y(lat).toFixed(2)}`;
    return rings.map((ring) => `M${ring.map(corner).join("L")}Z`).join("");
  }
}

export function projectorOf(map: MapLibre): Projector {
  const { lng, lat } = map.getCenter();
  return new Projector(map.getZoom(), [lng, lat], map.project([lng, lat]));
}

/** Lay a canvas over that of the map, as large and as fine. Tells whether it is empty now for having another size. */
export function fitOver(canvas: HTMLCanvasElement, map: MapLibre): boolean {
  const under = map.getCanvas();
  if (canvas.width === under.width && canvas.height === under.height) return false;
  [canvas.width, canvas.height] = [under.width, under.height];
  Object.assign(canvas.style, { width: under.style.width, height: under.style.height });
  return true;
}

/** A canvas above the map's, which the pointer does not meet. */
export function canvasOver(map: MapLibre, name: string): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.className = name;
  canvas.setAttribute("aria-hidden", "true");
  Object.assign(canvas.style, { position: "absolute", left: "0", top: "0", pointerEvents: "none", display: "none" });
  map.getCanvasContainer().append(canvas);
  return canvas;
}

const east = (lon: number): number => 0.5 + lon / 360;
const south = (lat: number): number => 0.5 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI);

/** A width between stops of zoom, as the map's style has it: `zoom, width, zoom, width …`, exponential. */
export function widthAt(zoom: number, stops: readonly number[], base = 1.5): number {
  for (let at = 2; at < stops.length; at += 2) {
    const [low, small, high, large] = [stops[at - 2]!, stops[at - 1]!, stops[at]!, stops[at + 1]!];
    if (zoom <= low) return small;
    if (zoom <= high) return small + ((large - small) * (base ** (zoom - low) - 1)) / (base ** (high - low) - 1);
  }
  return stops.at(-1) ?? 0;
}

/** By what a colour that lies thinly on paper becomes another, channel by channel: `darken` multiplies, `lighten` divides.
 *
 * Both keep dark what is dark, so that names and lines upon the colour stay as they are.
 */
export function recolour(from: Rgb, to: Rgb, weight: number): { darken: Rgb; lighten: Rgb } {
  const ratio = (at: number): number => (weight * to[at]! + (1 - weight) * PAPER[at]!) / Math.max(1, weight * from[at]! + (1 - weight) * PAPER[at]!);
  const channels = (part: (ratio: number) => number): Rgb => [0, 1, 2].map((at) => Math.round(255 * part(ratio(at)))) as unknown as Rgb;
  return { darken: channels((one) => Math.min(1, one)), lighten: channels((one) => Math.max(0, 1 - 1 / Math.max(1, one))) };
}

export const rgbOf = (hex: string): Rgb => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb;
const PAPER = rgbOf(GROUND.paper);
const css = ([red, green, blue]: Rgb): string => `rgb(${red} ${green} ${blue})`;

export class Still {
  private readonly top: HTMLCanvasElement;
  private lines: SVGSVGElement | null = null;
  private picture: HTMLCanvasElement | null = null;
  private taken: string | null = null;
  private keeping = false;
  private leaving = false;
  private placed: Projector | null = null;
  private shown = false;
  /** How often something was laid over the map: for tests. */
  painted = 0;

  /**
   * @param pictured is told when a new picture of the map was taken.
   * @param lost is told when the map moves under what was painted: it must be drawn in earnest.
   */
  constructor(
    private readonly map: MapLibre,
    private readonly pictured: () => void,
    private readonly lost: () => void,
  ) {
    this.top = canvasOver(map, "still");
    // The map comes to rest in the same breath in which it was drawn: only then its canvas can be read.
    map.on("idle", () => this.keeping && this.take());
    map.on("move", () => {
      this.placed = null;
      if (!this.shown) return;
      this.hide();
      this.lost();
    });
    map.on("render", () => this.leaving && this.hide());
  }

  /** Keep a picture of the map whenever it has come to rest, or no more. */
  keep(on: boolean): void {
    if (on === this.keeping) return;
    this.keeping = on;
    if (on) this.map.triggerRepaint();
    else {
      this.taken = null;
      this.picture = null;
      this.hide();
    }
  }

  /** Whether there is a picture of the map as it lies now. */
  get ready(): boolean {
    return this.taken !== null && this.taken === this.camera();
  }

  /** Whether something lies over the map, and is to stay. */
  get active(): boolean {
    return this.shown && !this.leaving;
  }

  get projector(): Projector {
    this.placed ??= projectorOf(this.map);
    return this.placed;
  }

  /** Lay areas and lines over the map.
   *
   * @param within only there, in place of what was laid there before, while the rest stays; null: everywhere. All that
   * shows there is to be given: seams would be left by painting on top of what was painted.
   */
  paint(patches: readonly Patch[], lines: readonly Line[], within: Box | null): void {
    const context = this.begin(within);
    if (!context || !this.picture) return;
    this.painted++;
    const { devicePixelRatio: ratio } = this;
    const whole = context.createPattern(this.picture, "no-repeat")!;
    whole.setTransform(new DOMMatrix().scale(1 / ratio));
    for (const patch of byColours(patches)) {
      const { from, to, weight } = patch;
      this.fill(context, patch, "source-over", whole);
      if (from && to) {
        const { darken, lighten } = recolour(from, to, weight);
        this.fill(context, patch, "multiply", css(darken));
        this.fill(context, patch, "color-dodge", css(lighten));
      } else if (from || to) {
        context.globalAlpha = Math.min(1, weight + 0.2); // what is hatched now is hardly to be seen any more
        this.fill(context, patch, "source-over", css(to ?? PAPER));
        context.globalAlpha = 1;
      }
    }
    context.lineJoin = context.lineCap = "round";
    for (const { path, colour, width_px, opacity = 1 } of lines) {
      context.globalAlpha = opacity;
      context.strokeStyle = colour;
      context.lineWidth = width_px;
      context.stroke(path);
    }
    context.restore();
  }

  /** Put these outlines above what is painted, in place of those before. They come and go while a gesture is drawn: what
   * lies under them need not be painted anew, as it would on the canvas. */
  outline(outlines: readonly Outline[]): void {
    if (!this.lines && outlines.length === 0) return;
    this.lines ??= svgAfter(this.top);
    const { width, height } = this.map.getCanvas().style;
    Object.assign(this.lines.style, { width, height, display: outlines.length > 0 ? "block" : "none" });
    this.lines.replaceChildren(...outlines.map(pathOf));
  }

  /** The gesture is over: what was painted goes when the map is drawn the next time, or at once. */
  end(when: "drawn" | "now"): void {
    if (!this.shown || this.leaving) return;
    if (when === "now") this.hide();
    else this.leaving = true;
  }

  private get devicePixelRatio(): number {
    return this.map.getPixelRatio();
  }

  private begin(within: Box | null): CanvasRenderingContext2D | null {
    const { top } = this;
    const context = top.getContext("2d");
    const ratio = this.devicePixelRatio;
    fitOver(top, this.map);
    const [left, above, right, below] = within ? wholePixels(within, ratio) : [0, 0, top.width, top.height];
    context?.save();
    context?.setTransform(1, 0, 0, 1, 0, 0);
    context?.clearRect(left, above, right - left, below - above);
    context?.beginPath();
    context?.rect(left, above, right - left, below - above);
    context?.clip();
    context?.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.leaving = false;
    this.shown = true;
    top.style.display = "block";
    return context;
  }

  private fill(context: CanvasRenderingContext2D, { path, inside }: Patch, how: GlobalCompositeOperation, style: string | CanvasPattern): void {
    context.globalCompositeOperation = how;
    context.fillStyle = style;
    context.fill(path, inside);
    context.globalCompositeOperation = "source-over";
  }

  private take(): void {
    const source = this.map.getCanvas();
    this.picture ??= document.createElement("canvas");
    if (this.picture.width !== source.width || this.picture.height !== source.height) [this.picture.width, this.picture.height] = [source.width, source.height];
    this.picture.getContext("2d", { alpha: false })!.drawImage(source, 0, 0);
    this.taken = this.camera();
    this.pictured();
  }

  private camera(): string {
    const { lng, lat } = this.map.getCenter();
    const { width, height } = this.map.getCanvas();
    return [lng, lat, this.map.getZoom(), width, height].join(" ");
  }

  private hide(): void {
    this.leaving = this.shown = false;
    this.top.style.display = "none";
    this.outline([]);
  }
}

/** A box on the canvas, outwards to whole pixels: its edge must not be half painted. */
export const wholePixels = ([left, top, right, bottom]: Box, ratio: number): Box => [Math.floor(left * ratio), Math.floor(top * ratio), Math.ceil(right * ratio), Math.ceil(bottom * ratio)];

const SVG = "http://www.w3.org/2000/svg";

function svgAfter(element: Element): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("aria-hidden", "true");
  Object.assign(svg.style, { position: "absolute", left: "0", top: "0", overflow: "hidden", pointerEvents: "none" });
  element.after(svg);
  return svg;
}

function pathOf({ d, colour, width_px }: Outline): SVGPathElement {
  const path = document.createElementNS(SVG, "path");
  const looks = { d, fill: "none", stroke: colour, "stroke-width": String(width_px), "stroke-linejoin": "round" };
  for (const [name, value] of Object.entries(looks)) path.setAttribute(name, value);
  return path;
}

/** Areas of the same colours as one: each is filled once. */
function byColours(patches: readonly Patch[]): Patch[] {
  const found = new Map<string, Patch>();
  for (const patch of patches) {
    const key = `${patch.from} ${patch.to} ${patch.weight} ${patch.inside}`;
    let entry = found.get(key);
    if (!entry) found.set(key, (entry = { ...patch, path: new Path2D() }));
    entry.path.addPath(patch.path);
  }
  return [...found.values()];
}
