/**
 * Globals that files written by torch name: how tensors are put together again, types, and the classes of modules
 * and optimizers. Made from torch 1.13 and the names that torch 2 added, by
 * `test/fixtures/make/torch_globals.py`. Single names, because torch also re-exports what runs code.
 */
export const TORCH_GLOBALS: Readonly<Record<string, string>> = {
  torch:
    'BFloat16Storage BoolStorage ByteStorage CharStorage ComplexDoubleStorage ComplexFloatStorage' +
    ' DoubleStorage FloatStorage Generator HalfStorage IntStorage LongStorage QInt32Storage' +
    ' QInt8Storage QUInt2x4Storage QUInt4x2Storage QUInt8Storage ScriptObject ShortStorage Size' +
    ' Tensor _mkldnn bfloat16 bool cdouble cfloat chalf channels_last channels_last_3d complex128' +
    ' complex32 complex64 contiguous_format device double finfo float float16 float32' +
    ' float4_e2m1fn_x2 float64 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz' +
    ' float8_e8m0fnu half iinfo int int1 int16 int2 int3 int32 int4 int5 int6 int64 int7 int8 layout' +
    ' legacy_contiguous_format long memory_format per_channel_affine per_channel_affine_float_qparams' +
    ' per_channel_symmetric per_tensor_affine per_tensor_symmetric preserve_format qint32 qint8' +
    ' quint2x4 quint4x2 quint8 relu relu_ short sigmoid softmax sparse_bsc sparse_bsr sparse_coo' +
    ' sparse_csc sparse_csr strided tanh uint1 uint16 uint2 uint3 uint32 uint4 uint5 uint6 uint64' +
    ' uint7 uint8',
  'torch._C':
    '_VariableFunctionsClass _VariableFunctionsClass.adaptive_avg_pool2d' +
    ' _VariableFunctionsClass.avg_pool2d _VariableFunctionsClass.binary_cross_entropy' +
    ' _VariableFunctionsClass.binary_cross_entropy_with_logits _VariableFunctionsClass.celu' +
    ' _VariableFunctionsClass.cross_entropy _VariableFunctionsClass.dropout' +
    ' _VariableFunctionsClass.elu _VariableFunctionsClass.elu_ _VariableFunctionsClass.gelu' +
    ' _VariableFunctionsClass.glu _VariableFunctionsClass.hardshrink' +
    ' _VariableFunctionsClass.hardsigmoid _VariableFunctionsClass.hardswish' +
    ' _VariableFunctionsClass.hardtanh _VariableFunctionsClass.interpolate' +
    ' _VariableFunctionsClass.l1_loss _VariableFunctionsClass.leaky_relu' +
    ' _VariableFunctionsClass.leaky_relu_ _VariableFunctionsClass.log_softmax' +
    ' _VariableFunctionsClass.logsigmoid _VariableFunctionsClass.max_pool1d' +
    ' _VariableFunctionsClass.max_pool2d _VariableFunctionsClass.max_pool3d' +
    ' _VariableFunctionsClass.mish _VariableFunctionsClass.mse_loss _VariableFunctionsClass.nll_loss' +
    ' _VariableFunctionsClass.normalize _VariableFunctionsClass.prelu _VariableFunctionsClass.relu' +
    ' _VariableFunctionsClass.relu6 _VariableFunctionsClass.relu_ _VariableFunctionsClass.rrelu' +
    ' _VariableFunctionsClass.selu _VariableFunctionsClass.sigmoid _VariableFunctionsClass.silu' +
    ' _VariableFunctionsClass.smooth_l1_loss _VariableFunctionsClass.softmax' +
    ' _VariableFunctionsClass.softmin _VariableFunctionsClass.softplus' +
    ' _VariableFunctionsClass.softshrink _VariableFunctionsClass.softsign' +
    ' _VariableFunctionsClass.tanh _VariableFunctionsClass.tanhshrink',
  'torch._C._nn': 'elu_ gelu hardswish leaky_relu log_sigmoid mish relu6 silu softplus',
  'torch._tensor': 'Tensor _rebuild_from_type _rebuild_from_type_v2',
  'torch._utils':
    '_rebuild_device_tensor_from_cpu_tensor _rebuild_device_tensor_from_numpy' +
    ' _rebuild_meta_tensor_no_storage _rebuild_nested_tensor _rebuild_parameter _rebuild_parameter_v2' +
    ' _rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_csr_tensor' +
    ' _rebuild_sparse_tensor _rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3' +
    ' _rebuild_wrapper_subclass',
  'torch.ao.nn.intrinsic.modules.fused':
    'BNReLU2d BNReLU3d ConvBn1d ConvBn2d ConvBn3d ConvBnReLU1d ConvBnReLU2d ConvBnReLU3d ConvReLU1d' +
    ' ConvReLU2d ConvReLU3d LinearBn1d LinearReLU _FusedModule',
  'torch.ao.nn.qat.dynamic.modules.linear': 'Linear',
  'torch.ao.nn.qat.modules.conv': 'Conv1d Conv2d Conv3d _ConvNd',
  'torch.ao.nn.qat.modules.embedding_ops': 'Embedding EmbeddingBag',
  'torch.ao.nn.qat.modules.linear': 'Linear',
  'torch.ao.nn.quantizable.modules.activation': 'MultiheadAttention',
  'torch.ao.nn.quantizable.modules.rnn': 'LSTM LSTMCell _LSTMLayer _LSTMSingleLayer',
  'torch.ao.nn.quantized.dynamic.modules.conv':
    'Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d',
  'torch.ao.nn.quantized.dynamic.modules.linear': 'Linear',
  'torch.ao.nn.quantized.dynamic.modules.rnn':
    'GRU GRUCell LSTM LSTMCell PackedParameter RNNBase RNNCell RNNCellBase',
  'torch.ao.nn.quantized.modules': 'DeQuantize Quantize',
  'torch.ao.nn.quantized.modules.activation':
    'ELU Hardswish LeakyReLU MultiheadAttention PReLU ReLU6 Sigmoid Softmax',
  'torch.ao.nn.quantized.modules.batchnorm': 'BatchNorm2d BatchNorm3d _BatchNorm',
  'torch.ao.nn.quantized.modules.conv':
    'Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d _ConvNd _ConvTransposeNd',
  'torch.ao.nn.quantized.modules.dropout': 'Dropout',
  'torch.ao.nn.quantized.modules.embedding_ops': 'Embedding EmbeddingBag EmbeddingPackedParams',
  'torch.ao.nn.quantized.modules.functional_modules': 'FXFloatFunctional FloatFunctional QFunctional',
  'torch.ao.nn.quantized.modules.linear': 'Linear LinearPackedParams',
  'torch.ao.nn.quantized.modules.normalization':
    'GroupNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d LayerNorm',
  'torch.ao.nn.quantized.modules.rnn': 'LSTM',
  'torch.ao.nn.quantized.reference.modules.conv':
    'Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d _ConvNd _ConvTransposeNd',
  'torch.ao.nn.quantized.reference.modules.linear': 'Linear',
  'torch.ao.nn.quantized.reference.modules.rnn': 'GRUCell LSTM LSTMCell RNNBase RNNCell RNNCellBase',
  'torch.ao.nn.quantized.reference.modules.sparse': 'Embedding EmbeddingBag',
  'torch.ao.quantization.observer':
    'HistogramObserver MinMaxObserver MovingAverageMinMaxObserver PerChannelMinMaxObserver',
  'torch.cuda':
    'BFloat16Storage BFloat16Tensor BoolStorage BoolTensor ByteStorage ByteTensor CharStorage' +
    ' CharTensor ComplexDoubleStorage ComplexFloatStorage DoubleStorage DoubleTensor FloatStorage' +
    ' FloatTensor HalfStorage HalfTensor IntStorage IntTensor LongStorage LongTensor QInt32Storage' +
    ' QInt8Storage QUInt2x4Storage QUInt4x2Storage QUInt8Storage ShortStorage ShortTensor',
  'torch.jit._pickle':
    'build_boollist build_doublelist build_intlist build_tensor_from_id build_tensorlist' +
    ' restore_type_tag',
  'torch.nn.functional':
    'adaptive_avg_pool2d avg_pool2d binary_cross_entropy binary_cross_entropy_with_logits celu' +
    ' cross_entropy dropout elu elu_ gelu glu hardshrink hardsigmoid hardswish hardtanh interpolate' +
    ' l1_loss leaky_relu leaky_relu_ log_softmax logsigmoid max_pool1d max_pool2d max_pool3d mish' +
    ' mse_loss nll_loss normalize prelu relu relu6 relu_ rrelu selu sigmoid silu smooth_l1_loss' +
    ' softmax softmin softplus softshrink softsign tanh tanhshrink',
  'torch.nn.modules.activation':
    'CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish' +
    ' MultiheadAttention PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin Softplus' +
    ' Softshrink Softsign Tanh Tanhshrink Threshold',
  'torch.nn.modules.adaptive': 'AdaptiveLogSoftmaxWithLoss _ASMoutput',
  'torch.nn.modules.batchnorm':
    'BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d' +
    ' SyncBatchNorm _BatchNorm _LazyNormBase _NormBase',
  'torch.nn.modules.channelshuffle': 'ChannelShuffle',
  'torch.nn.modules.container': 'Container ModuleDict ModuleList ParameterDict ParameterList Sequential',
  'torch.nn.modules.conv':
    'Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d LazyConv2d' +
    ' LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d _ConvNd' +
    ' _ConvTransposeMixin _ConvTransposeNd _LazyConvXdMixin',
  'torch.nn.modules.distance': 'CosineSimilarity PairwiseDistance',
  'torch.nn.modules.dropout':
    'AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout _DropoutNd',
  'torch.nn.modules.flatten': 'Flatten Unflatten',
  'torch.nn.modules.fold': 'Fold Unfold',
  'torch.nn.modules.instancenorm':
    'InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyInstanceNorm1d LazyInstanceNorm2d' +
    ' LazyInstanceNorm3d _InstanceNorm',
  'torch.nn.modules.lazy': 'LazyModuleMixin _LazyProtocol',
  'torch.nn.modules.linear':
    'Bilinear Identity LazyLinear Linear NonDynamicallyQuantizableLinear _LinearWithBias',
  'torch.nn.modules.loss':
    'BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss' +
    ' HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss MSELoss MarginRankingLoss MultiLabelMarginLoss' +
    ' MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss NLLLoss2d PoissonNLLLoss SmoothL1Loss' +
    ' SoftMarginLoss TripletMarginLoss TripletMarginWithDistanceLoss _Loss _WeightedLoss',
  'torch.nn.modules.module': 'Module _IncompatibleKeys _WrappedHook',
  'torch.nn.modules.normalization': 'CrossMapLRN2d GroupNorm LayerNorm LocalResponseNorm',
  'torch.nn.modules.padding':
    'ConstantPad1d ConstantPad2d ConstantPad3d ReflectionPad1d ReflectionPad2d ReflectionPad3d' +
    ' ReplicationPad1d ReplicationPad2d ReplicationPad3d ZeroPad2d _ConstantPadNd _ReflectionPadNd' +
    ' _ReplicationPadNd',
  'torch.nn.modules.pixelshuffle': 'PixelShuffle PixelUnshuffle',
  'torch.nn.modules.pooling':
    'AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d' +
    ' AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d FractionalMaxPool2d FractionalMaxPool3d' +
    ' LPPool1d LPPool2d MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d' +
    ' _AdaptiveAvgPoolNd _AdaptiveMaxPoolNd _AvgPoolNd _LPPoolNd _MaxPoolNd _MaxUnpoolNd',
  'torch.nn.modules.rnn': 'GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell RNNCellBase',
  'torch.nn.modules.sparse': 'Embedding EmbeddingBag',
  'torch.nn.modules.transformer':
    'Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder' + ' TransformerEncoderLayer',
  'torch.nn.modules.upsampling': 'Upsample UpsamplingBilinear2d UpsamplingNearest2d',
  'torch.nn.parallel.data_parallel': 'DataParallel',
  'torch.nn.parallel.distributed':
    'DistributedDataParallel _BufferCommHook _BufferCommHookLocation _DDPJoinHook _DDPSink',
  'torch.nn.parameter':
    'Buffer Parameter UninitializedBuffer UninitializedParameter UninitializedTensorMixin' +
    ' _ParameterMeta',
  'torch.nn.utils.parametrizations': '_OrthMaps _Orthogonal _SpectralNorm',
  'torch.nn.utils.parametrize': 'ParametrizationList',
  'torch.nn.utils.prune':
    'BasePruningMethod CustomFromMask Identity L1Unstructured LnStructured PruningContainer' +
    ' RandomStructured RandomUnstructured',
  'torch.nn.utils.spectral_norm': 'SpectralNorm SpectralNormLoadStateDictPreHook SpectralNormStateDictHook',
  'torch.nn.utils.weight_norm': 'WeightNorm',
  'torch.optim.adadelta': 'Adadelta',
  'torch.optim.adagrad': 'Adagrad',
  'torch.optim.adam': 'Adam _MultiDeviceReplicator',
  'torch.optim.adamax': 'Adamax',
  'torch.optim.adamw': 'AdamW',
  'torch.optim.asgd': 'ASGD',
  'torch.optim.lbfgs': 'LBFGS',
  'torch.optim.lr_scheduler':
    'ChainedScheduler ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts CyclicLR ExponentialLR' +
    ' LambdaLR LinearLR MultiStepLR MultiplicativeLR OneCycleLR PolynomialLR ReduceLROnPlateau' +
    ' SequentialLR StepLR _LRScheduler',
  'torch.optim.nadam': 'NAdam',
  'torch.optim.optimizer': 'Optimizer _RequiredParameter',
  'torch.optim.radam': 'RAdam',
  'torch.optim.rmsprop': 'RMSprop',
  'torch.optim.rprop': 'Rprop',
  'torch.optim.sgd': 'SGD',
  'torch.optim.sparse_adam': 'SparseAdam',
  'torch.optim.swa_utils': 'AveragedModel SWALR',
  'torch.serialization': '_get_layout',
  'torch.storage': 'TypedStorage UntypedStorage _TypedStorage _UntypedStorage',
  'torch.torch_version': 'TorchVersion',
  'torch.utils.hooks': 'BackwardHook RemovableHandle',
};
