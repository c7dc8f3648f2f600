import { describe, expect, it } from "vitest";

import { linesOf, nearestOnLines } from "./snap";

describe("snapping to a wall", () => {
  it("finds the foot on the line, its end beyond the end, and the nearer of two lines", () => {
    const wall = [{ x: 0, y: 0 }, { x: 10, y: 0 }];
    expect(nearestOnLines({ x: 4, y: 3 }, [wall])).toEqual({ x: 4, y: 0, away: 3 });
    expect(nearestOnLines({ x: 13, y: 4 }, [wall])).toEqual({ x: 10, y: 0, away: 5 });
    expect(nearestOnLines({ x: 4, y: 3 }, [wall, [{ x: 0, y: 4 }, { x: 10, y: 4 }]])?.y).toBe(4);
    expect(nearestOnLines({ x: 4, y: 3 }, [[{ x: 1, y: 1 }]])).toBeNull();
    expect(nearestOnLines({ x: 0, y: 2 }, [[{ x: 0, y: 0 }, { x: 0, y: 0 }]])?.away).toBe(2);
  });

  it("takes the edge of an area for a line, and nothing of a point", () => {
    expect(linesOf({ type: "Polygon", coordinates: [[[0, 0], [1, 0], [0, 0]]] })).toHaveLength(1);
    expect(linesOf({ type: "Point", coordinates: [0, 0] })).toEqual([]);
  });
});
