/**
 * Globals of pandas: tables, indexes, arrays, types and offsets.
 * Made from the installed libraries by `test/fixtures/make/library_globals.py`;
 * names of older versions are in `pickle-allowed.ts`.
 */
export const PANDAS_GLOBALS: Readonly<Record<string, string>> = {
  pandas:
    'ArrowDtype BooleanDtype Categorical CategoricalDtype CategoricalIndex DataFrame DateOffset' +
    ' DatetimeIndex DatetimeTZDtype Flags Float32Dtype Float64Dtype Index Int16Dtype Int32Dtype' +
    ' Int64Dtype Int8Dtype Interval IntervalDtype IntervalIndex MultiIndex NamedAgg Period' +
    ' PeriodDtype PeriodIndex RangeIndex Series SparseDtype StringDtype Timedelta TimedeltaIndex' +
    ' Timestamp UInt16Dtype UInt32Dtype UInt64Dtype UInt8Dtype',
  'pandas._libs.arrays': 'NDArrayBacked __pyx_unpickle_NDArrayBacked',
  'pandas._libs.internals': 'BlockManager BlockPlacement BlockValuesRefs _unpickle_block',
  'pandas._libs.interval': 'Interval IntervalMixin IntervalTree __pyx_unpickle_IntervalMixin',
  'pandas._libs.properties': 'CachedProperty',
  'pandas._libs.sparse': 'BlockIndex IntIndex SparseIndex',
  'pandas._libs.tslibs.dtypes': 'FreqGroup PeriodDtypeBase Resolution',
  'pandas._libs.tslibs.fields': 'RoundTo',
  'pandas._libs.tslibs.offsets':
    'BHalfYearBegin BHalfYearEnd BQuarterBegin BQuarterEnd BYearBegin BYearEnd BaseOffset BusinessDay' +
    ' BusinessHour BusinessMonthBegin BusinessMonthEnd CustomBusinessDay CustomBusinessHour' +
    ' CustomBusinessMonthBegin CustomBusinessMonthEnd Day Easter FY5253 FY5253Quarter HalfYearBegin' +
    ' HalfYearEnd Hour LastWeekOfMonth Micro Milli Minute MonthBegin MonthEnd Nano QuarterBegin' +
    ' QuarterEnd RelativeDeltaOffset Second SemiMonthBegin SemiMonthEnd Tick Week WeekOfMonth' +
    ' YearBegin YearEnd __pyx_unpickle_BaseOffset',
  'pandas._libs.tslibs.period': 'Period __pyx_unpickle_PeriodMixin _unpickle_period',
  'pandas.api.extensions': 'ExtensionArray ExtensionDtype ExtensionScalarOpsMixin',
  'pandas.api.indexers': 'BaseIndexer FixedForwardWindowIndexer VariableOffsetWindowIndexer',
  'pandas.api.typing': 'FrozenList NaTType',
  'pandas.arrays':
    'ArrowExtensionArray ArrowStringArray BooleanArray DatetimeArray FloatingArray IntegerArray' +
    ' IntervalArray NumpyExtensionArray PeriodArray SparseArray StringArray TimedeltaArray',
  'pandas.core.accessor': 'Accessor PandasDelegate',
  'pandas.core.arraylike': 'OpsMixin',
  'pandas.core.arrays._arrow_string_mixins': 'ArrowStringArrayMixin',
  'pandas.core.arrays._mixins': 'NDArrayBackedExtensionArray',
  'pandas.core.arrays.arrow.accessors': 'ArrowAccessor ListAccessor StructAccessor',
  'pandas.core.arrays.base': 'ExtensionArrayNaResult ExtensionOpsMixin',
  'pandas.core.arrays.categorical': 'CategoricalAccessor',
  'pandas.core.arrays.datetimelike': 'DatelikeOps DatetimeLikeArrayMixin TimelikeOps',
  'pandas.core.arrays.floating': 'FloatingDtype',
  'pandas.core.arrays.integer': 'IntegerDtype',
  'pandas.core.arrays.masked': 'BaseMaskedArray',
  'pandas.core.arrays.numeric': 'NumericArray NumericDtype',
  'pandas.core.arrays.sparse.accessor': 'BaseAccessor SparseAccessor SparseFrameAccessor',
  'pandas.core.arrays.string_': 'BaseStringArray',
  'pandas.core.base': 'IndexOpsMixin NoNewAttributesMixin PandasObject',
  'pandas.core.dtypes.base': 'StorageExtensionDtype',
  'pandas.core.dtypes.dtypes': 'BaseMaskedDtype CategoricalDtypeType NumpyEADtype PandasExtensionDtype',
  'pandas.core.indexes.accessors':
    'ArrowTemporalProperties CombinedDatetimelikeProperties DatetimeProperties PeriodProperties' +
    ' Properties TimedeltaProperties',
  'pandas.core.indexes.base': '_new_Index',
  'pandas.core.indexes.datetimelike': 'DatetimeIndexOpsMixin DatetimeTimedeltaMixin',
  'pandas.core.indexes.datetimes': '_new_DatetimeIndex',
  'pandas.core.indexes.extension': 'ExtensionIndex NDArrayBackedExtensionIndex',
  'pandas.core.indexes.interval': '_new_IntervalIndex',
  'pandas.core.indexes.multi':
    'MultiIndexPyIntEngine MultiIndexUInt16Engine MultiIndexUInt32Engine MultiIndexUInt64Engine' +
    ' MultiIndexUInt8Engine',
  'pandas.core.indexes.period': '_new_PeriodIndex',
  'pandas.core.internals.api': '_DatetimeTZBlock',
  'pandas.core.internals.blocks':
    'Block DatetimeLikeBlock EABackedBlock ExtensionBlock NDArrayBackedExtensionBlock NumpyBlock',
  'pandas.core.internals.concat': 'JoinUnit',
  'pandas.core.internals.managers': 'BaseBlockManager BlockManager SingleBlockManager',
  'pandas.core.internals.ops': 'BlockPairInfo',
  'pandas.core.strings.accessor': 'StringMethods',
  'pandas.core.strings.object_array': 'ObjectStringArrayMixin',
};
