import { ApiError } from "#core/cluster/api-error.ts";
import { joinApiVersion } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Impersonation, KindInfo, Selection } from "#engine/ports.ts";
import { parseListPage } from "./list-body.ts";
import type { ListPage } from "./list-body.ts";
import { metadataAccept } from "./object-metadata.ts";
import { malformed } from "./requester.ts";
import type { Call, Requester } from "./requester.ts";
import { collectionPath } from "./resource-path.ts";

/** What to list, and as whom. */
export interface ListRequest {
  readonly info: KindInfo;
  readonly selection: Selection;
  readonly as?: Impersonation | undefined;
  readonly signal: AbortSignal;
}

/** A complete list and the version that a watch continues from. */
export interface CompleteList {
  readonly items: readonly Resource[];
  readonly resourceVersion: string;
}

const PAGE_SIZE = "500";

/**
 * Reads a kind page by page from the quorum. Pages of a list that expires midway are discarded, and the list is
 * read once more from its start.
 * @throws ApiError when a page fails, or when the second reading expires too.
 */
export async function listAll(requester: Requester, request: ListRequest): Promise<CompleteList> {
  try {
    return await readPages(requester, request);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 410) throw error;
    return readPages(requester, request);
  }
}

/** The query parameters of a selection. */
export function selectionQuery(selection: Selection): Readonly<Record<string, string | undefined>> {
  return { labelSelector: selection.labelSelector, fieldSelector: selection.fieldSelector };
}

/** What messages call a selection: `Deployment in shop`. */
export function selectionText(info: KindInfo, selection: Selection): string {
  const kind = info.group === "" ? info.kind : `${info.kind}.${info.group}`;
  return selection.namespace ? `${kind} in ${selection.namespace}` : kind;
}

async function readPages(requester: Requester, request: ListRequest): Promise<CompleteList> {
  const items: Resource[] = [];
  let continueToken = "";
  for (;;) {
    const page = await readPage(requester, request, continueToken);
    for (const item of page.items) items.push(item);
    continueToken = page.continueToken;
    if (continueToken === "") return { items, resourceVersion: page.resourceVersion };
  }
}

async function readPage(requester: Requester, request: ListRequest, continueToken: string): Promise<ListPage> {
  const { info, selection } = request;
  const { metadataOnly = false } = selection;
  const call: Call = {
    verb: "list",
    method: "GET",
    path: collectionPath(info, selection.namespace),
    query: { limit: PAGE_SIZE, continue: continueToken || undefined, ...selectionQuery(selection) },
    kind: info.kind,
    subject: selectionText(info, selection),
    ...(metadataOnly ? { accept: metadataAccept.list } : {}),
    as: request.as,
    repeatable: true,
    signal: request.signal,
  };
  const answer = await requester.send(call);
  try {
    return await parseListPage(answer.body, { apiVersion: joinApiVersion(info), kind: info.kind, metadataOnly });
  } catch (cause) {
    throw malformed(call, cause);
  }
}
