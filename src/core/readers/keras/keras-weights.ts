/** Datasets beside the weights: the memory of optimizers and metrics, and the state of random numbers. */
const BESIDE = /^(?:optimizer|optimizer_weights|metrics)(?:\/|$)|(?:^|\/)seed_generator(?:\/|$)/;

/** Whether a dataset of a file that Keras wrote is a weight of the model. */
export function isKerasWeight(path: string): boolean {
  return !BESIDE.test(path);
}
