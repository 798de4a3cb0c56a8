import { createRequire } from 'node:module'
import type unhomoglyph from 'unhomoglyph'
import type { Runtime } from '../config/runtime.ts'
import { remembered } from '../http/remembered.ts'
import { type AppName, listAppNames } from '../store/queries/apps.ts'

/** Milliseconds for which the names of all apps are remembered. */
const REMEMBERED = 60_000

/**
 * What a name looks like (Unicode Technical Standard 39, section 4), as it is written and in small letters: a capital can look like what its
 * small letter does not, as I does like l. Two names that have one of them in common can be taken for each other. Spaces do not count.
 */
export const skeletonsOf = remembered((name): readonly string[] => {
  const visible = name.normalize('NFKD').replace(/[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu, '')
  // A digit 0 looks like a capital O, which is made small once more.
  const small = skeletonOf(skeletonOf(visible.toLowerCase()).toLowerCase())
  return [...new Set([skeletonOf(visible), small])]
})

const require = createRequire(import.meta.url)
/** Its table of characters is loaded with the first name. */
const withoutHomoglyphs: typeof unhomoglyph = text => (require('unhomoglyph') as typeof unhomoglyph)(text)

function skeletonOf(text: string): string {
  return withoutHomoglyphs(text.normalize('NFD')).normalize('NFD').replace(/\s+/g, '')
}

interface Known {
  readAt: number
  bySkeleton: Map<string, { app: AppName }[]>
}

const known = new WeakMap<Runtime['store'], Known>()

/** Other apps whose names look the same, without those that are disabled. They may be up to a minute old. */
export async function findLookAlikes(
  { store, clock }: Runtime,
  { clientId, name }: { clientId: string; name: string },
  { fresh = false }: { fresh?: boolean } = {},
): Promise<AppName[]> {
  let names = known.get(store)
  if (!names || fresh || Math.abs(clock() - names.readAt) > REMEMBERED) {
    const pairs = (await listAppNames(store)).flatMap(app => skeletonsOf(app.name).map(skeleton => ({ skeleton, app })))
    names = { readAt: clock(), bySkeleton: Map.groupBy(pairs, ({ skeleton }) => skeleton) }
    known.set(store, names)
  }
  const alike = skeletonsOf(name).flatMap(skeleton => names.bySkeleton.get(skeleton) ?? [])
  return [...new Set(alike.map(({ app }) => app))].filter(({ client_id }) => client_id !== clientId)
}
