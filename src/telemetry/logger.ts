import { trace } from '@opentelemetry/api';
import type { Bindings, ChildLoggerOptions, DestinationStream, Logger } from 'pino';
import { pino } from 'pino';
import PinoPretty from 'pino-pretty';
import { cleanFields, cleanValue } from './clean';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly level: string;
  /** Which process writes: `switch`, `worker`. */
  readonly component: string;
  /** Lines for people instead of JSON. */
  readonly pretty?: boolean;
  /** Standard output by default. */
  readonly destination?: DestinationStream;
}

/**
 * JSON lines, each with the trace it belongs to. Secrets are hidden and telephone numbers masked in
 * fields and texts alike, so that no caller has to remember to.
 */
export function createLogger(options: LoggerOptions): Logger {
  const destination =
    options.destination ?? (options.pretty === true ? PinoPretty({ sync: true }) : undefined);
  const settings = {
    level: options.level,
    base: { component: options.component, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => cleanFields(fields),
    },
    // Errors are made plain by the formatter already.
    serializers: { err: (value: unknown) => value },
    hooks: {
      logMethod(this: Logger, args: unknown[], method: (...args: never[]) => void): void {
        method.apply(this, cleanArguments(args) as never[]);
      },
    },
    mixin: () => {
      const context = trace.getActiveSpan()?.spanContext();
      return context ? { trace_id: context.traceId, span_id: context.spanId } : {};
    },
  };
  const logger: Logger = destination ? pino(settings, destination) : pino(settings);
  // Children hold their fields ready to be written: they are cleaned when they are given.
  const child = logger.child as unknown as (
    this: Logger,
    fields: Bindings,
    options?: ChildLoggerOptions,
  ) => Logger;
  const cleanChild: typeof child = function (fields, childOptions) {
    return child.call(this, cleanFields(fields), childOptions);
  };
  return Object.assign(logger, { child: cleanChild });
}

/** Fields are cleaned by the formatter; texts, and what is formatted into them, here. */
function cleanArguments(args: readonly unknown[]): unknown[] {
  const [first, text, ...more] = args;
  if (typeof first === 'string') return args.map((arg) => cleanValue(arg));
  const error = first instanceof Error ? first : (first as { err?: unknown } | null | undefined)?.err;
  // The message of an error stands in for a text that is not there.
  const said = text ?? (error instanceof Error ? error.message : undefined);
  const fields = first instanceof Error ? { err: first } : first;
  return said === undefined ? [fields] : [fields, cleanValue(said), ...more.map((arg) => cleanValue(arg))];
}
