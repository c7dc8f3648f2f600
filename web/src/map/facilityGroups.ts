/** Facility kinds in eight groups, for their colour on the map, and the one character that stands in the dot. */

export type FacilityGroup = "education" | "health" | "elderly" | "culture" | "commerce" | "service" | "green" | "transport";

export const GROUP_COLOURS: Record<FacilityGroup, string> = {
  education: "#c8704f",
  health: "#b23a5b",
  elderly: "#8a5a9e",
  culture: "#4f86ab",
  commerce: "#c9931f",
  service: "#6d6a5d",
  green: "#4f8a58",
  transport: "#35737f",
};

const GROUPS: Record<FacilityGroup, readonly [kind: string, sign: string][]> = {
  education: [["kindergarten", "幼"], ["childcare", "托"], ["primary_school", "小"], ["middle_school", "中"]],
  health: [
    ["community_health_centre", "医"],
    ["community_health_station", "卫"],
    ["clinic_outpatient", "诊"],
    ["pharmacy", "药"],
  ],
  elderly: [["elderly_daycare", "老"], ["nursing_home", "养"], ["nursing_care_home", "护"], ["community_canteen", "食"]],
  culture: [
    ["culture_centre", "文"],
    ["culture_station", "文"],
    ["sports_hall", "体"],
    ["large_sports_ground", "体"],
    ["medium_sports_ground", "体"],
    ["small_sports_ground", "球"],
    ["sports_gym", "健"],
    ["outdoor_fitness", "健"],
    ["outdoor_equipment", "健"],
    ["children_elderly_ground", "童"],
  ],
  commerce: [
    ["food_market", "菜"],
    ["supermarket", "超"],
    ["shopping_mall", "商"],
    ["convenience_store", "便"],
    ["community_commerce", "店"],
    ["eating", "餐"],
    ["bank", "银"],
    ["telecom_shop", "电"],
    ["housekeeping", "家"],
  ],
  service: [
    ["community_service_station", "社"],
    ["street_service_centre", "服"],
    ["subdistrict_office", "街"],
    ["judicial_office", "司"],
    ["police_station", "警"],
    ["post_office", "邮"],
    ["parcel_facility", "递"],
    ["property_room", "物"],
    ["recycling_point", "收"],
    ["waste_station", "圾"],
    ["waste_point", "圾"],
    ["public_toilet", "厕"],
    ["emergency_shelter", "避"],
    ["lift", "梯"],
  ],
  green: [["park", "园"], ["park_10min", "园"], ["park_15min", "园"]],
  transport: [
    ["bus_stop", "公"],
    ["metro_station", "轨"],
    ["public_parking", "停"],
    ["resident_parking", "停"],
    ["bike_parking", "车"],
    ["ev_charging", "充"],
    ["ebike_charging", "充"],
  ],
};

const GROUP_OF = new Map<string, FacilityGroup>();
const SIGN_OF = new Map<string, string>();
for (const [group, kinds] of Object.entries(GROUPS) as [FacilityGroup, readonly [string, string][]][]) {
  for (const [kind, sign] of kinds) {
    GROUP_OF.set(kind, group);
    SIGN_OF.set(kind, sign);
  }
}

export const groupOf = (kind: string): FacilityGroup => GROUP_OF.get(kind) ?? "service";

/** A MapLibre `match` over a text expression: the colour of a facility's kind. */
export function colourByKind(kind: unknown): unknown[] {
  const pairs = [...GROUP_OF].flatMap(([name, group]) => [name, GROUP_COLOURS[group]]);
  return ["match", kind, ...pairs, GROUP_COLOURS.service];
}

/** A MapLibre `match` over a text expression: the character in the dot. */
export function signByKind(kind: unknown): unknown[] {
  return ["match", kind, ...[...SIGN_OF].flat(), "·"];
}
