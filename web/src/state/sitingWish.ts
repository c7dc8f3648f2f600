/** What is wished of a siting, as it is filled in, and as the service takes it. Pure. */

import type { FundingAsked, FundingLevel, KindLimit, SitingRequest } from "../api/sitingTypes";
import type { DistrictId, KindId, NeighbourhoodId } from "../api/types";

/** One line of "how many": what is not filled in is null. */
export interface LimitWish {
  kind: KindId;
  at_least: number | null;
  at_most: number | null;
  /** Empty: all districts together. */
  district: DistrictId | "";
}

/** A gap that must be closed for everybody. */
export interface ServeWish {
  place: NeighbourhoodId;
  kind: KindId;
}

/** Who walks to a site. */
export const WALKERS = ["neighbourhoods", "buildings", "sharing"] as const;
export type Walkers = (typeof WALKERS)[number];

/** Money as it is filled in, in ten thousands; a source that is not named is not known. */
export interface MoneyWish {
  level: FundingLevel;
  available_wan: Readonly<Record<string, number | null>>;
  land_income_wan: number | null;
  admin_district: string;
  loan_wan: number | null;
  loan_rate_percent: number | null;
  loan_years: number;
  loan_grace_years: number;
}

/** The wish as it is filled in; amounts of money in ten thousands. */
export interface SitingWish {
  /** Empty: every gap. */
  kinds: readonly KindId[];
  /** Of each year; null: no limit. */
  budget_wan: readonly (number | null)[];
  must: readonly string[];
  must_not: readonly string[];
  /** Null: as the standards say. */
  spacing_m: Readonly<Record<KindId, number>> | null;
  limits: readonly LimitWish[];
  /** In percent. */
  least_percent: Readonly<Record<KindId, number>>;
  must_serve: readonly ServeWish[];
  /** Null: as the standards say. */
  incompatible: readonly (readonly [KindId, KindId])[] | null;
  walkers: Walkers;
  /** Whose districts count; empty: those of the analysis. */
  plan: string;
  /** Empty: the whole city. */
  districts: readonly DistrictId[];
  /** What is left out is as the standards say. */
  weights: Readonly<Record<string, number>>;
  /** Empty: the weighted sum. */
  order: NonNullable<NonNullable<SitingRequest["rules"]>["order"]>;
  money: MoneyWish;
}

export const FIRST_MONEY: MoneyWish = { level: "district", available_wan: {}, land_income_wan: null, admin_district: "", loan_wan: null, loan_rate_percent: null, loan_years: 10, loan_grace_years: 0 };
export const FIRST_SITING_WISH: SitingWish = {
  ...{ kinds: [], budget_wan: [null], must: [], must_not: [], spacing_m: null, limits: [], least_percent: {}, must_serve: [], incompatible: null },
  ...{ walkers: "neighbourhoods", plan: "", districts: [], weights: {}, order: [], money: FIRST_MONEY },
};
const CURVE_POINTS = 12;
const WAN = 10_000;

/** A wish as the service takes it; what is as at first is left out. */
export function requestOf(wish: SitingWish): SitingRequest {
  const limited = wish.budget_wan.some((one) => one !== null) || wish.budget_wan.length > 1;
  const shares = Object.entries(wish.least_percent).map(([kind, percent]) => [kind, percent / 100] as const);
  const rules = {
    ...(wish.must.length > 0 ? { must: [...wish.must] } : {}),
    ...(wish.must_not.length > 0 ? { must_not: [...wish.must_not] } : {}),
    ...(wish.spacing_m !== null ? { spacing_m: { ...wish.spacing_m } } : {}),
    ...(wish.limits.length > 0 ? { limits: wish.limits.map(limitOf) } : {}),
    ...(shares.length > 0 ? { least_share: Object.fromEntries(shares) } : {}),
    ...(wish.must_serve.length > 0 ? { must_serve: wish.must_serve.map(({ place, kind }) => `${place}:${kind}`) } : {}),
    ...(wish.incompatible !== null ? { incompatible: wish.incompatible.map(([one, other]): [KindId, KindId] => [one, other]) } : {}),
    ...(wish.order.length > 0 ? { order: [...wish.order] } : {}),
  };
  const funding = fundingOf(wish.money);
  return {
    ...(wish.kinds.length > 0 ? { kinds: [...wish.kinds] } : {}),
    ...(limited ? { budget_yuan: wish.budget_wan.map((one) => (one === null ? null : one * WAN)) } : {}),
    ...(Object.keys(rules).length > 0 ? { rules } : {}),
    ...(Object.keys(wish.weights).length > 0 ? { weights: { ...wish.weights } } : {}),
    ...(wish.districts.length > 0 || wish.plan !== "" ? { area: { ...(wish.districts.length > 0 ? { districts: [...wish.districts] } : {}), ...(wish.plan !== "" ? { plan: wish.plan } : {}) } } : {}),
    ...(wish.walkers === "buildings" ? { demand: "buildings" as const } : wish.walkers === "sharing" ? { sharing: true } : {}),
    ...(Object.keys(funding).length > 0 ? { funding } : {}),
    pareto: CURVE_POINTS,
    seed: 0,
  };
}

const limitOf = ({ kind, at_least, at_most, district }: LimitWish): KindLimit => ({
  kind,
  ...(at_least !== null ? { at_least } : {}),
  ...(at_most !== null ? { at_most } : {}),
  ...(district !== "" ? { district } : {}),
});

/** Money as the service takes it; what is as at first is left out. */
export function fundingOf(money: MoneyWish): FundingAsked {
  const available = Object.entries(money.available_wan).flatMap(([source, wan]) => (wan === null ? [] : [[source, wan * WAN] as const]));
  return {
    ...(money.level !== FIRST_MONEY.level ? { level: money.level } : {}),
    ...(available.length > 0 ? { available_yuan: Object.fromEntries(available) } : {}),
    ...(money.land_income_wan !== null ? { land_income_yuan: money.land_income_wan * WAN } : {}),
    ...(money.admin_district.trim() !== "" ? { admin_district: money.admin_district.trim() } : {}),
    ...(money.loan_wan !== null && money.loan_wan > 0
      ? { loan: { amount_yuan: money.loan_wan * WAN, ...(money.loan_rate_percent !== null ? { rate_share: money.loan_rate_percent / 100 } : {}), years: money.loan_years, grace_years: money.loan_grace_years } }
      : {}),
  };
}

/** The money that a siting was asked with, as it is filled in. */
export function moneyOf(asked: FundingAsked | undefined): MoneyWish {
  const wan = (yuan: number | undefined): number | null => (yuan === undefined ? null : yuan / WAN);
  const { loan } = asked ?? {};
  return {
    ...FIRST_MONEY,
    level: asked?.level ?? FIRST_MONEY.level,
    available_wan: Object.fromEntries(Object.entries(asked?.available_yuan ?? {}).map(([source, yuan]) => [source, yuan / WAN])),
    land_income_wan: wan(asked?.land_income_yuan),
    admin_district: asked?.admin_district ?? "",
    ...(loan ? { loan_wan: wan(loan.amount_yuan), loan_rate_percent: loan.rate_share === undefined ? null : loan.rate_share * 100, loan_years: loan.years ?? FIRST_MONEY.loan_years, loan_grace_years: loan.grace_years ?? 0 } : {}),
  };
}
