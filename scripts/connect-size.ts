import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

// The size of what an app's bundle gets from @tenantry/connect: npm run packaging. For edge runtimes it must need nothing
// of Node's.
const kit = fileURLToPath(new URL('../packages/connect/dist/index.js', import.meta.url))

for (const [what, names] of [
  ['the whole kit', '*'],
  ['createConnect and what it needs', '{ createConnect, tenantry, useAccount, createAccount }'],
  ['chooseLocale alone', '{ chooseLocale }'],
  ['pipedrive() alone', '{ pipedrive }'],
] as const) {
  const { outputFiles } = await build({
    stdin: { contents: `export ${names} from ${JSON.stringify(kit)}`, resolveDir: '.' },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  })
  const { contents } = outputFiles[0]!
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`.padStart(9)
  console.log(`${kilobytes(contents.length)} minified, ${kilobytes(gzipSync(contents).length)} gzipped: ${what}`)
}
