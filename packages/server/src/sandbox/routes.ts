import type { Hono } from 'hono'
import type { Environment } from '../http/environment.ts'
import type { DeskProcess } from './desk.ts'
import type { SandboxFacts } from './facts.ts'
import { sandboxHome } from './home-page.ts'
import { type CallProvider, finishInstall, startInstall } from './install-flow.ts'
import { mailbox } from './mailbox.ts'
import { requireOwnHost } from './own-host.ts'
import { signInAs } from './sign-in-as.ts'

/** The sandbox's own pages, in addition to the provider's; served at its own host names only. */
export function addSandboxRoutes(
  app: Hono<Environment>,
  facts: SandboxFacts,
  { callProvider, desk }: { callProvider: CallProvider; desk: DeskProcess | undefined },
) {
  app.use('*', requireOwnHost(facts.origin))
  app.get('/', sandboxHome(facts))
  app.get('/sandbox/install', startInstall(facts))
  app.get('/sandbox/mailbox', mailbox)
  app.post('/sandbox/sign-in', signInAs)
  app.get('/callback', finishInstall(facts, callProvider))
  if (!desk) return
  app.all('/c/:company/mcp', desk.serve)
  app.get('/.well-known/oauth-protected-resource/c/:company/mcp', desk.serve)
}
