import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { dice, town } from "../state/smallTown";
import type { World } from "../state/world";
import { DISTRICT_COLOURS } from "./palette";
import type { PlanScene, Told } from "./planScene";
import { PlanStill } from "./planStill";
import { type Box, type Line, type Outline, type Patch, Projector, rgbOf, type Still } from "./still";

const [COLUMNS, ROWS] = [14, 10];

/** Corners of a path, subpath by subpath. */
class Corners {
  readonly rings: [number, number][][] = [];
  moveTo(x: number, y: number): void {
    this.rings.push([[x, y]]);
  }
  lineTo(x: number, y: number): void {
    this.rings.at(-1)!.push([x, y]);
  }
  closePath(): void {}
  addPath(other: Corners): void {
    this.rings.push(...other.rings);
  }
  get box(): Box {
    const [xs, ys] = [0, 1].map((axis) => this.rings.flat().map((one) => one[axis]!)) as [number[], number[]];
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  }
}
const cornersOf = (path: Path2D): Corners => path as unknown as Corners;

/** A canvas of which only the middle of each cell, and each line, is looked at. */
class Canvas {
  readonly projector = new Projector(15, [114.007, 30.005], { x: 400, y: 300 });
  active = false;
  ready = true;
  painted: number[] = [];
  outlined: readonly Outline[] = [];
  readonly colours: (string | null)[];
  parting = new Set<string>();

  constructor(private readonly middles: readonly (readonly [number, number])[]) {
    this.colours = middles.map(() => null);
  }

  paint(patches: readonly Patch[], lines: readonly Line[], within: Box | null): void {
    const [left, top, right, bottom] = within ?? [-Infinity, -Infinity, Infinity, Infinity];
    this.active = true;
    this.painted.push(patches.length);
    this.middles.forEach(([x, y], at) => {
      if (x < left || x > right || y < top || y > bottom) return;
      this.colours[at] = null;
      for (const { path, to } of patches) {
        const [west, north, east, south] = cornersOf(path).box; // cells are squares
        if (x > west && x < east && y > north && y < south) this.colours[at] = String(to);
      }
    });
    const inside = (line: string): boolean => {
      const [x, y] = line.split(" ").map(Number) as [number, number];
      return x >= left && x <= right && y >= top && y <= bottom;
    };
    const drawn = cornersOf(lines.at(-1)!.path).rings.map((ring) => ring[0]!.map((one, axis) => ((one + ring.at(-1)![axis]!) / 2).toFixed(3)).join(" "));
    this.parting = new Set([...[...this.parting].filter((line) => !inside(line)), ...drawn.filter(inside)]);
  }

  outline(outlines: readonly Outline[]): void {
    this.outlined = outlines;
  }
}

describe("a gesture on the still", () => {
  beforeEach(() => void vi.stubGlobal("Path2D", Corners));
  afterEach(() => void vi.unstubAllGlobals());

  function made() {
    const small = town(COLUMNS, ROWS);
    const shapes = Array.from({ length: COLUMNS * ROWS }, (_, row): GeoJSON.Polygon => {
      const [west, south, east, north] = small.cells.box.subarray(4 * row, 4 * row + 4) as unknown as [number, number, number, number];
      const corners = [[west, south], [east, south], [east, north], [west, north], [west, south]] as const;
      return { type: "Polygon", coordinates: [corners.map(([x, y]) => small.cells.plane.place(x, y))] };
    });
    const world = { ...small, shapes } as unknown as World;
    const begun = Int32Array.from({ length: COLUMNS * ROWS }, (_, row) => Math.floor((row % COLUMNS) / 3));
    const told: Told = { colour: Int8Array.from(begun, (slot) => slot % 6), district: begun.slice(), parting: new Uint8Array(small.edges.count), signs: new Uint8Array(begun.length) };
    const still = (): { canvas: Canvas; plan: PlanStill } => {
      const { projector } = new Canvas([]);
      const middles = Array.from(begun, (_, row) => {
        const [lon, lat] = small.cells.plane.place(small.cells.middle[2 * row]!, small.cells.middle[2 * row + 1]!);
        return [projector.x(lon), projector.y(lat)] as const;
      });
      const canvas = new Canvas(middles);
      const plan = new PlanStill(canvas as unknown as Still, () => 12);
      plan.pictured(told);
      return { canvas, plan };
    };
    const sceneOf = (district: Int32Array): PlanScene => ({ world, district, colours: [0, 1, 2, 3, 4], filled: true }) as unknown as PlanScene;
    return { begun, told, still, sceneOf };
  }

  test("painted bit by bit, also where cells go back, shows what painting all at once shows", () => {
    const { begun, told, still, sceneOf } = made();
    const roll = dice(2);
    const { canvas, plan } = still();
    const district = begun.slice();
    for (let step = 0; step < 60; step++) {
      for (let many = 0; many < 3; many++) {
        const row = Math.floor(roll() * district.length);
        district[row] = roll() < 0.3 ? begun[row]! : Math.floor(roll() * 5);
      }
      plan.paint(sceneOf(district), told, new Map());
      const anew = still();
      anew.plan.paint(sceneOf(district), told, new Map());
      expect(canvas.colours).toEqual(anew.canvas.colours);
      expect(canvas.parting).toEqual(anew.canvas.parting);
      district.forEach((slot, row) => expect(canvas.colours[row]).toBe(slot === begun[row] ? null : String(rgbOf(DISTRICT_COLOURS[slot]!))));
    }
  });

  test("costs what it touches, however long it is, and also where a part is outlined as cut off", () => {
    const { begun, told, still, sceneOf } = made();
    const { canvas, plan } = still();
    const district = begun.slice();
    for (let row = 3; row < 8 * COLUMNS; row++) {
      district[row] = 0;
      plan.paint(sceneOf(district), told, new Map(row % 5 === 0 ? [[row + 1, 2]] : []));
      expect(canvas.outlined).toHaveLength(row % 5 === 0 ? 1 : 0);
    }
    expect(district.filter((slot, row) => slot !== begun[row]).length).toBeGreaterThan(80);
    expect(Math.max(...canvas.painted)).toBeLessThanOrEqual(9);
  });
});
