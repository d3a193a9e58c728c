/**
 * Globals of xgboost, lightgbm and catboost: models and what they hold; none that open files by name.
 * Made from the installed libraries by `test/fixtures/make/library_globals.py`;
 * names of older versions are in `pickle-allowed.ts`.
 */
export const BOOSTING_GLOBALS: Readonly<Record<string, string>> = {
  'catboost.core':
    'CatBoost CatBoostClassifier CatBoostRanker CatBoostRegressor EFeaturesSelectionAlgorithm' +
    ' EFeaturesSelectionGrouping EFstrType EShapCalcType _CatBoostBase polars',
  'catboost.metrics': 'BuiltinMetric',
  'lightgbm.basic': 'Booster EvalResult _InnerPredictor _MissingType',
  'lightgbm.callback':
    'CallbackEnv _EarlyStoppingCallback _LogEvaluationCallback _RecordEvaluationCallback' +
    ' _ResetParameterCallback',
  'lightgbm.sklearn':
    'LGBMClassifier LGBMModel LGBMRanker LGBMRegressor _EvalFunctionWrapper _ObjectiveFunctionWrapper',
  'xgboost._data_utils': 'Categories TransformedDf',
  'xgboost.callback':
    'CallbackContainer EarlyStopping EvaluationMonitor LearningRateScheduler TrainingCallback' +
    ' TrainingCheckPoint',
  'xgboost.core': 'Booster DataIter DataSplitMode _RefMixIn',
  'xgboost.objective': 'Objective TreeObjective',
  'xgboost.sklearn':
    'XGBClassifier XGBModel XGBRFClassifier XGBRFRegressor XGBRanker XGBRankerMixIn XGBRegressor' +
    ' _SklObjWProto',
};
