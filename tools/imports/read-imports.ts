import { join, relative } from "node:path";
import { SyntaxKind } from "typescript/unstable/ast";
import type { Node } from "typescript/unstable/ast";
import { isExportDeclaration, isImportDeclaration } from "typescript/unstable/ast/is";
import { API } from "typescript/unstable/sync";

/** One import, re-export, `import()` or `import("…")` type, with where it stands. */
export interface Import {
  readonly from: string;
  readonly line: number;
  readonly specifier: string;
  /** False when something is left of it in the running program. */
  readonly isTypeOnly: boolean;
}

/** The source files of a project, relative to its root, and all that they import. */
export interface ImportGraph {
  readonly files: readonly string[];
  readonly imports: readonly Import[];
}

/** Asks the TypeScript compiler which files the `tsconfig.json` of `root` names and what each of them imports. */
export function readImports(root: string): ImportGraph {
  const api = new API({ cwd: root });
  try {
    const project = api.updateSnapshot({ openProject: join(root, "tsconfig.json") }).getProjects()[0];
    if (project === undefined) return { files: [], imports: [] };
    const imports: Import[] = [];
    const files = project.rootFiles.map((path) => relative(root, path)).toSorted();
    for (const path of project.rootFiles) {
      const source = project.program.getSourceFile(path);
      for (const node of source?.imports ?? []) {
        if (source === undefined || !("text" in node) || typeof node.text !== "string") continue;
        imports.push({
          from: relative(root, path),
          line: source.getLineAndCharacterOfPosition(node.pos).line + 1,
          specifier: node.text,
          isTypeOnly: isTypeOnly(node),
        });
      }
    }
    return { files, imports };
  } finally {
    api.close();
  }
}

function isTypeOnly(specifier: Node): boolean {
  const { parent } = specifier;
  if (isImportDeclaration(parent)) return parent.importClause?.phaseModifier === SyntaxKind.TypeKeyword;
  if (isExportDeclaration(parent)) return parent.isTypeOnly;
  return parent.kind === SyntaxKind.LiteralType;
}
