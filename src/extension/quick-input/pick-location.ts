import { type Location, relocate } from '../../core/index.ts';
import { chooseDestination } from '../push-flow/destination-step.ts';
import { PushMemory } from '../push-flow/push-memory.ts';
import type { Services } from '../services.ts';
import { readSettings } from '../settings.ts';
import { StepPicker } from './step-picker.ts';

/** Asks where a copy goes; without a typed tag it keeps that of the source. */
export async function pickLocation(services: Services, title: string, from: Location): Promise<Location> {
  const { registries, defaultRepository } = readSettings();
  const recent = new PushMemory(services.extension.workspaceState).recent();
  const name = from.kind === 'layout' ? 'model' : from.repository;
  const picker = new StepPicker();
  try {
    const { location } = await chooseDestination(
      picker,
      title,
      {
        name,
        recent,
        registries,
        defaultRepository,
        local: from.kind !== 'local',
      },
      1,
    );
    const [tag] = from.tags;
    return location.tags.length > 0 || tag === undefined ? location : relocate(location, { tag });
  } finally {
    picker.dispose();
  }
}
