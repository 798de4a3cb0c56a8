import { LabelledCounter, type Metric, type Reading, readingMetric } from './metric.ts'
import { RequestMeters } from './request-meters.ts'

/** What is counted of one provider in one process. */
export class Metrics {
  readonly requests = new RequestMeters()
  readonly tokens = new LabelledCounter<'grant' | 'outcome'>(
    'tenantry_token_requests_total',
    'Requests of tokens by grant and outcome: ok, or the error code.',
  )
  readonly refreshes = new LabelledCounter<'outcome'>(
    'tenantry_refreshes_total',
    'Refresh tokens that were presented: the first time, again within the window, or later, which is taken for theft.',
  )
  readonly signIns = new LabelledCounter<'outcome'>('tenantry_sign_ins_total', 'Attempts to sign in by outcome.')
  readonly limited = new LabelledCounter<'limit'>(
    'tenantry_rate_limited_total',
    'Requests that were refused with 429, by limit.',
  )
  readonly #readings: Metric[] = []

  add(reading: Reading) {
    this.#readings.push(readingMetric(reading))
  }

  all(): Metric[] {
    return [...this.requests.metrics(), this.tokens, this.refreshes, this.signIns, this.limited, ...this.#readings]
  }
}
