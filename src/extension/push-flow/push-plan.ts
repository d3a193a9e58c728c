import type { Location, PreparedModel } from '../../core/index.ts';

/** What a person decided in the three steps. */
export interface PushPlan {
  readonly location: Location;
  readonly model: PreparedModel;
  /** The chosen tag names something and is to be moved. */
  readonly moveTag: boolean;
  readonly allowUnsafe: boolean;
}
