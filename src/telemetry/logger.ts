import { trace } from '@opentelemetry/api';
import type { Logger } from 'pino';
import { pino } from 'pino';

export type { Logger } from 'pino';

const SECRETS = [
  'secret',
  'password',
  'authorization',
  'apiKey',
  'key',
  'url',
  '*.secret',
  '*.password',
  '*.apiKey',
  'headers.authorization',
  'headers["x-api-key"]',
];

/** JSON logs on standard output, with the trace they belong to, without secrets. */
export function createLogger(level: string, component: string): Logger {
  return pino({
    level,
    base: { component, pid: process.pid },
    redact: { paths: SECRETS, censor: '[hidden]' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    mixin: () => {
      const context = trace.getActiveSpan()?.spanContext();
      return context ? { trace_id: context.traceId, span_id: context.spanId } : {};
    },
  });
}
