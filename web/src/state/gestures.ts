/** What the pointer does on the map while a tool is chosen: it previews, then it changes the list. */

import type { Change } from "../api/types";
import type { LonLat, Pointed } from "../map/scene";
import { roundPlace } from "./edits";
import { Store } from "./store";
import type { WhatIf } from "./whatif";

const round = ([lon, lat]: LonLat): LonLat => [roundPlace(lon), roundPlace(lat)];
const same = (a: LonLat | undefined, b: LonLat): boolean => a !== undefined && a[0] === b[0] && a[1] === b[1];

type Role = "wall" | "gate" | "corner" | "close";

export class Gestures {
  /** Corners of the path that is being drawn. */
  readonly corners = new Store<readonly LonLat[]>([]);
  /** Where the pointer would act: a place on a wall, the end of the path. */
  readonly aim = new Store<{ place: LonLat; role: Role } | null>(null);
  /** Where facilities and gates lie that are closed now: they are drawn with a cross. */
  readonly closed = new Map<string, LonLat>();

  constructor(private readonly whatIf: WhatIf) {}

  take(pointed: Pointed): void {
    if (pointed.how === "drag" || pointed.how === "drop") return this.drag(pointed);
    switch (this.whatIf.tool.value) {
      case "add_facility":
        return this.add(pointed);
      case "close_facility":
        return this.close(pointed);
      case "open_wall":
        return this.open(pointed);
      case "build_link":
        return this.draw(pointed);
      case "close_gate":
        return this.shut(pointed);
      case "cut_link":
        return this.cut(pointed);
      case "change_population":
        if (pointed.how === "press" && pointed.neighbourhood !== null) this.whatIf.peopled.set(pointed.neighbourhood);
        return;
      case null:
        return;
    }
  }

  /** End the path, or put the tool away. Tells whether there was anything to cancel. */
  cancel(): boolean {
    const busy = this.whatIf.tool.value !== null || this.corners.value.length > 0;
    if (this.corners.value.length > 0) this.corners.set([]);
    else this.whatIf.choose(null);
    this.aim.set(null);
    this.whatIf.hover(null);
    return busy;
  }

  /** The last corner goes. */
  stepBack(): void {
    this.corners.update((corners) => corners.slice(0, -1));
    this.whatIf.hover(null);
  }

  finishPath(): void {
    const corners = this.corners.value;
    this.corners.set([]);
    this.aim.set(null);
    if (corners.length > 1) this.whatIf.add({ op: "build_link", coordinates: corners.map((one) => [...one] as [number, number]) });
    else this.whatIf.hover(null);
  }

  private add({ how, place, tried }: Pointed): void {
    const kind = this.whatIf.kind.value;
    if (!kind) return;
    if (tried !== null) return this.whatIf.hover(null); // it can be dragged
    const change = this.whatIf.newFacility(kind, ...place);
    if (how === "press") this.whatIf.add(change);
    else if (how === "hover") this.whatIf.hover([...this.whatIf.edits.value.now, change]);
  }

  private drag({ how, place: [lon, lat], tried }: Pointed): void {
    const changes = this.whatIf.edits.value.now;
    const moved = changes.map((one, at): Change =>
      at === tried && one.op === "add_facility" ? { ...one, lon: roundPlace(lon), lat: roundPlace(lat) } : one,
    );
    if (how === "drag") this.whatIf.hover(moved);
    else if (this.whatIf.preview.value) this.whatIf.commit(moved);
  }

  private close({ how, facility, tried }: Pointed): void {
    if (tried === null) return this.closeOne("close_facility", how, facility);
    if (how === "press") this.whatIf.remove(tried);
  }

  private shut({ how, gate }: Pointed): void {
    this.closeOne("close_gate", how, gate);
  }

  /** Close what is pointed at; what is closed already is opened again. */
  private closeOne(op: "close_facility" | "close_gate", how: Pointed["how"], found: { id: string; place: LonLat } | null): void {
    const again = found ? this.whatIf.edits.value.now.findIndex((one) => one.op === op && one.id === found.id) : -1;
    if (!found || again >= 0) {
      if (how === "press" && again >= 0) this.whatIf.remove(again);
      else this.whatIf.hover(null);
      return;
    }
    this.closed.set(found.id, found.place);
    const change: Change = { op, id: found.id };
    if (how === "press") this.whatIf.add(change);
    else if (how === "hover") this.hoverOnce(change);
  }

  private cut({ how, street }: Pointed): void {
    if (!street) {
      this.aim.set(null);
      return this.whatIf.hover(null);
    }
    const [lon, lat] = round(street);
    this.aim.set(how === "press" ? null : { place: [lon, lat], role: "close" });
    if (how === "press") this.whatIf.add({ op: "cut_link", lon, lat });
    else if (how === "hover") this.hoverOnce({ op: "cut_link", lon, lat });
  }

  private open({ how, snapped }: Pointed): void {
    if (!snapped) {
      this.aim.set(null);
      return this.whatIf.hover(null);
    }
    const [lon, lat] = round(snapped.place);
    const change: Change = { op: snapped.gate ? "open_gate" : "open_wall", lon, lat };
    this.aim.set({ place: [lon, lat], role: snapped.gate ? "gate" : "wall" });
    if (how === "press") {
      this.aim.set(null);
      this.whatIf.add(change);
    } else if (how === "hover") this.hoverOnce(change);
  }

  private draw({ how, place }: Pointed): void {
    const at = round(place);
    const corners = this.corners.value;
    if (how === "double") return this.finishPath();
    if (how === "press") {
      if (!same(corners.at(-1), at)) this.corners.set([...corners, at]); // the second press of two is at the same place
      return;
    }
    this.aim.set({ place: at, role: "corner" });
    if (corners.length > 0 && !same(corners.at(-1), at)) {
      this.hoverOnce({ op: "build_link", coordinates: [...corners, at].map((one) => [...one] as [number, number]) });
    }
  }

  /** The same place is not asked twice. */
  private hoverOnce(change: Change): void {
    const last = this.whatIf.preview.value?.at(-1);
    if (last && JSON.stringify(last) === JSON.stringify(change)) return;
    this.whatIf.hover([...this.whatIf.edits.value.now, change]);
  }
}

/** What the changes put on the map. */
export function drawTried(
  changes: readonly Change[],
  committed: number,
  gestures: { closed: ReadonlyMap<string, LonLat>; corners: readonly LonLat[]; aim: Gestures["aim"]["value"] },
): GeoJSON.FeatureCollection {
  const features: GeoJSON.Feature[] = [];
  const point = (place: LonLat, properties: object): void => {
    features.push({ type: "Feature", properties, geometry: { type: "Point", coordinates: place } });
  };
  const added = new Map(changes.flatMap((one) => (one.op === "add_facility" ? [[one.id, [one.lon, one.lat] as LonLat]] : [])));
  changes.forEach((one, at) => {
    const preview = at >= committed;
    if (one.op === "add_facility") point([one.lon, one.lat], { role: "add", kind: one.kind, at, preview });
    else if (one.op === "open_wall") point([one.lon, one.lat], { role: "wall", at, preview });
    else if (one.op === "open_gate") point([one.lon, one.lat], { role: "gate", at, preview });
    else if (one.op === "cut_link") point([one.lon, one.lat], { role: "close", at, preview });
    else if (one.op === "close_facility" || one.op === "close_gate") {
      const place = added.get(one.id) ?? gestures.closed.get(one.id);
      if (place) point(place, { role: "close", at, preview });
    } else if (one.op === "build_link") {
      features.push({ type: "Feature", properties: { role: "link", at, preview }, geometry: { type: "LineString", coordinates: one.coordinates } });
    }
  });
  for (const corner of gestures.corners) point(corner, { role: "corner" });
  if (gestures.aim) point(gestures.aim.place, { role: gestures.aim.role, preview: true });
  return { type: "FeatureCollection", features };
}
