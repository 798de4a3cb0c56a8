import { serveFieldNotes } from './serve.ts'

// The app by itself, beside any provider where it is registered: everything from the environment.

const port = Number(process.env.PORT ?? 3030)
const origin = process.env.ORIGIN ?? `http://localhost:${port}`
try {
  const app = await serveFieldNotes(port, process.env.FIELD_NOTES_DATABASE ?? 'field-notes.db', {
    origin,
    issuer: required('PROVIDER'),
    clientId: required('CLIENT_ID'),
    clientSecret: required('CLIENT_SECRET'),
    encryptionKey: required('CONNECT_KEY'),
  })
  console.log(`Field Notes at ${origin}`)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => app.close())
} catch (error) {
  console.error(explain(error as NodeJS.ErrnoException))
  process.exit(1)
}

function required(name: string): string {
  const value = process.env[name]
  if (value) return value
  throw new Error(
    `${name} is not set. Needed are PROVIDER, CLIENT_ID and CLIENT_SECRET as the provider has them, and CONNECT_KEY from \`npx tenantry-connect key\`.`,
  )
}

function explain(error: NodeJS.ErrnoException): string {
  return error.code === 'EADDRINUSE' ? `Port ${port} is taken on this machine. Choose another.` : error.message
}
