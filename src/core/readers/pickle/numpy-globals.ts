/**
 * Globals of numpy: types, arrays, random states and universal functions.
 * Made from the installed libraries by `test/fixtures/make/library_globals.py`;
 * names of older versions are in `pickle-allowed.ts`.
 */
export const NUMPY_GLOBALS: Readonly<Record<string, string>> = {
  numpy:
    '_CopyMode __array_namespace_info__ abs absolute acos acosh add arccos arccosh arcsin arcsinh' +
    ' arctan arctan2 arctanh asin asinh atan atan2 atanh bitwise_and bitwise_count bitwise_invert' +
    ' bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor bool broadcast' +
    ' busdaycalendar bytes_ cbrt ceil character clongdouble complex128 complex64 complexfloating conj' +
    ' conjugate copysign cos cosh datetime64 deg2rad degrees divide divmod dtype equal exp exp2 expm1' +
    ' fabs finfo flatiter flexible float16 float32 float64 float_power floating floor floor_divide' +
    ' fmax fmin fmod frexp gcd generic greater greater_equal heaviside hypot iinfo inexact int16' +
    ' int32 int64 int8 integer invert isfinite isinf isnan isnat lcm ldexp left_shift less less_equal' +
    ' log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor' +
    ' longdouble longlong matmul matrix matvec maximum minimum mod modf multiply ndarray ndenumerate' +
    ' nditer negative nextafter not_equal number object_ poly1d positive pow power rad2deg radians' +
    ' reciprocal record remainder right_shift rint sign signbit signedinteger sin sinh spacing sqrt' +
    ' square str_ subtract tan tanh timedelta64 true_divide trunc ufunc uint16 uint32 uint64 uint8' +
    ' ulonglong unsignedinteger vecdot vecmat vectorize void',
  'numpy._core._multiarray_umath':
    'abs absolute acos acosh add arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan' +
    ' atan2 atanh bitwise_and bitwise_count bitwise_invert bitwise_left_shift bitwise_not bitwise_or' +
    ' bitwise_right_shift bitwise_xor cbrt ceil conj conjugate copysign cos cosh deg2rad degrees' +
    ' divide divmod equal exp exp2 expm1 fabs float_power floor floor_divide fmax fmin fmod frexp gcd' +
    ' greater greater_equal heaviside hypot invert isfinite isinf isnan isnat lcm ldexp left_shift' +
    ' less less_equal log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or' +
    ' logical_xor matmul matvec maximum minimum mod modf multiply negative nextafter not_equal' +
    ' positive pow power rad2deg radians reciprocal remainder right_shift rint sign signbit sin sinh' +
    ' spacing sqrt square subtract tan tanh true_divide trunc vecdot vecmat',
  'numpy.core._multiarray_umath':
    'abs absolute acos acosh add arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan' +
    ' atan2 atanh bitwise_and bitwise_count bitwise_invert bitwise_left_shift bitwise_not bitwise_or' +
    ' bitwise_right_shift bitwise_xor cbrt ceil conj conjugate copysign cos cosh deg2rad degrees' +
    ' divide divmod equal exp exp2 expm1 fabs float_power floor floor_divide fmax fmin fmod frexp gcd' +
    ' greater greater_equal heaviside hypot invert isfinite isinf isnan isnat lcm ldexp left_shift' +
    ' less less_equal log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or' +
    ' logical_xor matmul matvec maximum minimum mod modf multiply negative nextafter not_equal' +
    ' positive pow power rad2deg radians reciprocal remainder right_shift rint sign signbit sin sinh' +
    ' spacing sqrt square subtract tan tanh true_divide trunc vecdot vecmat',
  'numpy.dtypes':
    'BoolDType BytesDType CLongDoubleDType Complex128DType Complex64DType DateTime64DType' +
    ' Float16DType Float32DType Float64DType Int16DType Int32DType Int64DType Int8DType' +
    ' LongDoubleDType LongLongDType ObjectDType StrDType StringDType TimeDelta64DType UInt16DType' +
    ' UInt32DType UInt64DType UInt8DType ULongLongDType VoidDType',
  'numpy.ma': 'MaskedArray',
  'numpy.ma.core': 'mvoid',
  'numpy.polynomial.chebyshev': 'Chebyshev',
  'numpy.polynomial.hermite': 'Hermite',
  'numpy.polynomial.hermite_e': 'HermiteE',
  'numpy.polynomial.laguerre': 'Laguerre',
  'numpy.polynomial.legendre': 'Legendre',
  'numpy.polynomial.polynomial': 'Polynomial',
  'numpy.random._generator': 'Generator',
  'numpy.random._mt19937': 'MT19937',
  'numpy.random._pcg64': 'PCG64 PCG64DXSM',
  'numpy.random._philox': 'Philox',
  'numpy.random._sfc64': 'SFC64',
  'numpy.random.bit_generator': 'BitGenerator',
  'numpy.random.mtrand': 'RandomState',
  'numpy.rec': 'format_parser recarray',
};
