import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPrivateHost } from '../../../src/rules/calls/private-host.ts'

const isPrivate = (host: string) => isPrivateHost(new URL(`https://${host}/`).hostname)

describe('S28: isPrivateHost', () => {
  it.each([
    'localhost',
    'LOCALHOST',
    'localhost.',
    'app.localhost',
    'redis',
    'printer.local',
    'metadata.google.internal',
    'metadata.google.internal.',
    'nas.home.arpa',
    '0.0.0.0',
    '10.255.255.255',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '017700000001',
    '127.0.0.1.',
    '１２７。０。０。１',
    'ⓛocalhost',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '192.0.0.192',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '[::]',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:a9fe:a9fe]',
    '[::127.0.0.1]',
    '[64:ff9b::10.0.0.1]',
    '[64:ff9b:1::1]',
    '[2002:7f00:1::]',
    '[2001::1]',
    '[fc00::1]',
    '[fd12:3456::1]',
    '[fe80::1]',
    '[fec0::1]',
    '[ff02::1]',
  ])('%s is private', (host) => {
    expect(isPrivate(host)).toBe(true)
  })

  it.each([
    'api.example.com',
    'localhost.example.com',
    'local.example',
    'internal.example.com',
    '10.example.com',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.1',
    '100.63.255.255',
    '100.128.0.1',
    '126.0.0.1',
    '128.0.0.1',
    '169.253.0.1',
    '172.15.0.1',
    '172.32.0.1',
    '192.167.0.1',
    '193.168.0.1',
    '198.20.0.1',
    '223.255.255.255',
    '[2606:4700::1111]',
    '[2001:4860:4860::8888]',
    '[::ffff:8.8.8.8]',
    '[64:ff9b::8.8.8.8]',
    '[2002:808:808::]',
    '[2002:808::1]',
  ])('%s is public', (host) => {
    expect(isPrivate(host)).toBe(false)
  })

  it('an IPv4 address is judged alike in every spelling', () => {
    const byte = fc.integer({ min: 0, max: 255 })
    fc.assert(
      fc.property(byte, byte, byte, byte, (a, b, c, d) => {
        const number = ((a * 256 + b) * 256 + c) * 256 + d
        const verdict = isPrivate(`${a}.${b}.${c}.${d}`)
        const spellings = [
          `${number}`,
          `0x${number.toString(16)}`,
          `0${number.toString(8)}`,
          `${a}.${b}.${c * 256 + d}`,
        ]
        for (const spelling of spellings) expect(isPrivate(spelling)).toBe(verdict)
        for (const prefix of ['::ffff:', '64:ff9b::'])
          expect(isPrivate(`[${prefix}${a}.${b}.${c}.${d}]`)).toBe(verdict)
      }),
    )
  })
})
