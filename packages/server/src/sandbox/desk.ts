import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { proxy } from 'hono/proxy'
import { InputError } from '../companies/input.ts'
import { authenticate } from '../config/keys.ts'
import type { Runtime } from '../config/runtime.ts'
import type { RouteHandler } from '../http/environment.ts'
import { createResourceServer, setResourceServer } from '../resource-servers/resource-servers.ts'
import { findResourceServer, updateResourceServer } from '../store/queries/resource-servers.ts'
import { findSetting, putSetting } from '../store/queries/settings.ts'
import { retryOnConflict, type Store } from '../store/store.ts'
import { hashSecret, newClientSecret, toSecret } from '../tokens/token-text.ts'

/** Which resource server is the desk's. */
const SETTING = 'sandbox desk'
const PATH = '/c/{company_domain}/mcp'
/** Ends the desk when the sandbox has ended, however that was. */
const FOLLOW = "data:text/javascript,process.once('disconnect',()=>process.exit());process.channel.unref()"

/** The MCP server among the examples, registered at this sandbox. */
export interface Desk {
  /** Its address, with `{company_domain}` for a company's domain. */
  identifier: string
  clientId: string
  clientSecret: string
}

/** Where the example is: only in the repository, beside the sources. */
function findExample(): string | undefined {
  const isSource = import.meta.dirname.replaceAll('\\', '/').endsWith('/packages/server/src/sandbox')
  const main = join(import.meta.dirname, '../../../../examples/company-desk/src/main.ts')
  return isSource && existsSync(main) ? main : undefined
}

/**
 * Registers the desk at the address that the sandbox has now. Its secret is derived from the keys, so that every node knows it.
 * @param mayChange false for a node that joins: it serves the desk only if that is registered at its own address
 * @returns undefined where the example is not there, or its scope belongs to another resource server
 */
export async function registerDesk(runtime: Runtime, mayChange: boolean): Promise<Desk | undefined> {
  if (!findExample()) return undefined
  const { store, keys, settings } = runtime
  const identifier = settings.origin + PATH
  const clientSecret = newClientSecret(toSecret(authenticate(keys.successor[0]!, 'secret of the desk')))
  const known = await findRow(runtime)
  if (!mayChange && known?.identifier !== identifier) return undefined
  const id = known?.resource_server_id ?? (await create(runtime, identifier))
  if (id === undefined) return undefined
  if (known && known.identifier !== identifier) await setResourceServer(runtime, id, { identifier })
  return { identifier, clientId: await keepSecret(store, id, hashSecret(clientSecret)), clientSecret }
}

/** Sets the secret where it is another; of nodes that start at once, each may find that another has set it meanwhile. */
function keepSecret(store: Store, id: number, secretHash: Uint8Array): Promise<string> {
  return retryOnConflict(async () => {
    const row = (await findResourceServer(store, id))!
    if (!Buffer.from(row.secret_hash).equals(secretHash)) {
      await store.write([updateResourceServer(store, row, { ...row, secret_hash: secretHash })])
    }
    return row.client_id
  })
}

async function findRow({ store }: Runtime) {
  const id = await findSetting(store, SETTING)
  return id === undefined ? undefined : findResourceServer(store, Number(id))
}

async function create(runtime: Runtime, identifier: string): Promise<number | undefined> {
  try {
    const { resourceServer } = await createResourceServer(runtime, {
      name: 'Company desk',
      identifier,
      scopes: { 'desk:use': { en: 'Use the company desk', fr: 'Utiliser le bureau de l’entreprise' } },
    })
    await runtime.store.write([putSetting(runtime.store, SETTING, String(resourceServer.resourceServerId))])
    return resourceServer.resourceServerId
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    runtime.log.warn(`The company desk is not served: ${error.message}`)
    return undefined
  }
}

/** Serves the desk from a process of its own, which starts with the first request to it and again after it has ended. */
export class DeskProcess {
  readonly #desk: Desk
  readonly #environment: Record<string, string>
  #running: { child: ChildProcess; origin: Promise<string> } | undefined

  /** @param adminKey with which it reads who the colleagues are */
  constructor(desk: Desk, { origin, adminKey }: { origin: string; adminKey: string }) {
    this.#desk = desk
    this.#environment = { TENANTRY_ORIGIN: origin, TENANTRY_ADMIN_KEY: adminKey, DESK_ORIGIN: origin, PORT: '0' }
  }

  /** Passes a request on to it. */
  readonly serve: RouteHandler = async c => {
    const { pathname, search } = new URL(c.req.url)
    try {
      const origin = await this.#start()
      return await proxy(origin + pathname + search, { raw: c.req.raw })
    } catch (error) {
      c.var.runtime.log.error({ err: error }, 'the company desk cannot be reached')
      return c.json({ error: 'The company desk does not run. See what it printed, and try again.' }, 503)
    }
  }

  async close() {
    const { child } = this.#running ?? {}
    if (!child || child.exitCode !== null) return
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill()
    await ended
  }

  #start(): Promise<string> {
    this.#running ??= this.#spawn()
    return this.#running.origin
  }

  #spawn() {
    const { clientId, clientSecret } = this.#desk
    const env = { ...process.env, ...this.#environment, DESK_CLIENT_ID: clientId, DESK_CLIENT_SECRET: clientSecret }
    const child = spawn(process.execPath, ['--conditions=@tenantry/source', '--import', FOLLOW, findExample()!], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      env,
    })
    const origin = new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout! }).on('line', line => {
        const listening = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0]
        if (listening) resolve(listening)
      })
      child.once('error', reject)
      child.once('exit', code => {
        this.#running = undefined
        reject(new Error(`the company desk ended with ${code}`))
      })
    })
    return { child, origin }
  }
}
