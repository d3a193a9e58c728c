import { BOOSTING_GLOBALS } from './boosting-globals.ts';
import { NUMPY_GLOBALS } from './numpy-globals.ts';
import { PANDAS_GLOBALS } from './pandas-globals.ts';
import { ALLOWED_GLOBALS } from './pickle-allowed.ts';
import { SCIPY_GLOBALS } from './scipy-globals.ts';
import { SKLEARN_GLOBALS } from './sklearn-globals.ts';
import { TORCH_GLOBALS } from './torch-globals.ts';

/** The names that files of a framework may import, a list for each. */
const ALLOW_LISTS: readonly Readonly<Record<string, string>>[] = [
  ALLOWED_GLOBALS,
  NUMPY_GLOBALS,
  SCIPY_GLOBALS,
  PANDAS_GLOBALS,
  SKLEARN_GLOBALS,
  BOOSTING_GLOBALS,
  TORCH_GLOBALS,
];

/** How an import is judged: on a framework's list, on none, or known to run code or to reach what does. */
export type ImportVerdict = 'allowed' | 'unknown' | 'dangerous';

/** Modules of which nothing belongs into a model: every attribute is dangerous, and so is reaching them by a dot. */
const DANGEROUS_MODULES = new Set(
  (
    'os posix nt ntpath posixpath _frozen_importlib _frozen_importlib_external _imp subprocess _posixsubprocess sys pty socket _socket shutil runpy pickle _pickle ' +
    'cPickle pickletools bdb pdb asyncio _asyncio ctypes _ctypes importlib imp _imp code codeop marshal ' +
    'multiprocessing _multiprocessing signal _signal threading _thread concurrent webbrowser ftplib telnetlib ' +
    'smtplib poplib imaplib nntplib urllib urllib3 http httplib httpx requests aiohttp xmlrpc socketserver ssl ' +
    'tempfile platform timeit trace profile cProfile doctest pydoc pip setuptools distutils pkg_resources ensurepip ' +
    'venv idlelib lib2to3 cgitb cgi inspect linecache mmap fcntl resource atexit gc zipimport zipapp pkgutil site ' +
    'sysconfig _osx_support _aix_support select sqlite3 shelve dbm unittest pytest _pytest test _testcapi ' +
    'commands popen2 rexec winreg _winapi msvcrt tkinter turtle curses readline rlcompleter ' +
    'nturl2path fileinput filecmp glob zipfile tarfile antigravity _pyrepl pexpect paramiko fabric invoke sh ' +
    'plumbum psutil IPython ipykernel cffi pycparser gdb ' +
    'execnet rpyc Pyro4 zmq kubernetes docker boto3 botocore'
  ).split(' '),
);

/** Parts of trusted packages that compile, run, fetch or load what they are given: everything in them is dangerous. */
const DANGEROUS_PACKAGES = (
  'numpy.f2py numpy.distutils numpy.testing numpy.ctypeslib torch._dynamo torch._inductor torch.fx.experimental ' +
  'torch.utils.bottleneck torch.utils.collect_env torch.utils.cpp_extension torch.utils._config_module ' +
  'torch.utils.data.datapipes torch.jit.unsupported_tensor_ops torch.distributed.rpc torch.hub torch.package ' +
  'torch.testing torch.multiprocessing joblib.externals.loky pandas.io pandas.core.computation scipy._lib._testutils'
).split(' ');

/** Dangerous names of modules that also hold harmless ones. */
const DANGEROUS_NAMES: ReadonlyMap<string, string> = new Map([
  [
    'builtins',
    'eval exec compile getattr setattr delattr apply open __import__ breakpoint input execfile file globals locals ' +
      'vars exit quit help reload memoryview __build_class__',
  ],
  ['io', 'open open_code FileIO'],
  ['_io', 'open open_code FileIO'],
  ['codecs', 'open'],
  ['operator', 'attrgetter methodcaller call'],
  ['_operator', 'attrgetter methodcaller call'],
  ['functools', 'reduce partialmethod'],
  ['_functools', 'reduce'],
  ['types', 'CodeType FunctionType MethodType LambdaType ModuleType DynamicClassAttribute'],
  ['copyreg', 'add_extension remove_extension pickle constructor'],
  ['logging', 'FileHandler basicConfig'],
  ['logging.config', 'dictConfig fileConfig listen'],
  ['uuid', '_get_command_stdout _popen'],
  ['dill', 'load loads load_session load_module'],
  ['dill._dill', 'load loads _import_module _eval_repr _getattribute'],
  ['dill.session', 'load_session load_module'],
  ['cloudpickle', 'load loads'],
  ['cloudpickle.cloudpickle', 'load loads subimport dynamic_subimport _getobject'],
  ['joblib', 'load Memory'],
  ['joblib.memory', 'Memory'],
  ['joblib.numpy_pickle', 'load load_temporary_memmap'],
  ['numpy', 'load fromfile loadtxt genfromtxt save savetxt memmap DataSource'],
  ['numpy.lib.npyio', 'load NpzFile DataSource'],
  ['numpy.lib._datasource', 'open DataSource'],
  ['numpy.testing._private.utils', 'runstring rundocs _assert_valid_refcount'],
  ['numpy.testing', 'runstring rundocs'],
  ['numpy.f2py.crackfortran', 'myeval getlincoef param_eval _eval_length _eval_scalar'],
  ['numpy.f2py.diagnose', 'run_command'],
  ['numpy.f2py', 'compile'],
  ['numpy.distutils.exec_command', 'exec_command'],
  ['pandas', 'read_pickle eval read_csv read_sql HDFStore'],
  ['pandas.DataFrame', 'query to_pickle'],
  ['pandas.core.frame.DataFrame', 'query to_pickle'],
  ['pandas.io.pickle', 'read_pickle'],
  ['pandas.core.computation.eval', 'eval'],
  ['torch', 'load compile import_ir_module'],
  ['torch.serialization', 'load _legacy_load _load'],
  ['torch.hub', 'load download_url_to_file load_state_dict_from_url'],
  ['torch.jit', 'load'],
  ['torch.utils.cpp_extension', 'load load_inline'],
  ['torch.utils.collect_env', 'run'],
  ['torch._inductor.codecache', 'compile_file'],
  ['torch.utils._config_module', 'load_config'],
  ['torch.utils.bottleneck.__main__', 'run_cprofile run_autograd_prof'],
  ['torch.distributed.rpc.internal', '_run_function'],
  ['torch.fx.graph_module', 'reduce_graph_module _forward_from_src'],
  ['tensorflow', 'py_function numpy_function'],
  ['keras.utils', 'get_file'],
  ['keras.models', 'load_model'],
  ['yaml', 'load unsafe_load full_load'],
  ['sklearn.utils._testing', 'check_skip_network'],
  ['scipy.io', 'loadmat'],
  ['sympy', 'sympify'],
  ['ast', 'literal_eval'],
]);

/** Modules that, as an inner part of a dotted name, are the module itself and not one of the same name. */
const REACHABLE_MODULES = new Set(
  'os posix nt subprocess sys pty socket shutil builtins __builtins__ __builtin__ ctypes importlib runpy pickle commands'.split(
    ' ',
  ),
);
/** Attributes by which Python code leaves the object it was given. */
const ESCAPING_ATTRIBUTES = new Set(
  (
    '__globals__ __builtins__ __subclasses__ __getattribute__ __getattr__ __dict__ __import__ __loader__ __spec__ ' +
    '__code__ __bases__ __mro__ __base__ __closure__ __func__ f_globals gi_frame func_globals'
  ).split(' '),
);
/** What makes functions out of code in the file (functions by value). */
const CODE_BY_VALUE: ReadonlyMap<string, string> = new Map([
  [
    'cloudpickle.cloudpickle',
    '_make_function _make_skel_func _fill_function _function_setstate _make_skeleton_class _make_skeleton_enum _class_setstate _builtin_type _make_cell _make_empty_cell _cell_set _make_typevar _get_bases _make_dict_keys _make_dict_values _make_dict_items',
  ],
  ['cloudpickle.cloudpickle_fast', '_function_setstate _class_setstate _builtin_type'],
  [
    'dill._dill',
    '_create_function _create_code _create_cell _create_type _load_type _create_array _get_attr',
  ],
]);
/** Those of {@link CODE_BY_VALUE} that stand for code itself; the rest are their trappings. */
const MAKES_FUNCTIONS = new Set(
  '_make_function _make_skel_func _fill_function _create_function _create_code _make_skeleton_class _create_type'.split(
    ' ',
  ),
);

/** joblib carries its own copy of cloudpickle. */
function withoutVendor(module: string): string {
  return module.replace(
    /^(?:joblib\.externals|sklearn\.externals\.joblib\.externals|pyspark|ray)\.(?=cloudpickle)/,
    '',
  );
}

function names(table: ReadonlyMap<string, string>, module: string, name: string): boolean {
  return table.get(module)?.split(' ').includes(name) ?? false;
}

function listed(table: Readonly<Record<string, string>>, module: string, name: string): boolean {
  return Object.hasOwn(table, module) && (table[module]?.split(' ').includes(name) ?? false);
}

/** Whether importing this builds a function out of code that the file brings. */
export function isCodeByValue(module: string, name: string): boolean {
  return MAKES_FUNCTIONS.has(name) && names(CODE_BY_VALUE, withoutVendor(module), name);
}

/** Whether this is one of the functions by which cloudpickle and dill put code together. */
export function isPartOfCode(module: string, name: string): boolean {
  return names(CODE_BY_VALUE, withoutVendor(module), name);
}

/** Judges one global. Names are seen through their dots: `torch.serialization` + `os.system` is `os.system`. */
export function judgeImport(module: string, name: string): ImportVerdict {
  const own = withoutVendor(module);
  if (isAllowed(own, name)) return 'allowed';
  if (isDangerous(own, name)) return 'dangerous';
  return 'unknown';
}

function isAllowed(module: string, name: string): boolean {
  if (ALLOW_LISTS.some((list) => listed(list, module, name))) return true;
  // A class of a TorchScript archive, whose code is in the archive: Python has no module of that name.
  if (/^__torch__(?:\.|$)/.test(module) && !name.includes('.')) return true;
  if (names(CODE_BY_VALUE, module, name)) return true;
  // What Cython writes for the pickling of a class of its own.
  const cython = /^__pyx_unpickle_(\w+)$/.exec(name)?.[1];
  return cython !== undefined && listed(SKLEARN_GLOBALS, module, cython);
}

function isDangerous(module: string, name: string): boolean {
  const packages = module.split('.');
  const attributes = name.split('.');
  if (
    DANGEROUS_MODULES.has(packages[0] ?? '') ||
    packages.slice(1).some((part) => REACHABLE_MODULES.has(part)) ||
    DANGEROUS_PACKAGES.some((start) => `${module}.${name}.`.startsWith(`${start}.`))
  ) {
    return true;
  }
  if (attributes.some((part) => REACHABLE_MODULES.has(part) || ESCAPING_ATTRIBUTES.has(part))) return true;
  // Each cut between module and attributes: `a.b` + `c.d` may be the module a.b.c and its d.
  return (
    attributes.some((attribute, index) =>
      names(DANGEROUS_NAMES, [...packages, ...attributes.slice(0, index)].join('.'), attribute),
    ) || attributes.slice(1).some((attribute) => names(DANGEROUS_NAMES, 'builtins', attribute))
  );
}
