import { editDistance } from "#core/edit-distance.ts";

/** At most three of the keys whose name or whole text comes close to `word`, the closest first. */
export function nearestNames(word: string, keys: readonly string[]): readonly string[] {
  const wanted = word.toLowerCase();
  return keys
    .map((key) => {
      const name = (key.split("/").at(-1) ?? "").toLowerCase();
      const contains = name.includes(wanted) || wanted.includes(name);
      return { key, distance: contains ? 0 : editDistance(wanted, name) };
    })
    .filter(({ distance }) => distance <= Math.max(1, Math.floor(wanted.length / 3)))
    .sort((a, b) => a.distance - b.distance || (a.key < b.key ? -1 : 1))
    .slice(0, 3)
    .map(({ key }) => key);
}
