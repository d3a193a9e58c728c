import { isOmlmdError } from '../errors.ts';
import { type JsonValue, parseJson } from '../oci/json.ts';
import { formatPythonJson } from './python-json.ts';
import { readYaml, type YamlReading } from './yaml-document.ts';
import type { YamlIssue } from './yaml-nodes.ts';

/**
 * Reads a metadata document that may be JSON or YAML. JSON first, as upstream does: `1e3` is a number in one and text
 * in the other. Places come from YAML, which reads JSON too. Never throws for what is in the text.
 */
export function readMetadataText(text: string): YamlReading {
  const body = text.startsWith('\ufeff') ? text.slice(1) : text;
  const yaml = readYaml(body);
  if (yaml.issues.some((issue) => issue.code === 'yaml-limit')) return yaml;
  const json = readJson(body);
  return json === undefined ? yaml : { ...yaml, ...json, plainScalars: [], repeatedKeys: [] };
}

/** Undefined when the text is not JSON. */
function readJson(text: string): Pick<YamlReading, 'value' | 'issues'> | undefined {
  let value: JsonValue;
  try {
    value = parseJson(text, { duplicateKeys: 'last' });
  } catch (error) {
    const tooDeep = isOmlmdError(error, 'limit-exceeded');
    return tooDeep ? { value: null, issues: [issueAt('yaml-limit', error.message)] } : undefined;
  }
  try {
    formatPythonJson(value);
    return { value, issues: [] };
  } catch (error) {
    return { value, issues: [issueAt('number-not-finite', (error as Error).message)] };
  }
}

function issueAt(code: YamlIssue['code'], message: string): YamlIssue {
  return { code, message, span: [0, 0] };
}
