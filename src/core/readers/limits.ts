/**
 * Every bound of the readers, with the accident or attack it stops. Model files are foreign: a length in one is a claim,
 * so it is compared with what is left of the file and with these before anything is allocated or awaited.
 */

/** Milliseconds one file may take before what was found is returned as it is. Stops files that are slow by design. */
export const MAX_READ_MS = 5000;

/** Milliseconds in which files of one folder or artifact are begun. Stops thousands of files that each take their five seconds. */
export const MAX_FOLDER_READ_MS = 60_000;
/** Bytes of details that the files of one folder keep together, about. Stops shards that each list what fills a file's share. */
export const MAX_FOLDER_DETAILS_KEPT = 32 * 1024 * 1024;
/** Bytes of their findings and metadata, about; files behind that are not looked into. */
export const MAX_FOLDER_BYTES_KEPT = 16 * 1024 * 1024;

/** Bytes by which the process may grow in a reading before garbage is collected. Stops it from piling up as V8 lets it. */
export const COLLECT_AFTER_BYTES = 64 * 1024 * 1024;
/** Growth after a collection that asks for the next. Stops collecting for nothing, where what is there is held. */
export const COLLECT_AGAIN_BYTES = 24 * 1024 * 1024;
/** Growth at which garbage is collected however little the last time freed. Stops a reading that holds much from taking 128 MiB. */
export const COLLECT_AT_LEAST_BYTES = 104 * 1024 * 1024;
/** Milliseconds between two looks at the memory of the process: a look takes as long as reading a small record. */
export const MEMORY_LOOK_MS = 2;

/** Bytes of the first read; a usual header fits, so that a remote file costs one request. */
export const FIRST_WINDOW_BYTES = 64 * 1024;
/** Bytes of a read after a jump: jumps land on small records between weights. */
export const JUMP_WINDOW_BYTES = 16 * 1024;
/** Largest single read in bytes, unless a reader needs more at once (S30). Stops one request from being a download. */
export const MAX_WINDOW_BYTES = 1024 * 1024;
/** Bytes between two reads of remote content up to which reading on costs less than a request. */
export const NEAR_BYTES = 128 * 1024;
/** Bytes that are read on through near jumps of remote content, in all. Stops weights of middling size from being downloaded. */
export const MAX_READ_THROUGH_BYTES = 4 * 1024 * 1024;
/** Requests for one file that are under way at once. Stops one reading from taking every connection to a registry. */
export const MAX_REQUESTS_AT_ONCE = 6;
/** Bytes that the landing of a guessed jump may differ from the guess: names and lengths take a byte more or less. */
export const GUESS_SLACK_BYTES = 512;
/** Jumps that are remembered to guess the next ones from; the layers of a model repeat sooner. */
export const MAX_JUMPS_REMEMBERED = 256;
/** Bytes read from one file in all. Stops an ONNX or pickle file without end from being downloaded by inspecting it. */
export const MAX_BYTES_READ = 128 * 1024 * 1024;

/** Bytes of a page of a file that is read here and there; a zip's directory or a tensor table usually fits one or two. */
export const PAGE_BYTES = 64 * 1024;
/** Pages between two wanted ones of remote content that are read with them instead of with a request of their own. */
export const MERGED_GAP_PAGES = 2;
/** Pages that are kept: 8 MiB. Stops files that point everywhere from filling memory. */
export const MAX_PAGES_KEPT = 128;

/** Bytes around the end of an ONNX graph that are read before its weights on a registry: inputs, outputs, opsets. */
export const ONNX_TAIL_BYTES = 128 * 1024;
/** The same where the outputs stand before more than that: shapes inferred for every node of a large graph. */
export const ONNX_LONG_TAIL_BYTES = 1024 * 1024;
/** Bytes of a remote ONNX file from which its end is read early; a smaller one is read whole in as many requests. */
export const MIN_ONNX_EARLY_TAIL_BYTES = 2 * 1024 * 1024;
/** Places in that tail which may be the beginning of a field and are looked at. Stops bytes made to look like many. */
export const MAX_ONNX_TAIL_PLACES = 20_000;

/** Bytes of a safetensors header that the format itself allows (S29); a larger claim is not a safetensors file. */
export const MAX_SAFETENSORS_HEADER_BYTES = 100_000_000;
/** Bytes of a safetensors header that is read in detail (S29). Stops 100 MB of JSON from filling memory. */
export const MAX_SAFETENSORS_PARSED_BYTES = 8 * 1024 * 1024;
/** Bytes of a JSON document of a folder (`config.json`, `model_index.json`). Stops a tree of values from filling memory. */
export const MAX_FOLDER_DOCUMENT_BYTES = 2 * 1024 * 1024;
/** Chat templates of a folder that are looked into. */
export const MAX_CHAT_TEMPLATES = 32;
/** Bytes of an index of shards; those of the largest models have about ten million. Stops a map without end. */
export const MAX_INDEX_BYTES = 32 * 1024 * 1024;
/** Bytes read from a GGUF file (S30). Stops vocabularies and keys without end. */
export const MAX_GGUF_BYTES = 16 * 1024 * 1024;
/** Keys of a GGUF file. Stops millions of tiny keys, which cost far more memory than file. */
export const MAX_GGUF_KEYS = 65_536;
/** Bytes of pickle opcodes that are run symbolically, payloads that are skipped not counted. */
export const MAX_PICKLE_OPCODE_BYTES = 64 * 1024 * 1024;
/** Objects a pickle may build before later ones are only counted. Stops one-byte opcodes that make an object each. */
export const MAX_PICKLE_OBJECTS = 200_000;
/** Entries of a pickle's stack. Stops 64 MiB of pushes from becoming gigabytes of pointers. */
export const MAX_PICKLE_STACK = 500_000;
/** Entries of a pickle's memo; later ones are kept only where an import needs them. Every text in a pickle makes one. */
export const MAX_PICKLE_MEMO = 150_000;
/** Characters of text a pickle may keep in memory in all. */
export const MAX_PICKLE_TEXT = 16 * 1024 * 1024;
/** Bytes of arrays and byte strings that the pickles of a file keep together. Stops thousands that are each small. */
export const MAX_PICKLE_BYTES_KEPT = 16 * 1024 * 1024;
/** Bytes of a model that a booster pickled, in which the beginning of its trees is looked for. */
export const MAX_NATIVE_HEAD_BYTES = 64 * 1024;
/** Milliseconds for such a model, beside those of the pickle. Stops two readings from taking the time of two files. */
export const MAX_NATIVE_READ_MS = 500;
/** Bytes and milliseconds for what stands behind a model's end, beside those of the model. Stops a tail from being a second file. */
export const MAX_TAIL_BYTES = 16 * 1024 * 1024;
export const MAX_TAIL_READ_MS = 1000;
/** Pickles one after the other in one file that are looked into. */
export const MAX_PICKLES_IN_FILE = 256;
/** Imports that are listed; more are summed up. Stops a list of a million names in a report. */
export const MAX_IMPORTS = 2000;
/** Bytes that a compressed pickle may inflate to. Stops decompression bombs; they are streamed, so memory stays flat. */
export const MAX_INFLATED_BYTES = 2 ** 30;
/** Bytes of an LZMA dictionary that is kept: the largest that `xz -9` writes. Stops a header that asks for 4 GiB. */
export const MAX_LZMA_DICTIONARY_BYTES = 64 * 1024 * 1024;
/** Compressed streams one after the other in one file. */
export const MAX_COMPRESSED_MEMBERS = 1000;
/** Bytes of an array or byte string that is kept, because class labels and feature names may be in it. */
export const MAX_KEPT_ARRAY_BYTES = 64 * 1024;

/** Bytes of the header of one numpy array; version 1 allows 64 KiB, later ones are for types of many fields. */
export const MAX_NPY_HEADER_BYTES = 1024 * 1024;

/** Members of a tar file that are looked at. Stops archives of a million empty files. */
export const MAX_TAR_MEMBERS = 256;
/** Bytes of a TorchScript model's code that are looked through. Stops source text from being the payload. */
export const MAX_SCRIPT_CODE_BYTES = 4 * 1024 * 1024;

/** Bytes of a skops schema; a forest of a hundred trees takes one million. Stops JSON from filling memory. */
export const MAX_SKOPS_SCHEMA_BYTES = 8 * 1024 * 1024;
/** Levels of a skops schema: an object in an object takes four. Stops the stack from running out. */
export const MAX_SKOPS_DEPTH = 200;
/** Values and keys of a skops schema that are built. Stops short texts from becoming large trees. */
export const MAX_SKOPS_VALUES = 400_000;
/** Objects of a skops schema that are looked at; types behind them are not listed, which is a finding. */
export const MAX_SKOPS_NODES = 60_000;
/** Arrays of a skops file that are opened for class labels and feature names. Stops a request for each of thousands. */
export const MAX_SKOPS_ARRAYS = 16;

/** Bytes of the graph of `torch.export` that are looked at; one of ten thousand nodes takes about as many. */
export const MAX_EXPORT_GRAPH_BYTES = 8 * 1024 * 1024;
/** Levels of that graph: a graph in a graph takes eight. Stops the stack from running out. */
export const MAX_EXPORT_DEPTH = 200;
/** Values and keys of that graph that are built. Stops short texts from becoming large trees. */
export const MAX_EXPORT_VALUES = 600_000;
/** Different operators that are counted in the code or graph of a torch model. Stops names that all differ. */
export const MAX_OPERATOR_NAMES = 10_000;

/** Bytes at the end of a zip file in which its directory's end must begin: the longest comment, and the record. */
export const ZIP_TAIL_BYTES = 65_535 + 22;
/** Entries of a zip directory that are looked at. Stops archives of a million empty members. */
export const MAX_ZIP_ENTRIES = 100_000;
/** Bytes of a zip directory that are read; 100,000 ordinary entries take ten million. */
export const MAX_ZIP_DIRECTORY_BYTES = 16 * 1024 * 1024;
/** Bytes between two members that padding and extra fields explain. Stops data that belongs to no member. */
export const MAX_ZIP_GAP_BYTES = 8192;
/** How much larger than packed a deflated member can be (1032 times, and a block's head). Stops sizes that are lies. */
export const MAX_ZIP_UNPACKED_RATIO = 1100;
/** How much larger than its file an archive may be unpacked without a finding. Stops bombs from going unnoticed. */
export const MAX_ZIP_UNPACKED_TOTAL_RATIO = 100;
/** Members beside the expected ones whose first bytes are looked at. Stops a thousand requests for a thousand names. */
export const MAX_ODD_MEMBERS = 64;

/** Bytes of a line of a LightGBM model. Stops names of features without end. */
export const MAX_LIGHTGBM_TEXT_BYTES = 16 * 1024 * 1024;
/** Characters of a CatBoost model's settings and notes that are kept; those of a training take a few thousand. */
export const MAX_CATBOOST_INFO_BYTES = 1024 * 1024;
/** Bytes behind a CatBoost model's core that are looked through for their end. Stops inspecting it from being a download. */
export const MAX_CATBOOST_PARTS_BYTES = 4 * 1024 * 1024;
/** Features of a CatBoost model that are looked into, a table each. */
export const MAX_CATBOOST_FEATURES = 100_000;
/** Fields of a PMML document that are kept, with the values they may have; all are counted. */
export const MAX_PMML_FIELDS = 10_000;
/** Bytes of a PMML document that is walked whole; of a larger one what stands before the model's parts. */
export const MAX_PMML_WALKED_BYTES = 4 * 1024 * 1024;
/** Bytes of an XGBoost model that is walked whole; of a larger one the trees are jumped over. Stops inspecting it from being a download. */
export const MAX_XGBOOST_WALKED_BYTES = 4 * 1024 * 1024;
/** Bytes at the end of a large XGBoost model in which what follows the trees is looked for; it takes a few hundred. */
export const XGBOOST_TAIL_BYTES = 64 * 1024;

/** Bytes of one record of an HDF5 file (header, node, object of a heap). Stops a length from being a download. */
export const MAX_HDF5_BLOCK_BYTES = 16 * 1024 * 1024;
/** Bytes read from one HDF5 file; headers of the largest models take a few megabytes. */
export const MAX_HDF5_BYTES = 32 * 1024 * 1024;
/** Messages in the header of one HDF5 object. Stops headers of nothing but empty messages. */
export const MAX_HDF5_MESSAGES = 65_536;
/** Objects of an HDF5 file. Stops files of a million empty groups. */
export const MAX_HDF5_OBJECTS = 200_000;
/** Links of an HDF5 file. Stops groups that share one long list of entries. */
export const MAX_HDF5_LINKS = 200_000;
/** Nesting of HDF5 groups. Stops the stack from running out. */
export const MAX_HDF5_DEPTH = 64;
/** Levels of a B-tree in HDF5. Stops trees that go down without end. */
export const MAX_HDF5_TREE_DEPTH = 16;
/** Indirect blocks of a heap in HDF5 on the way to one object. */
export const MAX_HDF5_HEAP_DEPTH = 16;
/** Nesting of types in HDF5 (arrays of arrays). */
export const MAX_HDF5_TYPE_DEPTH = 8;
/** Objects of one global heap that are passed on the way to one of them. */
export const MAX_HDF5_HEAP_OBJECTS = 65_536;
/** Attributes of one HDF5 object. */
export const MAX_HDF5_ATTRIBUTES = 10_000;
/** Values of one attribute that are decoded. Stops a list of a million names, each behind a jump. */
export const MAX_HDF5_ATTRIBUTE_VALUES = 1024;
/** Bytes of a text in an attribute; {@link MAX_KERAS_CONFIG_BYTES} for a model's configuration. */
export const MAX_HDF5_ATTRIBUTE_BYTES = 64 * 1024;
/** Files that one HDF5 dataset may name. */
export const MAX_HDF5_EXTERNAL_FILES = 64;

/** Bytes of a Keras configuration. It becomes a tree in memory, which takes ten times as much. */
export const MAX_KERAS_CONFIG_BYTES = 4 * 1024 * 1024;
/** Values of a Keras configuration. Stops brackets from becoming gigabytes of objects. */
export const MAX_KERAS_CONFIG_VALUES = 500_000;
/** Bytes that the weights of a packed `.keras` file may inflate to before they are passed over: they are held in memory. */
export const MAX_INFLATED_WEIGHTS_BYTES = 32 * 1024 * 1024;
/** Layers of a Keras model that are listed. */
export const MAX_KERAS_LAYERS = 10_000;

/** Bytes read from one TFLite model; operators and tensors of large ones take a few megabytes. */
export const MAX_TFLITE_BYTES = 32 * 1024 * 1024;
/** Buffers of a TFLite model whose length is looked at: each lies at its data, so each may cost a page. */
export const MAX_TFLITE_BUFFERS_CHECKED = 64;
/** Inputs or outputs of a TFLite graph or operator. */
export const MAX_TFLITE_ENDS = 10_000;
/** Subgraphs, signatures and entries of metadata of a TFLite model. */
export const MAX_TFLITE_PARTS = 1000;

/** Bytes read of a SavedModel's graph; constants in it are jumped over. */
export const MAX_TF_GRAPH_BYTES = 64 * 1024 * 1024;
/** Graphs, tags, signatures and assets of a SavedModel. */
export const MAX_TF_PARTS = 1000;
/** Tensors that go into one signature, or come out of it. */
export const MAX_TF_SIGNATURE_TENSORS = 1000;
/** Bytes of one block of a checkpoint's index; TensorFlow writes blocks of 256 KiB. */
export const MAX_TF_BLOCK_BYTES = 16 * 1024 * 1024;
/** Variables of a checkpoint. Stops an index of nothing but tiny entries. */
export const MAX_TF_VARIABLES = 200_000;
/** Bytes read of what a checkpoint says of the names of its variables. */
export const MAX_TF_OBJECT_GRAPH_BYTES = 16 * 1024 * 1024;

/** Bytes of any text that is kept. Stops one string from filling a report. */
export const MAX_STRING_BYTES = 64 * 1024;
/** Bytes of a name of a tensor, operator or key. */
export const MAX_NAME_BYTES = 4096;
/** Tensors that are listed; all are counted. */
export const MAX_TENSORS_LISTED = 100_000;
/** Dimensions of a tensor. Stops a shape of a million ones. */
export const MAX_RANK = 64;
/** Nesting of JSON in a header. Stops the stack from running out. */
export const MAX_HEADER_JSON_DEPTH = 64;
/** Nesting of protobuf messages (ONNX subgraphs). Stops the stack from running out. */
export const MAX_PROTOBUF_DEPTH = 64;
/** Bytes of an XML document that are walked. */
export const MAX_XML_BYTES = 64 * 1024 * 1024;
/** Nesting of XML elements; trees of PMML are nested as deep as they are. The walk itself does not nest. */
export const MAX_XML_DEPTH = 2000;
/** Attributes of one XML element. Stops a million small ones, which cost far more memory than file. */
export const MAX_XML_ATTRIBUTES = 1000;
/** Bytes of XML without a tag: the parser gathers comments, attributes and texts whole. */
export const MAX_XML_TOKEN_BYTES = 4 * 1024 * 1024;
/** Tables of a flatbuffer that are looked into. Stops tables that name the same tables again and again, level by level. */
export const MAX_FLATBUFFER_TABLES = 500_000;
/** Names in a histogram, map or set (operators, domains, initializers). Stops a file of nothing but distinct names. */
export const MAX_DISTINCT_NAMES = 100_000;
/** Files one model may name beside it. */
export const MAX_COMPANIONS = 10_000;
/** Findings of one file; the rest are summed up. */
export const MAX_FINDINGS = 200;

/** Bytes of `customProperties` as JSON; longer values go to `details`. */
export const MAX_CUSTOM_PROPERTIES_BYTES = 32 * 1024;
/** Entries of `input_signature` and `output_signature`. */
export const MAX_SIGNATURE_ENTRIES = 32;
/** Entries of lists such as `classes` and `feature_names`. */
export const MAX_LIST_ENTRIES = 64;
/** Pairs of `hyperparameters`. */
export const MAX_HYPERPARAMETERS = 256;
/** Files of an MLflow model that are looked into for the one that speaks for it. Stops a request for each of thousands. */
export const MAX_MLFLOW_INNER_FILES = 64;
/** Nesting of a numpy header: a structured type in a structured type. Stops the stack from running out. */
export const MAX_NPY_HEADER_DEPTH = 32;
/** Inputs and outputs of an ONNX graph that are kept. Stops a graph of a million inputs from filling memory. */
export const MAX_ONNX_ENDS = 10_000;
/** Bytes of one value in the tail of an ONNX graph: where no fields begin earlier, there may be more before it. */
export const MAX_ONNX_VALUE_BYTES = 16 * 1024;
/** Fields of one such value that are passed over. Stops weights that look like fields from being walked for long. */
export const MAX_ONNX_VALUE_FIELDS = 64;
/** Models in models of a pickle that are followed. Stops a model that holds itself. */
export const MAX_MODEL_PARTS = 8;
/** Graphs in each other of `torch.export`: branches and loops. Stops the stack from running out. */
export const MAX_EXPORT_GRAPHS_DEEP = 16;
/** Characters of a dimension of that graph that is an expression. */
export const MAX_EXPORT_EXPRESSION = 64;
/** How deep calls that wrap a tensor are looked through: a parameter of a subclass of a tensor. Stops calls without end. */
export const MAX_TORCH_WRAPPINGS = 8;
/** Containers in each other in what torch saved. Stops the stack from running out. */
export const MAX_TORCH_DEPTH = 64;
/** Folders inside a model that are asked for weights. Stops a tree of thousands of folders. */
export const MAX_PLACES_OF_WEIGHTS = 32;
/** Objects in the tree of a skops file that is shown. */
export const MAX_SKOPS_TREE_OBJECTS = 1000;
/** Attributes of the root of an HDF5 file that are shown. */
export const MAX_HDF5_SHOWN_ATTRIBUTES = 256;
/** Bytes of a gzip header: names and comments have no length of their own. Stops one without end. */
export const MAX_GZIP_HEADER_BYTES = 256 * 1024;
/** Bytes to which the beginning of a compressed file is inflated: recognition needs few. Stops bombs there. */
export const MAX_INFLATED_HEAD_BYTES = 256 * 1024;
/** Settings of one Keras layer that are shown. */
export const MAX_KERAS_LAYER_SETTINGS = 32;
/** Inputs and outputs of a Keras model that are looked at. */
export const MAX_KERAS_ENDS = 1000;
/** Metrics of a Keras model that are listed. */
export const MAX_KERAS_METRICS = 32;
/** Missing shards that are named; the rest are counted. */
export const MAX_MISSING_SHARDS_NAMED = 20;
/** Shards that are believed; the largest models have some hundreds. Stops a name that states millions. */
export const MAX_SHARDS = 10_000;
