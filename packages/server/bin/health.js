// Whether the server of this container answers, for a health check: exit code 0 or 1.
const port = process.env.TENANTRY_PORT || '4040'
const address = `http://127.0.0.1:${port}/healthz`
const answer = await fetch(address, { signal: AbortSignal.timeout(2500) }).catch(() => undefined)
process.exit(answer?.ok ? 0 : 1)
