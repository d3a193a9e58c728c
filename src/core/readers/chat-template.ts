import type { FactsBuilder } from './facts.ts';

/** What a chat template has no use for: Python's ways out of Jinja's sandbox (CVE-2024-34359). */
const UNUSUAL_IN_TEMPLATE =
  /__(?:class|base|bases|mro|subclasses|globals|builtins|import|init|getattribute|code|dict)__|\bpopen\b|\bos\.|\bsubprocess\b|\|\s*attr\s*\(|\b(?:cycler|joiner|lipsum|self)\s*\.\s*_/;

/** Chat templates are programs in Jinja, which whoever runs the model runs too. */
export function checkChatTemplate(template: string, where: string, facts: FactsBuilder): void {
  const found = UNUSUAL_IN_TEMPLATE.exec(template)?.[0];
  if (found === undefined) return;
  const message = `the chat template uses ${JSON.stringify(found)}, a way to run code`;
  facts.finding('high', 'code-in-model', message, where);
}
