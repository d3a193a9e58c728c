import * as vscode from 'vscode';

/** One line that a person types. */
export interface TextQuestion {
  readonly title: string;
  readonly placeholder: string;
  readonly value?: string;
  readonly prompt?: string;
  readonly password?: boolean;
  readonly step?: number;
  readonly totalSteps?: number;
  /** Why it cannot be meant, while it is typed; undefined when it can. */
  readonly check: (typed: string) => string | undefined;
}

/** Asks for one line, checked as it is typed. Rejects with `CancellationError` when the box is closed. */
export async function typeText(question: TextQuestion): Promise<string> {
  const box = vscode.window.createInputBox();
  box.title = question.title;
  box.placeholder = question.placeholder;
  box.value = question.value ?? '';
  box.prompt = question.prompt ?? question.placeholder;
  box.password = question.password ?? false;
  box.step = question.step;
  box.totalSteps = question.totalSteps;
  box.ignoreFocusOut = true;
  try {
    return await new Promise((resolve, reject) => {
      box.onDidChangeValue((typed) => {
        box.validationMessage = typed === '' ? undefined : question.check(typed);
      });
      box.onDidAccept(() => {
        box.validationMessage = question.check(box.value);
        if (box.validationMessage === undefined) resolve(box.value);
      });
      box.onDidHide(() => reject(new vscode.CancellationError()));
      box.show();
    });
  } finally {
    box.dispose();
  }
}
