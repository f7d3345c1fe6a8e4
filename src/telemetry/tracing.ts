import { ROOT_CONTEXT } from '@opentelemetry/api';
import { keepCallTraces, namingCalls } from './call-trace';

/** How traces leave. */
export interface TracingOptions {
  readonly serviceName: string;
  /** Base URL of an OTLP receiver over HTTP. */
  readonly endpoint: string;
  /** Share of traces that are sampled, 0 … 1. */
  readonly samplingRatio: number;
}

/**
 * Starts exporting traces by OTLP. The SDK is loaded here and not before: without tracing it costs
 * neither time nor memory, and every span is a no-op of the API package.
 * @returns how to stop, which sends what is left
 */
export async function startTracing(options: TracingOptions): Promise<() => Promise<void>> {
  const { NodeSDK, tracing } = await import('@opentelemetry/sdk-node');
  // The SDK picks its exporters by the standard variables; what the operator set there wins.
  const { env } = process;
  env['OTEL_TRACES_EXPORTER'] ??= 'otlp';
  env['OTEL_METRICS_EXPORTER'] ??= 'none';
  env['OTEL_LOGS_EXPORTER'] ??= 'none';
  env['OTEL_EXPORTER_OTLP_ENDPOINT'] ??= options.endpoint;
  const ratio = new tracing.TraceIdRatioBasedSampler(options.samplingRatio);
  const sampler = new tracing.ParentBasedSampler({ root: ratio });
  keepCallTraces((traceId) => {
    const { decision } = ratio.shouldSample(ROOT_CONTEXT, traceId);
    return decision === tracing.SamplingDecision.RECORD_AND_SAMPLED;
  });
  const sdk = new NodeSDK({
    serviceName: options.serviceName,
    idGenerator: namingCalls(new tracing.RandomIdGenerator()),
    ...(env['OTEL_TRACES_SAMPLER'] === undefined ? { sampler } : {}),
  });
  sdk.start();
  return () => sdk.shutdown();
}
