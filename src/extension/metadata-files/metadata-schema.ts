import schema from '../../../schemas/omlmd.schema.json' with { type: 'json' };

/** The parts of the JSON Schema that completion and hover use. */
interface SchemaNode {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly anyOf?: readonly SchemaNode[];
  readonly examples?: readonly unknown[];
  readonly type?: string | readonly string[];
}

/** A key that the schema knows. */
export interface SchemaKey {
  readonly name: string;
  readonly description: string;
  /** Values worth offering; only text, as written in YAML without quotes or with. */
  readonly examples: readonly string[];
  readonly kind: 'mapping' | 'list' | 'scalar';
}

const ROOT: SchemaNode = schema;

/** The keys of the mapping at a path; empty where the schema says nothing. */
export function schemaKeys(parent: readonly string[]): readonly SchemaKey[] {
  const node = nodeAt(parent);
  return Object.entries(propertiesOf(node) ?? {}).map(([name, property]) => toKey(name, property));
}

/**
 * What the schema knows of the key at a path. A key at the top that is no field becomes a custom property, so it is
 * explained as one.
 */
export function schemaKey(path: readonly string[]): SchemaKey | undefined {
  const name = path.at(-1);
  if (name === undefined) return undefined;
  const node = nodeAt(path) ?? (path.length === 1 ? nodeAt(['customProperties', name]) : undefined);
  return node === undefined ? undefined : toKey(name, node);
}

function nodeAt(path: readonly string[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = ROOT;
  for (const key of path) {
    const properties = propertiesOf(node);
    node = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
  }
  return node;
}

function propertiesOf(node: SchemaNode | undefined): SchemaNode['properties'] {
  return node?.properties ?? node?.anyOf?.find((choice) => choice.properties !== undefined)?.properties;
}

function toKey(name: string, node: SchemaNode): SchemaKey {
  const examples = (node.examples ?? []).filter((example) => typeof example === 'string');
  const kind = propertiesOf(node) !== undefined ? 'mapping' : node.type === 'array' ? 'list' : 'scalar';
  return { name, description: node.description ?? '', examples, kind };
}
