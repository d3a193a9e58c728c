import { quote } from '../../errors.ts';
import type { JsonObject, JsonValue } from '../../oci/json.ts';
import { FactsBuilder } from '../facts.ts';
import { FolderDocuments } from '../folder-document.ts';
import { MAX_DISTINCT_NAMES } from '../limits.ts';
import { reportModelCard } from '../model-card.ts';
import { asList, asText } from '../parse/json-values.ts';
import type { FolderReader, FolderReadOptions, ModelFolder } from '../reader.ts';
import { chooseWeights } from '../shards/choose-weights.ts';
import { reportWeights, type Weights } from '../shards/weights.ts';

/** Libraries whose classes a pipeline may be made of; a class of any other module is code that comes with the model. */
const USUAL_LIBRARIES =
  /^(?:diffusers|transformers|onnxruntime\.training|optimum|stable_diffusion|flax|jax|k_diffusion|peft|sentencepiece|tokenizers)(?:\.|$)/;

/** One part of a pipeline: where its class comes from. */
interface Component {
  readonly name: string;
  readonly library: string;
  readonly className: string;
}

/** A folder as diffusers saves a pipeline: a folder a component. */
export const diffusersReader: FolderReader = {
  id: 'diffusers',
  recognizes: ({ files }) => files.some(({ path }) => path === 'model_index.json'),
  async read(folder, options) {
    const facts = new FactsBuilder();
    const documents = new FolderDocuments(folder, facts, options);
    const index = (await documents.json('model_index.json')) ?? new Map();
    const card = await documents.frontMatter('README.md');
    if (card !== undefined) reportModelCard(card, facts);
    reportPipeline(index, facts);
    const components = componentsOf(index);
    checkComponents(components, folder, facts);
    const weights: Weights[] = [];
    for (const { name } of components) weights.push(await weightsOf(name, folder, options));
    reportWeights(weights, facts);
    facts.property('file_count', folder.files.length);
    return facts.build('diffusers', folder.path);
  },
};

function reportPipeline(index: JsonObject, facts: FactsBuilder): void {
  const pipeline = index.get('_class_name');
  const custom = asList(pipeline);
  facts.property('framework', 'diffusers');
  facts.property('framework_version', asText(index.get('_diffusers_version')));
  facts.property('model_class', asText(pipeline) ?? asText(custom[1]));
  if (custom.length > 0) {
    const code = custom.flatMap((part) => asText(part) ?? []).join('.');
    facts.finding(
      'medium',
      'code-in-model',
      `the pipeline ${quote(code)} is code that the model brings`,
      'model_index.json: _class_name',
    );
  }
  facts.details.components = Object.fromEntries(
    componentsOf(index).map(({ name, library, className }) => [name, `${library}.${className}`]),
  );
}

/** `name: [library, class]`; an optional component that is left out has nulls. */
function componentsOf(index: JsonObject): readonly Component[] {
  return [...index].slice(0, MAX_DISTINCT_NAMES).flatMap(([name, value]: [string, JsonValue]) => {
    const [library, className] = asList(value).map(asText);
    if (name.startsWith('_') || library === undefined || className === undefined) return [];
    return [{ name, library, className }];
  });
}

function checkComponents(
  components: readonly Component[],
  { files }: ModelFolder,
  facts: FactsBuilder,
): void {
  const folders = new Set(files.map(({ path }) => path.slice(0, Math.max(0, path.indexOf('/')))));
  for (const { name, library, className } of components) {
    const where = `model_index.json: ${name}`;
    if (!USUAL_LIBRARIES.test(library)) {
      const code = quote(`${library}.${className}`);
      facts.finding('medium', 'code-in-model', `the component ${code} is code that the model brings`, where);
    }
    if (/[/\\]|^\.\.?$/.test(name)) {
      facts.finding(
        'critical',
        'external-path',
        `the component ${quote(name)} is not a folder of the model`,
        where,
      );
    } else if (!folders.has(name)) {
      facts.finding(
        'high',
        'truncated',
        `the model needs the folder ${quote(name)}, which is not there`,
        where,
      );
    }
  }
}

async function weightsOf(name: string, folder: ModelFolder, options: FolderReadOptions): Promise<Weights> {
  const chosen = await chooseWeights(folder, `${name}/`, options);
  return { prefix: `${name}/`, files: chosen?.files ?? [] };
}
