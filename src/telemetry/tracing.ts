import { NodeSDK } from '@opentelemetry/sdk-node';

export interface TracingOptions {
  readonly serviceName: string;
  readonly endpoint: string;
  readonly samplingRatio: number;
}

/** Starts exporting traces by OTLP. @returns how to stop, which sends what is left */
export function startTracing(options: TracingOptions): () => Promise<void> {
  // The SDK reads its exporter and sampler from the standard variables; what the operator set there wins.
  process.env['OTEL_TRACES_EXPORTER'] ??= 'otlp';
  process.env['OTEL_METRICS_EXPORTER'] ??= 'none';
  process.env['OTEL_LOGS_EXPORTER'] ??= 'none';
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ??= options.endpoint;
  process.env['OTEL_TRACES_SAMPLER'] ??= 'parentbased_traceidratio';
  process.env['OTEL_TRACES_SAMPLER_ARG'] ??= String(options.samplingRatio);
  const sdk = new NodeSDK({ serviceName: options.serviceName });
  sdk.start();
  return () => sdk.shutdown();
}
