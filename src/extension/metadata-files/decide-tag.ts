import * as vscode from 'vscode';
import {
  type Context,
  type Digest,
  formatPlace,
  isOmlmdError,
  type Location,
  list,
  openTarget,
  shortDigest,
  tagsToSet,
} from '../../core/index.ts';
import { nextTag } from '../push-flow/next-tag.ts';

/** Where a push goes when the tag of the metadata file has been looked up. */
export interface DecidedTag {
  readonly location: Location;
  /** The tag names something and the person wants it moved. */
  readonly moveTag: boolean;
}

/** Most tags that are read to find the next one. */
const MAX_TAGS = 500;

/** Asks what to do where a tag of the reference exists: the next version, or moving it. Undefined when it was left. */
export async function decideTag(context: Context, location: Location): Promise<DecidedTag | undefined> {
  const tags = tagsToSet(location);
  for (const tag of tags) {
    const digest = await digestOf(context, location, tag);
    if (digest !== undefined) return ask(await readTags(context, location), location, tag, digest);
  }
  return { location, moveTag: false };
}

async function ask(
  tags: readonly string[],
  location: Location,
  taken: string,
  digest: Digest,
): Promise<DecidedTag | undefined> {
  const next = nextTag(tags);
  const moved = tagsToSet(location);
  const items = [
    {
      label: vscode.l10n.t('$(tag) Push as {0}', next),
      description: vscode.l10n.t('next version; it is written into this file'),
      decision: {
        location: { ...location, tags: moved.map((tag) => (tag === taken ? next : tag)) },
        moveTag: true,
      },
    },
    {
      label: vscode.l10n.t('$(warning) Move {0}', taken),
      description: vscode.l10n.t('it names {0} now, which stays under its digest', shortDigest(digest)),
      decision: { location, moveTag: true },
    },
  ];
  const chosen = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('{0} exists in {1}', taken, formatPlace(location)),
    placeHolder: vscode.l10n.t('Push as a new version, or move the tag?'),
  });
  return chosen?.decision;
}

async function digestOf(context: Context, location: Location, tag: string): Promise<Digest | undefined> {
  try {
    return (await openTarget(context, location).resolve(tag)).digest;
  } catch (error) {
    if (isOmlmdError(error, 'not-found')) return undefined;
    throw error;
  }
}

async function readTags(context: Context, location: Location): Promise<readonly string[]> {
  const tags: string[] = [];
  for await (const { tag } of list(context, { kind: 'repository', location })) {
    if (tag !== undefined) tags.push(tag);
    if (tags.length >= MAX_TAGS) break;
  }
  return tags;
}
