import type { Lookup } from "#core/app/dialect.ts";
import type { Installation } from "../settings.ts";
import type { TemplateStyle } from "./fill.ts";

/** What every generator of a set knows. */
export interface Making {
  /** The set's own name and namespace. */
  readonly name: string;
  readonly namespace: string;
  readonly installation: Installation;
  /** Whose repositories it may read; "" where only the template will tell: those of all. */
  readonly project: string;
  readonly style: TemplateStyle;
  readonly lookup: Lookup;
}
