import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderReferencePages } from '../tests/support/reference-pages.ts'
import { REPOSITORY } from '../tests/support/sandbox-process.ts'

// Writes the pages of docs/reference that come from the program itself: npm run docs:reference

for (const [name, text] of Object.entries(renderReferencePages())) {
  writeFileSync(join(REPOSITORY, 'docs/reference', name), text)
}
