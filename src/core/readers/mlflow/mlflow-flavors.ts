import { quote } from '../../errors.ts';
import type { JsonObject, JsonValue } from '../../oci/json.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_HEADER_JSON_DEPTH } from '../limits.ts';
import { asObject, asText } from '../parse/json-values.ts';

/** How MLflow's flavors call what this project calls otherwise, and the key of its version. */
const FRAMEWORKS: ReadonlyMap<string, { readonly name?: string; readonly version?: string }> = new Map([
  ['sklearn', { name: 'scikit-learn' }],
  ['xgboost', { version: 'xgb_version' }],
  ['lightgbm', { version: 'lgb_version' }],
  ['spark', { version: 'pyspark_version' }],
  ['python_function', { name: 'mlflow' }],
]);
const PYTHON_FUNCTION = 'python_function';

/** The flavors of an `MLmodel` by name, `python_function` last: it stands beside the one that made the model. */
export function flavorsOf(model: JsonObject): readonly (readonly [string, JsonObject])[] {
  const flavors = [...(asObject(model.get('flavors')) ?? [])].map(
    ([name, flavor]) => [name, asObject(flavor) ?? new Map<string, JsonValue>()] as const,
  );
  return flavors.sort(([a], [b]) => Number(a === PYTHON_FUNCTION) - Number(b === PYTHON_FUNCTION));
}

/** What made the model, and with which version. */
export function reportFramework(model: JsonObject, facts: FactsBuilder): void {
  const [main] = flavorsOf(model);
  if (main === undefined) return;
  const [flavor, content] = main;
  const { name = flavor, version = `${flavor}_version` } = FRAMEWORKS.get(flavor) ?? {};
  facts.property('framework', name);
  const stated = flavor === PYTHON_FUNCTION ? model.get('mlflow_version') : content.get(version);
  facts.property('framework_version', asText(stated));
}

/** Code that loading the model runs, and paths that leave its folder. */
export function checkFlavors(model: JsonObject, facts: FactsBuilder): void {
  for (const [name, flavor] of flavorsOf(model)) {
    const where = `MLmodel: flavors.${name}`;
    for (const key of ['code', 'model_code_path']) {
      const path = asText(flavor.get(key));
      if (path !== undefined && !leaves(path)) {
        facts.finding(
          'medium',
          'code-in-model',
          `loading runs the code that the model brings in ${quote(path)}`,
          `${where}.${key}`,
        );
      }
    }
    const loader = asText(flavor.get('loader_module'));
    if (loader !== undefined && !loader.startsWith('mlflow.')) {
      facts.finding(
        'medium',
        'code-in-model',
        `the module ${quote(loader)} loads the model`,
        `${where}.loader_module`,
      );
    }
    checkPaths(flavor, where, facts);
  }
}

/** A `uri` tells where an artifact came from; all other text that looks like a way out of the folder is one. */
function checkPaths(object: JsonObject, where: string, facts: FactsBuilder, depth = 0): void {
  for (const [key, value] of object) {
    const text = asText(value);
    const inner = asObject(value);
    if (text !== undefined && key !== 'uri' && isPathKey(key) && leaves(text)) {
      const message = `${quote(text)} is not a file in the model's folder`;
      facts.finding('critical', 'external-path', message, `${where}.${key}`);
    }
    if (inner !== undefined && depth < MAX_HEADER_JSON_DEPTH)
      checkPaths(inner, `${where}.${key}`, facts, depth + 1);
  }
}

function isPathKey(key: string): boolean {
  return /(?:^|_)(?:path|code|data|model|binary|dir|subpath|file|env|conda|virtualenv|config)$/.test(key);
}

function leaves(text: string): boolean {
  return /^(?:[/\\]|[A-Za-z]:[/\\]|file:)/.test(text) || text.split(/[/\\]/).includes('..');
}

/** The paths, inside the folder, that flavors name: files or folders that hold the model proper. */
export function modelPaths(model: JsonObject): readonly string[] {
  return flavorsOf(model).flatMap(([, flavor]) =>
    [...flavor].flatMap(([key, value]) => {
      const text = asText(value);
      return text === undefined || key === 'code' || !isPathKey(key) || leaves(text) ? [] : [text];
    }),
  );
}
