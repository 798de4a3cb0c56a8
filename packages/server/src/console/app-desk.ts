import type { App } from '../apps/apps.ts'
import type { CompanyAppInput } from '../apps/company-apps.ts'
import type { Runtime } from '../config/runtime.ts'
import type { RequestContext } from '../http/environment.ts'
import type { Language } from '../pages/languages.ts'
import type { Fragment } from '../pages/messages.ts'

/** What is said of an app when it is registered or edited. */
export type AppEntries = CompanyAppInput

export interface DeskPage {
  title: string
  body: Fragment
  /** Of the navigation; none where it is about one app. */
  section?: '/new-app'
  status?: 200 | 422 | 429
  /** Where it can be read in another language, if not by its own address. */
  address?: string
  /** A script of ours that makes the page easier to use. */
  script?: string
}

/** Where apps are registered and looked after: the operators' console, or the developers' pages of a company. */
export interface AppDesk {
  language: Language
  /** The path of its pages, such as `/operator`. */
  base: string
  /** The company whose developers' pages they are; undefined for the operators'. */
  companyId?: number
  /** A moment in UTC, as all nodes and logs have it. */
  moment(time: number): string
  show(page: DeskPage): Response | Promise<Response>
  /** The runtime for what is changed here: nothing is committed once the person may not any more. */
  act(): Runtime
  register(entries: AppEntries & { isPublic: boolean }): Promise<{ app: App; clientSecret: string | null }>
}

/** The same for one app. */
export interface AppDeskVisit extends AppDesk {
  app: App
  change(entries: AppEntries): Promise<App>
  /** What only this desk offers for the app. */
  ownSections(): Fragment | string | Promise<Fragment | string>
}

export type EnterDesk = (c: RequestContext) => Promise<AppDesk>
export type EnterApp = (c: RequestContext) => Promise<AppDeskVisit>

export function deskAppPath({ base, app }: Pick<AppDeskVisit, 'base' | 'app'>, rest = ''): string {
  return `${base}/apps/${encodeURIComponent(app.clientId)}${rest}`
}
