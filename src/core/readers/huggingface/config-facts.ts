import { quote } from '../../errors.ts';
import type { JsonObject, JsonValue } from '../../oci/json.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_LIST_ENTRIES } from '../limits.ts';
import { asList, asObject, asText, asTexts, asWhole, plainDetail } from '../parse/json-values.ts';

/** The key of each fact, and what older architectures call it. */
const SIZES: Readonly<Record<string, readonly string[]>> = {
  context_length: ['max_position_embeddings', 'n_positions', 'n_ctx', 'max_seq_len', 'max_source_positions'],
  embedding_length: ['hidden_size', 'n_embd', 'd_model', 'dim'],
  vocab_size: ['vocab_size'],
  block_count: ['num_hidden_layers', 'n_layer', 'num_layers', 'n_layers'],
};
/** Parts of a config in which models of several kinds keep that of their language model. */
const NESTED = ['text_config', 'llm_config', 'language_config'];
const DTYPES: ReadonlyMap<string, string> = new Map([
  ['float64', 'F64'],
  ['float32', 'F32'],
  ['float16', 'F16'],
  ['bfloat16', 'BF16'],
  ['float8_e4m3fn', 'F8_E4M3'],
  ['float8_e5m2', 'F8_E5M2'],
  ['int8', 'I8'],
]);

/** What `config.json` says. */
export function reportConfig(config: JsonObject, facts: FactsBuilder): void {
  const architectures = asTexts(config.get('architectures'));
  facts.property('architecture', asText(config.get('model_type')) ?? asText(config.get('architecture')));
  facts.property('model_class', architectures[0] ?? asText(config.get('_class_name')));
  facts.property('framework_version', asText(config.get('transformers_version')));
  const parts = [config, ...NESTED.flatMap((key) => asObject(config.get(key)) ?? [])];
  for (const [key, names] of Object.entries(SIZES)) facts.property(key, firstWhole(parts, names));
  const dtype = parts.map((part) => asText(part.get('dtype')) ?? asText(part.get('torch_dtype')));
  const precision = dtype.find((name) => name !== undefined)?.replace(/^torch\./, '');
  if (precision !== undefined) facts.property('precision', DTYPES.get(precision) ?? precision);
  reportQuantization(parts, facts);
  reportLabels(config, facts);
  facts.details.architectures = architectures;
  facts.details.config = plainDetail(config);
}

function firstWhole(parts: readonly JsonObject[], names: readonly string[]): JsonValue | undefined {
  const values = parts.flatMap((part) => names.map((name) => asWhole(part.get(name))));
  return values.find((value) => value !== undefined);
}

function reportQuantization(parts: readonly JsonObject[], facts: FactsBuilder): void {
  const found = parts.map((part) => asObject(part.get('quantization_config'))).find((q) => q !== undefined);
  if (found === undefined) return;
  facts.property('quantization', asText(found.get('quant_method')) ?? bitsAndBytes(found));
  facts.details.quantization_config = plainDetail(found);
}

/** Configs of before `quant_method` are all bitsandbytes'. */
function bitsAndBytes(quantization: JsonObject): string | undefined {
  const isOne = quantization.get('load_in_4bit') === true || quantization.get('load_in_8bit') === true;
  return isOne ? 'bitsandbytes' : undefined;
}

function reportLabels(config: JsonObject, facts: FactsBuilder): void {
  const labels = asObject(config.get('id2label'));
  if (labels === undefined) return;
  const ordered = [...labels].sort(([a], [b]) => Number(a) - Number(b)).map(([, label]) => label);
  facts.property('n_classes', ordered.length);
  if (ordered.length <= MAX_LIST_ENTRIES) facts.property('classes', ordered);
  else facts.details.classes = ordered.map(plainDetail);
}

/** What a config may name in its `auto_map`: classes in Python files, here or in another repository. */
export function reportRemoteCode(config: JsonObject, path: string, facts: FactsBuilder): void {
  const map = asObject(config.get('auto_map'));
  const classes = [...(map?.values() ?? [])].flatMap((value) => [
    ...asTexts(value),
    ...asList(value).flatMap(asTexts),
  ]);
  for (const name of new Set(classes)) {
    facts.finding(
      'medium',
      'code-in-model',
      `${quote(name)} is code that the model brings or fetches`,
      `${path}: auto_map`,
    );
  }
  for (const [task, pipeline] of asObject(config.get('custom_pipelines')) ?? []) {
    const code = asText(asObject(pipeline)?.get('impl')) ?? task;
    facts.finding(
      'medium',
      'code-in-model',
      `the pipeline ${quote(code)} is code that the model brings`,
      `${path}: custom_pipelines`,
    );
  }
}

/** What `adapter_config.json` of peft says. */
export function reportAdapter(config: JsonObject, facts: FactsBuilder): void {
  facts.property('adapter', asText(config.get('peft_type'))?.toLowerCase() ?? 'lora');
  facts.property('base_model', asText(config.get('base_model_name_or_path')));
  facts.property('framework', 'peft');
  facts.property('framework_version', asText(config.get('peft_version')));
  facts.details.adapter_config = plainDetail(config);
}
