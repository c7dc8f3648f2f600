/** The map on the page: draws scenes, tells what was pressed. Knows nothing of the panels around it. */

import {
  AttributionControl,
  type ExpressionSpecification,
  type GeoJSONSource,
  type LngLat,
  type LngLatBoundsLike,
  Map as MapLibre,
  type MapGeoJSONFeature,
  type MapMouseEvent,
  NavigationControl,
  Popup,
  ScaleControl,
  setWorkerUrl,
} from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";

import type { Bounds, GapStatus, PageConfig, TileLayer } from "../api/types";
import type { Camera } from "../state/mode";
import { LAYER_IDS, LAYERS_BOTTOM_UP, type LayerId } from "./layers";
import { PATTERNS } from "./patterns";
import type { LonLat, NearestLink, Scene } from "./scene";
import { cityStyle } from "./style";
import { heatColour, neighbourhoodColour, neighbourhoodOpacity, patternRule } from "./theme";

setWorkerUrl(workerUrl);

export interface Pressed {
  layer: "neighbourhoods" | "districts" | "stock";
  id: string;
}

export interface Events {
  pressed: (what: Pressed | null) => void;
  hovered: (neighbourhood: string | null) => void;
  moved: (camera: Camera) => void;
  /** The words of the small card that names a facility or gate. */
  card: (layer: "facilities" | "gates", properties: Record<string, unknown>) => string[];
  ready: () => void;
  failed: (message: string) => void;
}

/** What stands around the map. */
export interface MapWords {
  title: string;
  zoomIn: string;
  zoomOut: string;
  credit: string;
}

export interface Padding {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

const PRESSABLE: readonly LayerId[] = ["stock_point", "stock", "neighbourhoods", "districts"];
const CARDS: readonly LayerId[] = ["facilities", "reached", "gates", "facilities_area"];

export class MapView {
  private readonly map: MapLibre;
  private readonly card = new Popup({ closeButton: false, closeOnClick: false, maxWidth: "280px", offset: 12 });
  private credit: AttributionControl | null = null;
  private scene: Scene | null = null;
  private drawnScene: Scene | null = null;
  private loaded = false;
  private hovered: string | null = null;
  private padding: Padding = { top: 0, right: 0, bottom: 0, left: 0 };
  private still = false;

  constructor(
    container: HTMLElement,
    tiles: readonly TileLayer[],
    config: PageConfig,
    start: { camera: Camera | null; bounds: Bounds },
    private readonly events: Events,
    words: MapWords,
  ) {
    this.still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map = new MapLibre({
      container,
      style: cityStyle(tiles, config, location.origin),
      localIdeographFontFamily: '"Noto Sans CJK SC","Noto Sans SC","Source Han Sans SC","PingFang SC","Microsoft YaHei","WenQuanYi Micro Hei",sans-serif',
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      maxPitch: 0,
      minZoom: 7,
      maxZoom: 20,
      fadeDuration: this.still ? 0 : 200,
      ...(start.camera
        ? { center: [start.camera.lon, start.camera.lat] as LonLat, zoom: start.camera.zoom }
        : { bounds: box(start.bounds), fitBoundsOptions: { padding: 40 } }),
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new ScaleControl({ maxWidth: 120, unit: "metric" }), "bottom-right");
    for (const [name, { width, height, data }] of Object.entries(PATTERNS)) {
      this.map.once("styledata", () => {
        if (!this.map.hasImage(name)) this.map.addImage(name, { width, height, data }, { pixelRatio: 1.5 });
      });
    }
    this.relabel(words);
    this.listen();
  }

  /** Say the words around the map in another language. */
  relabel({ title, zoomIn, zoomOut, credit }: MapWords): void {
    const holder = this.map.getContainer();
    const labels = { ".maplibregl-ctrl-zoom-in": zoomIn, ".maplibregl-ctrl-zoom-out": zoomOut, ".maplibregl-canvas": title };
    for (const [part, text] of Object.entries(labels)) {
      const element = holder.querySelector(part);
      element?.setAttribute("aria-label", text);
      if (part !== ".maplibregl-canvas") element?.setAttribute("title", text);
    }
    if (this.credit) this.map.removeControl(this.credit);
    this.credit = new AttributionControl({ compact: false, customAttribution: credit });
    this.map.addControl(this.credit, "bottom-right");
  }

  /** Draw a scene; only what differs from the last one is touched. */
  show(scene: Scene): void {
    this.scene = scene;
    if (!this.loaded) return;
    const before = this.drawnScene;
    this.drawnScene = scene;
    if (before?.on !== scene.on || before.theme !== scene.theme) this.switchLayers(scene);
    if (before?.theme !== scene.theme || before.breaks !== scene.breaks || !before.drawing !== !scene.drawing) {
      this.paintTheme(scene);
    }
    if (before?.status !== scene.status) this.setStatus(scene.status);
    if (before?.selected !== scene.selected || before.members !== scene.members) this.setSelected(before, scene);
    if (before?.hovered !== scene.hovered) this.setHovered(scene.hovered);
    if (before?.drawing !== scene.drawing) this.draw(scene);
    if (before?.link !== scene.link) this.drawLink(scene.link);
  }

  /** Room that panels cover, so that "in the middle" means the middle of what is free. */
  setPadding(padding: Padding): void {
    this.padding = padding;
    const holder = this.map.getContainer();
    holder.style.setProperty("--covered-left", `${padding.left}px`);
    holder.style.setProperty("--covered-bottom", `${padding.bottom}px`);
  }

  fit(bounds: Bounds, maxZoom = 17): void {
    this.map.fitBounds(box(bounds), { padding: this.room(), maxZoom, duration: this.still ? 0 : 700 });
  }

  /** Show the place that an address names. */
  jumpTo({ zoom, lat, lon }: Camera): void {
    this.map.jumpTo({ center: [lon, lat], zoom });
  }

  /** Bring places into view without more zoom than needed. */
  fitPlaces(places: readonly LonLat[], maxZoom = 16.5): void {
    const lons = places.map((place) => place[0]);
    const lats = places.map((place) => place[1]);
    if (places.length > 0) {
      this.fit([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], maxZoom);
    }
  }

  closeCard(): void {
    this.card.remove();
  }

  resize(): void {
    this.map.resize();
  }

  remove(): void {
    this.map.remove();
  }

  /** For tests: where a place is on the screen, and what is drawn there. */
  project(place: LonLat): { x: number; y: number } {
    const { x, y } = this.map.project(place);
    return { x, y };
  }

  drawn(layer: LayerId): number {
    return this.map.getLayer(layer) ? this.map.queryRenderedFeatures({ layers: [layer] }).length : 0;
  }

  private room(): Padding {
    const margin = Math.min(48, this.map.getContainer().clientWidth / 10);
    const { top, right, bottom, left } = this.padding;
    return { top: top + margin, right: right + margin, bottom: bottom + margin, left: left + margin };
  }

  private listen(): void {
    const { map, events } = this;
    map.on("load", () => {
      this.loaded = true;
      if (this.scene) this.show(this.scene);
      events.ready();
    });
    map.on("idle", () => {
      document.body.dataset.map = "idle";
    });
    map.on("movestart", () => {
      document.body.dataset.map = "moving";
    });
    map.on("moveend", () => {
      const { lng, lat } = map.getCenter();
      events.moved({ zoom: map.getZoom(), lat, lon: lng });
    });
    map.on("click", (event) => this.press(event));
    map.on("mousemove", (event) => this.point(event));
    map.on("mouseout", () => {
      this.card.remove();
      events.hovered(null);
    });
    map.on("error", (event) => events.failed(event.error.message));
  }

  private press(event: MapMouseEvent): void {
    const cards = this.at(event, CARDS, 4);
    if (cards[0]) return this.showCard(cards[0], event.lngLat);
    this.card.remove();
    const found = this.at(event, PRESSABLE, 2);
    const first = PRESSABLE.map((layer) => found.find((feature) => feature.layer.id === layer)).find(Boolean);
    const id: unknown = first?.properties.id;
    if (!first || typeof id !== "string") return this.events.pressed(null);
    const layer = LAYERS_BOTTOM_UP[first.layer.id as LayerId].tile;
    if (layer === "stock" || layer === "districts") this.events.pressed({ layer, id });
    else this.events.pressed({ layer: "neighbourhoods", id });
  }

  private point(event: MapMouseEvent): void {
    const cards = this.at(event, CARDS, 3);
    const under = this.at(event, PRESSABLE, 0);
    const neighbourhood = under.find((feature) => feature.layer.id === "neighbourhoods");
    this.map.getCanvas().style.cursor = cards[0] || under.length > 0 ? "pointer" : "";
    if (cards[0]) this.showCard(cards[0], event.lngLat);
    else this.card.remove();
    const id: unknown = neighbourhood?.properties.id;
    this.events.hovered(typeof id === "string" ? id : null);
  }

  private at(event: MapMouseEvent, layers: readonly LayerId[], around: number): MapGeoJSONFeature[] {
    const { x, y } = event.point;
    const present = layers.filter((layer) => this.map.getLayer(layer));
    if (present.length === 0) return [];
    return this.map.queryRenderedFeatures(
      [
        [x - around, y - around],
        [x + around, y + around],
      ],
      { layers: [...present] },
    );
  }

  private showCard(feature: MapGeoJSONFeature, pointed: LngLat): void {
    const place = feature.geometry.type === "Point" ? (feature.geometry.coordinates as LonLat) : pointed;
    const lines = this.events.card(feature.layer.id === "gates" ? "gates" : "facilities", feature.properties);
    const content = document.createElement("div");
    content.className = "card";
    lines.forEach((line, at) => {
      const element = document.createElement(at === 0 ? "strong" : "span");
      element.textContent = line;
      content.append(element);
    });
    this.card.setLngLat(place).setDOMContent(content).addTo(this.map);
  }

  private switchLayers({ on, theme }: Scene): void {
    for (const id of LAYER_IDS) {
      if (!this.map.getLayer(id)) continue;
      let visible = on.has(LAYERS_BOTTOM_UP[id].shownBy);
      if (id === "heatmap") visible = theme.kind === "heatmap" && visible;
      if (id === "neighbourhoods_pattern") visible = patternRule(theme) !== null && visible;
      if (id === "districts") visible = visible && theme.kind === "districts";
      this.map.setLayoutProperty(id, "visibility", visible ? "visible" : "none");
    }
  }

  private paintTheme({ theme, breaks, drawing }: Scene): void {
    const { map } = this;
    if (map.getLayer("neighbourhoods")) {
      map.setPaintProperty("neighbourhoods", "fill-color", neighbourhoodColour(theme, breaks));
      map.setPaintProperty("neighbourhoods", "fill-opacity", neighbourhoodOpacity(theme, drawing !== null));
    }
    if (map.getLayer("heatmap")) {
      map.setPaintProperty("heatmap", "fill-color", heatColour(breaks));
      map.setPaintProperty("heatmap", "fill-opacity", drawing ? 0.35 : 0.72);
    }
    if (map.getLayer("districts_line")) {
      // A life circle is to be read alone: the district outlines step back.
      map.setPaintProperty("districts_line", "line-opacity", drawing ? 0.3 : 1);
      map.setPaintProperty("districts_halo", "line-opacity", drawing ? 0.2 : 0.8);
    }
    const rule = patternRule(theme);
    if (rule && map.getLayer("neighbourhoods_pattern")) {
      const names = Object.keys(rule.patterns);
      map.setFilter("neighbourhoods_pattern", ["in", ["get", rule.property], ["literal", names]]);
      const pairs = Object.entries(rule.patterns).flat();
      const picture = ["match", ["get", rule.property], ...pairs, "dots"] as unknown as ExpressionSpecification;
      map.setPaintProperty("neighbourhoods_pattern", "fill-pattern", picture);
    }
  }

  private state(layer: string, id: string, state: Record<string, unknown>): void {
    if (this.map.getSource(layer)) this.map.setFeatureState({ source: layer, sourceLayer: layer, id }, state);
  }

  private setStatus(status: ReadonlyMap<string, GapStatus> | null): void {
    for (const [id, value] of status ?? []) this.state("neighbourhoods", id, { status: value });
  }

  private setSelected(before: Scene | null, scene: Scene): void {
    if (before?.selected) this.state(before.selected.layer, before.selected.id, { selected: false });
    for (const id of before?.members ?? []) this.state("neighbourhoods", id, { member: false });
    for (const id of scene.members) this.state("neighbourhoods", id, { member: true });
    if (scene.selected) this.state(scene.selected.layer, scene.selected.id, { selected: true });
  }

  private setHovered(id: string | null): void {
    if (this.hovered) this.state("neighbourhoods", this.hovered, { hover: false });
    if (id) this.state("neighbourhoods", id, { hover: true });
    this.hovered = id;
  }

  private draw({ drawing }: Scene): void {
    const empty: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
    const circles = drawing
      ? { ...drawing.circles, features: drawing.circles.features.filter((one) => drawing.shown.has(one.properties?.layer)) }
      : empty;
    this.own("circles").setData(circles);
    this.own("reached").setData(drawing?.reached ?? empty);
  }

  private drawLink(link: NearestLink | null): void {
    const features: GeoJSON.Feature[] = [];
    if (link) {
      const properties = { label: link.label, found: link.found };
      // The label has a point of its own: on the line it would be drawn once per tile.
      const middle: LonLat = [(link.from[0] + link.to[0]) / 2, (link.from[1] + link.to[1]) / 2];
      features.push(
        { type: "Feature", properties, geometry: { type: "LineString", coordinates: [link.from, link.to] } },
        { type: "Feature", properties: { ...properties, role: "end" }, geometry: { type: "Point", coordinates: link.to } },
        { type: "Feature", properties: { ...properties, role: "label" }, geometry: { type: "Point", coordinates: middle } },
      );
    }
    this.own("link").setData({ type: "FeatureCollection", features });
  }

  private own(name: string): GeoJSONSource {
    return this.map.getSource(name) as GeoJSONSource;
  }
}

const box = ([west, south, east, north]: Bounds): LngLatBoundsLike => [
  [west, south],
  [east, north],
];
