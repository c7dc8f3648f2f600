import { describe, expect, test } from "vitest";

import { boxOf, cellAt, cellsAlong, cellsIn, layCells, shareWithin } from "./cells";
import { edgesOf, parts } from "./edges";
import { town } from "./smallTown";
import { gripAt, pulled, swept } from "./sweep";

const { cells, edges } = town(5, 4);
const middle = (row: number): [number, number] => [cells.middle[2 * row]!, cells.middle[2 * row + 1]!];
const rectangle = (west: number, south: number, east: number, north: number): number[] => [west, south, east, south, east, north, west, north];
const W = cells.box[2]! - cells.box[0]!;
const H = cells.box[3]! - cells.box[1]!;

describe("cells", () => {
  test("each middle lies in its own cell, and a place outside in none", () => {
    for (let row = 0; row < cells.count; row++) expect(cellAt(cells, ...middle(row))).toBe(row);
    expect(cellAt(cells, -500, -500)).toBe(-1);
  });

  test("the rules differ: two thirds of a cell are a majority and a touch, but not inside", () => {
    const shape = [rectangle(-10, -10, 1.66 * W, 1.2 * H)];
    expect(cellsIn(cells, shape, "majority")).toEqual([0, 1]);
    expect(cellsIn(cells, shape, "touch")).toEqual([0, 1, 5, 6]);
    expect(cellsIn(cells, shape, "inside")).toEqual([0]);
    expect(shareWithin(cells, 1, shape)).toBeCloseTo(0.66, 2);
  });

  test("a shape within one cell touches it, and is no majority", () => {
    const [x, y] = middle(7);
    const speck = [rectangle(x - 3, y - 3, x + 3, y + 3)];
    expect(cellsIn(cells, speck, "touch")).toEqual([7]);
    expect(cellsIn(cells, speck, "majority")).toEqual([]);
  });

  test("a hole is not inside: a ring around a cell leaves it out", () => {
    const [x, y] = middle(7);
    const ring = [rectangle(x - 2 * W, y - 2 * H, x + 2 * W, y + 2 * H), rectangle(x - 0.6 * W, y - 0.6 * H, x + 0.6 * W, y + 0.6 * H)];
    expect(cellsIn(cells, ring, "majority")).not.toContain(7);
    expect(cellsIn(cells, ring, "majority")).toContain(6);
  });

  test("a brush takes what its middle crosses and what it covers", () => {
    expect(cellsAlong(cells, middle(0), middle(4), 5)).toEqual([0, 1, 2, 3, 4]);
    expect(cellsAlong(cells, middle(0), middle(0), 1.1 * W)).toEqual(expect.arrayContaining([0, 1]));
  });

  test("a cell with a hollow middle is named where it is", () => {
    const horseshoe: GeoJSON.Polygon = {
      type: "Polygon",
      coordinates: [[[114, 30], [114.003, 30], [114.003, 30.003], [114.002, 30.003], [114.002, 30.001], [114.001, 30.001], [114.001, 30.003], [114, 30.003], [114, 30]]],
    };
    const one = layCells([horseshoe], [114, 30]);
    expect(cellAt(one, one.middle[0]!, one.middle[1]!)).toBe(0);
  });

  test("a neighbourhood without a cell is nowhere, and breaks nothing", () => {
    const some = layCells([null, ...Array.from({ length: 1 }, () => null)], [114, 30]);
    expect(cellAt(some, 0, 0)).toBe(-1);
    expect(edgesOf(some).count).toBe(0);
    expect(boxOf([])).toBeNull();
  });
});

describe("lines between cells", () => {
  test("every side is found once: what all cells share and the rim make up all outlines", () => {
    const outlines = cells.perimeter_m.reduce((sum, one) => sum + one, 0);
    let sum = 0;
    for (let edge = 0; edge < edges.count; edge++) sum += edges.length_m[edge]! * (edges.b[edge]! < 0 ? 1 : 2);
    expect(sum).toBeCloseTo(outlines, 6);
    const inner = [...edges.b].filter((b) => b >= 0).length;
    expect(inner).toBe(4 * 4 + 3 * 5);
  });

  test("a line parts districts where its sides differ", () => {
    const district = Int32Array.from({ length: 20 }, (_, at) => (at % 5 < 2 ? 0 : 1));
    const parting = [...edges.a.keys()].filter((edge) => edges.b[edge]! >= 0 && parts(edges, edge, district));
    expect(parting).toHaveLength(4);
  });
});

describe("dragging a boundary", () => {
  const district = Int32Array.from({ length: 20 }, (_, at) => (at % 5 < 2 ? 0 : 1));
  const x = 2 * W;
  const y = 1.5 * H;

  test("it is taken hold of near the line only, and never at the rim", () => {
    expect(gripAt(cells, edges, district, x + 4, y, 10)?.sides).toEqual(expect.arrayContaining([0, 1]));
    expect(gripAt(cells, edges, district, x + 30, y, 10)).toBeNull();
    expect(gripAt(cells, edges, district, 0, y, 10)).toBeNull();
  });

  test("pulled over a cell it gives that cell to the other side; pulled back it gives none", () => {
    const grip = gripAt(cells, edges, district, x, y, 10)!;
    const far = pulled(grip, [x + 1.3 * W, y]);
    const moves = swept(cells, edges, district, grip, far.shape);
    expect(moves.get(7)).toBe(0);
    expect([...moves.values()].every((to) => to === 0)).toBe(true);
    expect(swept(cells, edges, district, grip, pulled(grip, [x, y]).shape).size).toBe(0);
    const back = pulled(grip, [x - 1.3 * W, y]);
    expect(swept(cells, edges, district, grip, back.shape).get(6)).toBe(1);
  });

  test("a third district is left alone", () => {
    const three = district.slice();
    three[7] = 2;
    const grip = gripAt(cells, edges, three, x, 0.5 * H, 10)!;
    expect(grip.sides).not.toContain(2);
    expect(swept(cells, edges, three, grip, pulled(grip, [x + 2 * W, y]).shape).has(7)).toBe(false);
  });
});
