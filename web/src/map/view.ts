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
  type MapTouchEvent,
  NavigationControl,
  Popup,
  ScaleControl,
  setWorkerUrl,
} from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";

import type { Bounds, GapStatus, PageConfig, TileLayer } from "../api/types";
import type { Camera } from "../state/mode";
import type { ScenarioPaint } from "../state/scenario";
import type { PlanPointed } from "../state/strokes";
import { LAYER_IDS, LAYERS_BOTTOM_UP, type LayerId, REPLACED_BY_PLAN } from "./layers";
import { addPatterns } from "./patterns";
import { PlanDrawer, type PlanScene } from "./planScene";
import type { LonLat, NearestLink, Pointed, Scene, StockScene } from "./scene";
import { Sketch } from "./sketch";
import { linesOf, nearestOnLines } from "./snap";
import { STOCK_LAYERS, stockColour, stockFilter } from "./stockStyle";
import { cityStyle } from "./style";
import { type Trial, TrialStill } from "./trialStill";
import { heatColour, HEAT_WEIGHT, neighbourhoodColour, neighbourhoodOpacity, patternRule } from "./theme";

setWorkerUrl(workerUrl);

export interface Pressed {
  layer: "neighbourhoods" | "districts" | "stock" | "sites";
  id: string;
}

/** A corner of an asset that is being drawn; a double press ends it. */
export interface Sketched {
  how: "press" | "double";
  place: LonLat;
}

export interface Events {
  pressed: (what: Pressed | null) => void;
  hovered: (neighbourhood: string | null) => void;
  moved: (camera: Camera) => void;
  /** The words of the small card that names a facility, a gate or a neighbourhood. */
  card: (layer: "facilities" | "gates" | "neighbourhoods", properties: Record<string, unknown>) => string[];
  /** A tool of the what-if mode points at a place. */
  tool: (pointed: Pointed) => void;
  /** A tool of the drawing table is held to the map. */
  plan: (pointed: PlanPointed) => void;
  /** A corner of an asset is put on the map. */
  sketch: (sketched: Sketched) => void;
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

const PRESSABLE: readonly LayerId[] = ["site", "mark_point", "stock_point", "stock", "neighbourhoods", "districts"];
const FACILITIES: readonly LayerId[] = ["facilities", "facilities_area"];
const STREETS: readonly LayerId[] = ["streets", "streets_path"];
const SNAP_PX = 26;
const GATE_PX = 12;
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
  private dragged: number | null = null;
  private readonly plan: PlanDrawer;
  private readonly trial: TrialStill;
  private readonly pending: Sketch;
  /** What the map's own areas were told of a scenario. */
  private told: Trial | null = null;
  private drawing = false;

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
    this.plan = new PlanDrawer(this.map);
    this.trial = new TrialStill(this.map, () => this.scene && this.tell(this.scene, true));
    this.pending = new Sketch(this.map);
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new ScaleControl({ maxWidth: 120, unit: "metric" }), "bottom-right");
    addPatterns(this.map);
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
    const served = scene.catchments.features.length > 0 !== (before?.catchments.features.length ?? 0) > 0;
    const planned = !before?.plan !== !scene.plan || before?.plan?.filled !== scene.plan?.filled;
    if (before?.on !== scene.on || before.theme !== scene.theme || planned) this.switchLayers(scene);
    if (before?.theme !== scene.theme || before.breaks !== scene.breaks || !before.drawing !== !scene.drawing || planned || served) {
      this.paintTheme(scene);
    }
    if (before?.selected !== scene.selected || before.members !== scene.members) this.setSelected(before, scene);
    if (before?.hovered !== scene.hovered) this.setHovered(scene.hovered);
    if (before?.drawing !== scene.drawing) this.draw(scene);
    if (before?.link !== scene.link) this.drawLink(scene.link);
    this.trial.keep(scene.tool !== null || scene.trial || scene.tried.features.length > 0);
    this.tell(scene, false);
    if (before?.pending !== scene.pending) this.pending.show(scene.pending);
    if (before?.tried !== scene.tried) this.own("tried").setData(scene.tried);
    for (const name of ["marks", "sites", "catchments"] as const) if (before?.[name] !== scene[name]) this.own(name).setData(scene[name]);
    if (before?.stock !== scene.stock) this.drawStock(before?.stock ?? null, scene.stock);
    if (before?.plan !== scene.plan) this.plan.show(scene.plan);
    const [held, holds] = [before?.tool || before?.plan?.tool || before?.sketch, scene.tool || scene.plan?.tool || scene.sketch];
    if (!held !== !holds) this.takeTool(Boolean(holds));
  }

  /** Tell the map what the scenario makes different; what is only tried lies over a still of it. */
  private tell(scene: Scene, inEarnest: boolean): void {
    const { theme, breaks, paint, status, priority, drawing, catchments } = scene;
    const now: Trial = { theme, breaks, paint, status, priority, faint: drawing !== null || catchments.features.length > 0 };
    const { told } = this;
    const { over } = this.trial;
    // The mouse is up, or away: what it showed stays until the answer to what holds now is here.
    if (!inEarnest && over && !scene.trial && over.paint === paint && over.theme === theme) return;
    if (told && same(told, now)) return this.trial.tell(told, false);
    if (!inEarnest && scene.trial && ((over && same(over, now)) || this.trial.paint(now))) return;
    if (told?.status !== status) this.setStatus(status);
    if (told?.priority !== priority) this.setPriority(told?.priority ?? null, priority);
    if (told?.paint !== paint) this.setPaint(told?.paint ?? null, paint);
    this.told = now;
    if (over) this.map.triggerRepaint();
    this.trial.tell(now, true);
  }

  /** For tests: by how many missing kinds a neighbourhood is shown to differ from today. */
  differs(id: string): number {
    return (this.trial.over ?? this.told)?.paint?.places.get(id)?.diff ?? 0;
  }

  /** Where on the earth a place of the window lies; null where a panel covers the map. */
  placeAt(clientX: number, clientY: number): LonLat | null {
    const canvas = this.map.getCanvas();
    if (document.elementFromPoint(clientX, clientY) !== canvas) return null;
    const { left, top } = canvas.getBoundingClientRect();
    const { lng, lat } = this.map.unproject([clientX - left, clientY - top]);
    return [lng, lat];
  }

  /** The middle of the part of the map that no panel covers. */
  middle(): LonLat {
    const { clientWidth, clientHeight } = this.map.getContainer();
    const { top, right, bottom, left } = this.padding;
    const { lng, lat } = this.map.unproject([(left + clientWidth - right) / 2, (top + clientHeight - bottom) / 2]);
    return [lng, lat];
  }

  get zoom(): number {
    return this.map.getZoom();
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

  /** What is drawn now, for a map on paper. */
  picture(): { style: ReturnType<MapLibre["getStyle"]>; plan: PlanScene | null } {
    const style = this.map.getStyle();
    // Images are made anew on the other map; drawn gestures are not printed.
    return { style, plan: this.scene?.plan ?? null };
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

  /** For tests: how often a gesture was painted without the map being drawn anew. */
  get painted(): number {
    return this.plan.painted + this.trial.painted;
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
    this.listenToPlan();
    map.on("click", (event) => {
      if (this.scene?.sketch) return events.sketch({ how: "press", place: [event.lngLat.lng, event.lngLat.lat] });
      if (this.scene?.plan?.tool) return;
      if (this.scene?.tool) events.tool(this.pointed("press", event));
      else this.press(event);
    });
    map.on("mousemove", (event) => {
      if (this.scene?.plan?.tool || this.scene?.sketch) return;
      if (this.dragged !== null) events.tool(this.pointed("drag", event));
      else if (this.scene?.tool) this.pointTool(event);
      else this.point(event);
    });
    map.on("dblclick", (event) => {
      if (this.scene?.sketch) {
        event.preventDefault();
        return events.sketch({ how: "double", place: [event.lngLat.lng, event.lngLat.lat] });
      }
      if (this.scene?.plan?.tool) {
        event.preventDefault();
        events.plan(this.planPointed("double", event));
      }
      if (!this.scene?.tool) return;
      event.preventDefault(); // no zoom
      events.tool(this.pointed("double", event));
    });
    const grab = (event: MapMouseEvent | MapTouchEvent): void => {
      const tried = this.triedAt(event.point);
      if (tried === null) return;
      event.preventDefault(); // the map stays where it is
      this.dragged = tried;
    };
    const drop = (event: MapMouseEvent | MapTouchEvent): void => {
      if (this.dragged === null) return;
      events.tool(this.pointed("drop", event));
      this.dragged = null;
    };
    map.on("mousedown", grab);
    map.on("touchstart", grab);
    map.on("touchmove", (event) => {
      if (this.dragged !== null) events.tool(this.pointed("drag", event));
    });
    map.on("mouseup", drop);
    map.on("touchend", drop);
    map.on("mouseout", () => {
      this.card.remove();
      events.hovered(null);
    });
    map.on("error", (event) => events.failed(event.error.message));
  }

  /** Pointer events of the drawing table. The space bar, the other buttons and a second finger move the map as ever. */
  private listenToPlan(): void {
    const { map, events } = this;
    let space = false;
    const keyed = (event: KeyboardEvent): void => {
      if (event.code === "Space") space = event.type === "keydown";
    };
    const hold = (held: boolean): void => {
      for (const way of [map.dragPan, map.boxZoom]) {
        if (held) way.disable();
        else way.enable();
      }
    };
    const release = (event: MouseEvent): void => {
      if (!this.drawing || event.target === map.getCanvas()) return;
      this.drawing = false;
      hold(false);
      events.plan({ how: "up", place: this.lastPlace, metresPerPixel: this.metresPerPixel(), client: { x: event.clientX, y: event.clientY }, shift: event.shiftKey, alt: event.altKey });
    };
    addEventListener("keydown", keyed);
    addEventListener("keyup", keyed);
    addEventListener("mouseup", release);
    map.once("remove", () => {
      removeEventListener("keydown", keyed);
      removeEventListener("keyup", keyed);
      removeEventListener("mouseup", release);
    });
    const begin = (event: MapMouseEvent | MapTouchEvent): void => {
      if (!this.scene?.plan?.tool || space) return;
      const { originalEvent } = event;
      if (originalEvent instanceof MouseEvent && originalEvent.button !== 0) return;
      if ("touches" in originalEvent && originalEvent.touches.length > 1) {
        if (this.drawing) events.plan(this.planPointed("leave", event));
        this.drawing = false;
        return;
      }
      // The map stays where it is. A press of the mouse that is declined would be followed by drawing the whole map.
      if (originalEvent instanceof MouseEvent) hold(true);
      else event.preventDefault();
      this.drawing = true;
      events.plan(this.planPointed("down", event));
    };
    const go = (event: MapMouseEvent | MapTouchEvent): void => {
      if (this.scene?.plan?.tool) events.plan(this.planPointed(this.drawing ? "move" : "hover", event));
    };
    const end = (event: MapMouseEvent | MapTouchEvent): void => {
      if (!this.drawing) return;
      this.drawing = false;
      hold(false);
      events.plan(this.planPointed("up", event));
    };
    map.on("mousedown", begin);
    map.on("touchstart", begin);
    map.on("mousemove", go);
    map.on("touchmove", go);
    map.on("mouseup", end);
    map.on("touchend", end);
    map.on("mouseout", (event) => {
      if (this.scene?.plan?.tool && !this.drawing) events.plan(this.planPointed("leave", event));
    });
  }

  private lastPlace: LonLat = [0, 0];

  private planPointed(how: PlanPointed["how"], event: MapMouseEvent | MapTouchEvent): PlanPointed {
    const { lng, lat } = event.lngLat;
    this.lastPlace = [lng, lat];
    const { shiftKey, altKey } = event.originalEvent;
    const { left, top } = this.map.getCanvas().getBoundingClientRect();
    const client = { x: left + event.point.x, y: top + event.point.y };
    return { how, place: this.lastPlace, metresPerPixel: this.metresPerPixel(), client, shift: shiftKey, alt: altKey };
  }

  private metresPerPixel(): number {
    return (40_075_016.7 * Math.cos((this.map.getCenter().lat * Math.PI) / 180)) / (512 * 2 ** this.map.getZoom());
  }

  private takeTool(taken: boolean): void {
    this.card.remove();
    this.events.hovered(null);
    this.map.getCanvas().style.cursor = taken ? "crosshair" : "";
    if (taken) this.map.doubleClickZoom.disable();
    else this.map.doubleClickZoom.enable();
  }

  private pointTool(event: MapMouseEvent): void {
    const pointed = this.pointed("hover", event);
    const { tool } = this.scene ?? {};
    const useful = pointed.tried !== null || (tool === "close_facility" && pointed.facility) || pointed.gate || (tool === "change_population" && this.at(event, ["neighbourhoods"], 0).length > 0);
    this.map.getCanvas().style.cursor = useful ? "pointer" : "crosshair";
    this.events.tool(pointed);
  }

  private pointed(how: Pointed["how"], event: MapMouseEvent | MapTouchEvent): Pointed {
    const { lng, lat } = event.lngLat;
    const { tool } = this.scene ?? {};
    const facility = tool === "close_facility" ? this.at(event, FACILITIES, 6)[0] : undefined;
    const id: unknown = facility?.properties.id;
    const there: LonLat = facility?.geometry.type === "Point" ? (facility.geometry.coordinates as LonLat) : [lng, lat];
    return {
      how,
      place: [lng, lat],
      facility: typeof id === "string" ? { id, place: there } : null,
      tried: this.dragged ?? this.triedAt(event.point),
      snapped: tool === "open_wall" ? this.snap(event) : null,
      gate: tool === "close_gate" ? this.openGate(event) : null,
      street: tool === "cut_link" ? this.onLines(event, STREETS) : null,
      neighbourhood: tool === "change_population" && how === "press" ? this.neighbourhoodAt(event) : null,
    };
  }

  private openGate(event: MapMouseEvent | MapTouchEvent): Pointed["gate"] {
    const gate = this.at(event, ["gates"], GATE_PX).find((one) => one.properties.access !== "closed");
    const id: unknown = gate?.properties.id;
    return gate?.geometry.type === "Point" && typeof id === "string" ? { id, place: gate.geometry.coordinates as LonLat } : null;
  }

  private neighbourhoodAt(event: MapMouseEvent | MapTouchEvent): string | null {
    const id: unknown = this.at(event, ["neighbourhoods"], 0)[0]?.properties.id;
    return typeof id === "string" ? id : null;
  }

  /** Which added facility lies under a pixel. */
  private triedAt({ x, y }: { x: number; y: number }): number | null {
    if (!this.map.getLayer("tried")) return null;
    const found = this.map.queryRenderedFeatures(
      [
        [x - 9, y - 9],
        [x + 9, y + 9],
      ],
      { layers: ["tried"], filter: ["==", ["get", "role"], "add"] },
    );
    const at: unknown = found.find((one) => !one.properties.preview)?.properties.at;
    return typeof at === "number" ? at : null;
  }

  private snap(event: MapMouseEvent | MapTouchEvent): Pointed["snapped"] {
    const gate = this.at(event, ["gates"], GATE_PX).find((one) => one.properties.access === "closed");
    if (gate?.geometry.type === "Point") return { place: gate.geometry.coordinates as LonLat, gate: true };
    const place = this.onLines(event, ["barriers"]);
    return place && { place, gate: false };
  }

  /** The nearest place on drawn lines, where one is near. */
  private onLines(event: MapMouseEvent | MapTouchEvent, layers: readonly LayerId[]): LonLat | null {
    const lines = this.at(event, layers, SNAP_PX)
      .flatMap((one) => linesOf(one.geometry))
      .map((line) => line.map((place) => this.map.project(place as LonLat)));
    const found = nearestOnLines(event.point, lines);
    if (!found || found.away > SNAP_PX) return null;
    const { lng, lat } = this.map.unproject([found.x, found.y]);
    return [lng, lat];
  }

  private press(event: MapMouseEvent): void {
    const cards = this.at(event, CARDS, 4);
    const site = this.at(event, ["site"], 2)[0];
    if (cards[0] && !site) return this.showCard(cards[0], event.lngLat);
    this.card.remove();
    const found = this.at(event, PRESSABLE, 2).filter((feature) => feature.layer.id !== "mark_point" || typeof feature.properties.id === "string");
    const first = PRESSABLE.map((layer) => found.find((feature) => feature.layer.id === layer)).find(Boolean);
    const id: unknown = first?.properties.id;
    if (!first || typeof id !== "string") return this.events.pressed(null);
    if (first.layer.id === "site") return this.events.pressed({ layer: "sites", id });
    if (first.layer.id === "mark_point") return this.events.pressed({ layer: "stock", id });
    const layer = LAYERS_BOTTOM_UP[first.layer.id as LayerId].tile;
    if (layer === "stock" || layer === "districts") this.events.pressed({ layer, id });
    else this.events.pressed({ layer: "neighbourhoods", id });
  }

  private point(event: MapMouseEvent): void {
    const cards = this.at(event, CARDS, 3);
    const under = this.at(event, PRESSABLE, 0);
    const neighbourhood = under.find((feature) => feature.layer.id === "neighbourhoods");
    this.map.getCanvas().style.cursor = cards[0] || under.length > 0 ? "pointer" : "";
    const shownCard = cards[0] ?? (neighbourhood?.properties.overview ? undefined : neighbourhood);
    if (shownCard) this.showCard(shownCard, event.lngLat);
    else this.card.remove();
    const id: unknown = neighbourhood?.properties.id;
    this.events.hovered(typeof id === "string" ? id : null);
  }

  private at(event: MapMouseEvent | MapTouchEvent, layers: readonly LayerId[], around: number): MapGeoJSONFeature[] {
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
    const { id } = feature.layer;
    const lines = this.events.card(id === "gates" || id === "neighbourhoods" ? id : "facilities", feature.properties);
    if (lines.length === 0) return void this.card.remove();
    const content = document.createElement("div");
    content.className = "card";
    lines.forEach((line, at) => {
      const element = document.createElement(at === 0 ? "strong" : "span");
      element.textContent = line;
      content.append(element);
    });
    this.card.setLngLat(place).setDOMContent(content).addTo(this.map);
  }

  private switchLayers({ on, theme, plan }: Scene): void {
    for (const id of LAYER_IDS) {
      if (!this.map.getLayer(id)) continue;
      let visible = on.has(LAYERS_BOTTOM_UP[id].shownBy);
      if (id === "heatmap") visible = theme.kind === "heatmap" && visible;
      if (id === "neighbourhoods_pattern") visible = patternRule(theme) !== null && visible;
      if (id === "districts") visible = visible && theme.kind === "districts";
      if (id.startsWith("plan_")) visible = visible && plan !== null && (id !== "plan_fill" || plan.filled);
      if (plan && REPLACED_BY_PLAN.includes(id)) visible = false;
      if (plan?.filled && (id === "heatmap" || id === "neighbourhoods_pattern")) visible = false;
      this.map.setLayoutProperty(id, "visibility", visible ? "visible" : "none");
    }
  }

  private paintTheme({ theme, breaks, drawing, plan, catchments }: Scene): void {
    const faint = drawing !== null || catchments.features.length > 0;
    const { map } = this;
    if (map.getLayer("neighbourhoods")) {
      map.setPaintProperty("neighbourhoods", "fill-color", neighbourhoodColour(theme, breaks));
      // Under a plan they are there to be pressed, not to be seen.
      map.setPaintProperty("neighbourhoods", "fill-opacity", plan?.filled ? 0 : neighbourhoodOpacity(theme, faint));
    }
    if (map.getLayer("heatmap")) {
      map.setPaintProperty("heatmap", "fill-color", heatColour(breaks));
      map.setPaintProperty("heatmap", "fill-opacity", drawing ? 0.35 : HEAT_WEIGHT);
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

  private setPriority(before: ReadonlyMap<string, number> | null, now: ReadonlyMap<string, number> | null): void {
    for (const [id, priority] of now ?? []) if (before?.get(id) !== priority) this.state("neighbourhoods", id, { priority });
  }

  /** Numbers of the scenario come in, those of the one before go: the tiles stay as they are. */
  private setPaint(before: ScenarioPaint | null, now: ScenarioPaint | null): void {
    const none = { gap_index: null, must_missing: null, diff: 0 };
    for (const id of before?.places.keys() ?? []) if (!now?.places.has(id)) this.state("neighbourhoods", id, none);
    for (const [id, state] of now?.places ?? []) {
      const old = before?.places.get(id);
      if (old?.diff !== state.diff || old.gap_index !== state.gap_index) this.state("neighbourhoods", id, state);
    }
    for (const id of before?.cells.keys() ?? []) if (!now?.cells.has(id)) this.state("heatmap", id, { person_gaps: null });
    for (const [id, person_gaps] of now?.cells ?? []) {
      if (before?.cells.get(id) !== person_gaps) this.state("heatmap", id, { person_gaps });
    }
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

  /** Only the assets that the reader chose, in the colours of what is asked. */
  private drawStock(before: StockScene | null, { ids, by }: StockScene): void {
    for (const layer of STOCK_LAYERS) {
      if (this.map.getLayer(layer) && (before?.ids ?? null) !== ids) this.map.setFilter(layer, stockFilter(layer, ids));
    }
    if (before?.by === by) return;
    if (this.map.getLayer("stock")) this.map.setPaintProperty("stock", "fill-color", stockColour(by));
    if (this.map.getLayer("stock_point")) this.map.setPaintProperty("stock_point", "circle-color", stockColour(by));
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
      const along = link.path ? linesOf(link.path).flat() : [];
      const half = along[Math.floor(along.length / 2)] as LonLat | undefined;
      const middle: LonLat = half ?? [(link.from[0] + link.to[0]) / 2, (link.from[1] + link.to[1]) / 2];
      features.push(
        { type: "Feature", properties, geometry: link.path ?? { type: "LineString", coordinates: [link.from, link.to] } },
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

const same = (one: Trial, other: Trial): boolean =>
  (["theme", "breaks", "paint", "status", "priority", "faint"] as const).every((of) => one[of] === other[of]);

const box = ([west, south, east, north]: Bounds): LngLatBoundsLike => [
  [west, south],
  [east, north],
];
