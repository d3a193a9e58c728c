import { l10n } from 'vscode';
import type { MagicFlag, MagicVerb } from './magic-line.ts';

/** The verbs of `%omlmd` that a notebook needs, with their flags (docs/cli.md). Others work too; they are not offered. */
export function magicVerbs(): readonly MagicVerb[] {
  return [
    {
      name: 'push',
      summary: l10n.t('Put a model, from a variable or a file, into a registry or the local store'),
      takesReference: true,
      flags: [...pushFlags(), ...remoteFlags()],
    },
    {
      name: 'pull',
      summary: l10n.t('Fetch the files of an artifact and check them'),
      takesReference: true,
      flags: [...pullFlags(), ...remoteFlags()],
    },
    {
      name: 'ls',
      summary: l10n.t('List repositories, or the versions in one'),
      takesReference: true,
      flags: [
        { name: '--long', summary: l10n.t('Also read each version: digest, size, metadata') },
        { name: '--limit', summary: l10n.t('At most so many rows') },
        { name: '--sort', summary: l10n.t('Order by a field or a custom property') },
        ...remoteFlags(),
      ],
    },
    {
      name: 'inspect',
      summary: l10n.t('Show metadata and files of an artifact, or what a model file says about itself'),
      takesReference: true,
      flags: [{ name: '--no-model', summary: l10n.t('Do not look into the model files') }, ...remoteFlags()],
    },
    {
      name: 'diff',
      summary: l10n.t('Compare metadata and files of two artifacts'),
      takesReference: true,
      flags: remoteFlags(),
    },
    { name: 'help', summary: l10n.t('Tell more'), takesReference: false, flags: [] },
  ];
}

function pushFlags(): readonly MagicFlag[] {
  return [
    { name: '--model', summary: l10n.t('The variable that holds the model') },
    { name: '--format', summary: l10n.t('The file format to save the variable in') },
    { name: '--set', summary: l10n.t('Set one value of the metadata: KEY=VALUE') },
    { name: '--metadata', summary: l10n.t('Take the metadata from this file only') },
    { name: '--empty-metadata', summary: l10n.t('Push without metadata') },
    { name: '--no-auto-metadata', summary: l10n.t('Read nothing from the model') },
    { name: '--tag-if-absent', summary: l10n.t('Fail when the tag exists') },
    { name: '--dry-run', summary: l10n.t('Pack and report; send nothing') },
    { name: '--allow-unsafe', summary: l10n.t('Go on in spite of a critical finding') },
    { name: '--annotation', summary: l10n.t('Add an annotation to the manifest: KEY=VALUE') },
  ];
}

function pullFlags(): readonly MagicFlag[] {
  return [
    { name: '--output', summary: l10n.t('The folder to write to') },
    { name: '--include', summary: l10n.t('Only files whose name fits this pattern') },
    { name: '--media-types', summary: l10n.t('Only layers of this media type') },
    { name: '--overwrite', summary: l10n.t('Replace files that are there with other content') },
    { name: '--keep', summary: l10n.t('Keep files that are there') },
  ];
}

function remoteFlags(): readonly MagicFlag[] {
  return [
    { name: '--plain-http', summary: l10n.t('Talk to the registry without TLS') },
    { name: '--registry-config', summary: l10n.t('The file that logins are read from') },
  ];
}
