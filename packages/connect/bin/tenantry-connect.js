#!/usr/bin/env node
// In the repository the sources run as they are, on the Node that the repository brings; the published package runs its
// compiled files.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const source = new URL('../src/cli/main.ts', import.meta.url)
if (existsSync(source)) {
  const launch = createRequire(import.meta.url)('../../../scripts/launch.cjs')
  launch(fileURLToPath(source), process.argv.slice(2))
} else {
  await import(new URL('../dist/cli/main.js', import.meta.url).href)
}
