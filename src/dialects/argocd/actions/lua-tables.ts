/** An object that went through Lua, where an empty map and an empty list are one: maps of before stay maps. */
export function withListsAsBefore<T>(made: T, before: unknown): T {
  return restored(made, before) as T;
}

function restored(made: unknown, before: unknown): unknown {
  if (Array.isArray(made)) {
    if (made.length === 0 && isMap(before)) return {};
    return made.map((entry: unknown, place) => restored(entry, Array.isArray(before) ? before[place] : undefined));
  }
  if (!isMap(made)) return made;
  const known = isMap(before) ? before : {};
  return Object.fromEntries(
    Object.entries(made).map(([name, member]) => {
      return [name, restored(member, Object.hasOwn(known, name) ? known[name] : undefined)];
    }),
  );
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
