/**
 * Globals of scipy: sparse matrices, interpolations, distributions and spatial trees.
 * Made from the installed libraries by `test/fixtures/make/library_globals.py`;
 * names of older versions are in `pickle-allowed.ts`.
 */
export const SCIPY_GLOBALS: Readonly<Record<string, string>> = {
  'scipy.interpolate._bary_rational': 'AAA FloaterHormannInterpolator _BarycentricRational',
  'scipy.interpolate._bsplines': 'BSpline',
  'scipy.interpolate._cubic': 'Akima1DInterpolator CubicHermiteSpline CubicSpline PchipInterpolator',
  'scipy.interpolate._fitpack2':
    'BivariateSpline InterpolatedUnivariateSpline LSQBivariateSpline LSQSphereBivariateSpline' +
    ' LSQUnivariateSpline RectBivariateSpline RectSphereBivariateSpline SmoothBivariateSpline' +
    ' SmoothSphereBivariateSpline SphereBivariateSpline UnivariateSpline _BivariateSplineBase' +
    ' _DerivedBivariateSpline',
  'scipy.interpolate._fitpack_repro': 'Bunch F Fperiodic',
  'scipy.interpolate._interpnd': 'CloughTocher2DInterpolator LinearNDInterpolator NDInterpolatorBase',
  'scipy.interpolate._interpolate':
    'BPoly NdPPoly PPoly _PPolyBase interp1d interp1d._call_linear interp1d._call_linear_np' +
    ' interp1d._call_nan_spline interp1d._call_nearest interp1d._call_previousnext' +
    ' interp1d._call_spline interp2d',
  'scipy.interpolate._ndbspline': 'NdBSpline',
  'scipy.interpolate._ndgriddata': 'NearestNDInterpolator',
  'scipy.interpolate._polyint':
    'BarycentricInterpolator KroghInterpolator _Interpolator1D _Interpolator1DWithDerivatives',
  'scipy.interpolate._rbf': 'Rbf',
  'scipy.interpolate._rbfinterp': 'RBFInterpolator',
  'scipy.interpolate._rgi': 'RegularGridInterpolator',
  'scipy.optimize._constraints': 'LinearConstraint',
  'scipy.optimize._optimize': 'OptimizeResult',
  'scipy.sparse._base': '_spbase sparray',
  'scipy.sparse._bsr': '_bsr_base bsr_array bsr_matrix',
  'scipy.sparse._compressed': '_cs_matrix',
  'scipy.sparse._coo': '_coo_base coo_array coo_matrix',
  'scipy.sparse._csc': '_csc_base csc_array csc_matrix',
  'scipy.sparse._csr': '_csr_base csr_array csr_matrix',
  'scipy.sparse._data': '_data_matrix _minmax_mixin',
  'scipy.sparse._dia': '_dia_base dia_array dia_matrix',
  'scipy.sparse._dok': '_dok_base dok_array dok_matrix',
  'scipy.sparse._index': 'IndexMixin',
  'scipy.sparse._lil': '_lil_base lil_array lil_matrix',
  'scipy.sparse._matrix': 'spmatrix',
  'scipy.spatial._ckdtree': 'cKDTree cKDTreeNode coo_entries ordered_pairs',
  'scipy.spatial._kdtree': 'KDTree Rectangle',
  'scipy.spatial._qhull': 'ConvexHull Delaunay HalfspaceIntersection Voronoi _Qhull _QhullUser',
  'scipy.spatial._spherical_voronoi': 'SphericalVoronoi',
  'scipy.spatial.transform._rigid_transform': 'RigidTransform',
  'scipy.spatial.transform._rotation': 'Rotation Slerp',
  'scipy.spatial.transform._rotation_spline': 'RotationSpline',
  'scipy.special._ufuncs':
    'agm airy airye bdtr bdtrc bdtri bdtrik bdtrin bei beip ber berp besselpoly beta betainc betaincc' +
    ' betainccinv betaincinv betaln binom boxcox boxcox1p btdtria btdtrib cbrt chdtr chdtrc chdtri' +
    ' chdtriv chndtr chndtridf chndtrinc chndtrix cosdg cosm1 cotdg dawsn digamma ellipe ellipeinc' +
    ' ellipj ellipk ellipkinc ellipkm1 elliprc elliprd elliprf elliprg elliprj entr erf erfc erfcinv' +
    ' erfcx erfi erfinv eval_chebyc eval_chebys eval_chebyt eval_chebyu eval_gegenbauer' +
    ' eval_genlaguerre eval_hermite eval_hermitenorm eval_jacobi eval_laguerre eval_legendre' +
    ' eval_sh_chebyt eval_sh_chebyu eval_sh_jacobi eval_sh_legendre exp1 exp10 exp2 expi expit expm1' +
    ' expn exprel fdtr fdtrc fdtri fdtridfd fresnel gamma gammainc gammaincc gammainccinv gammaincinv' +
    ' gammaln gammasgn gdtr gdtrc gdtria gdtrib gdtrix hankel1 hankel1e hankel2 hankel2e huber hyp0f1' +
    ' hyp1f1 hyp2f1 hyperu i0 i0e i1 i1e inv_boxcox inv_boxcox1p it2i0k0 it2j0y0 it2struve0 itairy' +
    ' iti0k0 itj0y0 itmodstruve0 itstruve0 iv ive j0 j1 jn jv jve k0 k0e k1 k1e kei keip kelvin ker' +
    ' kerp kl_div kn kolmogi kolmogorov kv kve log1p log_expit log_ndtr log_wright_bessel loggamma' +
    ' logit lpmv mathieu_a mathieu_b mathieu_cem mathieu_modcem1 mathieu_modcem2 mathieu_modsem1' +
    ' mathieu_modsem2 mathieu_sem modfresnelm modfresnelp modstruve nbdtr nbdtrc nbdtri nbdtrik' +
    ' nbdtrin ncfdtr ncfdtri ncfdtridfd ncfdtridfn ncfdtrinc nctdtr nctdtridf nctdtrinc nctdtrit ndtr' +
    ' ndtri ndtri_exp nrdtrimn nrdtrisd obl_ang1 obl_ang1_cv obl_cv obl_rad1 obl_rad1_cv obl_rad2' +
    ' obl_rad2_cv owens_t pbdv pbvv pbwa pdtr pdtrc pdtri pdtrik poch powm1 pro_ang1 pro_ang1_cv' +
    ' pro_cv pro_rad1 pro_rad1_cv pro_rad2 pro_rad2_cv pseudo_huber psi radian rel_entr rgamma round' +
    ' shichi sici sindg smirnov smirnovi spence stdtr stdtridf stdtrit struve tandg tklmbda' +
    ' voigt_profile wofz wright_bessel wrightomega xlog1py xlogy y0 y1 yn yv yve zetac',
  'scipy.stats._biasedurn': '_PyFishersNCHypergeometric _PyStochasticLib3 _PyWalleniusNCHypergeometric',
  'scipy.stats._binned_statistic': 'BinnedStatistic2dResult BinnedStatisticResult BinnedStatisticddResult',
  'scipy.stats._binomtest': 'BinomTestResult',
  'scipy.stats._censored_data': 'CensoredData',
  'scipy.stats._common': 'ConfidenceInterval',
  'scipy.stats._continuous_distns':
    'alpha_gen anglit_gen arcsine_gen argus_gen beta_gen betaprime_gen bradford_gen burr12_gen' +
    ' burr_gen cauchy_gen chi2_gen chi_gen cosine_gen crystalball_gen dgamma_gen dpareto_lognorm_gen' +
    ' dweibull_gen erlang_gen expon_gen exponnorm_gen exponpow_gen exponweib_gen f_gen' +
    ' fatiguelife_gen fisk_gen foldcauchy_gen foldnorm_gen gamma_gen gausshyper_gen genexpon_gen' +
    ' genextreme_gen gengamma_gen genhalflogistic_gen genhyperbolic_gen geninvgauss_gen' +
    ' genlogistic_gen gennorm_gen genpareto_gen gibrat_gen gompertz_gen gumbel_l_gen gumbel_r_gen' +
    ' halfcauchy_gen halfgennorm_gen halflogistic_gen halfnorm_gen hypsecant_gen invgamma_gen' +
    ' invgauss_gen invweibull_gen irwinhall_gen jf_skew_t_gen johnsonsb_gen johnsonsu_gen kappa3_gen' +
    ' kappa4_gen ksone_gen kstwo_gen kstwobign_gen landau_gen laplace_asymmetric_gen laplace_gen' +
    ' levy_gen levy_l_gen loggamma_gen logistic_gen loglaplace_gen lognorm_gen lomax_gen maxwell_gen' +
    ' mielke_gen moyal_gen nakagami_gen ncf_gen nct_gen ncx2_gen norm_gen norminvgauss_gen pareto_gen' +
    ' pearson3_gen powerlaw_gen powerlognorm_gen powernorm_gen rayleigh_gen rdist_gen' +
    ' recipinvgauss_gen reciprocal_gen rel_breitwigner_gen rice_gen rv_histogram semicircular_gen' +
    ' skewcauchy_gen skewnorm_gen studentized_range_gen t_gen trapezoid_gen triang_gen truncexpon_gen' +
    ' truncnorm_gen truncpareto_gen truncweibull_min_gen tukeylambda_gen uniform_gen vonmises_gen' +
    ' wald_gen weibull_max_gen weibull_min_gen wrapcauchy_gen',
  'scipy.stats._covariance':
    'CovViaCholesky CovViaDiagonal CovViaEigendecomposition CovViaPSD CovViaPrecision Covariance',
  'scipy.stats._crosstab': 'CrosstabResult',
  'scipy.stats._discrete_distns':
    '_nchypergeom_gen bernoulli_gen betabinom_gen betanbinom_gen binom_gen boltzmann_gen dlaplace_gen' +
    ' geom_gen hypergeom_gen logser_gen nbinom_gen nchypergeom_fisher_gen nchypergeom_wallenius_gen' +
    ' nhypergeom_gen planck_gen poisson_binom_gen poisson_binomial_frozen poisson_gen randint_gen' +
    ' skellam_gen yulesimon_gen zipf_gen zipfian_gen',
  'scipy.stats._distn_infrastructure':
    '_ShapeInfo rv_continuous rv_continuous_frozen rv_discrete rv_discrete_frozen rv_frozen' +
    ' rv_generic rv_sample',
  'scipy.stats._distribution_infrastructure':
    'ContinuousDistribution DiscreteDistribution FoldedDistribution Mixture' +
    ' MonotonicTransformedDistribution OrderStatisticDistribution ShiftedScaledDistribution' +
    ' TransformedDistribution TruncatedDistribution UnivariateDistribution _Domain _IntegerInterval' +
    ' _Interval _Parameter _Parameterization _RealInterval _RealParameter',
  'scipy.stats._fit': 'FitResult GoodnessOfFitResult',
  'scipy.stats._hypotests':
    'BarnardExactResult BoschlooExactResult CramerVonMisesResult Epps_Singleton_2sampResult' +
    ' SomersDResult TukeyHSDResult',
  'scipy.stats._kde': 'gaussian_kde',
  'scipy.stats._levy_stable': 'levy_stable_frozen levy_stable_gen',
  'scipy.stats._levy_stable.levyst': 'Nolan',
  'scipy.stats._mannwhitneyu': 'MannwhitneyuResult _MWU',
  'scipy.stats._mgc': 'MGCResult _ParallelP',
  'scipy.stats._morestats':
    'AndersonResult Anderson_ksampResult AnsariResult BartlettResult DirectionalStats FlignerResult' +
    ' LeveneResult Mean MedianTestResult ShapiroResult Std_dev Variance WilcoxonResult _ABW _BigFloat',
  'scipy.stats._mstats_basic':
    'BrunnerMunzelResult DescribeResult F_onewayResult FriedmanchisquareResult KruskalResult' +
    ' KurtosistestResult MannwhitneyuResult ModeResult NormaltestResult PointbiserialrResult' +
    ' SenSeasonalSlopesResult SkewtestResult Ttest_1sampResult Ttest_indResult Ttest_relResult',
  'scipy.stats._multicomp': 'DunnettResult',
  'scipy.stats._multivariate':
    '_PSD dirichlet_frozen dirichlet_gen dirichlet_multinomial_frozen dirichlet_multinomial_gen' +
    ' invwishart_frozen invwishart_gen matrix_normal_frozen matrix_normal_gen matrix_t_frozen' +
    ' matrix_t_gen multi_rv_frozen multi_rv_generic multinomial_frozen multinomial_gen' +
    ' multivariate_hypergeom_frozen multivariate_hypergeom_gen multivariate_normal_frozen' +
    ' multivariate_normal_gen multivariate_t_frozen multivariate_t_gen normal_inverse_gamma_frozen' +
    ' normal_inverse_gamma_gen ortho_group_frozen ortho_group_gen random_correlation_frozen' +
    ' random_correlation_gen random_table_frozen random_table_gen special_ortho_group_frozen' +
    ' special_ortho_group_gen uniform_direction_frozen uniform_direction_gen unitary_group_frozen' +
    ' unitary_group_gen vonmises_fisher_frozen vonmises_fisher_gen wishart_frozen wishart_gen',
  'scipy.stats._new_distributions': 'Binomial Logistic Normal StandardNormal Uniform _Gamma _LogUniform',
  'scipy.stats._odds_ratio': 'OddsRatioResult',
  'scipy.stats._page_trend_test': 'PageTrendTestResult _PageL',
  'scipy.stats._probability_distribution': '_ProbabilityDistribution',
  'scipy.stats._qmc':
    'Halton LatinHypercube MultinomialQMC MultivariateNormalQMC PoissonDisk QMCEngine Sobol',
  'scipy.stats._relative_risk': 'RelativeRiskResult',
  'scipy.stats._resampling':
    'BootstrapMethod BootstrapResult MonteCarloMethod MonteCarloTestResult PermutationMethod' +
    ' PermutationTestResult PowerResult ResamplingMethod',
  'scipy.stats._sampling': 'CustomDistPINV FastGeneratorInversion RatioUniforms',
  'scipy.stats._sensitivity_analysis': 'BootstrapSobolResult SobolResult',
  'scipy.stats._stats_mstats_common': 'SiegelslopesResult TheilslopesResult',
  'scipy.stats._stats_py':
    'AlexanderGovernResult BrunnerMunzelResult ConfidenceInterval CumfreqResult DescribeResult' +
    ' F_onewayResult FriedmanchisquareResult HistogramResult KruskalResult KstestResult' +
    ' KurtosistestResult LinregressResult ModeResult NormaltestResult PearsonRResult' +
    ' PearsonRResultBase Power_divergenceResult QuantileTestResult RanksumsResult RelfreqResult' +
    ' SigmaclipResult SignificanceResult SkewtestResult TtestResult TtestResultBase Ttest_indResult' +
    ' _SimpleBeta _SimpleChi2 _SimpleF _SimpleNormal _SimpleStudentT',
  'scipy.stats._survival': 'ECDFResult EmpiricalDistributionFunction LogRankResult',
  'scipy.stats._unuran.unuran_wrapper':
    'DiscreteAliasUrn DiscreteGuideTable Method NumericalInverseHermite NumericalInversePolynomial' +
    ' SimpleRatioUniforms TransformedDensityRejection _URNG',
  'scipy.stats._wilcoxon': 'WilcoxonDistribution',
};
