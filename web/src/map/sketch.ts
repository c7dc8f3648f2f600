/** Lines and areas that the pointer is drawing: on a canvas of their own, so that the map need not be drawn anew. */

import type { Map as MapLibre } from "maplibre-gl";

import { TRIED } from "./palette";
import { canvasOver, fitOver, type Projector, projectorOf } from "./still";

interface Pen {
  colour: string;
  width_px: number;
}

const PENS: Readonly<Record<string, Pen>> = {
  cut: { colour: "#b2182b", width_px: 2.2 },
  rubber: { colour: "#6a1b9a", width_px: 3.4 },
  grip: { colour: "#6a1b9a", width_px: 3.4 },
  link: { colour: TRIED.new, width_px: 4 },
};
const PEN: Pen = { colour: "#10343c", width_px: 2.2 };
/** Points that a tool of the what-if mode would put on the map, as the map has them. */
const DOTS: Readonly<Record<string, { radius_px: number; fill: string; edge: string }>> = {
  add: { radius_px: 11, fill: TRIED.new, edge: TRIED.new },
  close: { radius_px: 11, fill: TRIED.halo, edge: TRIED.closed },
  wall: { radius_px: 8, fill: TRIED.halo, edge: TRIED.new },
  gate: { radius_px: 8, fill: TRIED.halo, edge: TRIED.new },
  corner: { radius_px: 4, fill: TRIED.halo, edge: TRIED.new },
};

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
    if (geometry.type === "Point") return dot(context, geometry.coordinates, role, projector);
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

function dot(context: CanvasRenderingContext2D, [lon = 0, lat = 0]: GeoJSON.Position, role: string, projector: Projector): void {
  const { radius_px, fill, edge } = DOTS[role] ?? DOTS.corner!;
  const [x, y] = [projector.x(lon), projector.y(lat)];
  context.globalAlpha = 0.8;
  context.beginPath();
  context.arc(x, y, radius_px, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = edge;
  context.lineWidth = 3;
  context.stroke();
  if (role !== "close") return;
  context.beginPath();
  context.moveTo(x - 4, y - 4);
  context.lineTo(x + 4, y + 4);
  context.moveTo(x + 4, y - 4);
  context.lineTo(x - 4, y + 4);
  context.stroke();
}

function pathOf(geometry: GeoJSON.Geometry, projector: Projector): Path2D {
  if (geometry.type === "Polygon") return projector.path(geometry.coordinates, true);
  if (geometry.type === "MultiLineString") return projector.path(geometry.coordinates, false);
  return projector.path(geometry.type === "LineString" ? [geometry.coordinates] : [], false);
}
