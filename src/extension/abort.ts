import * as vscode from 'vscode';

/** The core's signal for VS Code's token; its reason is VS Code's own `CancellationError`. */
export function signalOf(token: vscode.CancellationToken): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort(new vscode.CancellationError());
  if (token.isCancellationRequested) abort();
  else token.onCancellationRequested(abort);
  return controller.signal;
}

/** Whether an error only says that the person cancelled: nothing to show. */
export function isCancellation(error: unknown): boolean {
  if (error instanceof vscode.CancellationError) return true;
  return error instanceof Error && 'code' in error && error.code === 'canceled';
}
