/**
 * Globals that model files name in ordinary use, by module. Single names, never packages: a trusted package also holds
 * functions that run what they are given. scikit-learn has its own list.
 */
export const ALLOWED_GLOBALS: Readonly<Record<string, string>> = {
  builtins:
    'object dict list tuple set frozenset bytes bytearray str int float complex bool slice range NoneType Ellipsis NotImplemented ' +
    'Exception ValueError TypeError KeyError RuntimeError staticmethod classmethod property',
  collections: 'OrderedDict defaultdict deque Counter namedtuple',
  copyreg: '_reconstructor __newobj__ __newobj_ex__',
  _codecs: 'encode',
  functools: 'partial',
  _functools: 'partial',
  array: 'array _array_reconstructor',
  datetime: 'date datetime time timedelta timezone',
  decimal: 'Decimal',
  _pydecimal: 'Decimal',
  fractions: 'Fraction',
  uuid: 'UUID',
  pathlib: 'PosixPath WindowsPath PurePosixPath PureWindowsPath Path',
  'pathlib._local': 'PosixPath WindowsPath PurePosixPath PureWindowsPath Path',
  types: 'SimpleNamespace NoneType',
  re: '_compile',
  random: 'Random',
  io: 'BytesIO StringIO',

  numpy:
    'ndarray dtype generic number integer floating bool_ bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 ' +
    'longdouble complex64 complex128 str_ bytes_ object_ void datetime64 timedelta64 intc uintc intp longlong ulonglong nan inf ' +
    'matrix recarray record ' +
    'log log1p log2 log10 exp expm1 exp2 sqrt cbrt square abs absolute sin cos tan arcsin arccos arctan sinh cosh tanh negative ' +
    'reciprocal sign rint floor ceil add subtract multiply divide true_divide power maximum minimum logical_not isnan isfinite ' +
    'mean median sum max min amax amin std var prod argmax argmin nanmean nanmedian nansum ravel reshape asarray array',
  'numpy.core.multiarray': '_reconstruct scalar',
  'numpy._core.multiarray': '_reconstruct scalar',
  'numpy.core.numeric': '_frombuffer',
  'numpy._core.numeric': '_frombuffer',
  'numpy.core._multiarray_umath': 'log log1p log2 log10 exp expm1 sqrt square absolute sin cos tan tanh',
  'numpy._core._multiarray_umath': 'log log1p log2 log10 exp expm1 sqrt square absolute sin cos tan tanh',
  'numpy.core.records': 'recarray record',
  'numpy.rec': 'recarray record',
  'numpy.matrixlib.defmatrix': 'matrix',
  'numpy.ma.core': '_mareconstruct MaskedArray MaskedConstant',
  'numpy.ma': '_mareconstruct MaskedArray',
  'numpy.dtypes':
    'BoolDType Int8DType Int16DType Int32DType Int64DType UInt8DType UInt16DType UInt32DType UInt64DType Float16DType Float32DType ' +
    'Float64DType Complex64DType Complex128DType ObjectDType StrDType BytesDType DateTime64DType TimeDelta64DType VoidDType StringDType',
  'numpy._core._internal': '_convert_to_stringdtype_kwargs',
  'numpy.random._pickle': '__randomstate_ctor __generator_ctor __bit_generator_ctor',
  'numpy.random.mtrand': 'RandomState __randomstate_ctor',
  'numpy.random._generator': 'Generator',
  'numpy.random._mt19937': 'MT19937',
  'numpy.random._pcg64': 'PCG64 PCG64DXSM',
  'numpy.random._philox': 'Philox',
  'numpy.random._sfc64': 'SFC64',
  'numpy.random.bit_generator': 'SeedSequence __pyx_unpickle_SeedSequence',
  'numpy.polynomial.polynomial': 'Polynomial',

  'joblib.numpy_pickle': 'NumpyArrayWrapper ZNDArrayWrapper NDArrayWrapper',
  'joblib.numpy_pickle_compat': 'ZNDArrayWrapper NDArrayWrapper',
  'sklearn.externals.joblib.numpy_pickle': 'NumpyArrayWrapper',

  'scipy.sparse._csr': 'csr_matrix csr_array',
  'scipy.sparse._csc': 'csc_matrix csc_array',
  'scipy.sparse._coo': 'coo_matrix coo_array',
  'scipy.sparse._bsr': 'bsr_matrix bsr_array',
  'scipy.sparse._dia': 'dia_matrix dia_array',
  'scipy.sparse._lil': 'lil_matrix lil_array',
  'scipy.sparse._dok': 'dok_matrix dok_array',
  'scipy.sparse.csr': 'csr_matrix',
  'scipy.sparse.csc': 'csc_matrix',
  'scipy.sparse.coo': 'coo_matrix',
  'scipy.sparse.bsr': 'bsr_matrix',
  'scipy.sparse.dia': 'dia_matrix',
  'scipy.interpolate._interpolate': 'interp1d',
  'scipy.interpolate.interpolate': 'interp1d',
  'scipy.interpolate._bsplines': 'BSpline',
  'scipy.interpolate._cubic': 'CubicSpline PchipInterpolator',
  'scipy.spatial._ckdtree': 'cKDTree',
  'scipy.spatial._kdtree': 'KDTree',
  'scipy.stats._distn_infrastructure': 'rv_frozen rv_continuous_frozen rv_discrete_frozen',
  'scipy.stats._continuous_distns':
    'uniform_gen norm_gen expon_gen gamma_gen beta_gen reciprocal_gen loguniform_gen t_gen',
  'scipy.stats._discrete_distns': 'randint_gen poisson_gen binom_gen',
  'scipy.stats._kde': 'gaussian_kde',
  'scipy.special._ufuncs': 'expit logit',
  'scipy._lib.array_api_compat.numpy._aliases': 'asarray',
  'scipy.optimize._optimize': 'OptimizeResult',
  'scipy.optimize.optimize': 'OptimizeResult',

  'pandas.core.frame': 'DataFrame',
  'pandas.core.series': 'Series',
  'pandas.core.indexes.base': 'Index _new_Index',
  'pandas.core.indexes.range': 'RangeIndex',
  'pandas.core.indexes.multi': 'MultiIndex',
  'pandas.core.indexes.category': 'CategoricalIndex',
  'pandas.core.indexes.datetimes': 'DatetimeIndex _new_DatetimeIndex',
  'pandas.core.indexes.period': 'PeriodIndex _new_PeriodIndex',
  'pandas.core.indexes.numeric': 'Int64Index Float64Index UInt64Index',
  'pandas.core.internals.managers': 'BlockManager SingleBlockManager',
  'pandas.core.internals.blocks': 'new_block Block',
  'pandas._libs.internals': '_unpickle_block BlockManager',
  'pandas._libs.arrays': '__pyx_unpickle_NDArrayBacked',
  'pandas._libs.tslibs.timestamps': '_unpickle_timestamp Timestamp',
  'pandas._libs.tslibs.timedeltas': '_timedelta_unpickle Timedelta',
  'pandas._libs.tslibs.nattype': '_nat_unpickle NaTType',
  'pandas._libs.missing': 'NAType',
  'pandas.core.arrays.categorical': 'Categorical',
  'pandas.core.arrays.string_': 'StringArray StringDtype',
  'pandas.core.arrays.datetimes': 'DatetimeArray',
  'pandas.core.arrays.integer': 'IntegerArray Int64Dtype Int32Dtype',
  'pandas.core.arrays.floating': 'FloatingArray Float64Dtype',
  'pandas.core.arrays.boolean': 'BooleanArray BooleanDtype',
  'pandas.core.dtypes.dtypes': 'CategoricalDtype DatetimeTZDtype PeriodDtype',
  'pandas.core.flags': 'Flags',

  'xgboost.sklearn': 'XGBModel XGBClassifier XGBRegressor XGBRanker XGBRFClassifier XGBRFRegressor',
  'xgboost.core': 'Booster',
  'xgboost.compat': 'XGBoostLabelEncoder',
  'xgboost.callback': 'EarlyStopping EvaluationMonitor LearningRateScheduler',
  'lightgbm.sklearn': 'LGBMModel LGBMClassifier LGBMRegressor LGBMRanker',
  'lightgbm.basic': 'Booster',
  'lightgbm.compat': '_LGBMLabelEncoder LGBMLabelEncoder',
  'catboost.core': 'CatBoost CatBoostClassifier CatBoostRegressor CatBoostRanker',

  'torch._utils':
    '_rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_parameter _rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_tensor',
  torch:
    'Size device FloatStorage DoubleStorage HalfStorage BFloat16Storage LongStorage IntStorage ShortStorage CharStorage ByteStorage BoolStorage ' +
    'float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool complex64 complex128 float float8_e4m3fn float8_e5m2 Tensor',
  'torch.storage': 'UntypedStorage TypedStorage _UntypedStorage _TypedStorage',
  'torch._tensor': '_rebuild_from_type_v2 Tensor',
  'torch.nn.parameter': 'Parameter Buffer',
};
