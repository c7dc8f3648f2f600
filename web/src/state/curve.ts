/** Scales of the curve of money against people. Pure. */

export interface CurveBox {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface CurveScale {
  x: (yuan: number) => number;
  y: (persons: number) => number;
  most_yuan: number;
  most_persons: number;
}

/** Both axes begin at nothing, so that lengths can be compared. */
export function curveScale(points: readonly { cost_yuan: number; persons: number }[], box: CurveBox): CurveScale {
  const most_yuan = Math.max(1, ...points.map((one) => one.cost_yuan));
  const most_persons = Math.max(1, ...points.map((one) => one.persons));
  const across = box.width - box.left - box.right;
  const up = box.height - box.top - box.bottom;
  return {
    most_yuan,
    most_persons,
    x: (yuan) => Number((box.left + (across * yuan) / most_yuan).toFixed(1)),
    y: (persons) => Number((box.height - box.bottom - (up * persons) / most_persons).toFixed(1)),
  };
}

/** About `count` round numbers from nothing to the most. */
export function ticksOf(most: number, count: number): number[] {
  const rough = most / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? 10 * power;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, at) => Number((at * step).toPrecision(12)));
}
