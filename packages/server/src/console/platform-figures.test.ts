import { addOperator } from 'tenantry'
import { describe, expect, it } from 'vitest'
import { BOND, HOUR } from '../../../../tests/support/provider.ts'
import { person as bond, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { deleteExpired } from '../store/queries/expired.ts'
import { listPlatformFigures } from '../store/queries/platform-figures.ts'
import { FIGURES_EVERY, takeFigures } from './platform-figures.ts'

describe('the figures of the last day on the operators’ page', () => {
  useProvider()

  it('figures of the platform are taken by one process at a time, drawn with their numbers, and go after a week', async () => {
    const { runtime } = provider
    await addOperator(runtime, BOND)
    await bond.signIn()
    expect((await bond.open('/operator')).document.querySelector('.figure')).toBeNull()
    const rows = () => listPlatformFigures(runtime.store, 0, 10)
    for (let round = 1; round <= 3; round++) {
      // The provider's own job may be the one that takes the first.
      await Promise.all([takeFigures(runtime), takeFigures(runtime)])
      await expect.poll(async () => (await rows()).length).toBe(round)
      provider.pass(FIGURES_EVERY)
    }
    const page = await bond.open('/operator')
    const pictures = page.document.querySelectorAll('.figure svg')
    expect(pictures).toHaveLength(4)
    for (const picture of pictures) {
      expect(picture.querySelector('polyline')!.getAttribute('points')!.split(' ')).toHaveLength(3)
      expect(picture.getAttribute('aria-label')).toMatch(/now .*, at most /)
    }
    provider.pass(9 * 24 * HOUR)
    while (await deleteExpired(runtime.store, provider.now() - 24 * HOUR));
    expect(await rows()).toEqual([])
  })
})
