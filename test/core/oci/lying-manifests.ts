import fc from 'fast-check';
import { MediaType } from '../../../src/core/oci/media-types.ts';

/** Text that is written as it stands: numbers that no JavaScript number is. */
const raw = (text: string) => `raw:${text}`;
export const write = (document: unknown) => JSON.stringify(document).replace(/"raw:([^"]*)"/g, '$1');

const text = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'a/b', '../../x'));
const annotations = fc.dictionary(text, fc.string(), { maxKeys: 3 });
const goodDigest = fc
  .tuple(fc.constantFrom(['sha256', 64], ['sha512', 128] as const), fc.constantFrom('0', 'a', 'f'))
  .map(([[name, length], digit]) => `${name}:${digit.repeat(Number(length))}`);
const goodDescriptor = fc.record(
  {
    mediaType: fc.constantFrom('a', 'application/x-mlmodel', ...Object.values(MediaType)),
    digest: goodDigest,
    size: fc.oneof(fc.maxSafeNat(), fc.constant(raw('1e3')), fc.constant(raw('9007199254740991'))),
    annotations: fc.option(annotations),
    urls: fc.option(fc.array(fc.webUrl(), { maxLength: 2 })),
    data: fc.option(fc.base64String()),
  },
  { requiredKeys: ['mediaType', 'digest', 'size'] },
);
const common = {
  schemaVersion: fc.constant(2),
  artifactType: fc.option(text),
  subject: fc.option(goodDescriptor),
  annotations: fc.option(annotations),
};
/** Manifests and indexes as they should be, with and without what may be left out. */
export const honest = fc.oneof(
  fc.record(
    {
      ...common,
      mediaType: fc.constantFrom(MediaType.manifest, MediaType.dockerManifest),
      config: goodDescriptor,
      layers: fc.array(goodDescriptor, { maxLength: 3 }),
    },
    { requiredKeys: ['schemaVersion', 'config', 'layers'] },
  ),
  fc.record(
    {
      ...common,
      mediaType: fc.constantFrom(MediaType.index, MediaType.dockerIndex),
      manifests: fc.array(goodDescriptor, { maxLength: 3 }),
    },
    { requiredKeys: ['schemaVersion', 'manifests'] },
  ),
);

export type Json = Record<string, unknown>;
const member = fc.constantFrom(
  ...['schemaVersion', 'mediaType', 'artifactType', 'config', 'layers', 'manifests', 'subject'],
  ...['annotations', 'Layers', 'MANIFESTS', '__proto__'],
);
const wrongSize = fc.constantFrom(
  ...['-1', '1.5', '9007199254740993', '1e400', '-0', '18446744073709551616', `1${'0'.repeat(400)}`].map(raw),
  ...['3', null, true, [3], {}],
);
const wrongDigest = fc.oneof(
  fc.string(),
  goodDigest.map((digest) => digest.toUpperCase()),
  goodDigest.map((digest) => digest.slice(0, -1)),
  goodDigest.map((digest) => `${digest}/../../etc`),
  fc.constantFrom(`md5:${'0'.repeat(32)}`, `sha256:${'../'.repeat(21)}a`, 7, null),
);
const isObject = (value: unknown): value is Json =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
const set = (document: Json, key: string, value: unknown): Json =>
  Object.fromEntries([...Object.entries(document).filter(([name]) => name !== key), [key, value]]);
/** One member of each descriptor is another one. */
const inDescriptors = (document: Json, key: string, value: unknown): Json =>
  Object.fromEntries(
    Object.entries(document).map(([name, part]) => {
      if (Array.isArray(part)) return [name, part.map((one) => (isObject(one) ? set(one, key, value) : one))];
      return [name, name === 'config' && isObject(part) ? set(part, key, value) : part];
    }),
  );
/** One change that may make another thing of a document, or none. */
export const lie = fc.oneof(
  fc.tuple(member, fc.oneof(fc.jsonValue({ maxDepth: 3 }), goodDescriptor, fc.array(goodDescriptor))).map(
    ([key, value]) =>
      (document: Json) =>
        set(document, key, value),
  ),
  member.map(
    (key) => (document: Json) =>
      Object.fromEntries(Object.entries(document).filter(([name]) => name !== key)),
  ),
  wrongSize.map((size) => (document: Json) => inDescriptors(document, 'size', size)),
  wrongDigest.map((bad) => (document: Json) => inDescriptors(document, 'digest', bad)),
  fc.tuple(fc.constantFrom('mediaType', 'annotations', 'urls', 'data'), fc.jsonValue({ maxDepth: 2 })).map(
    ([key, value]) =>
      (document: Json) =>
        inDescriptors(document, key, value),
  ),
);
/** What a document is served as. */
export const declared = fc.constantFrom(
  undefined,
  undefined,
  undefined,
  ...Object.values(MediaType),
  'text/html',
);

const isText = (value: unknown) => typeof value === 'string';
const isMissing = (value: unknown) => value === undefined || value === null;
const areTexts = (value: unknown) => isObject(value) && Object.values(value).every(isText);
function isDescriptor(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { mediaType, digest: name, size, annotations: notes, artifactType, urls, data } = value;
  return (
    typeof mediaType === 'string' &&
    mediaType.length > 0 &&
    mediaType.length <= 255 &&
    /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(String(name)) &&
    isText(name) &&
    Number.isSafeInteger(size) &&
    Number(size) >= 0 &&
    (isMissing(notes) || areTexts(notes)) &&
    [artifactType, data].every((each) => isMissing(each) || isText(each)) &&
    (isMissing(urls) || (Array.isArray(urls) && urls.every(isText)))
  );
}

/** What the specification says of a document without a key that stands twice, in other words than the parser's. */
export function isValid(document: Json, servedAs: string | undefined): boolean {
  const keys = Object.keys(document).map((key) => key.toLowerCase());
  const isIndex = keys.includes('manifests');
  if (isIndex && (keys.includes('layers') || keys.includes('config'))) return false;
  const { schemaVersion, mediaType, artifactType, config, subject, annotations: notes } = document;
  const list = isIndex ? document.manifests : document.layers;
  const types: readonly unknown[] = isIndex
    ? [MediaType.index, MediaType.dockerIndex]
    : [MediaType.manifest, MediaType.dockerManifest];
  return (
    schemaVersion === 2 &&
    (isMissing(mediaType) || types.includes(mediaType)) &&
    (servedAs === undefined || (isMissing(mediaType) ? types.includes(servedAs) : mediaType === servedAs)) &&
    (isMissing(artifactType) || isText(artifactType)) &&
    (isMissing(subject) || isDescriptor(subject)) &&
    (isMissing(notes) || areTexts(notes)) &&
    (isIndex || isDescriptor(config)) &&
    Array.isArray(list) &&
    list.every(isDescriptor)
  );
}
