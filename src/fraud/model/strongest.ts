/** The places of the highest numbers above `least`, highest first. */
export function strongest(values: Float64Array, most: number, least: number): number[] {
  const places: number[] = [];
  for (let n = 0; n < most; n++) {
    let best = -1;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      if (value <= least || places.includes(i)) continue;
      if (best < 0 || value > (values[best] as number)) best = i;
    }
    if (best < 0) break;
    places.push(best);
  }
  return places;
}

/** Log-odds below which a signal did not speak. */
export const SILENT = 0.05;
