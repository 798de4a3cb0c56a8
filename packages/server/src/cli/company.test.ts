import { describe, expect, it } from 'vitest'
import { fail, install, me, run, useServerBesideCommands } from '../../../../tests/support/commands-beside-server.ts'

describe('`tenantry company`', () => {
  useServerBesideCommands()

  it('company create, list, suspend, resume', async () => {
    const made = await run('company', 'create', '--name', 'Spectre', '--domain', 'spectre', '--country', 'CH')
    expect(made).toMatchObject({ company_id: 4, name: 'Spectre', domain: 'spectre', country: 'CH', suspended: false })
    expect((await run('company', 'list')).map(({ company_id }: { company_id: number }) => company_id)).toEqual([
      1, 2, 3, 4,
    ])
    expect(await fail(['company', 'create', '--name', 'Again', '--domain', 'spectre'])).toContain('belongs to company')
    expect(await fail(['company', 'create', '--name', ' ', '--domain', 'No Domain'])).toMatch(/name: .*\ndomain: /)

    const { access_token } = await install('m@mi6.example', undefined, 2)
    expect((await me(access_token)).status).toBe(200)
    await run('company', 'suspend', '2')
    expect((await me(access_token)).status).toBe(401)
    await run('company', 'resume', '2')
    expect((await me(access_token)).status).toBe(200)
    expect(await fail(['company', 'suspend', '99'])).toBe('There is no company 99.\n')
    expect(await fail(['company', 'suspend', 'one'])).toContain('positive integer')
  })

  it('company show, set, delete, release-domain', async () => {
    const { company_id } = await run('company', 'create', '--name', 'Quantum', '--domain', 'quantum')
    const id = String(company_id)
    expect(await run('company', 'set', id, '--name', 'Quantum Ltd', '--domain', 'greene-planet')).toMatchObject({
      name: 'Quantum Ltd',
      domain: 'greene-planet',
    })
    expect((await run('company', 'show', id)).domains).toEqual(['greene-planet', 'quantum'])
    expect(await fail(['company', 'create', '--name', 'Other', '--domain', 'quantum'])).toContain(`company ${id}`)
    expect(await fail(['company', 'set', '1', '--domain', 'quantum'])).toContain('release-domain quantum')
    expect(await fail(['company', 'release-domain', 'greene-planet'])).toContain('uses the domain')
    await run('company', 'release-domain', 'quantum')
    const other = await run('company', 'create', '--name', 'Other', '--domain', 'quantum')
    expect(await fail(['company', 'set', id])).toBe('Nothing to change. Give at least one option.\n')
    await run('member', 'add', '--company', id, '--user', '780')
    expect(await run('company', 'delete', id, '--yes')).toMatchObject({ deleted: true, memberships: 1 })
    expect(await fail(['company', 'show', id])).toBe(`There is no company ${id}.\n`)
    expect(await fail(['company', 'create', '--name', 'Again', '--domain', 'greene-planet'])).toContain(
      'or belonged to it',
    )
    expect((await run('user', 'show', '780')).companies).toEqual([1])
    await run('company', 'delete', String(other.company_id), '--yes')
  })
})
