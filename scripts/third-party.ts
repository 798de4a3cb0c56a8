import { installThirdParty } from '../tests/support/third-party.ts'

installThirdParty()
