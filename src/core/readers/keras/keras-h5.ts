import type { FactsBuilder } from '../facts.ts';
import { Hdf5Contents } from '../hdf5/hdf5-contents.ts';
import { findSuperblock, Hdf5File, startsHdf5 } from '../hdf5/hdf5-file.ts';
import { MAX_HDF5_BYTES, MAX_KERAS_CONFIG_BYTES } from '../limits.ts';
import { modelExtension, stemOf } from '../model-name.ts';
import { PagedSource } from '../parse/paged-source.ts';
import { malformed } from '../parse/parse-stop.ts';
import { collectPagedFacts } from '../read-file.ts';
import type { ModelFacts, ModelFile, ModelReader, ReadOptions } from '../reader.ts';
import { unknownFacts } from '../unknown.ts';
import { KerasCode, lookForCode } from './keras-code.ts';
import { reportConfig } from './keras-config.ts';
import { reportTraining } from './keras-training.ts';
import { isKerasWeight } from './keras-weights.ts';

const EXTENSIONS = ['.h5', '.hdf5', '.weights.h5'];

/** Any HDF5 file; what Keras wrote is told by the attributes of its root, or by its name. */
export const hdf5Reader: ModelReader = {
  id: 'hdf5',
  extensions: EXTENSIONS,
  recognizes: (_path, head) => startsHdf5(head),
  read: readHdf5Model,
};

/** Models and weights of Keras in HDF5. */
export const kerasH5Reader: ModelReader = { ...hdf5Reader, id: 'keras' };

/**
 * HDF5 behind a user block longer than what recognition sees, where the name claims one: the library, and so Keras,
 * looks for it up to the end of the file. Asked after those that recognise what stands there instead.
 */
export const lateHdf5Reader: ModelReader = {
  id: 'unknown',
  extensions: [],
  recognizes: (path, head) => EXTENSIONS.includes(modelExtension(path)) && !startsHdf5(head),
  async read(file, options = {}) {
    return (await findSuperblock(new PagedSource(file.content, options))) === undefined
      ? unknownFacts(file, stemOf(file.path, EXTENSIONS))
      : await readHdf5Model(file, options);
  },
};

async function readHdf5Model(file: ModelFile, options: ReadOptions = {}): Promise<ModelFacts> {
  let isKeras = file.path.toLowerCase().endsWith('.weights.h5');
  const facts = await collectPagedFacts(
    file,
    async ({ source, facts }) => {
      const contents = await openContents(source, facts);
      contents.onRoot = async () => {
        if (contents.attributes.has('model_config')) isKeras = true;
        if (isKeras || contents.attributes.has('keras_version')) contents.isWeight = isKerasWeight;
        await reportKeras(contents, isKeras, facts);
      };
      await contents.walk();
    },
    { ...options, maxBytes: MAX_HDF5_BYTES },
  );
  if (isKeras) facts.property('framework', 'keras');
  return facts.build(isKeras ? 'keras' : 'hdf5', stemOf(file.path, EXTENSIONS));
}

async function openContents(source: PagedSource, facts: FactsBuilder): Promise<Hdf5Contents> {
  return new Hdf5Contents(await Hdf5File.open(source), facts);
}

/** The attributes that Keras gives the root of a whole model (`model.save`), or of its weights. */
async function reportKeras(contents: Hdf5Contents, isKeras: boolean, facts: FactsBuilder): Promise<void> {
  const code = new KerasCode(facts);
  // What is in them is shown in its own words.
  for (const key of ['model_config', 'training_config']) delete contents.shown[key];
  const version = await contents.text('keras_version');
  if (version !== undefined) {
    facts.property('framework', 'keras');
    facts.property('framework_version', version);
  }
  const backend = await contents.text('backend');
  if (backend !== undefined) facts.details.backend = backend;
  if (isKeras) facts.formatVersion = version ?? null;
  if (contents.attributes.has('model_config')) {
    await lookForCode(facts, async () => {
      const config = await contents.text('model_config', MAX_KERAS_CONFIG_BYTES);
      if (config === undefined) throw malformed('the configuration of the model is no text');
      reportConfig(config, code, facts);
    });
  }
  await lookForCode(facts, async () => {
    const training = await contents.text('training_config', MAX_KERAS_CONFIG_BYTES);
    if (training !== undefined) reportTraining(training, code, facts);
  });
}
