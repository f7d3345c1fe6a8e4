import {
  context,
  isSpanContextValid,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { RequestHandler } from 'express';
import { contextOf, endpointOf, whenOver } from './request-context';

const SERVER_ERROR = 500;

/**
 * A span for each request, named by its route, within the trace of the caller (W3C Trace Context). What is done
 * for the request, and what is logged meanwhile, belongs to it. Without tracing it is nothing.
 */
export function tracing(): RequestHandler {
  const tracer = trace.getTracer('dce.api');
  return (request, response, next) => {
    const parent = propagation.extract(context.active(), request.headers);
    const about = contextOf(request);
    const { pattern } = about.place;
    const name = pattern === undefined ? request.method : `${request.method} ${pattern}`;
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER }, parent);
    const ids = span.spanContext();
    if (!isSpanContextValid(ids)) return next();
    about.traceId = ids.traceId;
    whenOver(request, () => {
      const status = response.statusCode;
      // OpenTelemetry semantic conventions for HTTP spans.
      span.setAttributes({
        'http.request.method': request.method,
        'http.route': endpointOf(request),
        'http.response.status_code': status,
        'dce.request_id': about.id,
        ...(about.principal === undefined ? {} : { 'enduser.id': about.principal }),
      });
      if (status >= SERVER_ERROR) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    });
    context.with(trace.setSpan(parent, span), next);
  };
}
