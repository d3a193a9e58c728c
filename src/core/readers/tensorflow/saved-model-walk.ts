import { MAX_DISTINCT_NAMES, MAX_KERAS_CONFIG_BYTES, MAX_NAME_BYTES, MAX_TF_PARTS } from '../limits.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { type ProtobufField, readText, walkMessage } from '../parse/protobuf-walker.ts';
import { readEntry, readSignature, type TfSignature } from './tf-signature.ts';

/** What `saved_model.pb` says, constants left out. Filled while walking, so that a broken file shows what stood before. */
export class SavedModelWalk {
  version = '';
  readonly tagSets: string[][] = [];
  readonly signatures = new Map<string, TfSignature>();
  readonly operators = new Map<string, number>();
  readonly assets: string[] = [];
  /** `tf.print` into files. */
  printsToFiles = false;
  functions = 0;
  readonly #cursor: ByteCursor;
  readonly #onConfig: (json: string) => Promise<void>;

  /** @param onConfig told of each configuration of a Keras layer */
  constructor(cursor: ByteCursor, onConfig: (json: string) => Promise<void>) {
    this.#cursor = cursor;
    this.#onConfig = onConfig;
  }

  /** SavedModel: 2 meta graphs. */
  async model(end: number): Promise<void> {
    await this.#walk(end, 0, { 2: (field) => this.#metaGraph(field) });
  }

  /** Walks a message; fields that are not named are passed over. */
  async #walk(
    end: number,
    depth: number,
    fields: Readonly<Record<number, (field: ProtobufField) => Promise<void>>>,
  ): Promise<void> {
    await walkMessage(this.#cursor, end, (field) => fields[field.number]?.(field), depth);
  }

  /** MetaGraphDef: 1 info, 2 graph, 5 signatures, 6 assets, 7 objects. */
  async #metaGraph(field: ProtobufField): Promise<void> {
    await this.#walk(field.end, 1, {
      1: (part) => this.#info(part),
      2: (part) => this.#graph(part),
      5: (part) => this.#signature(part),
      6: (part) => this.#asset(part),
      7: (part) => this.#objects(part),
    });
  }

  /** MetaInfoDef: 4 tags, 5 version of TensorFlow. */
  async #info(field: ProtobufField): Promise<void> {
    const tags: string[] = [];
    if (this.tagSets.length < MAX_TF_PARTS) this.tagSets.push(tags);
    await this.#walk(field.end, 2, {
      4: async (part) => {
        if (tags.length < MAX_TF_PARTS) tags.push(await readText(this.#cursor, part, MAX_NAME_BYTES));
      },
      5: async (part) => {
        this.version = await readText(this.#cursor, part, MAX_NAME_BYTES);
      },
    });
  }

  async #signature(field: ProtobufField): Promise<void> {
    let signature: TfSignature | undefined;
    const key = await readEntry(this.#cursor, field, 2, async (value) => {
      signature = await readSignature(this.#cursor, value, 3);
    });
    if (signature !== undefined && !this.signatures.has(key) && this.signatures.size < MAX_TF_PARTS) {
      this.signatures.set(key, signature);
    }
  }

  /** AssetFileDef: 2 file name. */
  async #asset(field: ProtobufField): Promise<void> {
    await this.#walk(field.end, 2, {
      2: async (part) => {
        if (this.assets.length < MAX_TF_PARTS)
          this.assets.push(await readText(this.#cursor, part, MAX_NAME_BYTES));
      },
    });
  }

  /** GraphDef: 1 nodes, 2 library (1 functions, of which 3 are nodes). */
  async #graph(field: ProtobufField): Promise<void> {
    await this.#walk(field.end, 2, {
      1: (part) => this.#node(part, 3),
      2: (part) =>
        this.#walk(part.end, 3, {
          1: async (inner) => {
            this.functions += 1;
            await this.#walk(inner.end, 4, { 3: (node) => this.#node(node, 5) });
          },
        }),
    });
  }

  /** NodeDef: 2 operation, 5 attributes. Only those of `PrintV2` matter: they say where it prints to. */
  async #node(field: ProtobufField, depth: number): Promise<void> {
    let operation = '';
    let attributes = 0;
    await this.#walk(field.end, depth, {
      2: async (part) => {
        operation = await readText(this.#cursor, part, MAX_NAME_BYTES);
        // Attributes that came before were passed over: no writer puts them there.
        if (operation === 'PrintV2' && attributes > 0) this.printsToFiles = true;
      },
      5: async (part) => {
        attributes += 1;
        if (operation === 'PrintV2') await this.#printAttribute(part, depth + 1);
      },
    });
    const known = this.operators.get(operation);
    if (known !== undefined || this.operators.size < MAX_DISTINCT_NAMES)
      this.operators.set(operation, (known ?? 0) + 1);
  }

  /** AttrValue: 2 bytes. */
  async #printAttribute(field: ProtobufField, depth: number): Promise<void> {
    let stream = '';
    const key = await readEntry(this.#cursor, field, depth, (value) =>
      this.#walk(value.end, depth + 1, {
        2: async (part) => {
          stream = await readText(this.#cursor, part, MAX_NAME_BYTES);
        },
      }),
    );
    if (key === 'output_stream' && !/^(?:stdout|stderr|log\(\w+\))?$/.test(stream)) this.printsToFiles = true;
  }

  /** SavedObjectGraph: 1 nodes (SavedObject: 4 user object, of which 3 is metadata). */
  async #objects(field: ProtobufField): Promise<void> {
    await this.#walk(field.end, 2, {
      1: (node) =>
        this.#walk(node.end, 3, {
          4: (object) => this.#walk(object.end, 4, { 3: (part) => this.#metadata(part) }),
        }),
    });
  }

  /** `keras_metadata.pb`, SavedMetadata: 1 nodes, of which 5 is metadata. */
  async kerasMetadata(end: number): Promise<void> {
    await this.#walk(end, 0, {
      1: (node) => this.#walk(node.end, 1, { 5: (part) => this.#metadata(part) }),
    });
  }

  async #metadata(field: ProtobufField): Promise<void> {
    const text = await readText(this.#cursor, field, MAX_KERAS_CONFIG_BYTES);
    if (text.startsWith('{')) await this.#onConfig(text);
  }
}
