/** Types of torch as reports spell them, by the names of its dtypes. */
const DTYPES: ReadonlyMap<string, string> = new Map([
  ['float32', 'F32'],
  ['float', 'F32'],
  ['float64', 'F64'],
  ['double', 'F64'],
  ['float16', 'F16'],
  ['half', 'F16'],
  ['bfloat16', 'BF16'],
  ['int64', 'I64'],
  ['long', 'I64'],
  ['int32', 'I32'],
  ['int', 'I32'],
  ['int16', 'I16'],
  ['short', 'I16'],
  ['int8', 'I8'],
  ['uint8', 'U8'],
  ['uint16', 'U16'],
  ['uint32', 'U32'],
  ['uint64', 'U64'],
  ['bool', 'BOOL'],
  ['complex64', 'C64'],
  ['cfloat', 'C64'],
  ['complex128', 'C128'],
  ['cdouble', 'C128'],
  ['float8_e4m3fn', 'F8_E4M3'],
  ['float8_e4m3fnuz', 'F8_E4M3FNUZ'],
  ['float8_e5m2', 'F8_E5M2'],
  ['float8_e5m2fnuz', 'F8_E5M2FNUZ'],
  ['float8_e8m0fnu', 'F8_E8M0'],
  ['qint8', 'I8'],
  ['quint8', 'U8'],
  ['qint32', 'I32'],
]);
/** The same by the names of its storages. One without a type counts in bytes; the tensor then states its own. */
const STORAGES: ReadonlyMap<string, string> = new Map([
  ['FloatStorage', 'F32'],
  ['DoubleStorage', 'F64'],
  ['HalfStorage', 'F16'],
  ['BFloat16Storage', 'BF16'],
  ['LongStorage', 'I64'],
  ['IntStorage', 'I32'],
  ['ShortStorage', 'I16'],
  ['CharStorage', 'I8'],
  ['ByteStorage', 'U8'],
  ['BoolStorage', 'BOOL'],
  ['ComplexFloatStorage', 'C64'],
  ['ComplexDoubleStorage', 'C128'],
  ['QInt8Storage', 'I8'],
  ['QUInt8Storage', 'U8'],
  ['QInt32Storage', 'I32'],
  ['UntypedStorage', 'U8'],
  ['_UntypedStorage', 'U8'],
]);

export function torchDtype(name: string): string | undefined {
  return DTYPES.get(name);
}

export function storageDtype(name: string): string | undefined {
  return STORAGES.get(name);
}
