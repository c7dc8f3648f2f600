/** Lines and areas that the pointer is drawing: on a canvas of their own, so that the map need not be drawn anew. */

import type { Map as MapLibre } from "maplibre-gl";

import { canvasOver, fitOver, type Projector, projectorOf } from "./still";

interface Pen {
  colour: string;
  width_px: number;
}

const PENS: Readonly<Record<string, Pen>> = {
  cut: { colour: "#b2182b", width_px: 2.2 },
  rubber: { colour: "#6a1b9a", width_px: 3.4 },
  grip: { colour: "#6a1b9a", width_px: 3.4 },
};
const PEN: Pen = { colour: "#10343c", width_px: 2.2 };

export class Sketch {
  private readonly canvas: HTMLCanvasElement;
  private features: readonly GeoJSON.Feature[] = [];

  constructor(private readonly map: MapLibre) {
    this.canvas = canvasOver(map, "sketch");
    map.on("move", () => this.features.length > 0 && this.draw());
    map.on("resize", () => this.features.length > 0 && this.draw());
  }

  show({ features }: GeoJSON.FeatureCollection): void {
    if (features.length === 0 && this.features.length === 0) return;
    this.features = features;
    this.draw();
  }

  private draw(): void {
    const { canvas, map, features } = this;
    const context = canvas.getContext("2d")!;
    fitOver(canvas, map);
    canvas.style.display = features.length > 0 ? "block" : "none";
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.scale(map.getPixelRatio(), map.getPixelRatio());
    context.lineJoin = context.lineCap = "round";
    const projector = projectorOf(map);
    for (const feature of features) this.stroke(context, feature, projector);
  }

  private stroke(context: CanvasRenderingContext2D, { geometry, properties }: GeoJSON.Feature, projector: Projector): void {
    const role = String(properties?.role ?? "");
    const { colour, width_px } = PENS[role] ?? PEN;
    const path = pathOf(geometry, projector);
    if (role === "area") {
      context.globalAlpha = 0.1;
      context.fillStyle = colour;
      context.fill(path);
    }
    for (const [style, width, opacity] of [["#ffffff", 6, 0.9], [colour, width_px, 1]] as const) {
      context.globalAlpha = opacity;
      context.strokeStyle = style;
      context.lineWidth = width;
      context.stroke(path);
    }
  }
}

function pathOf(geometry: GeoJSON.Geometry, projector: Projector): Path2D {
  if (geometry.type === "Polygon") return projector.path(geometry.coordinates, true);
  if (geometry.type === "MultiLineString") return projector.path(geometry.coordinates, false);
  return projector.path(geometry.type === "LineString" ? [geometry.coordinates] : [], false);
}
