type Values = Readonly<Record<string, unknown>>;

/** Maps are merged into each other; of everything else the later takes the place of the earlier. */
export function mergedMaps(base: Values, overlay: Values): Values {
  const merged = new Map<string, unknown>(Object.entries(base));
  for (const [key, value] of Object.entries(overlay)) {
    const before = merged.get(key);
    merged.set(key, isMap(before) && isMap(value) ? mergedMaps(before, value) : value);
  }
  return Object.fromEntries(merged);
}

function isMap(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
