import { once } from 'node:events'
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createFieldNotes } from './app.ts'
import type { FieldNotesSettings } from './connect.ts'
import { Database } from './database.ts'

export interface ServedFieldNotes {
  close(): Promise<void>
}

/** Listens on this machine only. @throws where the port is taken */
export async function serveFieldNotes(
  port: number,
  databasePath: string,
  settings: FieldNotesSettings,
): Promise<ServedFieldNotes> {
  const database = new Database(databasePath)
  const app = createFieldNotes(settings, database)
  const server = createServer(getRequestListener(app.fetch)).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      await closed
      database.close()
    },
  }
}
