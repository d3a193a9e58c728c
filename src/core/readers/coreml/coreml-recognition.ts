import { headVarint } from '../parse/protobuf-head.ts';

/** Highest specification version that is believed; far above today's. */
const MAX_SPECIFICATION_VERSION = 100;
/** Fields of ModelDescription, all of them length-delimited. */
const DESCRIPTION_FIELDS: ReadonlySet<number> = new Set([1, 10, 11, 12, 13, 20, 21, 50, 100]);
/** Fields of Model behind the description: whether it is updatable, and the types from 200 on. */
const FIRST_TYPE_FIELD = 200;

/**
 * Whether a file begins as a Core ML model does: its specification version, then a description whose first part is a
 * feature with a name and a type. Protobuf has no magic; other formats put a text or other parts there.
 */
export function looksLikeCoreml(head: Uint8Array): boolean {
  if (head[0] !== 0x08) return false;
  const version = headVarint(head, 1);
  if (version === undefined || version.value < 1 || version.value > MAX_SPECIFICATION_VERSION) return false;
  if (head[version.next] !== 0x12) return false;
  const length = headVarint(head, version.next + 1);
  if (length === undefined) return false;
  const end = length.next + length.value;
  return startsDescription(head, length.next, end) && continuesModel(head, end);
}

function startsDescription(head: Uint8Array, at: number, end: number): boolean {
  if (at === end) return true;
  const tag = headVarint(head, at);
  if (tag === undefined || (tag.value & 7) !== 2 || !DESCRIPTION_FIELDS.has(tag.value >> 3)) return false;
  if (tag.value >> 3 !== 1) return true;
  const feature = headVarint(head, tag.next);
  if (feature === undefined || head[feature.next] !== 0x0a) return false;
  const name = headVarint(head, feature.next + 1);
  if (name === undefined) return false;
  const next = name.next + name.value;
  // A description or the type of the feature.
  return (
    next < feature.next + feature.value &&
    (next >= head.byteLength || head[next] === 0x12 || head[next] === 0x1a)
  );
}

function continuesModel(head: Uint8Array, at: number): boolean {
  const tag = headVarint(head, at);
  return (
    tag === undefined || tag.value === 80 || ((tag.value & 7) === 2 && tag.value >> 3 >= FIRST_TYPE_FIELD)
  );
}
