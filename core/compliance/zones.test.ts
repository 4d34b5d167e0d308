import { expect, test } from 'vitest'
import { isZone } from '../calendar.ts'
import { candidateZones, stateOfZip } from './zones.ts'

const zonesOf = (state: string | null, zip: string | null = null, phone: string | null = null) =>
  candidateZones({ state, zip, phone }, 'America/Chicago').zones

test('a state in two zones gives both until a ZIP settles it', () => {
  expect(zonesOf('FL')).toEqual(['America/New_York', 'America/Chicago'])
  expect(zonesOf('FL', '32501')).toEqual(['America/Chicago'])
  expect(zonesOf('FL', '33101')).toEqual(['America/New_York'])
  expect(zonesOf('FL', '32401')).toHaveLength(2)
  expect(zonesOf('TX', '79901')).toEqual(['America/Denver'])
  expect(zonesOf('TX', '75201')).toEqual(['America/Chicago'])
  expect(zonesOf('AZ', '85001')).toEqual(['America/Phoenix'])
  expect(zonesOf('ID', '83814')).toEqual(['America/Los_Angeles'])
})

test('an area code from elsewhere adds its zone, one that agrees adds nothing', () => {
  expect(zonesOf('IL', '62701', '+13125550100')).toEqual(['America/Chicago'])
  expect(zonesOf('IL', '62701', '+14155550100')).toEqual(['America/Chicago', 'America/Los_Angeles'])
  expect(zonesOf(null, null, '+18085550100')).toEqual(['Pacific/Honolulu'])
  expect(zonesOf('FL', '33101', '+18505550100')).toEqual(['America/New_York'])
})

test('nothing known is the shop’s zone and says that it is a guess', () => {
  const guess = candidateZones({}, 'America/Denver')
  expect(guess).toMatchObject({ zones: ['America/Denver'], known: false })
  expect(candidateZones({ state: 'ZZ', zip: 'abc' }, 'Nowhere/At_All').zones).toEqual(['America/New_York'])
})

test('a ZIP alone gives the state', () => {
  expect(stateOfZip('62701')).toBe('IL')
  expect(stateOfZip('02139')).toBe('MA')
  expect(stateOfZip('99501-1234')).toBe('AK')
  expect(stateOfZip('00000')).toBeNull()
  expect(zonesOf(null, '10001')).toEqual(['America/New_York'])
})

test('every zone named is one this machine knows', () => {
  const states =
    'AL AK AZ AR CA CO CT DC DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY'.split(
      ' ',
    )
  expect(states).toHaveLength(51)
  for (const state of states) {
    const found = candidateZones({ state }, 'UTC')
    expect(found.known, state).toBe(true)
    expect(found.zones.every(isZone), state).toBe(true)
  }
})
