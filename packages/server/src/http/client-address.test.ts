import { describe, expect, it } from 'vitest'
import { parseAddress, UNKNOWN_ADDRESS } from './client-address.ts'

describe('the address of a client', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    [' 203.0.113.7 ', '203.0.113.7'],
    ['203.0.113.7:4711', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['2001:0DB8:0:0::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['[::ffff:203.0.113.7]:80', '203.0.113.7'],
  ])('[OA-41] %s is %s, with a port, brackets or a zone as without', (text, address) => {
    expect(parseAddress(text)).toBe(address)
  })

  it.each(['', 'unknown', '_hidden', '1', '0x7f.1', '203.0.113', '[203.0.113.7', 'for=203.0.113.7', '999.1.1.1'])(
    '[OA-41] what is no address is one bucket: %j',
    text => {
      expect(parseAddress(text)).toBe(UNKNOWN_ADDRESS)
    },
  )
})
