import * as vscode from 'vscode';
import { type Location, parseLocation, relocate } from '../../core/index.ts';
import type { StepPicker } from '../quick-input/step-picker.ts';
import type { Services } from '../services.ts';
import { knownTags, readTags } from './known-tags.ts';
import type { ModelPreparation } from './model-preparation.ts';
import { nextTag } from './next-tag.ts';
import type { PushPlan } from './push-plan.ts';
import { reviewPush } from './review-step.ts';

/**
 * A model that was pushed before goes where it went, as the next version: only the review is left, one Enter.
 * Undefined when that is not what the person wants, or the place does not say which tags it has: then the steps ask.
 */
export async function repeatPush(
  picker: StepPicker,
  services: Services,
  title: string,
  last: string | undefined,
  preparation: ModelPreparation,
): Promise<PushPlan | 'edit' | undefined> {
  if (last === undefined) return undefined;
  const placeholder = vscode.l10n.t('Looking for the next version of {0}; Back asks where to', last);
  const found = await picker.wait(
    { title, step: 3, totalSteps: 3, placeholder },
    Promise.all([nextVersion(services, parseLocation(last)), preparation.model]),
  );
  const [location] = found ?? [];
  if (location === undefined) return undefined;
  const { review, model } = await reviewPush(picker, title, location, preparation, true);
  if (review === 'back') return undefined;
  return review === 'edit'
    ? review
    : { location, model, moveTag: false, allowUnsafe: review === 'push-anyway' };
}

async function nextVersion(services: Services, place: Location): Promise<Location | undefined> {
  const known = knownTags();
  await readTags(await services.context(), place, known);
  return known.failure === undefined ? relocate(place, { tag: nextTag(known.tags) }) : undefined;
}
