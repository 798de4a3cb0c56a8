import { installStrangers } from '../tests/support/strangers.ts'

installStrangers()
