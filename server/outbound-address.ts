import { BlockList, isIP } from 'node:net'

// Everything that is not the public internet (IANA special-purpose registries, RFC 6890), and prefixes that carry an
// IPv4 address inside an IPv6 one, by which a private one could be reached.
// Two lists: one list would also hold IPv4 addresses against ::ffff:0:0/96, as which every one of them can be written.
const notPublic = { ipv4: new BlockList(), ipv6: new BlockList() }
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  notPublic.ipv4.addSubnet(net, bits, 'ipv4')
// Of IPv6 only 2000::/3 is handed out for the public internet; these are exceptions inside it.
for (const [net, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  notPublic.ipv6.addSubnet(net, bits, 'ipv6')

/** Whether an IP address is part of the public internet; what is no address is not. */
export function isPublicAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, '')
  const family = isIP(plain)
  if (family === 0) return false
  if (family === 4) return !notPublic.ipv4.check(plain, 'ipv4')
  const groups = groupsOf(plain)
  // A v4 address written as v6 is judged as what it is.
  if (groups.slice(0, 5).every((g) => g === 0) && groups[5] === 0xffff) return isPublicAddress(v4At(groups, 6))
  return groups[0]! >> 13 === 1 && !notPublic.ipv6.check(plain, 'ipv6')
}

/** Link-local, metadata and unspecified addresses: they answer to machines, with credentials, and serve nothing of ours. */
export function isForbiddenAddress(address: string): boolean {
  const plain = address.toLowerCase().replace(/%.*$/, '')
  if (isIP(plain) === 4) return /^(169\.254\.|0\.)/.test(plain) || plain === '100.100.100.200'
  if (isIP(plain) !== 6) return false
  const groups = groupsOf(plain)
  const isZero = (from: number, to: number): boolean => groups.slice(from, to).every((g) => g === 0)
  if (isZero(0, 8) || (groups[0]! & 0xffc0) === 0xfe80) return true
  // Of Amazon's metadata service, and of the same in a container.
  if (groups[0] === 0xfd00 && groups[1] === 0xec2) return true
  // The ways to write an IPv4 address as an IPv6 one: mapped, compatible, translated (NAT64, SIIT), 6to4.
  const mapped = isZero(0, 5) && groups[5] === 0xffff
  const compatible = isZero(0, 6) && groups[6] !== 0
  const translated = (groups[0] === 0x64 && groups[1] === 0xff9b) || (isZero(0, 4) && groups[4] === 0xffff)
  if (mapped || compatible || translated) return isForbiddenAddress(v4At(groups, 6))
  return groups[0] === 0x2002 && isForbiddenAddress(v4At(groups, 1))
}

/** The eight groups of an IPv6 address as numbers. */
function groupsOf(address: string): number[] {
  const inHex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) =>
    [a, b, c, d].map(Number).reduce((text, n, i) => text + (i === 2 ? ':' : '') + n.toString(16).padStart(2, '0'), ''),
  )
  const [head = '', tail] = inHex.split('::')
  const of = (text: string): number[] => (text === '' ? [] : text.split(':').map((g) => parseInt(g, 16)))
  const before = of(head)
  const after = tail === undefined ? [] : of(tail)
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
}

function v4At(groups: readonly number[], at: number): string {
  const [high = 0, low = 0] = groups.slice(at, at + 2)
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** What goes out to an address that somebody typed into the settings. */
export const addressUses = ['webhooks', 'providers', 'mail', 'model'] as const
export type AddressUse = (typeof addressUses)[number]

export interface Reach {
  /** addresses of the own network may be asked, too (LMA_PRIVATE_ADDRESSES) */
  allowPrivate: boolean
}

/** Whether a resolved address may be connected to. The last word: it is asked with the very address that is dialled. */
export function mayReach(address: string, { allowPrivate }: Reach): boolean {
  if (isIP(address.replace(/%.*$/, '')) === 0) return false
  return allowPrivate ? !isForbiddenAddress(address) : isPublicAddress(address)
}

const bare = (host: string): string => host.replace(/^\[|\]$/g, '').toLowerCase()

function isPrivate(host: string): boolean {
  if (isIP(host)) return !isPublicAddress(host)
  // A bare name is a machine of one's own network ("ollama", "vllm").
  return !host.includes('.') || /(^|\.)(localhost|local|internal|intranet|lan|home\.arpa|localdomain)$/.test(host)
}

/**
 * What is wrong with a host, in one sentence; null when it may be asked. A name is judged again whenever it is resolved
 * (adapters/net.ts): what it means may change.
 */
export function hostFault(host: string, use: AddressUse, { allowPrivate }: Reach): string | null {
  const plain = bare(host).replace(/\.$/, '')
  if (isIP(plain) ? isForbiddenAddress(plain) : /(^|\.)metadata(\.google\.internal)?$/.test(plain))
    return 'This address belongs to the machine’s own services.'
  if (!allowPrivate && isPrivate(plain))
    return `This address is part of a private network. Use one of the public internet, or let the operator set LMA_PRIVATE_ADDRESSES=${use}.`
  return null
}

/** What is wrong with a mail server that somebody typed, in one sentence; null when it may be asked. */
export function mailHostFault(host: string, port: number, reach: Reach): string | null {
  // As an URL would read it: numbers of every notation become an address.
  const url = /^[\w.:[\]-]+$/.test(host) ? read(`http://${host.includes('::') ? `[${bare(host)}]` : host}/`) : null
  if (!url || url.port !== '') return 'Write the name of a server, like mail.example.com.'
  // What speaks first or last on these is no mail server; the port would only serve to talk to something else.
  if (!reach.allowPrivate && port < 1024 && ![24, 25, 26, 143, 465, 587, 993].includes(port))
    return 'This port belongs to another service; mail servers use 25, 465, 587, 143 or 993.'
  return hostFault(url.hostname, 'mail', reach)
}

/** What is wrong with the address of a provider of messages, in one sentence; null when it may be used. */
export function providerAddressFault(text: string, reach: Reach): string | null {
  const url = read(text)
  if (!url) return 'Write a full address, like https://api.example.com.'
  if (url.username || url.password) return 'Leave user and password out of the address; keys have their own field.'
  return hostFault(url.hostname, 'providers', reach) ?? portFault(url)
}

/** What is wrong with the address of a language model, in one sentence; null when it may be used. */
export function modelAddressFault(text: string, reach: Reach): string | null {
  const url = read(text)
  if (!url) return 'Write a full address, like https://llm.example.com/v1.'
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'The address begins with https:// or http://.'
  if (url.username || url.password) return 'Leave user and password out of the address; the key has its own field.'
  if (url.search || url.hash) return 'Leave out everything from “?” or “#”.'
  return (
    hostFault(url.hostname, 'model', reach) ??
    protocolFault(url, reach, 'Outside your own network the key and the shop’s figures need https://.') ??
    portFault(url)
  )
}

/** What is wrong with an address that events are posted to, in one sentence; null when it may be used. */
export function hookAddressFault(text: string, reach: Reach): string | null {
  const url = read(text)
  if (!url) return 'Write a full address, like https://example.com/hooks.'
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && reach.allowPrivate))
    return 'The address begins with https://.'
  if (url.username || url.password) return 'Leave user and password out of the address; every post is signed instead.'
  if (url.hash) return 'Leave out everything from “#”.'
  return portFault(url) ?? hostFault(url.hostname, 'webhooks', reach)
}

// Unencrypted only where nobody can listen: inside the own network, once that is open.
function protocolFault(url: URL, { allowPrivate }: Reach, message: string): string | null {
  if (url.protocol === 'https:') return null
  return url.protocol === 'http:' && allowPrivate && isPrivate(bare(url.hostname).replace(/\.$/, '')) ? null : message
}

function portFault(url: URL): string | null {
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  return port !== 443 && port !== 80 && port < 1024
    ? 'This port belongs to another service; use 443 or one above 1023.'
    : null
}

function read(text: string): URL | null {
  try {
    return new URL(text)
  } catch {
    return null
  }
}
