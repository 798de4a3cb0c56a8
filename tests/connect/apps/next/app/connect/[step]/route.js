import { nextConnect } from '@tenantry/connect/next'
import { getConnect } from '../../../lib/connect.js'

export const { GET, POST, DELETE } = nextConnect(getConnect)
