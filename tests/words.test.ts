import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { REPOSITORY } from './support/sandbox-process.ts'

/** Words of our own that the field has others for; docs/architecture.md has the glossary. */
const replaced: Record<string, RegExp> = {
  'fast path': /\bshort ways?\b|\bAnswersPlainly\b|\bplain (request|answer)s?\b/i,
  'coherent cache': /\bexact memory\b|\bmarkAndTell\b|\bremembered exactly\b/i,
  MaybePromise: /\bSoon<|\bsoon\(/,
  'third-party': /\bstrangers?\b/i,
  'compatibility profile': /--wire\b|\bappWire\b|Pipedrive.s wire/,
  'delivered, pending': /\bunheard\b|\bhearUninstall\b/i,
  revokeInstallation: /\bgiveBack\b/,
  userFacingErrors: /\bpeoplesOwn\b/,
  WAL: /\blog of writes\b/i,
  timeout: /\bPATIENCE\b/,
  'initial schema': /\bfront door\b/i,
  target: /\bcontestants?\b/i,
  'a plain noun': /\b(whoever|nobody|somebody|anew)\b/i,
}

const ALLOWED = /^(CHANGELOG\.md|tests\/words\.test\.ts|docs\/connect\/reference\/)|\.(png|svg|gz|db|json)$/

it('code and docs use the words of the field', () => {
  const files = execFileSync('git', ['ls-files'], { cwd: REPOSITORY, encoding: 'utf8' }).trim().split('\n')
  expect(files.length).toBeGreaterThan(400)
  const found = files
    .filter(path => !ALLOWED.test(path))
    .flatMap(path =>
      readFileSync(join(REPOSITORY, path), 'utf8')
        .split('\n')
        .flatMap((line, index) =>
          Object.entries(replaced)
            .filter(([, old]) => old.test(line))
            .map(([word]) => `${path}:${index + 1}: use "${word}": ${line.trim().slice(0, 140)}`),
        ),
    )
  expect(found).toEqual([])
})

it('the name of a test is readable without its describe', () => {
  const files = execFileSync('git', ['ls-files', '*.test.ts'], { cwd: REPOSITORY, encoding: 'utf8' }).trim().split('\n')
  const title = /^\s*(?:\]\)|\)|it(?:\.\w+\([^\n]*?\))?)\(\s*(['`"])(?:\[OA-\d+\] )*((?:\\.|(?!\1).)*)\1/gm
  const fragment = /^(is|are|was|has|have|that|which|whose|and|to|of|by|its|they|does so)\b/
  const names = files.flatMap(path =>
    Array.from(readFileSync(join(REPOSITORY, path), 'utf8').matchAll(title), match => ({ path, name: match[2]! })),
  )
  expect(names.length).toBeGreaterThan(700)
  expect(names.filter(({ name }) => fragment.test(name))).toEqual([])
})
