import { describeError, type ErrorAction } from '../error-actions.ts';
import type { MessageNode, Node } from './nodes.ts';

/** The fixes that make sense on a tree node, the best first. */
const FIXES: readonly ErrorAction[] = ['sign-in', 'try-again', 'use-http', 'open-settings', 'show-log'];

/** A failed branch as a node that says why, and does something about it when it is clicked. */
export function errorNode(parent: Node | undefined, error: unknown, host: string | undefined): MessageNode {
  const { message, form } = describeError(error);
  const possible = FIXES.filter(
    (fix) => form.actions.includes(fix) && ((fix !== 'sign-in' && fix !== 'use-http') || host !== undefined),
  );
  return {
    kind: 'message',
    id: `${parent?.id ?? ''}!`,
    parent,
    level: 'error',
    label: message,
    detail: message,
    action: possible[0] ?? 'show-log',
    host,
  };
}
