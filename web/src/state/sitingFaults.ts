/** What is wrong with a wish, said at the field: its name, and the key of the sentence. Pure. */

import type { MessageKey } from "../locale/zh";
import type { MoneyWish, SitingWish } from "./sitingWish";

export type Faults = ReadonlyMap<string, MessageKey>;

const MOST_YEARS = 50;
const amount = (value: number): boolean => Number.isFinite(value) && value >= 0;
const whole = (value: number): boolean => amount(value) && Number.isInteger(value);

/** Faults by field: `budget.0`, `limit.1`, `share.park`, `serve.0`, `apart.0`, `spacing.park`, `weight.risk`, `walkers`. */
export function wishFaults(wish: SitingWish): Faults {
  const found = new Map<string, MessageKey>();
  const among = (kind: string): boolean => wish.kinds.length === 0 || wish.kinds.includes(kind);
  wish.budget_wan.forEach((one, at) => {
    if (one !== null && !amount(one)) found.set(`budget.${at}`, "fault.amount");
  });
  wish.limits.forEach(({ kind, at_least, at_most }, at) => {
    if (kind === "") found.set(`limit.${at}`, "fault.kind");
    else if ([at_least, at_most].some((one) => one !== null && !whole(one))) found.set(`limit.${at}`, "fault.whole");
    else if (at_least === null && at_most === null) found.set(`limit.${at}`, "fault.limit_empty");
    else if (at_least !== null && at_most !== null && at_least > at_most) found.set(`limit.${at}`, "fault.limit_order");
    else if ((at_least ?? 0) > 0 && !among(kind)) found.set(`limit.${at}`, "fault.not_among");
  });
  for (const [kind, percent] of Object.entries(wish.least_percent)) {
    if (!(percent >= 0 && percent <= 100)) found.set(`share.${kind}`, "fault.percent");
    else if (!among(kind)) found.set(`share.${kind}`, "fault.not_among");
  }
  wish.must_serve.forEach(({ place, kind }, at) => {
    if (place === "") found.set(`serve.${at}`, "fault.place");
    else if (kind === "") found.set(`serve.${at}`, "fault.kind");
    else if (!among(kind)) found.set(`serve.${at}`, "fault.not_among");
  });
  wish.incompatible?.forEach(([one, other], at) => {
    if (one === "" || other === "") found.set(`apart.${at}`, "fault.kind");
    else if (one === other) found.set(`apart.${at}`, "fault.same");
  });
  for (const [kind, metres] of Object.entries(wish.spacing_m ?? {})) if (!amount(metres)) found.set(`spacing.${kind}`, "fault.metres");
  for (const [key, weight] of Object.entries(wish.weights)) if (!amount(weight)) found.set(`weight.${key}`, "fault.weight");
  if (wish.walkers === "sharing" && wish.plan !== "") found.set("walkers", "fault.sharing_plan");
  return new Map([...found, ...moneyFaults(wish.money)]);
}

/** Faults by field: `source.lottery`, `land_income`, `loan`, `loan_rate`, `loan_years`, `loan_grace`. */
export function moneyFaults(money: MoneyWish): Faults {
  const found = new Map<string, MessageKey>();
  for (const [source, wan] of Object.entries(money.available_wan)) if (wan !== null && !amount(wan)) found.set(`source.${source}`, "fault.amount");
  if (money.land_income_wan !== null && !amount(money.land_income_wan)) found.set("land_income", "fault.amount");
  if (money.loan_wan === null) return found;
  if (!amount(money.loan_wan)) found.set("loan", "fault.amount");
  if (money.loan_rate_percent !== null && !(money.loan_rate_percent >= 0 && money.loan_rate_percent < 100)) found.set("loan_rate", "fault.rate");
  if (!whole(money.loan_years) || money.loan_years < 1 || money.loan_years > MOST_YEARS) found.set("loan_years", "fault.loan_years");
  else if (!whole(money.loan_grace_years) || money.loan_grace_years >= money.loan_years) found.set("loan_grace", "fault.loan_grace");
  return found;
}

/** What was typed into a field of numbers: nothing is null, what is no number is kept as a fault. */
export function numberOf(field: { value: string; validity: { badInput: boolean } }): number | null {
  if (field.validity.badInput) return NaN;
  return field.value.trim() === "" ? null : Number(field.value);
}
