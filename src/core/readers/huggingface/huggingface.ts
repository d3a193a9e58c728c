import type { JsonObject } from '../../oci/json.ts';
import { checkChatTemplate } from '../chat-template.ts';
import { FactsBuilder } from '../facts.ts';
import { FolderDocuments } from '../folder-document.ts';
import { MAX_CHAT_TEMPLATES, MAX_PLACES_OF_WEIGHTS, MAX_STRING_BYTES } from '../limits.ts';
import { reportModelCard } from '../model-card.ts';
import { asList, asObject, asText, plainDetail } from '../parse/json-values.ts';
import type { FolderReader, FolderReadOptions, ModelFolder } from '../reader.ts';
import { chooseWeights } from '../shards/choose-weights.ts';
import { reportWeights } from '../shards/weights.ts';
import { reportAdapter, reportConfig, reportRemoteCode } from './config-facts.ts';

/** Keys by which a `config.json` is known as one of these libraries' and not another program's. */
const CONFIG_KEYS = [
  'model_type',
  'architectures',
  'architecture',
  'transformers_version',
  '_class_name',
  '_name_or_path',
  'auto_map',
  'torch_dtype',
  'hidden_size',
  'num_hidden_layers',
  'quantization_config',
];
/** Documents beside the config whose `auto_map` names code too. */
const OTHER_CONFIGS = ['preprocessor_config.json', 'processor_config.json', 'video_preprocessor_config.json'];
const TOKENIZER_FILE =
  /^(?:tokenizer.*|vocab\..*|merges\.txt|special_tokens_map\.json|added_tokens\.json|.*\.(?:spm|spiece|tiktoken)|spiece\.model)$/;
const CUSTOM_GENERATE = 'custom_generate/generate.py';

/** A folder as transformers, peft and their relatives save it. */
export const huggingFaceReader: FolderReader = {
  id: 'huggingface',
  recognizes: ({ files }) =>
    files.some(({ path }) => path === 'config.json' || path === 'adapter_config.json'),
  async read(folder, options) {
    const facts = new FactsBuilder();
    const documents = new FolderDocuments(folder, facts, options);
    const config = await documents.json('config.json');
    const adapter = await documents.json('adapter_config.json');
    if (config !== undefined && adapter === undefined && !isKnown(config, folder)) return undefined;
    const card = await documents.frontMatter('README.md');
    if (card !== undefined) reportModelCard(card, facts);
    const library = card === undefined ? undefined : asText(card.get('library_name'));
    facts.property('framework', library ?? 'transformers');
    if (config !== undefined) {
      reportConfig(config, facts);
      reportRemoteCode(config, 'config.json', facts);
    }
    if (adapter !== undefined) reportAdapter(adapter, facts);
    await reportTokenizer(folder, documents, facts);
    await reportGeneration(folder, documents, facts);
    for (const path of OTHER_CONFIGS)
      reportRemoteCode((await documents.json(path)) ?? new Map(), path, facts);
    await reportWeightsOf(folder, facts, options);
    facts.property('file_count', folder.files.length);
    return facts.build('huggingface', folder.path);
  },
};

function isKnown(config: JsonObject, { files }: ModelFolder): boolean {
  return (
    CONFIG_KEYS.some((key) => config.has(key)) || files.some(({ path }) => /^tokenizer.*\.json$/.test(path))
  );
}

async function reportTokenizer(
  folder: ModelFolder,
  documents: FolderDocuments,
  facts: FactsBuilder,
): Promise<void> {
  const files = folder.files.map(({ path }) => path).filter((path) => TOKENIZER_FILE.test(path));
  const config = await documents.json('tokenizer_config.json');
  if (files.length > 0) {
    facts.details.tokenizer = {
      class: asText(config?.get('tokenizer_class')) ?? null,
      max_length: plainDetail(config?.get('model_max_length') ?? null),
      files,
    };
  }
  if (config !== undefined) reportRemoteCode(config, 'tokenizer_config.json', facts);
  const templates = [...templatesIn(config), ...(await templateFiles(folder, documents))];
  if (files.length > 0) facts.details.chat_template = templates.length > 0;
  for (const [where, template] of templates.slice(0, MAX_CHAT_TEMPLATES))
    checkChatTemplate(template, where, facts);
}

type Template = readonly [where: string, text: string];

/** One template, or a list of named ones. */
function templatesIn(config: JsonObject | undefined): readonly Template[] {
  const own = config?.get('chat_template');
  const where = 'tokenizer_config.json: chat_template';
  const texts = [own, ...asList(own).map((item) => asObject(item)?.get('template'))];
  return texts.flatMap((text) => (asText(text) === undefined ? [] : [[where, String(text)] as const]));
}

async function templateFiles(folder: ModelFolder, documents: FolderDocuments): Promise<readonly Template[]> {
  const paths = folder.files
    .map(({ path }) => path)
    .filter(
      (path) => path === 'chat_template.jinja' || /^additional_chat_templates\/[^/]+\.jinja$/.test(path),
    );
  const found: Template[] = [];
  for (const path of paths.slice(0, MAX_CHAT_TEMPLATES)) {
    const text = await documents.text(path, 16 * MAX_STRING_BYTES);
    if (text !== undefined) found.push([path, text]);
  }
  const old = asText((await documents.json('chat_template.json'))?.get('chat_template'));
  return old === undefined ? found : [...found, ['chat_template.json', old]];
}

async function reportGeneration(
  folder: ModelFolder,
  documents: FolderDocuments,
  facts: FactsBuilder,
): Promise<void> {
  const generation = await documents.json('generation_config.json');
  if (generation !== undefined) facts.details.generation_config = plainDetail(generation);
  if (folder.files.some(({ path }) => path === CUSTOM_GENERATE)) {
    facts.finding('medium', 'code-in-model', 'generation runs code that the model brings', CUSTOM_GENERATE);
  }
}

/** Of the folder itself; where it has none, of the first folder in it that has (`onnx`, `original`). */
async function reportWeightsOf(
  folder: ModelFolder,
  facts: FactsBuilder,
  options: FolderReadOptions,
): Promise<void> {
  const inside = new Set(['', ...folder.files.map(({ path }) => path.slice(0, path.lastIndexOf('/') + 1))]);
  for (const place of [...inside].slice(0, MAX_PLACES_OF_WEIGHTS)) {
    const chosen = await chooseWeights(folder, place, options);
    if (chosen === undefined) continue;
    reportWeights([{ prefix: '', files: chosen.files }], facts);
    facts.details.files = chosen.paths;
    return;
  }
}
