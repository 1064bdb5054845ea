/** A path in something that has a name: `@<name>/<path>`. */
export interface NamedPath {
  readonly name: string;
  readonly path: string;
}

/** Reads `@<name>/<path>`; null for anything else. */
export function namedPath(text: string): NamedPath | null {
  const match = /^@([^/]+)\/(.*)$/s.exec(text);
  return match ? { name: match[1] ?? "", path: match[2] ?? "" } : null;
}

/** What is wrong with a template whose names in braces are to be filled in; null: nothing. */
export function templateProblem(template: string): string | null {
  let rest = template;
  while (rest !== "") {
    const at = rest.search(/[{}]/);
    if (at < 0) return null;
    const name = /^\{([^{}]*)\}/.exec(rest.slice(at))?.[1];
    if (name === undefined) return `${JSON.stringify(template)} has a brace that stands alone`;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      return `${JSON.stringify(template)} names ${JSON.stringify(name)}, which is none of letters, digits and underscores`;
    }
    rest = rest.slice(at + name.length + 2);
  }
  return null;
}

/** The names in braces of a template, in their order. */
export function templateNames(template: string): readonly string[] {
  return [...template.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? "");
}

/** A template with its names filled in. @throws RangeError naming the one that there is no value for */
export function filledIn(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{([^{}]*)\}/g, (_whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined)
      throw new RangeError(`${JSON.stringify(template)} names ${JSON.stringify(name)}, which the pattern does not`);
    return value;
  });
}
