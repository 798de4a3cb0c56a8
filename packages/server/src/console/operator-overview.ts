import { html } from 'hono/html'
import { describeMasterKeys } from '../config/key-facts.ts'
import type { RouteHandler } from '../http/environment.ts'
import { listSigningKeyFacts } from '../openid/signing-keys.ts'
import { say } from '../pages/messages.ts'
import { listMasterKeys } from '../store/queries/master-keys.ts'
import { countWaitingMails } from '../store/queries/outbox.ts'
import { countUndelivered } from '../store/queries/uninstall-callbacks.ts'
import { NotReady } from '../store/store.ts'
import { factList } from './fact-list.ts'
import { figureCharts } from './figure-charts.ts'
import { showOperatorPage, visitPlatform } from './operator-access.ts'
import { searchForm } from './operator-search.ts'

const MEGABYTE = 1024 * 1024

/** `GET /operator`: whether all is well: the database, what waits to be sent, and the keys. */
export const operatorOverview: RouteHandler = async c => {
  const visit = await visitPlatform(c)
  const { language, moment } = visit
  const { store, clock } = c.var.runtime
  const [stats, callbacks, mails, masterKeys, signingKeys, state] = await Promise.all([
    store.stats(),
    countUndelivered(store),
    countWaitingMails(store),
    listMasterKeys(store),
    listSigningKeyFacts({ store, clock }),
    store.ping().then(
      () => 'ok',
      error => (error instanceof NotReady ? error.reason : 'unreachable'),
    ),
  ])
  const number = new Intl.NumberFormat(language)
  const { bearerLookups, connections } = stats
  const hits = bearerLookups && bearerLookups.hit + bearerLookups.miss > 0
  return showOperatorPage(c, visit, {
    section: '',
    title: say(language, 'operator.overview'),
    body: html`${searchForm(c, language, '')}
<h2 class="apart">${say(language, 'operator.database')}</h2>
${factList([
  [say(language, 'operator.state'), state],
  [say(language, 'operator.engine'), store.isDistributed ? 'Citus' : store.engine],
  [say(language, 'operator.size'), `${number.format(Math.ceil(stats.databaseBytes / MEGABYTE))} MiB`],
  ...(connections
    ? [
        [
          say(language, 'operator.connections'),
          `${connections.busy} / ${connections.idle} / ${connections.waiting}`,
        ] as const,
      ]
    : []),
  ...(hits
    ? [
        [
          say(language, 'operator.cache'),
          `${number.format(Math.round((100 * bearerLookups.hit) / (bearerLookups.hit + bearerLookups.miss)))} %`,
        ] as const,
      ]
    : []),
])}
<h2 class="apart">${say(language, 'operator.queues')}</h2>
${factList([
  [
    `${say(language, 'operator.callbacks')} · ${say(language, 'operator.callbacks.pending')}`,
    number.format(callbacks.pending),
  ],
  [
    `${say(language, 'operator.callbacks')} · ${say(language, 'operator.callbacks.givenUp')}`,
    number.format(callbacks.given_up),
  ],
  [say(language, 'operator.mails'), number.format(mails)],
])}
${await figureCharts(c.var.runtime, language)}
<h2 class="apart">${say(language, 'operator.keys')}</h2>
${factList([
  ...describeMasterKeys(masterKeys, clock()).map(
    ({ keyId, state, createdAt }) =>
      [`${say(language, 'operator.key')} ${keyId}`, html`${state} · <bdi>${moment(createdAt)}</bdi>`] as const,
  ),
  ...signingKeys.map(
    ({ keyId, algorithm, state, createdAt }) =>
      [`${algorithm} ${keyId}`, html`${state} · <bdi>${moment(createdAt)}</bdi>`] as const,
  ),
])}`,
  })
}
