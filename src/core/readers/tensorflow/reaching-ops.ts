/**
 * Operations of TensorFlow that read or write files, or leave the graph for Python or the network. What every saved
 * model has to store and restore its variables is not among them (`SaveV2`, `RestoreV2`, `MergeV2Checkpoints`), nor are
 * tables filled from the model's assets.
 */
const REACHING_OPS: ReadonlySet<string> = new Set(
  (
    'ReadFile WriteFile MatchingFiles FileSystemSetConfiguration ImmutableConst LoadAndRemapMatrix ' +
    'PyFunc PyFuncStateless EagerPyFunc ' +
    'Save SaveSlices Restore RestoreSlice ' +
    'TextLineReader TextLineReaderV2 FixedLengthRecordReader FixedLengthRecordReaderV2 TFRecordReader ' +
    'TFRecordReaderV2 WholeFileReader WholeFileReaderV2 LMDBReader ' +
    'TextLineDataset TFRecordDataset TFRecordDatasetV2 FixedLengthRecordDataset FixedLengthRecordDatasetV2 ' +
    'CSVDataset CSVDatasetV2 SqlDataset LMDBDataset ExperimentalLMDBDataset ExperimentalCSVDataset ' +
    'ExperimentalSqlDataset SSTableDataset SnapshotDataset SnapshotDatasetV2 SaveDataset SaveDatasetV2 ' +
    'LoadDataset CacheDataset CacheDatasetV2 DatasetToTFRecord ExperimentalDatasetToTFRecord ' +
    'CreateSummaryFileWriter CreateSummaryDbWriter DebugIdentityV2 DebugIdentityV3 ' +
    'DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4 RegisterDataset ' +
    'RegisterDatasetV2 RpcClient RpcCall RpcServer Rpc TryRpc'
  ).split(' '),
);

export function reachesOut(operation: string): boolean {
  return REACHING_OPS.has(operation);
}
