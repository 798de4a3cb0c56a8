import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { AdminContext } from './environment.ts'
import { ADMIN_PATH } from './environment.ts'
import type { AdminApp } from './operation.ts'

/** Files of Swagger UI that the page loads, and their types. The build copies them beside the program. */
const FILES: Record<string, string> = {
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'swagger-ui.css': 'text/css; charset=utf-8',
}

const START = `document.documentElement.classList.toggle('dark-mode', matchMedia('(prefers-color-scheme: dark)').matches)
SwaggerUIBundle({ url: 'openapi.json', dom_id: '#reference', deepLinking: true, validatorUrl: null })
`

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tenantry admin API</title>
<link rel="stylesheet" href="reference/swagger-ui.css">
</head>
<body>
<main id="reference"></main>
<script src="reference/swagger-ui-bundle.js"></script>
<script src="reference/start.js"></script>
</body>
</html>
`

/** Swagger UI sets styles of its elements; nothing is loaded from elsewhere. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

const CACHED = 'public, max-age=3600'

/** `GET /admin/v1/reference`: the description of the API to read and to try, public. Paths are relative, for origins with a path. */
export function addReference(app: AdminApp) {
  app.get(`${ADMIN_PATH}/`, c => c.redirect('reference', 302))
  app.get(`${ADMIN_PATH}/reference`, c =>
    c.body(PAGE, 200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': POLICY,
      'Cache-Control': 'no-store',
    }),
  )
  app.get(`${ADMIN_PATH}/reference/start.js`, c => asset(c, START, 'text/javascript; charset=utf-8'))
  for (const [name, type] of Object.entries(FILES)) {
    app.get(`${ADMIN_PATH}/reference/${name}`, c => asset(c, readFileSync(pathOf(name), 'utf8'), type))
  }
}

function asset(c: AdminContext, text: string, type: string): Response {
  return c.body(text, 200, { 'Content-Type': type, 'Cache-Control': CACHED })
}

function pathOf(name: string): string {
  const copied = fileURLToPath(new URL(`./swagger-ui/${name}`, import.meta.url))
  return existsSync(copied) ? copied : createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`)
}
