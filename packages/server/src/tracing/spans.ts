import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'

const NAME = 'tenantry'

/**
 * What makes spans in this process, or undefined where nothing was set up to: then nothing is paid for tracing. It is set up
 * by `tenantry serve` from the variables of OpenTelemetry, or by the program that uses the library, before it creates a provider.
 */
export function findTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider() as { getDelegateTracer?(name: string): Tracer | undefined }
  return provider.getDelegateTracer ? provider.getDelegateTracer(NAME) : trace.getTracer(NAME)
}

/** A step of something that is traced already; nothing is recorded of it otherwise. */
export function inSpan<Result>(name: () => string, attributes: () => Attributes, work: () => Result): Result {
  return trace.getActiveSpan()?.isRecording() ? runInSpan(name(), { attributes: attributes() }, work) : work()
}

/** Something that this process does for another server, or begins by itself: a trace of its own. */
export function inNewTrace<Result>(name: string, attributes: Attributes, work: () => Result): Result {
  return findTracer() === undefined ? work() : runInSpan(name, { attributes, kind: SpanKind.CLIENT, root: true }, work)
}

function runInSpan<Result>(
  name: string,
  options: { attributes: Attributes; kind?: SpanKind; root?: boolean },
  work: () => Result,
): Result {
  const span = findTracer()!.startSpan(name, options)
  const settle = <Value>(value: Value): Value => {
    span.end()
    return value
  }
  try {
    const result = context.with(trace.setSpan(context.active(), span), work)
    if (!(result instanceof Promise)) return settle(result)
    return result.then(settle, error => failed(span, error)) as Result
  } catch (error) {
    return failed(span, error)
  }
}

/** Only the name of an error: its message may hold what must not leave the process. */
function failed(span: Span, error: unknown): never {
  span.setAttribute('error.type', (error as Error)?.name ?? 'Error')
  span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
  throw error
}

/** What is known of a request before it is answered. */
export interface TracedRequest {
  method: string
  /** Without its query. */
  path: string
  /** The trace that it belongs to (W3C Trace Context). */
  traceparent: string | undefined
  tracestate?: string | undefined
  requestId: string
}

/** What is known afterwards. */
export interface TracedAnswer {
  /** The pattern of the route. */
  route: string
  status: number
}

/** Answers a request inside a span of its own, which continues the trace of the client. */
export async function inServerSpan(
  request: TracedRequest,
  work: () => Promise<void>,
  answer: () => TracedAnswer,
): Promise<void> {
  const tracer = findTracer()
  if (!tracer) return work()
  const parent = parentOf(request)
  const span = startServerSpan(tracer, request, parent)
  try {
    await context.with(trace.setSpan(parent, span), work)
  } finally {
    endServerSpan(span, request, answer())
  }
}

/** The same for a request that was answered already. @param started as `performance.now()` gave it */
export function recordServerSpan(tracer: Tracer, request: TracedRequest, answer: TracedAnswer, started: number) {
  endServerSpan(startServerSpan(tracer, request, parentOf(request), started), request, answer)
}

function startServerSpan(tracer: Tracer, request: TracedRequest, parent: Context, startTime?: number): Span {
  const attributes = {
    'http.request.method': request.method,
    'url.path': request.path,
    'tenantry.request_id': request.requestId,
  }
  const options = { kind: SpanKind.SERVER, attributes, ...(startTime !== undefined && { startTime }) }
  return tracer.startSpan(request.method, options, parent)
}

function endServerSpan(span: Span, { method }: TracedRequest, { route, status }: TracedAnswer) {
  span.updateName(`${method} ${route}`)
  span.setAttributes({ 'http.route': route, 'http.response.status_code': status })
  if (status >= 500) {
    span.setAttribute('error.type', String(status))
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end()
}

function parentOf({ traceparent, tracestate }: TracedRequest): Context {
  return traceparent === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent, tracestate })
}

/** The id of the trace that is recorded now, for the log; undefined where none is. */
export function currentTraceId(): string | undefined {
  const span = trace.getActiveSpan()
  return span?.isRecording() ? span.spanContext().traceId : undefined
}

/** Says more of what is traced now. */
export function annotateSpan(attributes: Attributes) {
  trace.getActiveSpan()?.setAttributes(attributes)
}
