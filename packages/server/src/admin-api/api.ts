import { createAdminApi } from './admin-api.ts'

/** One for all providers of a process: a request says which it is for. */
export const api = createAdminApi()
