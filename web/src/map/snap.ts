/** The nearest place on lines. Pure; in pixels of the screen. */

export interface Pixel {
  x: number;
  y: number;
}

/** The place on a line that is nearest to a pixel, and how far it is; null without a line. */
export function nearestOnLines(to: Pixel, lines: readonly (readonly Pixel[])[]): (Pixel & { away: number }) | null {
  let best: (Pixel & { away: number }) | null = null;
  for (const line of lines) {
    for (let at = 1; at < line.length; at++) {
      const [a, b] = [line[at - 1], line[at]];
      if (!a || !b) continue;
      const [dx, dy] = [b.x - a.x, b.y - a.y];
      const length = dx * dx + dy * dy;
      const share = length === 0 ? 0 : Math.max(0, Math.min(1, ((to.x - a.x) * dx + (to.y - a.y) * dy) / length));
      const [x, y] = [a.x + share * dx, a.y + share * dy];
      const away = Math.hypot(to.x - x, to.y - y);
      if (!best || away < best.away) best = { x, y, away };
    }
  }
  return best;
}

/** The lines of a geometry: rings of areas count as lines. */
export function linesOf(geometry: GeoJSON.Geometry): GeoJSON.Position[][] {
  switch (geometry.type) {
    case "LineString":
      return [geometry.coordinates];
    case "MultiLineString":
    case "Polygon":
      return geometry.coordinates;
    case "MultiPolygon":
      return geometry.coordinates.flat();
    default:
      return [];
  }
}
