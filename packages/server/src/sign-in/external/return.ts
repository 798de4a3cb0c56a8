import { countRefusal } from '../../audit/refusals.ts'
import { readCookie } from '../../http/cookies.ts'
import type { PageContext, RouteHandler } from '../../http/environment.ts'
import { PageError } from '../../pages/error-page.ts'
import { findChallengeAnswer } from '../../store/queries/challenge-answers.ts'
import { findUser } from '../../store/queries/users.ts'
import { writeUnlessConflict } from '../../store/store.ts'
import { startExternalSession } from '../external-session.ts'
import type { LoginAcceptance, Rejection } from './answer.ts'
import { isRejection, redeemAnswer } from './redeem.ts'

/** Tells the app, if one asked for the sign-in, that the platform refused it; undefined where none did. */
export type RefusalTeller = (c: PageContext, returnTo: string, refusal: Rejection) => Promise<Response | undefined>

/** `GET /sign-in/return`: the person comes back from the platform's own sign-in page. */
export function signInReturn(tellApp: RefusalTeller): RouteHandler {
  return async c => {
    const { settings, store } = c.var.runtime
    const redeemed = await redeemAnswer(c, {
      kind: 'login',
      publicKeys: settings.login?.publicKeys,
      browserSecret: readCookie(c, 'form'),
    })
    // Used before, as when the person went back in the browser: whether they are signed in shows where they go.
    if (!('use' in redeemed)) return c.redirect(redeemed.returnTo, 303)
    const { challenge, answer, use } = redeemed
    const { returnTo, clientId } = challenge
    if (isRejection(answer)) {
      if (!(await writeUnlessConflict(store, [use]))) return c.redirect(returnTo, 303)
      countRefusal(c.var.runtime, 'sign_in.refused')
      c.var.runtime.metrics.signIns.count({ outcome: 'external_refused' })
      const told = await tellApp(c, returnTo, answer)
      if (told) return told
      throw new PageError(403, 'error.signInRefused')
    }
    const acceptance = answer as LoginAcceptance
    const user = await findUser(store, acceptance.user_id)
    if (user && user.deleted_at === null && user.active === 1) {
      const started = await startExternalSession(c, user, acceptance, { clientId, conditions: [use] })
      if (started) {
        c.var.runtime.metrics.signIns.count({ outcome: 'external' })
        return c.redirect(returnTo, 303)
      }
    }
    // Used at the same moment, as by a double click. Anything else, such as a user who was deactivated since, would go round in a circle
    // with a page that knows the person.
    if ((await findChallengeAnswer(store, challenge.id))?.used_at) return c.redirect(returnTo, 303)
    throw new PageError(403, 'error.signInLost')
  }
}
