/**
 * Globals that files written by scikit-learn 1.3 to 1.9 name: estimators and the plain objects they are made of. Made
 * from the library by `test/fixtures/make/sklearn_globals.py`. Single names, because a trusted package also holds
 * functions that run what they are given.
 */
export const SKLEARN_GLOBALS: Readonly<Record<string, string>> = {
  'sklearn._loss._loss':
    'CyAbsoluteError CyExponentialLoss CyHalfBinomialLoss CyHalfGammaLoss CyHalfMultinomialLoss' +
    ' CyHalfPoissonLoss CyHalfSquaredError CyHalfTweedieLoss CyHalfTweedieLossIdentity CyHuberLoss' +
    ' CyLossFunction CyPinballLoss',
  'sklearn._loss.link': 'BaseLink HalfLogitLink IdentityLink Interval LogLink LogitLink MultinomialLogit',
  'sklearn._loss.loss':
    'AbsoluteError ArrayAPILossMixin BaseLoss ExponentialLoss HalfBinomialLoss' +
    ' HalfBinomialLossArrayAPI HalfGammaLoss HalfMultinomialLoss HalfMultinomialLossArrayAPI' +
    ' HalfPoissonLoss HalfPoissonLossArrayAPI HalfSquaredError HalfTweedieLoss' +
    ' HalfTweedieLossIdentity HuberLoss PinballLoss',
  'sklearn.base': 'BaseEstimator',
  'sklearn.calibration':
    'CalibratedClassifierCV _CalibratedClassifier _SigmoidCalibration _TemperatureScaling',
  'sklearn.cluster._affinity_propagation': 'AffinityPropagation',
  'sklearn.cluster._agglomerative': 'AgglomerativeClustering FeatureAgglomeration',
  'sklearn.cluster._bicluster': 'BaseSpectral SpectralBiclustering SpectralCoclustering',
  'sklearn.cluster._birch': 'Birch _CFNode _CFSubcluster',
  'sklearn.cluster._bisect_k_means': 'BisectingKMeans _BisectingTree',
  'sklearn.cluster._dbscan': 'DBSCAN',
  'sklearn.cluster._feature_agglomeration': 'AgglomerationTransform',
  'sklearn.cluster._hdbscan._tree': 'TreeUnionFind',
  'sklearn.cluster._hdbscan.hdbscan': 'HDBSCAN',
  'sklearn.cluster._hierarchical_fast': 'UnionFind WeightedEdge',
  'sklearn.cluster._kmeans': 'KMeans MiniBatchKMeans _BaseKMeans _kmeans_single_elkan _kmeans_single_lloyd',
  'sklearn.cluster._mean_shift': 'MeanShift',
  'sklearn.cluster._optics': 'OPTICS',
  'sklearn.cluster._spectral': 'SpectralClustering',
  'sklearn.compose._column_transformer': 'ColumnTransformer make_column_selector',
  'sklearn.compose._target': 'TransformedTargetRegressor',
  'sklearn.covariance._elliptic_envelope': 'EllipticEnvelope',
  'sklearn.covariance._empirical_covariance': 'EmpiricalCovariance',
  'sklearn.covariance._graph_lasso': 'BaseGraphicalLasso GraphicalLasso GraphicalLassoCV',
  'sklearn.covariance._robust_covariance': 'MinCovDet',
  'sklearn.covariance._shrunk_covariance': 'LedoitWolf OAS ShrunkCovariance',
  'sklearn.cross_decomposition._pls': 'CCA PLSCanonical PLSRegression PLSSVD _PLS',
  'sklearn.decomposition._base': '_BasePCA',
  'sklearn.decomposition._dict_learning': 'DictionaryLearning MiniBatchDictionaryLearning SparseCoder',
  'sklearn.decomposition._factor_analysis': 'FactorAnalysis',
  'sklearn.decomposition._fastica': 'FastICA',
  'sklearn.decomposition._incremental_pca': 'IncrementalPCA',
  'sklearn.decomposition._kernel_pca': 'KernelPCA',
  'sklearn.decomposition._lda': 'LatentDirichletAllocation',
  'sklearn.decomposition._nmf': 'MiniBatchNMF NMF _BaseNMF',
  'sklearn.decomposition._pca': 'PCA',
  'sklearn.decomposition._sparse_pca': 'MiniBatchSparsePCA SparsePCA _BaseSparsePCA',
  'sklearn.decomposition._truncated_svd': 'TruncatedSVD',
  'sklearn.discriminant_analysis': 'LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis',
  'sklearn.dummy': 'DummyClassifier DummyRegressor',
  'sklearn.ensemble._bagging': 'BaggingClassifier BaggingRegressor BaseBagging',
  'sklearn.ensemble._base': 'BaseEnsemble _BaseHeterogeneousEnsemble',
  'sklearn.ensemble._forest':
    'BaseForest ExtraTreesClassifier ExtraTreesRegressor ForestClassifier ForestRegressor' +
    ' RandomForestClassifier RandomForestRegressor RandomTreesEmbedding',
  'sklearn.ensemble._gb': 'BaseGradientBoosting GradientBoostingClassifier GradientBoostingRegressor',
  'sklearn.ensemble._gb_losses':
    'BinomialDeviance ClassificationLossFunction ExponentialLoss HuberLossFunction LeastAbsoluteError' +
    ' LeastSquaresError LossFunction MultinomialDeviance QuantileLossFunction RegressionLossFunction',
  'sklearn.ensemble._hist_gradient_boosting.binning': '_BinMapper',
  'sklearn.ensemble._hist_gradient_boosting.common': 'MonotonicConstraint',
  'sklearn.ensemble._hist_gradient_boosting.gradient_boosting':
    'BaseHistGradientBoosting HistGradientBoostingClassifier HistGradientBoostingRegressor',
  'sklearn.ensemble._hist_gradient_boosting.grower': 'TreeGrower TreeNode',
  'sklearn.ensemble._hist_gradient_boosting.histogram': 'HistogramBuilder',
  'sklearn.ensemble._hist_gradient_boosting.predictor': 'TreePredictor',
  'sklearn.ensemble._hist_gradient_boosting.splitting': 'SplitInfo Splitter',
  'sklearn.ensemble._iforest': 'IsolationForest',
  'sklearn.ensemble._stacking': 'StackingClassifier StackingRegressor _BaseStacking',
  'sklearn.ensemble._voting': 'VotingClassifier VotingRegressor _BaseVoting',
  'sklearn.ensemble._weight_boosting': 'AdaBoostClassifier AdaBoostRegressor BaseWeightBoosting',
  'sklearn.feature_extraction._dict_vectorizer': 'DictVectorizer',
  'sklearn.feature_extraction._hash': 'FeatureHasher',
  'sklearn.feature_extraction.image': 'PatchExtractor',
  'sklearn.feature_extraction.text': 'CountVectorizer HashingVectorizer TfidfTransformer TfidfVectorizer',
  'sklearn.feature_selection._from_model': 'SelectFromModel',
  'sklearn.feature_selection._mutual_info': 'mutual_info_classif mutual_info_regression',
  'sklearn.feature_selection._rfe': 'RFE RFECV',
  'sklearn.feature_selection._sequential': 'SequentialFeatureSelector',
  'sklearn.feature_selection._univariate_selection':
    'GenericUnivariateSelect SelectFdr SelectFpr SelectFwe SelectKBest SelectPercentile _BaseFilter' +
    ' chi2 f_classif f_regression r_regression',
  'sklearn.feature_selection._variance_threshold': 'VarianceThreshold',
  'sklearn.frozen._frozen': 'FrozenEstimator',
  'sklearn.gaussian_process._gpc': 'GaussianProcessClassifier _BinaryGaussianProcessClassifierLaplace',
  'sklearn.gaussian_process._gpr': 'GaussianProcessRegressor',
  'sklearn.gaussian_process.kernels':
    'CompoundKernel ConstantKernel DotProduct ExpSineSquared Exponentiation GenericKernelMixin' +
    ' Hyperparameter Kernel KernelOperator Matern NormalizedKernelMixin PairwiseKernel Product RBF' +
    ' RationalQuadratic StationaryKernelMixin Sum WhiteKernel',
  'sklearn.impute._base': 'MissingIndicator SimpleImputer _BaseImputer',
  'sklearn.impute._iterative': 'IterativeImputer _ImputerTriplet',
  'sklearn.impute._knn': 'KNNImputer',
  'sklearn.isotonic': 'IsotonicRegression',
  'sklearn.kernel_approximation':
    'AdditiveChi2Sampler Nystroem PolynomialCountSketch RBFSampler SkewedChi2Sampler',
  'sklearn.kernel_ridge': 'KernelRidge',
  'sklearn.linear_model._base': 'LinearModel LinearRegression MultiOutputLinearModel',
  'sklearn.linear_model._bayes': 'ARDRegression BayesianRidge',
  'sklearn.linear_model._coordinate_descent':
    'ElasticNet ElasticNetCV Lasso LassoCV LinearModelCV MultiTaskElasticNet MultiTaskElasticNetCV' +
    ' MultiTaskLasso MultiTaskLassoCV',
  'sklearn.linear_model._glm.glm':
    'GammaRegressor PoissonRegressor TweedieRegressor _GeneralizedLinearRegressor',
  'sklearn.linear_model._huber': 'HuberRegressor',
  'sklearn.linear_model._least_angle': 'Lars LarsCV LassoLars LassoLarsCV LassoLarsIC',
  'sklearn.linear_model._linear_loss': 'LinearModelLoss',
  'sklearn.linear_model._logistic': 'LogisticRegression LogisticRegressionCV',
  'sklearn.linear_model._omp': 'OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV',
  'sklearn.linear_model._passive_aggressive': 'PassiveAggressiveClassifier PassiveAggressiveRegressor',
  'sklearn.linear_model._perceptron': 'Perceptron',
  'sklearn.linear_model._quantile': 'QuantileRegressor',
  'sklearn.linear_model._ransac': 'RANSACRegressor',
  'sklearn.linear_model._ridge':
    'Ridge RidgeCV RidgeClassifier RidgeClassifierCV _BaseRidge _BaseRidgeCV _IdentityClassifier' +
    ' _IdentityRegressor _RidgeGCV',
  'sklearn.linear_model._sgd_fast':
    'Classification EpsilonInsensitive Hinge Huber Log LossFunction ModifiedHuber Regression' +
    ' SquaredEpsilonInsensitive SquaredHinge SquaredLoss',
  'sklearn.linear_model._stochastic_gradient':
    'BaseSGD BaseSGDClassifier BaseSGDRegressor SGDClassifier SGDOneClassSVM SGDRegressor',
  'sklearn.linear_model._theil_sen': 'TheilSenRegressor',
  'sklearn.manifold._classical_mds': 'ClassicalMDS',
  'sklearn.manifold._isomap': 'Isomap',
  'sklearn.manifold._locally_linear': 'LocallyLinearEmbedding',
  'sklearn.manifold._mds': 'MDS',
  'sklearn.manifold._spectral_embedding': 'SpectralEmbedding',
  'sklearn.manifold._t_sne': 'TSNE',
  'sklearn.metrics._classification':
    'accuracy_score balanced_accuracy_score brier_score_loss f1_score fbeta_score jaccard_score' +
    ' log_loss matthews_corrcoef precision_score recall_score',
  'sklearn.metrics._dist_metrics':
    'BrayCurtisDistance32 BrayCurtisDistance64 CanberraDistance32 CanberraDistance64' +
    ' ChebyshevDistance32 ChebyshevDistance64 DiceDistance32 DiceDistance64 DistanceMetric' +
    ' DistanceMetric32 DistanceMetric64 EuclideanDistance32 EuclideanDistance64 HammingDistance32' +
    ' HammingDistance64 HaversineDistance32 HaversineDistance64 JaccardDistance32 JaccardDistance64' +
    ' KulsinskiDistance32 KulsinskiDistance64 MahalanobisDistance32 MahalanobisDistance64' +
    ' ManhattanDistance32 ManhattanDistance64 MatchingDistance32 MatchingDistance64' +
    ' MinkowskiDistance32 MinkowskiDistance64 PyFuncDistance32 PyFuncDistance64' +
    ' RogersTanimotoDistance32 RogersTanimotoDistance64 RussellRaoDistance32 RussellRaoDistance64' +
    ' SEuclideanDistance32 SEuclideanDistance64 SokalMichenerDistance32 SokalMichenerDistance64' +
    ' SokalSneathDistance32 SokalSneathDistance64 newObj',
  'sklearn.metrics._ranking': 'average_precision_score roc_auc_score top_k_accuracy_score',
  'sklearn.metrics._regression':
    'explained_variance_score max_error mean_absolute_error mean_absolute_percentage_error' +
    ' mean_squared_error median_absolute_error r2_score root_mean_squared_error',
  'sklearn.metrics._scorer':
    '_BaseScorer _CurveScorer _MultimetricScorer _PassthroughScorer _PredictScorer _ProbaScorer' +
    ' _Scorer _ThresholdScorer',
  'sklearn.mixture._base': 'BaseMixture',
  'sklearn.mixture._bayesian_mixture': 'BayesianGaussianMixture',
  'sklearn.mixture._gaussian_mixture': 'GaussianMixture',
  'sklearn.model_selection._classification_threshold':
    'BaseThresholdClassifier FixedThresholdClassifier TunedThresholdClassifierCV',
  'sklearn.model_selection._search': 'BaseSearchCV GridSearchCV RandomizedSearchCV',
  'sklearn.model_selection._search_successive_halving':
    'BaseSuccessiveHalving HalvingGridSearchCV HalvingRandomSearchCV',
  'sklearn.model_selection._split':
    'BaseCrossValidator BaseShuffleSplit GroupKFold GroupShuffleSplit GroupsConsumerMixin KFold' +
    ' LeaveOneGroupOut LeaveOneOut LeavePGroupsOut LeavePOut PredefinedSplit RepeatedKFold' +
    ' RepeatedStratifiedKFold ShuffleSplit StratifiedGroupKFold StratifiedKFold' +
    ' StratifiedShuffleSplit TimeSeriesSplit _BaseKFold _CVIterableWrapper _RepeatedSplits' +
    ' _UnsupportedGroupCVMixin',
  'sklearn.multiclass': 'OneVsOneClassifier OneVsRestClassifier OutputCodeClassifier _ConstantPredictor',
  'sklearn.multioutput':
    'ClassifierChain MultiOutputClassifier MultiOutputRegressor RegressorChain _BaseChain' +
    ' _MultiOutputEstimator',
  'sklearn.naive_bayes':
    'BernoulliNB CategoricalNB ComplementNB GaussianNB MultinomialNB _BaseDiscreteNB _BaseNB',
  'sklearn.neighbors._ball_tree':
    'BallTree BallTree32 BallTree64 BinaryTree BinaryTree32 BinaryTree64 NeighborsHeap' +
    ' NeighborsHeap32 NeighborsHeap64 NodeHeap newObj',
  'sklearn.neighbors._base': 'KNeighborsMixin NeighborsBase RadiusNeighborsMixin',
  'sklearn.neighbors._classification': 'KNeighborsClassifier RadiusNeighborsClassifier',
  'sklearn.neighbors._graph': 'KNeighborsTransformer RadiusNeighborsTransformer',
  'sklearn.neighbors._kd_tree':
    'BinaryTree BinaryTree32 BinaryTree64 KDTree KDTree32 KDTree64 NeighborsHeap NeighborsHeap32' +
    ' NeighborsHeap64 NodeHeap newObj',
  'sklearn.neighbors._kde': 'KernelDensity',
  'sklearn.neighbors._lof': 'LocalOutlierFactor',
  'sklearn.neighbors._nca': 'NeighborhoodComponentsAnalysis',
  'sklearn.neighbors._nearest_centroid': 'NearestCentroid',
  'sklearn.neighbors._quad_tree': '_QuadTree',
  'sklearn.neighbors._regression': 'KNeighborsRegressor RadiusNeighborsRegressor',
  'sklearn.neighbors._unsupervised': 'NearestNeighbors',
  'sklearn.neural_network._multilayer_perceptron': 'BaseMultilayerPerceptron MLPClassifier MLPRegressor',
  'sklearn.neural_network._rbm': 'BernoulliRBM',
  'sklearn.neural_network._stochastic_optimizers': 'AdamOptimizer BaseOptimizer SGDOptimizer',
  'sklearn.pipeline': 'FeatureUnion Pipeline',
  'sklearn.preprocessing._data':
    'Binarizer KernelCenterer MaxAbsScaler MinMaxScaler Normalizer PowerTransformer' +
    ' QuantileTransformer RobustScaler StandardScaler',
  'sklearn.preprocessing._discretization': 'KBinsDiscretizer',
  'sklearn.preprocessing._encoders': 'OneHotEncoder OrdinalEncoder _BaseEncoder',
  'sklearn.preprocessing._function_transformer': 'FunctionTransformer',
  'sklearn.preprocessing._label': 'LabelBinarizer LabelEncoder MultiLabelBinarizer',
  'sklearn.preprocessing._polynomial': 'PolynomialFeatures SplineTransformer',
  'sklearn.preprocessing._target_encoder': 'TargetEncoder',
  'sklearn.random_projection': 'BaseRandomProjection GaussianRandomProjection SparseRandomProjection',
  'sklearn.semi_supervised._label_propagation': 'BaseLabelPropagation LabelPropagation LabelSpreading',
  'sklearn.semi_supervised._self_training': 'SelfTrainingClassifier',
  'sklearn.svm._base': 'BaseLibSVM BaseSVC',
  'sklearn.svm._classes': 'LinearSVC LinearSVR NuSVC NuSVR OneClassSVM SVC SVR',
  'sklearn.tree._classes':
    'BaseDecisionTree DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier' +
    ' ExtraTreeRegressor',
  'sklearn.tree._criterion':
    'ClassificationCriterion Criterion Entropy FriedmanMSE Gini MAE MSE Poisson RegressionCriterion',
  'sklearn.tree._export': 'Sentinel _BaseTreeExporter _DOTTreeExporter _MPLTreeExporter',
  'sklearn.tree._partitioner': 'DensePartitioner SparsePartitioner',
  'sklearn.tree._reingold_tilford': 'DrawTree Tree',
  'sklearn.tree._splitter':
    'BestSparseSplitter BestSplitter DensePartitioner RandomSparseSplitter RandomSplitter' +
    ' SparsePartitioner Splitter',
  'sklearn.tree._tree':
    'BestFirstTreeBuilder DepthFirstTreeBuilder Tree TreeBuilder _AlphaPruner _CCPPruneController' +
    ' _PathFinder',
  'sklearn.tree._utils':
    'PytestWeightedFenwickTree WeightedFenwickTree WeightedMedianCalculator WeightedPQueue',
  'sklearn.utils': 'Bunch',
  'sklearn.utils._bunch': 'Bunch',
  'sklearn.utils._metadata_requests':
    'MetadataRequest MetadataRouter MethodMapping MethodMetadataRequest MethodPair RequestMethod' +
    ' RouterMappingPair _MetadataRequester _RoutingNotSupportedMixin',
  'sklearn.utils._mocking': 'CheckingClassifier NoSampleWeightWrapper _MockEstimatorOnOffPrediction',
  'sklearn.utils.metaestimators': '_BaseComposition',
};

/** Public attributes that a class sets by itself and that are no parameters of its constructor. */
export const SKLEARN_OWN_ATTRIBUTES: Readonly<Record<string, string>> = {
  'sklearn.covariance._graph_lasso.GraphicalLasso': 'store_precision',
  'sklearn.covariance._graph_lasso.GraphicalLassoCV': 'store_precision',
  'sklearn.cross_decomposition._pls.PLSRegression': 'algorithm deflation_mode mode',
  'sklearn.ensemble._bagging.BaggingClassifier': 'estimator_params',
  'sklearn.ensemble._bagging.BaggingRegressor': 'estimator_params',
  'sklearn.ensemble._forest.ExtraTreesClassifier': 'estimator estimator_params',
  'sklearn.ensemble._forest.ExtraTreesRegressor': 'class_weight estimator estimator_params',
  'sklearn.ensemble._forest.RandomForestClassifier': 'estimator estimator_params',
  'sklearn.ensemble._forest.RandomForestRegressor': 'class_weight estimator estimator_params',
  'sklearn.ensemble._forest.RandomTreesEmbedding':
    'bootstrap class_weight estimator estimator_params max_samples oob_score',
  'sklearn.ensemble._gb.GradientBoostingClassifier': 'alpha',
  'sklearn.ensemble._iforest.IsolationForest': 'bootstrap_features estimator estimator_params oob_score',
  'sklearn.ensemble._weight_boosting.AdaBoostClassifier': 'estimator_params',
  'sklearn.ensemble._weight_boosting.AdaBoostRegressor': 'estimator_params',
  'sklearn.linear_model._coordinate_descent.Lasso': 'l1_ratio',
  'sklearn.linear_model._least_angle.LarsCV': 'fit_path jitter n_nonzero_coefs random_state',
  'sklearn.linear_model._least_angle.LassoLarsIC': 'fit_path',
  'sklearn.linear_model._passive_aggressive.PassiveAggressiveClassifier':
    'alpha epsilon eta0 l1_ratio learning_rate penalty power_t',
  'sklearn.linear_model._passive_aggressive.PassiveAggressiveRegressor':
    'alpha eta0 l1_ratio learning_rate penalty power_t',
  'sklearn.linear_model._perceptron.Perceptron': 'average epsilon learning_rate loss power_t',
  'sklearn.linear_model._ridge.RidgeClassifierCV': 'alpha_per_target gcv_mode',
  'sklearn.linear_model._stochastic_gradient.SGDClassifier': 'C',
  'sklearn.linear_model._stochastic_gradient.SGDOneClassSVM':
    'alpha early_stopping epsilon l1_ratio loss n_iter_no_change penalty validation_fraction',
  'sklearn.linear_model._stochastic_gradient.SGDRegressor': 'C',
  'sklearn.neighbors._classification.KNeighborsClassifier': 'radius',
  'sklearn.neighbors._classification.RadiusNeighborsClassifier': 'n_neighbors',
  'sklearn.neighbors._graph.KNeighborsTransformer': 'radius',
  'sklearn.neighbors._graph.RadiusNeighborsTransformer': 'n_neighbors',
  'sklearn.neighbors._lof.LocalOutlierFactor': 'radius',
  'sklearn.neighbors._regression.KNeighborsRegressor': 'radius',
  'sklearn.neighbors._regression.RadiusNeighborsRegressor': 'n_neighbors',
  'sklearn.neural_network._multilayer_perceptron.MLPClassifier': 'loss',
  'sklearn.semi_supervised._label_propagation.LabelPropagation': 'alpha',
  'sklearn.svm._classes.NuSVC': 'C epsilon',
  'sklearn.svm._classes.NuSVR': 'class_weight epsilon probability random_state',
  'sklearn.svm._classes.OneClassSVM': 'C class_weight epsilon probability random_state',
  'sklearn.svm._classes.SVC': 'epsilon nu',
  'sklearn.svm._classes.SVR': 'class_weight nu probability random_state',
  'sklearn.tree._classes.DecisionTreeRegressor': 'class_weight',
  'sklearn.tree._classes.ExtraTreeRegressor': 'class_weight',
};
