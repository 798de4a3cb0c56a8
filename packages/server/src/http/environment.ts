import type { Context, Handler, MiddlewareHandler } from 'hono'
import type { html } from 'hono/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Runtime } from '../config/runtime.ts'
import type { SessionRow } from '../store/queries/sessions.ts'
import type { UserRow } from '../store/queries/users.ts'
import type { CommonError } from './common-error.ts'

/** Who is signed in in this browser. */
export interface SignedIn {
  /** The cookie's value; the store knows only its hash. */
  sessionId: string
  session: SessionRow
  user: UserRow
}

/** What a request carries on its way: each step adds what it found out. */
export interface Environment {
  Bindings: { incoming?: { socket?: { remoteAddress?: string } } }
  Variables: {
    runtime: Runtime
    requestId: string
    /** The pattern of the route, where the one that is mounted here does not say it. */
    route: string | undefined
    /** How common errors are answered, see {@link ErrorFormat}. */
    errorFormat: ErrorFormat
    /** Set by the session step; undefined when the browser is not signed in. */
    signedIn: SignedIn | undefined
    /** What the platform that the provider is mounted in answers to someone who is not signed in there. */
    signInAnswer: Response | undefined
  }
}

/** How a group of routes answers a common error: as its clients expect errors. */
export type ErrorFormat = (c: RequestContext, error: CommonError) => Response | Promise<Response>

export type RequestContext = Context<Environment>

/**
 * What an endpoint that apps' servers call uses of a request and its response. A {@link RequestContext} is one; a request that is
 * read from the bytes of a connection has one without the framework.
 */
export interface EndpointContext {
  readonly req: {
    readonly url: string
    readonly path: string
    header(name: string): string | undefined
    text(): Promise<string>
  }
  readonly var: Pick<Environment['Variables'], 'runtime' | 'requestId'>
  readonly env?: Environment['Bindings'] | undefined
  /** Sets a header of the response. */
  header(name: string, value: string): void
}

/**
 * What a page uses of a request and its response, as {@link EndpointContext} is for endpoints. What its methods give is for the one
 * who made the context: a page does not look into it.
 */
export interface PageContext extends EndpointContext {
  readonly req: EndpointContext['req'] & {
    readonly method: string
    readonly raw: { readonly headers: Headers }
  }
  readonly var: Readonly<Omit<Environment['Variables'], 'errorFormat'>>
  set<Name extends 'signedIn' | 'signInAnswer'>(name: Name, value: Environment['Variables'][Name]): void
  header(name: string, value: string, options?: { append?: boolean }): void
  redirect(location: string, status: 302 | 303): Response
  html(document: ReturnType<typeof html>, status: ContentfulStatusCode): Response | Promise<Response>
}

/** A page; errors are thrown. */
export type PageHandler = (c: PageContext) => Response | Promise<Response>

/** An endpoint that answers with JSON, and says with which status. */
export type StatusEndpoint = (c: EndpointContext) => Promise<{ status: ContentfulStatusCode; body: object }>

/** An endpoint that answers a form with JSON; errors are thrown. */
export type FormEndpoint = (c: EndpointContext) => Promise<object>

export type RouteHandler = Handler<Environment>
export type RouteStep = MiddlewareHandler<Environment>
