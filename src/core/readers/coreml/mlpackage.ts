import { quote } from '../../errors.ts';
import type { JsonObject } from '../../oci/json.ts';
import { companionPath } from '../companion-path.ts';
import { FactsBuilder } from '../facts.ts';
import { FolderDocuments } from '../folder-document.ts';
import { MAX_COMPANIONS } from '../limits.ts';
import { stemOf } from '../model-name.ts';
import { asObject, asText } from '../parse/json-values.ts';
import type { FolderReader, ModelFolder } from '../reader.ts';

const MANIFEST = 'Manifest.json';
/** Where the items of a manifest are. */
const DATA = 'Data/';

/** An `.mlpackage`: a manifest, the model that it names and that model's weights. */
export const mlpackageReader: FolderReader = {
  id: 'coreml',
  recognizes: ({ files }) =>
    files.some(({ path }) => path === MANIFEST) &&
    files.some(({ path }) => path.startsWith(DATA) && path.endsWith('.mlmodel')),
  async read(folder, options) {
    const facts = new FactsBuilder();
    const manifest = await new FolderDocuments(folder, facts, options).json(MANIFEST);
    const items = itemsOf(manifest);
    checkItems(items, folder, facts);
    const root = items.get(asText(manifest?.get('rootModelIdentifier')) ?? '');
    const path = (root === undefined ? undefined : inData(root)) ?? onlyModel(folder);
    const inner = path === undefined ? undefined : await options.readFile(path);
    if (inner !== undefined && inner.format.name !== 'coreml') return undefined;
    if (inner !== undefined && path !== undefined) facts.inherit(inner, stemOf(path, ['.mlmodel']));
    facts.property('file_count', folder.files.length);
    facts.details.files = folder.files.slice(0, MAX_COMPANIONS).map((file) => file.path);
    return facts.build('coreml', stemOf(folder.path, ['.mlpackage']));
  },
};

/** Paths of the items by identifier, as the manifest has them. */
function itemsOf(manifest: JsonObject | undefined): ReadonlyMap<string, string> {
  const entries = [...(asObject(manifest?.get('itemInfoEntries')) ?? [])].slice(0, MAX_COMPANIONS);
  return new Map(entries.map(([id, entry]) => [id, asText(asObject(entry)?.get('path')) ?? '']));
}

/** Items are files or folders of the package. */
function checkItems(items: ReadonlyMap<string, string>, { files }: ModelFolder, facts: FactsBuilder): void {
  for (const [id, item] of items) {
    const path = inData(item);
    const where = `${MANIFEST}: ${id}`;
    if (path === undefined) {
      const what = `the manifest names ${quote(item)}, which is not in the model's folder`;
      facts.finding('critical', 'external-path', what, where);
    } else if (!files.some((file) => file.path === path || file.path.startsWith(`${path}/`))) {
      facts.finding('high', 'truncated', `the manifest names ${quote(item)}, which is not there`, where);
    }
  }
}

function inData(item: string): string | undefined {
  const path = companionPath(item);
  return path === undefined ? undefined : DATA + path;
}

/** Where the manifest does not say which, the only model that is there. */
function onlyModel({ files }: ModelFolder): string | undefined {
  const models = files.filter(({ path }) => path.startsWith(DATA) && path.endsWith('.mlmodel'));
  return models.length === 1 ? models[0]?.path : undefined;
}
