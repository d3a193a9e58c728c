/** A node of a tree of text. */
export interface TextTree {
  /** One line, escaped. */
  readonly text: string;
  readonly children: readonly TextTree[];
}

/** A tree with lines from parent to child. */
export function formatTree({ text, children }: TextTree): string {
  return [text, ...branches(children, '')].join('\n');
}

function branches(children: readonly TextTree[], indent: string): readonly string[] {
  return children.flatMap(({ text, children: below }, i) => {
    const last = i === children.length - 1;
    return [
      `${indent}${last ? '└── ' : '├── '}${text}`,
      ...branches(below, `${indent}${last ? '    ' : '│   '}`),
    ];
  });
}
