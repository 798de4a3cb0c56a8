import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startProvider, type TestProvider } from '../../../../tests/support/provider.ts'
import { PreparedQuery } from './prepared-query.ts'
import { putSetting } from './queries/settings.ts'
import { WriteConflict } from './store.ts'

describe('a prepared query', () => {
  let provider: TestProvider
  let other: TestProvider

  beforeEach(async () => {
    provider = await startProvider()
    other = await startProvider()
    for (const [at, value] of [
      [provider, 'here'],
      [other, 'there'],
    ] as const) {
      await at.runtime.store.write(['a', 'b'].map(name => putSetting(at.runtime.store, name, `${name} ${value}`)))
    }
  })
  afterEach(async () => {
    await provider.close()
    await other.close()
  })

  it('a prepared query is built once for each database, and runs with the values of each call', async () => {
    let built = 0
    const find = new PreparedQuery((db, { name }: { name: string }) => {
      built += 1
      return db.selectFrom('settings').select('value').where('name', '=', name).where('value', '!=', 'never')
    })
    const stores = [provider.runtime.store, other.runtime.store] as const
    const found = await Promise.all(stores.flatMap(store => ['a', 'b', 'c'].map(name => find.first(store, { name }))))
    expect(found.map(row => row?.value)).toEqual(['a here', 'b here', undefined, 'a there', 'b there', undefined])
    expect(built).toBe(2)
    expect(find.compile(stores[0], { name: 'a' }).parameters).toEqual(['a', 'never'])
  })

  it('a prepared query writes, and holds only for as many rows as are expected', async () => {
    const rename = new PreparedQuery((db, { name, value }: { name: string; value: string }) =>
      db.updateTable('settings').set({ value }).where('name', '=', name),
    )
    const { store } = provider.runtime
    await store.write([rename.expecting(1, store, { name: 'a', value: 'x' })])
    await store.write([rename.statement(store, { name: 'missing', value: 'x' })])
    await expect(store.write([rename.expecting(1, store, { name: 'missing', value: 'x' })])).rejects.toThrow(
      WriteConflict,
    )
  })

  it('a prepared query cannot be decided by a value', () => {
    const decides = new PreparedQuery((db, { name }: { name: string }) =>
      db.selectFrom('settings').select('value').where('name', '=', `${name}!`),
    )
    expect(() => decides.compile(provider.runtime.store, { name: 'a' })).toThrow(
      /cannot read its values while it is built: name/,
    )
  })
})
